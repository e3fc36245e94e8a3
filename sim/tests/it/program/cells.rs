//! Files with a matrix, files that others include, and expectations of a share of the seeds.

use std::fs;

use super::files::Folder;

/// Four cells, of which those with the wrong state fail.
const GRID: &str = r#"
format = 1
title = "Two nodes connect, over any link"
duration = "20s"
seeds = 2

[matrix]
link = ["lan", "wifi"]
state = ["active", "init"]

[link]
preset = "$link"

[[node]]
name = "laptop"
peers = ["sensor"]

[[node]]
name = "sensor"

[[expect]]
session = { between = ["laptop", "sensor"], is = "$state" }
"#;

/// The same without the wrong state.
fn sound() -> String {
    GRID.replace("[\"active\", \"init\"]", "[\"active\"]")
}

/// The names of the runs that are made.
fn runs(folder: &Folder, words: &str) -> Vec<String> {
    let done = folder.sim(&format!("run --hashes {words}"));
    let name = |line: &str| line.split_once(' ').expect("name and hash").0.to_owned();
    done.out.lines().map(name).collect()
}

#[test]
fn every_cell_is_run_under_its_name() {
    let folder = Folder::new("cells", &[("scenarios/nat/grid.toml", &sound())]);
    let all = [
        "nat/grid[link=lan,state=active]@1",
        "nat/grid[link=lan,state=active]@2",
        "nat/grid[link=wifi,state=active]@1",
        "nat/grid[link=wifi,state=active]@2",
    ];
    assert_eq!(runs(&folder, ""), all);
    assert_eq!(runs(&folder, "nat/grid[link=wifi,state=active]"), all[2..]);
    assert_eq!(runs(&folder, "nat/grid[link=wifi,state=active]@2"), all[3..]);
    assert_eq!(runs(&folder, "nat/grid[link=lan]"), all[..2]);
    assert_eq!(runs(&folder, "nat/grid[state=active]@1"), [all[0], all[2]]);
    assert_eq!(runs(&folder, "scenarios/nat/grid.toml[link=lan]@2"), all[1..2]);
    assert_eq!(runs(&folder, "nat/grid[link=lan] --seed 7"), ["nat/grid[link=lan,state=active]@7"]);
    assert_eq!(runs(&folder, "nat/grid@2"), [all[1], all[3]]);
}

#[test]
fn a_cell_that_is_not_there_is_an_error() {
    let plain = super::files::PASSES;
    let files = [("scenarios/grid.toml", GRID), ("scenarios/one.toml", plain)];
    let folder = Folder::new("no-cell", &files);
    for (words, message) in [
        (
            "grid[link=dsl]",
            "grid has no cell [link=dsl]; the first of its 4 is grid[link=lan,state=active]",
        ),
        ("grid[link]", "grid[link] names no cell: write it like grid[key=value,other=value]"),
        ("one[link=lan]", "one has no matrix: leave out [link=lan]"),
    ] {
        let done = folder.sim(&format!("run {words}"));
        assert_eq!((done.code, done.err), (2, format!("error: {message}\n")), "{words}");
    }
}

