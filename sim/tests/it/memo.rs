//! Work that is not done twice.

use underpass_core::Duration;
use underpass_sim::scenario::Scenario;
use underpass_sim::{Extras, run_with};

#[test]
fn a_run_is_the_same_whether_signatures_are_checked_once_or_on_every_node() {
    let scenario = Scenario::build("Boards among hosts, one of which says something to all")
        .duration(Duration::from_secs(40))
        .seed_list([1])
        .node("entrance", |node| node.set("discoverable", "true").set("newcomers", "true"))
        .node("host", |node| {
            let node = node.set("count", "5").set("discoverable", "true");
            node.set("bootstrap", "[\"entrance\"]")
        })
        // On these a check takes time, whoever has done it before.
        .node("board", |node| {
            let node = node.set("count", "3").set("cpu", "\"board\"").set("discoverable", "true");
            node.set("bootstrap", "[\"entrance\"]")
        })
        .toml("[[send]]\nfrom = \"host-1\"\nto = \"*\"\nat = \"30s\"\nmode = \"broadcast\"\n")
        .finish()
        .unwrap_or_else(|report| panic!("{report}"));
    let hash = |no_memo| run_with(&scenario, 1, Extras { no_memo, ..Extras::default() }).hash;
    assert_eq!(hash(false), hash(true));
}
