//! `run --record` and `replay`.

use std::fs;

use super::files::{Folder, PASSES};

const RESTARTS: &str = r#"
format = 1
title = "A node restarts"
duration = "60s"

[[node]]
name = "laptop"
peers = ["sensor"]

[[node]]
name = "sensor"

[[node]]
name = "mallory"
hostile = { taps = ["laptop"], replay = { every = "1s" } }

[[fault]]
name = "again"
at = "20s"
restart = "laptop"

[[fault]]
name = "attack"
at = "30s"
hostile = "mallory"

[[expect]]
session = { between = ["laptop", "sensor"], is = "active" }
"#;

fn recorded(test: &str) -> (Folder, Vec<u8>) {
    let folder = Folder::new(test, &[("one.toml", PASSES)]);
    let done = folder.sim("run one.toml --seed 1 --record laptop=it.rec");
    assert_eq!((done.code, done.last_line()), (0, "1 passed, 0 failed"), "{}", done.err);
    let recording = fs::read(folder.path("it.rec")).expect("it was written");
    (folder, recording)
}

#[test]
fn a_recording_comes_out_as_it_was_recorded() {
    let (folder, recording) = recorded("replay");
    let done = folder.sim("replay it.rec");
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    assert!(done.out.starts_with("it.rec: "), "{}", done.out);
    assert!(done.out.contains(", all came out as they were recorded\n"), "{}", done.out);
    // Recording changes no run, and every recording of one run is the same.
    let hashes = |words: &str| folder.sim(&format!("run one.toml --seed 1 --hashes{words}")).out;
    assert_eq!(hashes(" --record laptop=again.rec"), hashes(""));
    assert_eq!(fs::read(folder.path("again.rec")).unwrap(), recording);
}

#[test]
fn the_first_call_that_differs_is_shown() {
    let (folder, mut recording) = recorded("replay-differs");
    // The last byte belongs to the mark behind the last call.
    *recording.last_mut().expect("it is not empty") ^= 1;
    fs::write(folder.path("changed.rec"), recording).expect("a file");
    let done = folder.sim("replay changed.rec");
    assert_eq!((done.code, done.err.as_str()), (1, ""));
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(lines.len(), 7, "{}", done.out);
    assert!(lines[0].starts_with("changed.rec: call "), "{}", done.out);
    assert!(lines[0].ends_with(" came out differently"), "{}", done.out);
    assert!(lines[5].starts_with("  as recorded   call "), "{}", done.out);
    assert!(lines[6].starts_with("  differently   call "), "{}", done.out);
}

#[test]
fn what_is_no_recording_is_refused() {
    let (folder, recording) = recorded("replay-refused");
    fs::write(folder.path("broken.rec"), &recording[..recording.len() - 2]).expect("a file");
    fs::write(folder.path("empty.rec"), []).expect("a file");
    for (words, why) in [
        ("replay broken.rec", "error: broken.rec: the recording breaks off after "),
        ("replay empty.rec", "error: empty.rec: the recording breaks off after 0 calls"),
        ("replay one.toml", "error: one.toml: the recording has the format of another version"),
        ("replay none.rec", "error: none.rec cannot be read: "),
    ] {
        let done = folder.sim(words);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{words}");
        assert!(done.err.starts_with(why), "{words}: {}", done.err);
    }
}

#[test]
fn every_life_is_a_recording() {
    let folder = Folder::new("replay-lives", &[("one.toml", RESTARTS)]);
    let done = folder.sim("run one.toml --record laptop=it.rec");
    assert_eq!((done.code, done.last_line()), (0, "1 passed, 0 failed"), "{}", done.err);
    for name in ["it.rec", "it.rec.1"] {
        assert_eq!(folder.sim(&format!("replay {name}")).code, 0, "{name}");
    }
    assert!(!folder.path("it.rec.2").exists());
}

#[test]
fn only_a_member_of_a_single_run_is_recorded() {
    let files = [("one.toml", RESTARTS), ("three.toml", PASSES)];
    let folder = Folder::new("record-refused", &files);
    for (words, why) in [
        ("three.toml --record laptop=x", "--record takes a single run, and 3 are selected: name"),
        ("one.toml --record lapptop=x", "there is no node `lapptop`: did you mean `laptop`?"),
        ("one.toml --record mallory=x", "mallory is hostile: only members can be recorded"),
        ("one.toml --record laptop", "`laptop` names no node and file: write laptop=laptop.rec"),
    ] {
        let done = folder.sim(&format!("run {words}"));
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{words}");
        assert!(done.err.contains(why), "{words}: {}", done.err);
    }
    let done = folder.sim("run one.toml --record laptop=no/such/folder.rec");
    assert_eq!((done.code, done.last_line()), (3, "1 passed, 0 failed"));
    assert!(done.err.contains("no/such/folder.rec cannot be written"), "{}", done.err);
}
