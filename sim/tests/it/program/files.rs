//! A folder of scenario files, and the program run in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Passes with every seed.
pub(crate) const PASSES: &str = r#"
format = 1
title = "Two nodes connect"
tags = ["health", "small"]
duration = "90s"
seeds = 3

[[node]]
name = "laptop"
peers = ["sensor"]

[[node]]
name = "sensor"

[[expect]]
session = { between = ["laptop", "sensor"], is = "active" }
"#;

/// Fails with every seed.
pub(crate) const FAILS: &str = r#"
format = 1
title = "Two nodes start, which is more than is allowed"
duration = "10s"
seeds = [4, 5]
max_events = 1

[[node]]
name = "laptop"
peers = ["sensor"]

[[node]]
name = "sensor"

[[expect]]
session = { between = ["laptop", "sensor"], is = "active" }
"#;

/// Expects what does not happen.
pub(crate) const UNMET: &str = r#"
format = 1
title = "Two nodes lose each other"
duration = "90s"

[[node]]
name = "laptop"
peers = ["sensor"]

[[node]]
name = "sensor"

[[expect]]
by = "80s"
session = { between = ["laptop", "sensor"], is = "disconnected" }
"#;

/// Has a key that no node has.
pub(crate) const BAD: &str = r#"
format = 1
title = "Two nodes"
duration = "10s"

[[node]]
name = "laptop"
pears = ["sensor"]
"#;

/// The same scenario, known to fail.
pub(crate) fn quarantined(scenario: &str) -> String {
    scenario.replacen("format = 1", "format = 1\nquarantine = \"not yet understood\"", 1)
}

/// A folder of its own for one test, gone when the test is over.
pub(crate) struct Folder(PathBuf);

/// What the program wrote, and how it ended.
pub(crate) struct Done {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

impl Folder {
    /// With these files in it.
    pub(crate) fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let folder = format!("underpass-program-{}-{test}", std::process::id());
        let root = std::env::temp_dir().join(folder);
        fs::create_dir_all(&root).expect("a temporary folder");
        let folder = Self(root);
        for (name, text) in files {
            let path = folder.0.join(name);
            fs::create_dir_all(path.parent().expect("in the folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    /// The path of something in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Runs the program in the folder, with words separated by spaces.
    pub(crate) fn sim(&self, words: &str) -> Done {
        Done::from(self.command(words).output().expect("the program starts"))
    }

    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_underpass-sim"));
        command.args(words.split_whitespace()).current_dir(&self.0).stdin(Stdio::null());
        // As `cargo sim` starts it.
        command.env("CARGO", "cargo");
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        let code = output.status.code().expect("no signal ended it");
        Self { out: text(output.stdout), err: text(output.stderr), code }
    }
}

impl Done {
    /// The last line of the report.
    pub(crate) fn last_line(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }

    /// The lines about whole scenarios, from the status on and without the time.
    pub(crate) fn scenarios(&self) -> Vec<String> {
        let before_summary = self.out.lines().take_while(|line| !line.contains("Summary ["));
        let lines = before_summary.filter_map(|line| {
            let (status, rest) = line.split_once(" [")?;
            let (_, rest) = rest.split_once("] ")?;
            Some(format!("{} {rest}", status.trim_start()))
        });
        lines.collect()
    }

    /// The commands that run failed runs again, without `cargo sim`.
    pub(crate) fn reruns(&self) -> Vec<&str> {
        let commands = self.out.lines().filter_map(|line| line.trim().strip_prefix("rerun "));
        let words = commands.map(|command| command.trim().strip_prefix("cargo sim "));
        words.map(|words| words.expect("it was started by cargo")).collect()
    }
}
