//! Which runs the arguments mean.

use super::files::{FAILS, Folder, PASSES};

/// The names of the runs that are made.
fn runs(folder: &Folder, words: &str) -> Vec<String> {
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
