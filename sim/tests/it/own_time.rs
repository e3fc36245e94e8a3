//! Our protocol on nodes that sleep, whose clocks are wrong, and whose keys are slow.

use underpass_core::Duration;
use underpass_sim::Runs;
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::build::{At, Builder, Expect, Link, Node};
use underpass_sim::scenario::model::EventKind::{Connected, Disconnected};
use underpass_sim::scenario::model::SessionState::Active;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn two(duration: Duration) -> Builder {
    let link = |link: Link| link.delay(ms(20)).jitter(ms(2));
    Scenario::build("Two nodes").duration(duration).link(link)
}

fn run(builder: &Builder) -> Runs {
    builder.simulation().run()
}

#[test]
fn a_suspended_nodes_silence_is_noticed_and_it_comes_back() {
    let scenario = two(secs(400))
        .seeds(5)
        .node("laptop", |node| node.peers(["server"]))
        .node("server", |node| node)
        .fault(At(secs(60)).suspend("laptop").lasts(secs(200)).named("night"))
        .expect(Expect::session("laptop", "server", Active).by(secs(1)))
        .expect(Expect::event("server", "laptop", Disconnected, 1))
        .expect(Expect::event("server", "laptop", Connected, 2))
        .expect(Expect::session("laptop", "server", Active).within(secs(20), "night"));
    run(&scenario).assert_passed();
}

#[test]
fn messages_of_a_node_that_sleeps_end_when_it_wakes() {
    // The checkers would complain of any that ended later.
    let scenario = two(secs(300))
        .seeds(5)
        .node("laptop", |node| node.peers(["server"]))
        .node("server", |node| node)
        .send(At(secs(5)).message("laptop", "server"))
        .send(At(ms(9_900)).message("laptop", "server").times(3, ms(20)).size(5_000))
        .fault(At(secs(10)).suspend("laptop").lasts(secs(100)).named("night"))
        .fault(At(secs(10)).interface_down("server").lasts(secs(200)))
        .expect(Expect::delivered_at_least("laptop", "server", 1));
    run(&scenario).assert_passed();
}

#[test]
fn half_a_thousandth_of_drift_over_a_day_breaks_nothing() {
    let scenario = two(secs(86_400))
        .node("fast", |node| node.peers(["right"]).clock_ppm(500))
        .node("right", |node| node)
        .send(At(secs(10)).message("fast", "right").times(1_000, secs(80)))
        .send(At(secs(10)).message("right", "fast").times(1_000, secs(80)))
        .expect(Expect::session("fast", "right", Active).during(secs(1), secs(86_400)))
        .expect(Expect::all_delivered("fast", "right"))
        .expect(Expect::latency_at_most("fast", "right", ms(50)))
        .expect(Expect::all_delivered("right", "fast"));
    run(&scenario).assert_passed();
}

#[test]
fn messages_that_fail_by_a_slow_clock_do_so_in_its_time() {
    let scenario = two(secs(300))
        .node("slow", |node| node.peers(["right"]).clock_ppm(-1000))
        .node("right", |node| node)
        .send(At(secs(9)).message("slow", "right").times(5, secs(1)))
        .send(At(secs(30)).message("slow", "right").times(5, secs(1)))
        .fault(At(secs(20)).interface_down("right").lasts(secs(200)))
        .expect(Expect::delivered_at_least("slow", "right", 5));
    run(&scenario).assert_passed();
}

#[test]
fn a_board_with_slow_keys_connects_when_its_keys_are_done() {
    let board = |node: Node| node.set("cpu", "\"board\"");
    let scenario = two(secs(30))
        .seeds(5)
        .node("board", |node| board(node.peers(["server"])))
        .node("server", board)
        // Four operations on each side, and most of them one after the other.
        .expect(Expect::session("board", "server", Active).by(ms(1_500)))
        .expect(Expect::event("board", "server", Connected, 1))
        .expect(Expect::rtt_at_most("board", "server", ms(90)));
    run(&scenario).assert_passed();
    let too_soon = scenario.expect(Expect::session("board", "server", Active).by(ms(400)));
    assert!(!run(&too_soon).passed());
}
