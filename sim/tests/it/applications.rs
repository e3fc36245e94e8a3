//! Applications and machines of the user's, and what their runs say.

use std::path::Path;

use underpass_core::{Duration, Instant, Outcome};
use underpass_sim::machine::underpass::{AppCx, Application, End, Incoming, Ticket, Way};
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::build::{At, Builder, Expect};
use underpass_sim::scenario::model::NodeId;
use underpass_sim::scenario::model::SessionState::Active;
use underpass_sim::trace::{Observation, Watch};
use underpass_sim::world::Stop;
use underpass_sim::{Failure, RunReport, Simulation};

#[path = "../../examples/ping_pong.rs"]
mod ping_pong;

const SENSOR: NodeId = NodeId(1);

/// Asks the sensor once a second, for ten times.
#[derive(Default)]
struct Asking {
    asked: Vec<Ticket>,
}

impl Application for Asking {
    fn connected(&mut self, cx: &mut AppCx<'_, '_>, peer: NodeId) {
        assert_eq!(peer, SENSOR);
        self.timeout(cx);
    }

    fn received(&mut self, cx: &mut AppCx<'_, '_>, incoming: &Incoming<'_>) {
        let Way::Reply(asked) = incoming.way else { panic!("{incoming:?}") };
        assert_eq!(self.asked.last(), Some(&asked));
        assert_eq!(incoming.bytes, [7; 5000]);
        cx.observe("reply", 1);
    }

    fn ended(&mut self, cx: &mut AppCx<'_, '_>, payload: Ticket, end: End) {
        assert_eq!((self.asked.last(), end), (Some(&payload), End::Sent(Outcome::Acked)));
        cx.observe("acked", 1);
    }

    fn timeout(&mut self, cx: &mut AppCx<'_, '_>) {
        if self.asked.len() < 10 {
            self.asked.push(cx.request(SENSOR, [7; 5000]));
            cx.wake_after(Duration::from_secs(1));
        }
    }
}

/// Counts what applications report.
#[derive(Clone, Default)]
struct Counted {
    of: &'static str,
    limit: u64,
    count: u64,
}

impl Watch for Counted {
    fn observed(&mut self, _: Instant, _: NodeId, observation: &Observation) {
        let is_it = matches!(observation, Observation::Custom { kind, .. } if *kind == self.of);
        self.count += u64::from(is_it);
    }

    fn violation(&mut self) -> Option<String> {
        (self.count > self.limit).then(|| format!("{}: {} of them", self.of, self.count))
    }
}

fn two() -> Builder {
    Scenario::build("Two nodes")
        .duration(Duration::from_secs(60))
        .link(|link| link.delay(Duration::from_millis(20)))
}

