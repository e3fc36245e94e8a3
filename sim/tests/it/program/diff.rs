//! `diff`, on runs that are sound: `engine/compare.rs` has one that is not.

use super::files::{FAILS, Folder, PASSES};

#[test]
fn two_seeds_part_with_the_first_datagram() {
    let folder = Folder::new("diff", &[("scenarios/one.toml", PASSES)]);
    let done = folder.sim("diff one@1 one@2");
    assert_eq!((done.code, done.err.as_str()), (1, ""));
    // What nodes send is no matter of this test.
    let lines: Vec<&str> =
        done.out.lines().map(|line| line.split(" (").next().unwrap_or_default()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    the runs part at 0s, at laptop
      both   at 0s  laptop is switched on
      both   at 0s  laptop reports started
      one@1  at 0s  laptop sends datagram 0
      one@2  at 0s  laptop sends datagram 0
    ");
}

#[test]
fn one_run_twice_is_one_run() {
    let folder = Folder::new("diff-same", &[("scenarios/one.toml", PASSES)]);
    let done = folder.sim("diff one@1 one@1");
    let said = (done.code, done.out.as_str());
    assert_eq!(said, (0, "one@1 was the same run both times\n"));
}

#[test]
fn runs_of_files_that_do_the_same_are_the_same() {
    let longer = FAILS.replace("10s", "20s");
    let files = [("scenarios/one.toml", FAILS), ("scenarios/two.toml", &*longer)];
    let done = Folder::new("diff-files", &files).sim("diff one@1 two@1");
    assert_eq!((done.code, done.out.as_str()), (0, "one@1 and two@1 were the same run\n"));
}

#[test]
fn one_that_ends_before_the_other_has_nothing_more() {
    let longer = PASSES.replace("90s", "120s");
    let files = [("scenarios/one.toml", PASSES), ("scenarios/two.toml", &*longer)];
    let done = Folder::new("diff-length", &files).sim("diff one@1 two@1");
    assert_eq!(done.code, 1);
    assert_eq!(done.out.lines().filter(|line| line.starts_with("  both ")).count(), 5);
    assert!(done.out.contains("\n  one@1  nothing more\n"), "{}", done.out);
}

#[test]
fn what_is_no_single_run_is_refused() {
    let folder = Folder::new("diff-refused", &[("scenarios/one.toml", PASSES)]);
    for (words, why) in [
        ("diff one one@1", "error: one is more than one run: name one, as one@1\n"),
        ("diff one@1 two@1", "error: there is no file or folder two@1"),
        ("diff one@1", "required arguments were not provided"),
    ] {
        let done = folder.sim(words);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{words}");
        assert!(done.err.contains(why), "{words}: {}", done.err);
    }
}
