//! Everything about a run that failed: what was expected, what happened instead, how to see it
//! again.

use std::path::Path;

use underpass_core::Instant;
use underpass_sim::expect::Unmet;
use underpass_sim::world::Stop;
use underpass_sim::{Failure, RunReport};

use crate::program::execution::{Ending, Run};
use crate::program::selection::Case;

/// Columns before the text of each line.
const INDENT: &str = "             ";
/// What each line is about, before the text.
const LABEL: usize = 10;
/// Names of further runs are broken into lines of about this length.
const LINE: usize = 100;

/// The lines about a failed run that follow its name.
pub(super) fn lines(case: &Case, run: &Run, invocation: &str) -> Vec<String> {
    let path = case.path.display().to_string();
    let mut lines = Lines::default();
    match &run.ending {
        Ending::Done(report) => lines.report(&path, report),
        Ending::Panicked(panic) => {
            lines.add("expected", "no panic, whatever the scenario");
            lines.add("happened", &format!("panicked at {}: {}", panic.place, panic.message));
            if let Some(backtrace) = &panic.backtrace {
                lines.add("from", backtrace);
            }
        }
        Ending::Differed(hashes) => {
            let [first, second] = hashes.map(|hash| hex(&hash));
            lines.add("expected", "the same run each time, as the seed is the same");
            lines.add("happened", &format!("one had the hash {first}"));
            lines.add("", &format!("and one   {second}"));
        }
        Ending::NotRun => {}
    }
    let twice = if matches!(run.ending, Ending::Differed(_)) { " --twice" } else { "" };
    let path = quoted(&case.path);
    lines.add("rerun", &format!("{invocation} run {path} --seed {}{twice}", run.seed));
    lines.0
}

/// The names of runs that failed too.
pub(super) fn names(case: &Case, seeds: &[u64]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for seed in seeds {
        let name = format!("{}@{seed}", case.scenario.name);
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < LINE => *line += &format!(" {name}"),
            _ => lines.push(format!("{INDENT}{name}")),
        }
    }
    lines
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    /// A text of one line or more, with what it is about before the first.
    fn add(&mut self, label: &str, text: &str) {
        for (number, line) in text.lines().enumerate() {
            let label = if number == 0 { label } else { "" };
            self.0.push(format!("{INDENT}{label:<LABEL$}{line}").trim_end().into());
        }
    }

    fn report(&mut self, path: &str, report: &RunReport) {
        for failure in &report.failures {
            match failure {
                Failure::Unmet(unmet) => self.unmet(path, unmet),
                Failure::Stopped { at, stop } => {
                    let (expected, happened) = stopped(*at, stop);
                    self.add("expected", &expected);
                    self.add("happened", &happened);
                }
            }
        }
    }

    fn unmet(&mut self, path: &str, unmet: &Unmet) {
        let Unmet { origin, expected, happened, knew } = unmet;
        self.0.push(format!("{INDENT}{path}:{}  {}", origin.line, origin.text));
        self.add("expected", expected);
        self.add("happened", happened);
        for knew in knew {
            self.add("knew", knew);
        }
    }
}

/// What a run that was stopped should have done, and what it did.
fn stopped(at: Instant, stop: &Stop) -> (String, String) {
    match stop {
        Stop::MaxEvents { max_events, .. } => {
            (format!("an end within `max_events = {max_events}`"), stop.to_string())
        }
        Stop::Violation(_) => {
            ("what the checkers ask of every run".into(), format!("at {at}: {stop}"))
        }
        _ => ("a run to its end".into(), stop.to_string()),
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,@%=:".contains(c);
    match text.chars().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}