fn finish(builder: &Builder) -> Scenario {
    builder.finish().unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

fn asking() -> Scenario {
    let scenario = two()
        .node("laptop", |node| node.peers(["sensor"]).app("asking"))
        .node("sensor", |node| node.app("echo"))
        .expect(Expect::metric_at_least("laptop", "app.answers_received", 10));
    finish(&scenario)
}

#[test]
fn requests_of_an_application_are_answered_by_an_echo() {
    let runs = Simulation::new(&asking()).app("asking", |_, _| Asking::default()).run();
    runs.assert_passed();
}

#[test]
fn a_checker_of_the_users_stops_a_run() {
    let simulation = Simulation::new(&asking()).app("asking", |_, _| Asking::default());
    let runs = simulation.checker(Counted { of: "reply", limit: 4, count: 0 }).run();
    let [Failure::Stopped { stop: Stop::Violation(why), .. }] = &runs.runs()[0].failures[..] else {
        panic!("{runs}")
    };
    assert_eq!(why, "reply: 5 of them");
}

#[test]
fn a_checker_begins_anew_with_every_run() {
    let simulation = Simulation::new(&asking()).app("asking", |_, _| Asking::default());
    let checker = Counted { of: "acked", limit: 10, count: 0 };
    simulation.seeds(1..=3).checker(checker).run().assert_passed();
}

#[test]
fn two_echoes_do_not_go_on_for_ever() {
    let scenario = two()
        .node("laptop", |node| node.peers(["sensor"]).app("echo"))
        .node("sensor", |node| node.app("echo"))
        .send(At(Duration::from_secs(1)).datagram("laptop", "sensor"))
        .send(At(Duration::from_secs(1)).message("laptop", "sensor"))
        .send(At(Duration::from_secs(1)).message("laptop", "laptop"))
        .expect(Expect::metric_at_least("laptop", "app.answers_received", 3))
        // What the laptop said to itself it answered; no answer was answered.
        .toml("[[expect]]\nmetric = { node = \"laptop\", name = \"app.sent\", at_most = 1 }");
    Simulation::new(&finish(&scenario)).run().assert_passed();
}

/// Says something to itself whenever it hears itself.
struct Muttering;

impl Application for Muttering {
    fn start(&mut self, cx: &mut AppCx<'_, '_>) {
        cx.send_message(cx.node(), "hm");
    }

    fn received(&mut self, cx: &mut AppCx<'_, '_>, _: &Incoming<'_>) {
        cx.send_message(cx.node(), "hm");
    }
}

#[test]
fn an_application_that_goes_on_for_ever_at_one_instant_stops_the_run() {
    let scenario = finish(&two().node("laptop", |node| node.app("muttering")));
    let runs = Simulation::new(&scenario).app("muttering", |_, _| Muttering).run();
    let failures = &runs.runs()[0].failures[..];
    assert!(matches!(failures, [Failure::Stopped { stop: Stop::Spinning { .. }, .. }]), "{runs}");
}

#[test]
#[should_panic(expected = "no application of `laptop` is called \"asking\"")]
fn an_application_that_is_not_registered_is_named() {
    let _ = Simulation::new(&asking()).run();
}

#[test]
fn a_failed_run_says_what_was_expected_and_how_to_see_it_again() {
    let scenario = two()
        .node("laptop", |node| node.peers(["sensor"]))
        .node("sensor", |node| node.start(Duration::from_secs(50)))
        .expect(
            Expect::session("laptop", "sensor", Active)
                .during(Duration::from_secs(51), Duration::from_secs(52)),
        );
    let runs = Simulation::new(&finish(&scenario)).seed(7).run();
    assert!(!runs.passed());
    let text = runs.to_string();
    for part in
        ["FAIL Two nodes@7", "expected  ", "happened  ", "Simulation::new(&scenario).seed(7).run()"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

fn scenario_file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name)
}

#[test]
fn a_file_runs_with_all_its_seeds() {
    let runs = underpass_sim::run_file(scenario_file("apps/echoes.toml"));
    runs.assert_passed();
    assert_eq!(runs.runs().len(), 5);
}

#[test]
fn a_file_with_a_matrix_runs_with_all_its_cells() {
    let runs = Simulation::of_file(scenario_file("links/grid.toml")).seeds([1, 2]).run();
    runs.assert_passed();
    assert_eq!(runs.runs().len(), 36);
    let names: Vec<String> = runs.runs()[..2].iter().map(RunReport::name).collect();
    assert_eq!(names, ["grid[link=lan,loss=0%]@1", "grid[link=lan,loss=0%]@2"]);
}

#[test]
fn a_share_of_the_seeds_is_judged_over_all_of_them() {
    let runs = underpass_sim::run_file(scenario_file("links/most-first-dials.toml"));
    runs.assert_passed();
    let mut missed = runs.runs().iter().flat_map(|run| &run.missed).peekable();
    assert!(missed.peek().is_some(), "no seed missed anything: this shows nothing");
    assert!(missed.all(|missed| missed.is_allowed));
}

#[test]
fn a_file_that_is_not_there_has_not_passed() {
    let runs = underpass_sim::run_file("nowhere.toml");
    assert!(!runs.passed());
    assert!(runs.to_string().contains("nowhere.toml"), "{runs}");
}

#[test]
fn a_strangers_protocol_runs_as_the_example_says() {
    ping_pong::main();
}
