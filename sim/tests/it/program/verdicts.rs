//! Whether the exit code and the last line say what happened.

use super::files::{BAD, Done, FAILS, Folder, PASSES, UNMET, quarantined};

#[test]
fn all_passed() {
    let folder = Folder::new("all-passed", &[("scenarios/a/one.toml", PASSES)]);
    // Without a path, ./scenarios is meant.
    for words in ["run", "run scenarios", "run scenarios/a/one.toml"] {
        let done = folder.sim(words);
        assert_eq!((done.code, done.last_line()), (0, "3 passed, 0 failed"), "{}", done.out);
        assert_eq!(done.err, "");
    }
}

#[test]
fn a_failure_comes_with_the_command_that_repeats_it() {
    let files = [("scenarios/one.toml", PASSES), ("scenarios/worse.toml", FAILS)];
    let folder = Folder::new("repeat", &files);
    let done = folder.sim("run scenarios");
    assert_eq!((done.code, done.last_line()), (1, "3 passed, 2 failed"), "{}", done.out);
    let reruns = done.reruns();
    assert_eq!(reruns[0], "run scenarios/worse.toml --seed 4");
    assert_eq!(reruns.len(), 2);
    for words in reruns {
        let again = folder.sim(words);
        assert_eq!((again.code, again.last_line()), (1, "0 passed, 1 failed"));
        assert_eq!(again.reruns(), [words]);
    }
}

#[test]
fn many_failures_of_a_scenario_are_not_all_told_in_full() {
    let folder = Folder::new("many", &[("worse.toml", FAILS)]);
    let done = folder.sim("run worse.toml --seeds 1..=6");
    let rest = "        FAIL worse: 3 more runs\n             \
                rerun     cargo sim run worse.toml --seeds 4,5,6\n";
    assert!(done.out.contains(rest), "{}", done.out);
    let again = folder.sim(done.reruns()[3]);
    assert_eq!((again.code, again.last_line()), (1, "0 passed, 3 failed"));
}

#[test]
fn the_command_that_repeats_a_failure_repeats_its_options() {
    let folder = Folder::new("repeat-options", &[("-odd one.toml", FAILS)]);
    let mut command = folder.command("run --seed 4 --twice --");
    let name = "-odd one.toml";
    let done = Done::from(command.arg(name).output().expect("it starts"));
    assert_eq!(done.code, 1, "{}", done.err);
    assert_eq!(done.reruns(), ["run './-odd one.toml' --seed 4 --twice"]);
}

#[cfg(unix)]
#[test]
fn the_command_that_repeats_a_failure_starts_the_program_that_ran() {
    use std::os::unix::process::CommandExt;
    let folder = Folder::new("invocation", &[("worse.toml", FAILS)]);
    let mut command = folder.command("run worse.toml --seed 4");
    command.env_remove("CARGO").arg0("/my programs/underpass-sim");
    let done = Done::from(command.output().expect("it starts"));
    let rerun = " rerun     '/my programs/underpass-sim' run worse.toml --seed 4\n";
    assert!(done.out.contains(rerun), "{}", done.out);
}

#[test]
fn any_number_of_jobs_can_be_asked_for() {
    let folder = Folder::new("jobs", &[("worse.toml", FAILS)]);
    let done = folder.sim("run worse.toml --seeds 1..=300 --jobs 1000000");
    assert_eq!((done.code, done.last_line()), (1, "0 passed, 300 failed"), "{}", done.err);
    assert!(done.out.starts_with("     Running 1 scenario, 300 runs, 256 at once\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn runs_are_made_even_if_the_system_refuses_every_thread() {
    let folder = Folder::new("threads", &[("one.toml", PASSES)]);
    let mut command = folder.command("run one.toml --jobs 3");
    // No address space has room for such a stack.
    command.env("RUST_MIN_STACK", (1_u64 << 60).to_string());
    let done = Done::from(command.output().expect("it starts"));
    assert_eq!((done.code, done.last_line()), (0, "3 passed, 0 failed"), "{}", done.err);
}

#[test]
fn nothing_runs_if_any_file_is_bad() {
    let files = [("scenarios/bad.toml", BAD), ("scenarios/one.toml", PASSES)];
    let folder = Folder::new("bad", &files);
    let done = folder.sim("run scenarios");
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(done.err.contains("error: unknown key `pears`\n"), "{}", done.err);
    assert!(done.err.contains("--> scenarios/bad.toml:8:1\n"), "{}", done.err);
    assert!(done.err.ends_with(" in 1 of 2 files; nothing was run\n"), "{}", done.err);
}

#[test]
fn bad_arguments_are_refused() {
    let folder = Folder::new("arguments", &[("scenarios/one.toml", PASSES)]);
    for (words, why) in [
        ("run --sead 3", "unexpected argument '--sead'"),
        ("run --seeds 3..3", "there is no seed in `3..3`"),
        ("run --seed 1 --seeds 1..=3", "cannot be used with"),
        ("run one@3 --seed 1", "one@3 names its seed"),
        ("run --jobs 0", "--jobs"),
        ("run nowhere", "there is no file or folder nowhere"),
        ("run one@x", "there is no file or folder one@x"),
        ("", "Usage: cargo sim <COMMAND>"),
    ] {
        let done = folder.sim(words);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{words}");
        assert!(done.err.contains(why), "{words}: {}", done.err);
    }
}

#[test]
fn without_a_folder_of_scenarios_a_path_is_needed() {
    let folder = Folder::new("no-folder", &[("one.toml", PASSES)]);
    let done = folder.sim("run");
    assert_eq!(done.code, 2);
    assert!(done.err.starts_with("error: there is no folder `scenarios` in "), "{}", done.err);
}

#[test]
fn a_folder_without_scenarios_selects_nothing() {
    let folder = Folder::new("nothing", &[("scenarios/README.md", "None yet.")]);
    for words in ["run", "run scenarios", "check", "list"] {
        let done = folder.sim(words);
        assert_eq!((done.code, done.out.as_str()), (4, ""), "{words}");
        assert!(done.err.starts_with("error: there is no scenario"), "{}", done.err);
    }
}

#[test]
fn quarantine_excuses_what_a_scenario_asks_for() {
    let (known, recovered) = (quarantined(UNMET), quarantined(PASSES));
    let folder =
        Folder::new("quarantine", &[("known.toml", &known), ("recovered.toml", &recovered)]);
    let done = folder.sim("run known.toml recovered.toml");
    assert_eq!((done.code, done.last_line()), (0, "0 passed, 0 failed, 4 skipped"));
    let expected = [
        "QUARANTINE known      1 of 1 seed failed; quarantined: not yet understood",
        "QUARANTINE recovered  3 seeds passed unexpectedly; quarantined: not yet understood",
    ];
    assert_eq!(done.scenarios(), expected);
}

#[test]
fn fail_fast_leaves_the_rest() {
    let files = [("a.toml", FAILS), ("b.toml", PASSES)];
    let folder = Folder::new("fail-fast", &files);
    let done = folder.sim("run a.toml b.toml --fail-fast --jobs 1");
    assert_eq!((done.code, done.last_line()), (1, "0 passed, 1 failed, 4 skipped"));
    assert_eq!(done.scenarios(), ["FAIL a  1 of 1 seed failed, 1 not run", "SKIP b  no seed run"]);
}

#[test]
fn runs_made_twice_are_the_same() {
    let folder = Folder::new("twice", &[("one.toml", PASSES)]);
    let done = folder.sim("run one.toml --twice");
    assert_eq!((done.code, done.last_line()), (0, "3 passed, 0 failed"));
}
