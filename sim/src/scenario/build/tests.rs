use underpass_core::Duration;

use super::*;
use crate::scenario::model::{EventKind, FaultKind, NodeId, SessionState};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn two() -> Builder {
    Scenario::build("Two \"quoted\" nodes\u{7f}")
        .duration(secs(100))
        .node("a", |node| node.peers(["b"]))
        .node("b", |node| node)
}

#[test]
fn every_method_writes_what_a_file_may_say() {
    let scenario = two()
        .seed_list([4, 9])
        .max_events(1_000_000)
        .link(|link| link.delay(secs(1)).jitter(Duration::from_millis(1)).rate_bits(1_000_000))
        .link_between("a", "b", |link| link.preset("wifi"))
        .nat("home", |nat| nat.preset("full-cone"))
        .nat("inner", |nat| nat.preset("symmetric").behind("home").set("timeout", "\"60s\""))
        .node("c", |node| {
            let node = node.count(2).behind("inner").bootstrap(["a"]).app("echo").clock_ppm(-7);
            node.key_operation(Duration::from_millis(1)).start(secs(2)).set("limits", "\"board\"")
        })
        .send(At(secs(3)).datagram("a", "b").times(3, secs(1)).size(40).named("pings"))
        .send(At(secs(3)).message("a", "b").lasts(secs(4), secs(1)))
        .fault(At(secs(10)).partition([["a"], ["b"]]).lasts(secs(5)).named("cut"))
        .fault(At(secs(20)).block(["a"], ["b"]).repeats(secs(1), secs(5)))
        .fault(At(secs(20)).crash("b").lasts(secs(5)))
        .fault(At(secs(30)).interface_down("b").lasts(secs(5)))
        .fault(At(secs(40)).suspend("b").lasts(secs(5)))
        .fault(At(secs(40)).clock("*", 100).lasts(secs(5)))
        .fault(At(secs(50)).restart("b").repeats(secs(10)))
        .fault(At(secs(50)).nat_reboot("home"))
        .expect(Expect::session("a", "b", SessionState::Active).within(secs(20), "cut"))
        .expect(Expect::rtt_at_most("a", "b", secs(5)).by(secs(9)))
        .expect(Expect::delivered_at_least("a", "b", 1))
        .expect(Expect::latency_at_most("a", "b", secs(9)).during(secs(1), secs(9)))
        .expect(Expect::event("a", "b", EventKind::Connected, 3).never())
        .expect(Expect::metric_at_least("a", "app.received", 1))
        .toml("[[fault]]\nat = \"60s\"\nchange_secret = \"*\"")
        .finish()
        .unwrap_or_else(|report| panic!("{}", report.render(false)));
    assert_eq!(scenario.title, "Two \"quoted\" nodes\u{7f}");
    assert_eq!(scenario.seeds, [4, 9]);
    assert_eq!((scenario.nodes.len(), scenario.faults.len()), (4, 9));
    assert_eq!(scenario.faults[4].kind, FaultKind::Suspend(NodeId(1)));
    assert!(scenario.expects.iter().all(|expect| expect.origin.line == 0));
}

#[test]
fn a_mistake_is_shown_with_the_place_in_rust_and_the_line_of_the_file() {
    let report = two().fault(At(secs(1)).crash("c").lasts(secs(1))).finish().unwrap_err();
    let shown = report.render(false);
    assert!(shown.contains("no node is called \"c\""), "{shown}");
    assert!(shown.contains("build/tests.rs:"), "{shown}");
    assert!(shown.contains("crash = \"c\""), "{shown}");
}

#[test]
fn what_is_said_twice_is_a_mistake() {
    let report = two().duration(secs(3)).finish().unwrap_err();
    assert!(report.render(false).contains("duration"), "{}", report.render(false));
}

#[test]
fn names_of_your_own_are_known() {
    let scenario = two().node("c", |node| node.machine("mine")).node("d", |node| node.app("game"));
    let scenario = scenario.finish().unwrap_or_else(|report| panic!("{}", report.render(false)));
    assert_eq!(scenario.nodes[2].machine.as_deref(), Some("mine"));
    assert_eq!(scenario.nodes[3].app, "game");
}
