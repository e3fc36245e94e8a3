//! Runs chosen by tags, and in parts.

use super::files::{Folder, PASSES};
use super::selection::runs;

fn tagged(tags: &str) -> String {
    PASSES.replace(r#"tags = ["health", "small"]"#, &format!("tags = [{tags}]"))
}

fn folder(test: &str) -> Folder {
    let (a, b, c) = (tagged(r#""nat", "slow""#), tagged(r#""nat""#), tagged(r#""health""#));
    let files = [("scenarios/a.toml", &*a), ("scenarios/b.toml", &*b), ("scenarios/c.toml", &*c)];
    Folder::new(test, &files)
}

#[test]
fn tags_choose_scenarios() {
    let folder = folder("tags");
    let named = |words: &str| runs(&folder, &format!("--seed 1 {words}"));
    assert_eq!(named("--tag nat"), ["a@1", "b@1"]);
    assert_eq!(named("--tag slow --tag health"), ["a@1", "c@1"]);
    assert_eq!(named("--skip-tag slow"), ["b@1", "c@1"]);
    assert_eq!(named("--skip-tag slow --skip-tag health"), ["b@1"]);
    assert_eq!(named("--tag nat --skip-tag slow"), ["b@1"]);
    let listed = folder.sim("list --tag nat --skip-tag slow").out;
    let names: Vec<_> = listed.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["b"]);
}

#[test]
fn a_tag_that_nothing_has_is_a_mistake() {
    let folder = folder("unknown-tag");
    for (words, message) in [
        ("run --tag nta", "error: no scenario selected has the tag `nta`: did you mean `nat`?\n"),
        (
            "run --skip-tag long",
            "error: no scenario selected has the tag `long`: the tags are `health`, `nat`, `slow`\n",
        ),
        ("list --tag hea\u{1b}lth", "error: no scenario selected has the tag `hea\\u{1b}lth`: "),
    ] {
        let done = folder.sim(words);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{words}");
        assert!(done.err.starts_with(message), "{}", done.err);
    }
    let done = folder.sim("run --tag slow --skip-tag nat");
    assert_eq!((done.code, done.out.as_str()), (4, ""));
    assert_eq!(done.err, "error: no scenario is left by --tag and --skip-tag\n");
}

#[test]
fn partitions_cover_every_run_once() {
    let folder = folder("partition");
    let all = runs(&folder, "--seeds 1..=20");
    assert_eq!(all.len(), 60);
    for by in ["hash", "count"] {
        for of in 1..=5 {
            let part =
                |part| runs(&folder, &format!("--seeds 1..=20 --partition {by}:{part}/{of}"));
            let parts: Vec<Vec<String>> = (1..=of).map(part).collect();
            let mut together = parts.concat();
            together.sort_by_key(|name| all.iter().position(|known| known == name));
            assert_eq!(together, all, "{by} {of}");
            let sizes = parts.iter().map(Vec::len);
            let spread = sizes.clone().max().unwrap() - sizes.min().unwrap();
            // Of 60 runs by chance, and of those by turn.
            assert!(spread <= if by == "hash" { 20 } else { 1 }, "{by} {of}: {spread}");
        }
    }
}

#[test]
fn the_part_of_a_run_depends_on_its_name_alone() {
    let few = Folder::new("partition-few", &[("scenarios/b.toml", &tagged(r#""nat""#))]);
    let many = folder("partition-many");
    let part = |folder: &Folder, words| {
        let runs = runs(folder, &format!("--partition hash:1/3 {words}"));
        runs.into_iter().filter(|name| name.starts_with('b')).collect::<Vec<_>>()
    };
    let named = part(&few, "--seeds 1..=9");
    assert_eq!(part(&many, "--seeds 1..=9"), named);
    let among_more: Vec<_> = part(&few, "--seeds 1..=20");
    assert_eq!(among_more[..named.len()], named);
    // On every computer, in every version: other machines of one build must not see other parts.
    assert_eq!(named, ["b@5", "b@6", "b@8", "b@9"]);
}

#[test]
fn what_is_no_partition_is_refused() {
    let folder = folder("no-partition");
    for (partition, why) in [
        ("hash:0/4", "there is no part 0 of 4"),
        ("count:5/4", "there is no part 5 of 4"),
        ("hash:1/0", "`hash:1/0` is no partition: write hash:1/4"),
        ("1/4", "`1/4` is no partition"),
        ("size:1/4", "`size:1/4` is no partition"),
        ("hash:1", "`hash:1` is no partition"),
    ] {
        let done = folder.sim(&format!("run --partition {partition}"));
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{partition}");
        assert!(done.err.contains(why), "{partition}: {}", done.err);
    }
    let done = folder.sim("run a@1 --partition count:2/2");
    assert_eq!((done.code, done.err.as_str()), (4, "error: no run is in this partition\n"));
}