#[test]
fn a_file_is_one_line_whatever_its_cells() {
    let folder = Folder::new("lines", &[("scenarios/grid.toml", GRID)]);
    let done = folder.sim("list");
    insta::assert_snapshot!(done.out, @r"
    NAME  TITLE                             CELLS  NODES  SEEDS  VIRTUAL  TAGS
    grid  Two nodes connect, over any link      4      2      2      20s
    ");
    assert_eq!(folder.sim("check").out, "1 file with 4 scenarios, no mistakes\n");
    let done = folder.sim("run");
    assert_eq!(done.code, 1);
    let line = "FAIL grid (4 cells)  2 of 4 cells failed, in 4 of 8 runs";
    assert_eq!(done.scenarios(), [line]);
    assert_eq!(done.last_line(), "4 passed, 4 failed");
    let (_, details) = done.out.split_once("\n\n").expect("details");
    let names: Vec<_> =
        details.lines().filter_map(|line| line.trim().strip_prefix("FAIL ")).collect();
    let title = "Two nodes connect, over any link";
    let wanted = [
        &format!("grid[link=lan,state=init]@1  {title}"),
        &format!("grid[link=wifi,state=init]@1  {title}"),
        "grid (4 cells): more runs of 2 cells",
    ];
    assert_eq!(names, wanted);
}

#[test]
fn a_failed_cell_is_run_again_by_its_command() {
    let folder = Folder::new("again", &[("scenarios/grid.toml", GRID)]);
    let done = folder.sim("run");
    let first = done.reruns()[0];
    assert_eq!(first, "run 'scenarios/grid.toml[link=lan,state=init]' --seed 1");
    // As a shell would hand it on.
    let again = folder.sim(&first.replace('\'', ""));
    assert_eq!((again.code, again.last_line()), (1, "0 passed, 1 failed"));
    assert!(again.out.contains("FAIL grid[link=lan,state=init]@1 "), "{}", again.out);
}

#[test]
fn a_file_that_others_include_is_not_run_with_its_folder() {
    let whole = super::files::PASSES;
    let base = "[[node]]\nname = \"third\"\n";
    let including = whole.replace("duration", "include = [\"parts/base.toml\"]\nduration");
    let files = [("scenarios/parts/base.toml", base), ("scenarios/one.toml", &including)];
    let folder = Folder::new("include", &files);
    assert_eq!(folder.sim("check").out, "1 file, no mistakes\n");
    // By itself it is none, and who runs it is told what it is.
    let done = folder.sim("check scenarios/parts");
    assert_eq!(done.code, 2);
    assert!(done.out.contains("error: the scenario has no `title`"), "{}", done.out);
    assert!(done.out.contains("or run one that includes it"), "{}", done.out);
    // The included node is there.
    let done = folder.sim("list");
    assert!(done.out.contains("Two nodes connect      3 "), "{}", done.out);
}

#[test]
fn files_that_include_each_other_are_all_refused() {
    let one = "include = [\"two.toml\"]\n";
    let two = "include = [\"one.toml\"]\n";
    let folder = Folder::new("circle", &[("scenarios/one.toml", one), ("scenarios/two.toml", two)]);
    let done = folder.sim("check");
    assert_eq!(done.code, 2);
    assert!(done.out.contains("one.toml -> two.toml -> one.toml"), "{}", done.out);
    assert!(done.out.contains("in 2 of 2 files"), "{}", done.out);
}

/// Of four datagrams, about one arrives.
fn lucky(share: &str) -> String {
    let text = r#"
format = 1
title = "Some datagrams arrive"
duration = "20s"
seeds = 20

[[node]]
name = "laptop"
peers = ["sensor"]

[[node]]
name = "sensor"

[[link]]
between = ["laptop", "sensor"]
loss = "50%"

[[send]]
from = "laptop"
to = "sensor"
at = "15s"

[[expect]]
delivered = { from = "laptop", to = "sensor", at_least = 1 }
"#;
    format!("{text}seeds = \"{share}\"\n")
}

#[test]
fn a_share_of_the_seeds_is_judged_when_all_have_run() {
    let folder = Folder::new("share", &[("low.toml", &lucky("10%")), ("high.toml", &lucky("95%"))]);
    let done = folder.sim("run low.toml");
    assert_eq!((done.code, done.last_line()), (0, "20 passed, 0 failed"), "{}", done.out);
    assert!(done.scenarios()[0].contains("; missed as is allowed: "), "{}", done.out);
    let done = folder.sim("run high.toml");
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(done.out.contains(" (with 19 of 20 seeds, it was so with "), "{}", done.out);
    assert!(done.out.contains("\n             before    at "), "{}", done.out);
    // Runs that did meet it are no failures.
    assert!(!done.last_line().starts_with("0 passed"), "{}", done.out);
}

#[test]
fn a_share_of_the_seeds_is_not_judged_by_others() {
    let folder = Folder::new("unjudged", &[("high.toml", &lucky("95%"))]);
    let all = folder.sim("run high.toml");
    let missed = all.reruns()[0].to_owned();
    for words in [missed.as_str(), "run high.toml --seeds 1..=40"] {
        let done = folder.sim(words);
        assert_eq!(done.code, 0, "{}", done.out);
        let line = &done.scenarios()[0];
        assert!(line.ends_with("; not judged: 1 expectation of a share of 20 seeds"), "{line}");
        assert!(done.out.contains("\n  NOT JUDGED high@"), "{}", done.out);
        assert!(done.out.contains("\n             before    at "), "{}", done.out);
        let when = "judged    when all 20 seeds of the file run: 19 must meet it\n";
        assert!(done.out.contains(when), "{}", done.out);
    }
}

/// The same in each of twenty cells, with one seed.
fn lucky_cells(share: &str) -> String {
    let sizes: Vec<String> = (0..20).map(|more| (40 + more).to_string()).collect();
    let matrix = format!("[matrix]\nsize = [{}]\nindependent = true\n\n[[node]]", sizes.join(", "));
    let text = lucky(share).replace("seeds = 20", "").replacen("[[node]]", &matrix, 1);
    let text = text.replace("at = \"15s\"", "at = \"15s\"\nsize = \"$size\"");
    text.replace(&format!("seeds = \"{share}\""), &format!("cells = \"{share}\""))
}

#[test]
fn a_share_of_all_cells_is_judged_when_all_have_run() {
    let files = [("low.toml", lucky_cells("10%")), ("high.toml", lucky_cells("95%"))];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let folder = Folder::new("share-cells", &files);
    let done = folder.sim("run low.toml");
    assert_eq!((done.code, done.last_line()), (0, "20 passed, 0 failed"), "{}", done.out);
    assert!(done.scenarios()[0].contains("; missed as is allowed: "), "{}", done.out);
    let done = folder.sim("run high.toml");
    assert_eq!(done.code, 1, "{}", done.out);
    let count = " (with 19 of 20 runs of all cells, it was so with ";
    assert!(done.out.contains(count), "{}", done.out);
    // Cells draw by themselves: some met it, with the same seed.
    assert!(!done.last_line().starts_with("0 passed"), "{}", done.out);
}

#[test]
fn a_share_of_all_cells_is_not_judged_by_some() {
    let folder = Folder::new("unjudged-cells", &[("high.toml", &lucky_cells("95%"))]);
    let all = folder.sim("run high.toml");
    let done = folder.sim(&all.reruns()[0].replace('\'', ""));
    assert_eq!(done.code, 0, "{}", done.out);
    let line = &done.scenarios()[0];
    assert!(line.ends_with("; not judged: 1 expectation of a share of 20 cells"), "{line}");
    assert!(done.out.contains("judged    when all 20 cells of the file run\n"), "{}", done.out);
}

#[test]
fn all_that_is_written_of_runs_names_their_cells() {
    let folder = Folder::new("written-cells", &[("scenarios/grid.toml", &sound())]);
    let done = folder.sim("run --junit all.xml --trace all.jsonl");
    assert_eq!(done.code, 0, "{}", done.out);
    let junit = fs::read_to_string(folder.path("all.xml")).expect("written");
    assert_eq!(junit.matches("<testsuite ").count(), 2, "{junit}");
    let trace = fs::read_to_string(folder.path("all.jsonl")).expect("written");
    for run in runs(&folder, "") {
        assert!(junit.contains(&format!("<testcase name=\"{run}\"")), "{junit}");
        assert!(trace.contains(&format!("{{\"run\":\"{run}\",")), "{run}");
    }
}

#[test]
fn a_partition_is_over_runs_of_cells() {
    let folder = Folder::new("partition-cells", &[("scenarios/grid.toml", &sound())]);
    for by in ["hash", "count"] {
        let part = |part: u64| runs(&folder, &format!("--partition {by}:{part}/2"));
        let mut both = [part(1), part(2)].concat();
        both.sort();
        assert_eq!(both, runs(&folder, ""));
    }
}

#[test]
fn runs_of_cells_are_compared_and_recorded_by_their_names() {
    let folder = Folder::new("compare-cells", &[("scenarios/grid.toml", &sound())]);
    let (lan, wifi) = ("grid[link=lan,state=active]@1", "grid[link=wifi,state=active]@1");
    let done = folder.sim(&format!("diff {lan} {wifi}"));
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(done.out.contains(lan) && done.out.contains(wifi), "{}", done.out);
    let done = folder.sim(&format!("run {lan} --record laptop=laptop.rec"));
    assert_eq!(done.code, 0, "{}", done.out);
    assert_eq!(folder.sim("replay laptop.rec").code, 0);
}

#[test]
fn the_schema_is_json() {
    let folder = Folder::new("schema", &[]);
    let done = folder.sim("schema");
    let schema: serde_json::Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}
