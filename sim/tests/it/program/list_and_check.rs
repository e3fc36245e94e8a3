//! `list` and `check`.

use super::files::{BAD, FAILS, Folder, PASSES, quarantined};

#[test]
fn list_shows_what_there_is() {
    let known = quarantined(FAILS);
    let files = [("scenarios/deep/one.toml", PASSES), ("scenarios/worse.toml", &known)];
    let done = Folder::new("list", &files).sim("list");
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    insta::assert_snapshot!(done.out, @r"
    NAME      TITLE                                           NODES  SEEDS  VIRTUAL  TAGS
    deep/one  Two nodes connect                                   2      3   1m 30s  health small
    worse     Two nodes start, which is more than is allowed      2      2      10s  (quarantined)
    ");
}

#[test]
fn check_finds_mistakes_without_running() {
    let files = [("scenarios/bad.toml", BAD), ("scenarios/one.toml", PASSES)];
    let folder = Folder::new("check", &files);
    let done = folder.sim("check scenarios/one.toml");
    assert_eq!((done.code, done.out.as_str()), (0, "1 file, no mistakes\n"));
    let done = folder.sim("check scenarios");
    assert_eq!((done.code, done.err.as_str()), (2, ""));
    assert!(done.out.contains("error: unknown key `pears`\n"), "{}", done.out);
    assert!(done.out.ends_with("\n1 mistake in 1 of 2 files\n"), "{}", done.out);
}
