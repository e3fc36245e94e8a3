//! `--trace`, `--pcap` and `--report`: what is written of runs for other programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::files::{FAILS, Folder, PASSES};
use super::output::CUT;

fn lines(folder: &Folder, name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder.path(name)).expect("it was written");
    text.lines().map(String::from).collect()
}

fn field<'v>(line: &'v Value, name: &str) -> &'v str {
    line[name].as_str().expect("text")
}

#[test]
fn a_trace_is_a_line_for_each_observation() {
    let folder = Folder::new("trace", &[("one.toml", PASSES)]);
    let done = folder.sim("run one.toml --seed 1 --trace it.jsonl");
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let lines = lines(&folder, "it.jsonl");
    assert_eq!(lines[0], r#"{"time_us":0,"node":"laptop","kind":"started","incarnation":0}"#);
    let lines: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let times: Vec<u64> =
        lines.iter().map(|line| line["time_us"].as_u64().expect("a number")).collect();
    assert!(times.is_sorted());
    let kinds: BTreeSet<_> = lines.iter().map(|line| field(line, "kind")).collect();
    assert_eq!(Vec::from_iter(kinds), ["established", "route", "rtt", "session", "started"]);
}

#[test]
fn of_several_runs_each_line_names_its_run() {
    let folder = Folder::new("trace-several", &[("scenarios/one.toml", PASSES)]);
    folder.sim("run one --jobs 3 --trace all.jsonl");
    let mut by_run: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines(&folder, "all.jsonl") {
        let parsed: Value = serde_json::from_str(&line).expect("JSON");
        let run = field(&parsed, "run").to_owned();
        let rest = line.strip_prefix(&format!("{{\"run\":\"{run}\",")).expect("it comes first");
        by_run.entry(run).or_default().push(format!("{{{rest}"));
    }
    let runs: Vec<_> = by_run.keys().collect();
    assert_eq!(runs, ["one@1", "one@2", "one@3"]);
    for (run, its_lines) in &by_run {
        folder.sim(&format!("run {run} --trace it.jsonl"));
        assert_eq!(lines(&folder, "it.jsonl"), *its_lines, "{run}");
    }
}

#[test]
fn writing_changes_no_run() {
    let folder = Folder::new("written", &[("one.toml", PASSES)]);
    let hashes = |words: &str| folder.sim(&format!("run one.toml --seed 1 --hashes{words}")).out;
    assert_eq!(hashes(" --trace it.jsonl --pcap it.pcapng --twice"), hashes(""));
}

#[test]
fn a_capture_has_every_datagram_where_it_leaves_and_where_it_comes() {
    let folder = Folder::new("pcap", &[("one.toml", PASSES)]);
    let done = folder.sim("run one.toml --seed 1 --pcap it.pcapng");
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let (_, after) = done.out.split_once(" virtual  ").expect("a line of a pass");
    let (datagrams, _) = after.split_once(" datagrams").expect("a number of datagrams");
    let datagrams: usize = datagrams.trim().parse().expect("fewer than a thousand");
    let file = fs::read(folder.path("it.pcapng")).expect("it was written");
    let mut blocks: BTreeMap<u32, usize> = BTreeMap::new();
    let mut rest = &file[..];
    while !rest.is_empty() {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().expect("four bytes"));
        let length = usize::try_from(word(4)).expect("small");
        *blocks.entry(word(0)).or_default() += 1;
        rest = &rest[length..];
    }
    // A section, two interfaces; on ideal links whatever leaves arrives.
    let expected = [(0x0A0D_0D0A, 1), (1, 2), (6, 2 * datagrams)];
    assert_eq!(blocks, BTreeMap::from(expected));
}

#[test]
fn a_capture_is_of_a_single_run() {
    let folder = Folder::new("pcap-several", &[("scenarios/one.toml", PASSES)]);
    let done = folder.sim("run --pcap it.pcapng");
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    let why = "error: --pcap takes a single run, and 3 are selected: name one, as one@1\n";
    assert_eq!(done.err, why);
    assert!(!folder.path("it.pcapng").exists());
}

#[test]
fn a_file_that_cannot_be_made_stops_all() {
    let folder = Folder::new("trace-nowhere", &[("one.toml", PASSES)]);
    let done = folder.sim("run one.toml --trace no/such/folder.jsonl");
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(done.err.starts_with("error: no/such/folder.jsonl cannot be written: "));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_could_not_be_written_is_no_pass() {
    let folder = Folder::new("trace-full", &[("one.toml", PASSES)]);
    let done = folder.sim("run one.toml --trace /dev/full");
    assert_eq!((done.code, done.last_line()), (3, "3 passed, 0 failed"));
    assert!(done.err.starts_with("error: /dev/full cannot be written: "), "{}", done.err);
}

#[test]
fn a_page_shows_the_runs_that_failed() {
    let files = [("scenarios/cut.toml", CUT), ("scenarios/one.toml", PASSES)];
    let folder = Folder::new("page", &files);
    let done = folder.sim("run --seeds 1..=2 --report page.html");
    assert_eq!(done.code, 1, "{}", done.err);
    let page = fs::read_to_string(folder.path("page.html")).expect("it was written");
    assert!(page.contains("<h1>Failed runs: 2</h1>"), "{page}");
    assert_eq!(page.matches("<svg ").count(), 2);
    assert!(page.contains("<h2>cut@1</h2>") && !page.contains("<h2>one@"), "{page}");
    // What happened is there with its times: the faults, the sessions, the losses, the failures.
    for what in [
        "<title>cut from 30s to 90s</title>",
        "<title>active from 0.16s to 59.08s</title>",
        "<title>disconnected from 59.08s to ",
        "<title>sensor on from 0s to 100s</title>",
        " lost: a partition</title>",
        "<title>at 50s: expected laptop and sensor see each other disconnected by 50s</title>",
        "at_least = 99",
    ] {
        assert!(page.contains(what), "{what}: {page}");
    }
    // Nothing is fetched, and nothing runs.
    for outside in ["http", "<script", "<link", "src=", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Every element that is opened is closed, but for those that never are.
    for tag in ["svg", "rect", "text", "title", "pre", "h2", "p", "b", "style"] {
        let opened =
            page.matches(&format!("<{tag} ")).count() + page.matches(&format!("<{tag}>")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn a_page_is_written_though_nothing_failed() {
    let folder = Folder::new("page-none", &[("one.toml", PASSES)]);
    let done = folder.sim("run one.toml --report page.html");
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let page = fs::read_to_string(folder.path("page.html")).expect("it was written");
    assert!(page.contains("<p>No run failed.</p>"), "{page}");
}

#[test]
fn a_page_of_many_failures_is_bounded() {
    let folder = Folder::new("page-many", &[("worse.toml", FAILS)]);
    folder.sim("run worse.toml --seeds 1..=25 --report page.html");
    let page = fs::read_to_string(folder.path("page.html")).expect("it was written");
    assert!(page.contains("<h1>Failed runs: 25</h1>\n<p>The first 20 are shown.</p>"), "{page}");
    assert_eq!(page.matches("<svg ").count(), 20);
}
