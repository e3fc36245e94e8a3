//! Expectations of some of the pairs or nodes that a fact names.

use super::{fails, passes};

/// One of three sensors is out of reach.
const STAR: &str = r#"
format = 1
title = "A star"
duration = "60s"

[[node]]
name = "server"

[[node]]
name = "sensor"
count = 3
peers = ["server"]

[[fault]]
at = "0s"
interface = "sensor-2"
"#;

fn star(expect: &str) -> String {
    format!(
        "{STAR}\n[[expect]]\nsession = {{ between = [\"sensor-*\", \"server\"], is = \"active\" }}\n{expect}\n"
    )
}

#[test]
fn any_is_met_by_one() {
    passes(&star("any = true"));
    passes(&star("any = true\nduring = [\"5s\", \"60s\"]"));
}

#[test]
fn at_least_is_met_by_so_many() {
    passes(&star("at_least = 2"));
    // Two of three, rounded up.
    passes(&star("at_least = \"60%\"\nby = \"10s\""));
}

#[test]
fn never_so_many_at_once() {
    passes(&star("at_least = 3\nnever = true"));
    fails("some-never", &star("at_least = 2\nnever = true"));
}

#[test]
fn too_few_are_told() {
    let text = star("at_least = 2").replace("interface = \"sensor-2\"", "interface = \"server\"");
    fails("some", &text);
    fails("some-any", &text.replace("at_least = 2", "any = true"));
}

/// Both ends see a session: one end alone does not make it one of several.
#[test]
fn a_pair_counts_once_and_as_a_whole() {
    let text = star("at_least = 3").replace(
        "interface = \"sensor-2\"",
        "block = { from = [\"sensor-2\"], to = [\"server\"] }",
    );
    let text = text.replace("at_least = 3", "at_least = 3\nnever = true");
    passes(&text);
}
