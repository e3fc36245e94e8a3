//! What the report looks like.

use std::process::Stdio;

use super::files::{FAILS, Folder, PASSES, UNMET};

/// The text with all that depends on the computer's speed replaced.
pub(crate) fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = match (line.find('['), line.find("s] ")) {
            (Some(from), Some(to)) => format!("{}[TIME{}", &line[..from], &line[to + 1..]),
            _ => line.to_owned(),
        };
        // What nodes send is no matter of these tests.
        let line = match line.split_once(" (198.18.") {
            Some((line, _)) => format!("{line} [..]"),
            None => line,
        };
        match line.find(" virtual (") {
            Some(at) => format!("{} virtual (SPEED)\n", &line[..at]),
            None => line + "\n",
        }
    });
    lines.collect()
}

#[test]
fn a_failing_run_says_what_it_should() {
    let files = [("scenarios/deep/one.toml", PASSES), ("scenarios/worse.toml", FAILS)];
    let done = Folder::new("snapshot", &files).sim("run scenarios --seed 4 --jobs 1");
    // What nodes send is no matter of this test.
    let (before, after) = done.out.split_once(" virtual  ").expect("a line of a pass");
    let (datagrams, after) = after.split_once(" datagrams").expect("a number of datagrams");
    assert!(datagrams.trim().parse::<u64>().expect("fewer than a thousand") > 0);
    let text = without_times(&format!("{before} virtual  SOME datagrams{after}"));
    insta::assert_snapshot!(text, @r"
         Running 2 scenarios, 2 runs, 1 at once
            PASS [TIME] deep/one  1 seed   1m 30s virtual  SOME datagrams
            FAIL [TIME] worse     1 of 1 seed failed
         Summary [TIME] 1 scenario passed, 1 failed; 2 runs, 1m 30s virtual (SPEED)

            FAIL worse@4  Two nodes start, which is more than is allowed
                 expected  an end within `max_events = 1`
                 happened  the run needs more than 1 event (it got to 0s)
                 before    at 0s  laptop is switched on
                           at 0s  laptop: started
                           at 0s  laptop sends datagram 0 [..]
                 rerun     cargo sim run scenarios/worse.toml --seed 4

    1 passed, 1 failed
    ");
}

#[test]
fn an_expectation_is_told_with_its_place() {
    let done = Folder::new("unmet", &[("scenarios/lost.toml", UNMET)]).sim("run scenarios");
    assert_eq!((done.code, done.last_line()), (1, "0 passed, 1 failed"));
    let (_, after) = done.out.split_once("FAIL lost@1  Two nodes lose each other\n").expect("it");
    let words: Vec<_> = after.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(words[..3], ["scenarios/lost.toml:13", "expected", "happened"], "{after}");
    assert!(after.starts_with("             scenarios/lost.toml:13  by = \"80s\""), "{after}");
}

#[test]
fn the_order_does_not_depend_on_the_jobs() {
    let files = [
        ("scenarios/a.toml", PASSES),
        ("scenarios/b.toml", FAILS),
        ("scenarios/c.toml", PASSES),
        ("scenarios/d/e.toml", FAILS),
    ];
    let folder = Folder::new("order", &files);
    let lines = |jobs| folder.sim(&format!("run --jobs {jobs} --seeds 1..=6")).scenarios();
    let one_by_one = lines(1);
    assert_eq!(one_by_one.len(), 4);
    for (line, start) in one_by_one.iter().zip(["PASS a ", "FAIL b ", "PASS c ", "FAIL d/e "]) {
        assert!(line.starts_with(start), "{line}");
    }
    assert_eq!(lines(2), one_by_one);
    assert_eq!(lines(3), one_by_one);
}

#[test]
fn a_reader_may_leave() {
    let folder = Folder::new("reader", &[("one.toml", PASSES)]);
    for words in ["run one.toml", "run one.toml --hashes", "list one.toml", "check one.toml"] {
        let mut command = folder.command(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{words}: {err}");
        assert!(!err.contains("panicked"), "{words}: {err}");
    }
}

/// A cut that is longer than what it takes to notice, and expectations that overlook it.
pub(crate) const CUT: &str = r#"
format = 1
title = "A cut of a minute that nobody was told of"
duration = "3m"

[link]
delay = "20ms"

[[node]]
name = "laptop"
peers = ["sensor"]

[[node]]
name = "sensor"

[[send]]
name = "chat"
from = "laptop"
to = "sensor"
at = "2s"
every = "1s"
count = 100
mode = "datagram"

[[fault]]
name = "cut"
at = "30s"
for = "60s"
partition = [["laptop"], ["sensor"]]

[[fault]]
name = "reboot"
at = "100s"
restart = "sensor"

[[expect]]
by = "50s"
session = { between = ["laptop", "sensor"], is = "disconnected" }

[[expect]]
during = ["80s", "85s"]
rtt = { between = ["laptop", "sensor"], at_most = "100ms" }

[[expect]]
delivered = { from = "laptop", to = "sensor", at_least = 99 }

[[expect]]
latency = { from = "laptop", to = "sensor", at_most = "1ms" }

[[expect]]
event = { node = "laptop", kind = "disconnected", peer = "sensor", at_most = 0 }

[[expect]]
event = { node = "sensor", kind = "connected", at_least = 9 }

[[expect]]
metric = { node = "laptop", name = "pings.sent", at_most = 1 }
"#;

#[test]
fn a_failure_says_what_each_party_knew_and_what_happened_before() {
    let done = Folder::new("cut", &[("scenarios/cut.toml", CUT)]).sim("run cut");
    assert_eq!((done.code, done.last_line()), (1, "0 passed, 1 failed"), "{}", done.err);
    let (_, after) = done.out.split_once("FAIL cut@1").expect("it");
    // When a peer is dialled again is drawn.
    let lines = after.lines().map(drawn);
    insta::assert_snapshot!("every_fact", lines.collect::<Vec<_>>().join("\n"));
}

/// A line with all times to more than a hundredth of a second replaced: they are drawn.
fn drawn(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let fraction = word.split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.chars().take_while(char::is_ascii_digit).count();
        let is_time = word.starts_with(|c: char| c.is_ascii_digit()) && fraction.contains('s');
        let rest = fraction.split_once('s').map_or("", |(_, rest)| rest);
        if is_time && digits > 3 { format!("[drawn]{rest}") } else { word.into() }
    });
    words.collect::<Vec<_>>().join(" ")
}
