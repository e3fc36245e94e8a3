//! Which runs the arguments mean.

use super::files::{Done, FAILS, Folder, PASSES};

/// The names of the runs that are made.
pub(crate) fn runs(folder: &Folder, words: &str) -> Vec<String> {
    let done = folder.sim(&format!("run --hashes {words}"));
    let name = |line: &str| line.split_once(' ').expect("name and hash").0.to_owned();
    done.out.lines().map(name).collect()
}

#[test]
fn seeds_of_the_command_line_replace_those_of_the_file() {
    let folder = Folder::new("seeds", &[("scenarios/one.toml", PASSES)]);
    assert_eq!(runs(&folder, ""), ["one@1", "one@2", "one@3"]);
    assert_eq!(runs(&folder, "--seed 2"), ["one@2"]);
    assert_eq!(runs(&folder, "--seed 77"), ["one@77"]);
    assert_eq!(runs(&folder, "--seeds 8..=10"), ["one@8", "one@9", "one@10"]);
    assert_eq!(runs(&folder, "--seeds 8..10"), ["one@8", "one@9"]);
    assert_eq!(runs(&folder, "--seeds 5,1,2"), ["one@1", "one@2", "one@5"]);
}

#[test]
fn names_are_looked_up_below_scenarios() {
    let files = [("scenarios/deep/one.toml", PASSES), ("scenarios/worse.toml", FAILS)];
    let folder = Folder::new("names", &files);
    assert_eq!(runs(&folder, "deep/one@2"), ["deep/one@2"]);
    assert_eq!(runs(&folder, "deep/one@77 deep/one@2"), ["deep/one@2", "deep/one@77"]);
    assert_eq!(runs(&folder, "deep/one"), ["deep/one@1", "deep/one@2", "deep/one@3"]);
    // In order of names, and each run once.
    let both = ["deep/one@2", "worse@4", "worse@5", "worse@9"];
    assert_eq!(runs(&folder, "worse@9 deep/one@2 scenarios/worse.toml worse@4"), both);
}

#[test]
fn each_file_is_run_once_under_one_name() {
    let folder = Folder::new("one-name", &[("scenarios/deep/one.toml", PASSES)]);
    let absolute = folder.path("scenarios/deep/one.toml");
    let spellings = format!("scenarios/deep/one.toml ./scenarios {} deep/one", absolute.display());
    assert_eq!(runs(&folder, &spellings), ["deep/one@1", "deep/one@2", "deep/one@3"]);
    let mut inside = folder.command("run --hashes one.toml --seed 1");
    let done = Done::from(inside.current_dir(folder.path("scenarios/deep")).output().unwrap());
    assert!(done.out.starts_with("deep/one@1 "), "{}{}", done.out, done.err);
}

#[test]
fn the_name_of_a_file_may_look_like_that_of_a_run() {
    let files = [("scenarios/one.toml", PASSES), ("scenarios/one@3.toml", FAILS)];
    let folder = Folder::new("at", &files);
    assert_eq!(runs(&folder, "one@3"), ["one@3@4", "one@3@5"]);
    assert_eq!(runs(&folder, "one@2"), ["one@2"]);
    assert_eq!(runs(&folder, "one@3@9"), ["one@3@9"]);
}

#[test]
fn two_files_of_one_name_are_refused() {
    let folder = Folder::new("same-name", &[("a/mine.toml", PASSES), ("b/mine.toml", PASSES)]);
    for words in ["run a b", "check a/mine.toml b/mine.toml", "list a b"] {
        let done = folder.sim(words);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{words}");
        assert!(done.err.contains("a/mine.toml and b/mine.toml are both called mine"), "{words}");
    }
}

#[test]
fn names_do_not_move_the_cursor() {
    let folder = Folder::new("cursor", &[("scenarios/a\n\u{1b}[2Jb.toml", PASSES)]);
    for words in ["run", "check scenarios", "list"] {
        let done = folder.sim(words);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{words}");
        assert!(done.err.contains("a\\n\\u{1b}[2Jb.toml: its path has control"), "{}", done.err);
        assert_eq!(done.err.lines().count(), 1);
    }
    let done = folder.sim("run no\u{1b}where");
    assert!(done.err.contains("no\\u{1b}where"), "{}", done.err);
}

#[test]
fn hashes_do_not_depend_on_the_process_or_the_jobs() {
    let files = [("scenarios/one.toml", PASSES), ("scenarios/worse.toml", FAILS)];
    let folder = Folder::new("hashes", &files);
    let first = folder.sim("run --hashes --seeds 1..=4 --jobs 1");
    let lines: Vec<&str> = first.out.lines().collect();
    assert_eq!(lines.len(), 8);
    for line in &lines {
        let (name, hash) = line.split_once(' ').expect("name and hash");
        assert!(name.contains('@'), "{line}");
        assert_eq!(hash.len(), 64);
        assert!(hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
    }
    // Two seeds are two runs.
    assert_ne!(lines[0].split_once(' ').unwrap().1, lines[1].split_once(' ').unwrap().1);
    // The verdict is the same, and the report is on the error output.
    assert_eq!(first.code, 1);
    assert!(first.err.ends_with("\n4 passed, 4 failed\n"), "{}", first.err);
    for jobs in ["1", "2"] {
        let again = folder.sim(&format!("run --hashes --seeds 1..=4 --jobs {jobs}"));
        assert_eq!(again.out, first.out);
    }
}
