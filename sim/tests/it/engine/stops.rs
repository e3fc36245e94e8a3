use underpass_core::Instant;
use underpass_sim::link::LinkModel;
use underpass_sim::machine::Cx;
use underpass_sim::scenario::model::NodeId;
use underpass_sim::trace::{Observation, PacketInfo, Watch};
use underpass_sim::world::{Stop, World};

use super::setup::{A, B, Log, Sleeper, at_ms, config, delayed, factory, schedule_send, world};

#[test]
fn a_spinning_machine_stops_the_run() {
    let mut config = config(1, LinkModel::IDEAL);
    config.nodes[0].factory = factory(|| Sleeper {
        on_start: |cx: &mut Cx<'_>| cx.wake_at(Some(at_ms(7))),
        on_timeout: |cx: &mut Cx<'_>| cx.wake_at(Some(at_ms(7))),
    });
    let stop = world(config).run_until(at_ms(100)).unwrap_err();
    assert_eq!(stop, Stop::Spinning { node: A, name: "a".to_owned(), at: at_ms(7) });
    assert_eq!(stop.to_string(), "the machine on a spins: more than 1000 wakes at 0.007s");
}

#[test]
fn waking_often_is_not_spinning() {
    let mut config = config(1, LinkModel::IDEAL);
    config.nodes[0].factory = factory(|| Sleeper {
        on_start: |cx: &mut Cx<'_>| cx.wake_at(Some(cx.now())),
        on_timeout: |cx: &mut Cx<'_>| {
            cx.wake_at(Some(Instant::from_micros(cx.now().as_micros() + 1)));
        },
    });
    assert_eq!(world(config).run_until(at_ms(10)), Ok(()));
}

#[test]
fn a_run_that_needs_too_many_events_stops() {
    let mut config = config(2, delayed(10));
    config.max_events = 5;
    let mut world = world(config);
    for send_at_ms in [0, 100] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    // Two starts, two commands, one packet; one more is one too many.
    assert_eq!(world.run_until(at_ms(119)), Ok(()));
    let stop = world.run_until(at_ms(120)).unwrap_err();
    assert_eq!(stop, Stop::MaxEvents { max_events: 5, at: at_ms(120) });
}

/// Finds fault with the second arrival.
#[derive(Default)]
struct Strict {
    arrivals: u32,
}

impl Watch for Strict {
    fn arrived(&mut self, _: Instant, _: &PacketInfo<'_>) {
        self.arrivals += 1;
    }

    fn violation(&mut self) -> Option<String> {
        (self.arrivals > 1).then(|| format!("{} arrivals", self.arrivals))
    }
}

#[test]
fn a_violation_stops_the_run_at_once() {
    let mut world = World::new(config(2, delayed(10)), vec![Box::<Strict>::default()]);
    for send_at_ms in [0, 100, 200] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    let stop = world.run_until(at_ms(1_000)).unwrap_err();
    assert_eq!(stop, Stop::Violation("2 arrivals".to_owned()));
    assert_eq!(world.now(), at_ms(120));
}

#[test]
fn a_machine_that_does_not_know_a_command_refuses_it() {
    let mut config = config(2, LinkModel::IDEAL);
    config.nodes[0].factory =
        factory(|| Sleeper { on_start: |_: &mut Cx<'_>| (), on_timeout: |_: &mut Cx<'_>| () });
    let mut world = world(config);
    schedule_send(&mut world, 5, A, B);
    world.run_until(at_ms(10)).unwrap();
    let outcome = world.finish();
    let (_, last) = Log::of(&outcome).of_node(A).pop().unwrap();
    let Observation::Refused { number: 5, to: B, why, .. } = last else { panic!("{last:?}") };
    assert!(why.contains("support"), "{why}");
}

#[test]
#[should_panic(expected = "two nodes or NATs have the name a")]
fn names_are_unique() {
    let mut config = config(2, LinkModel::IDEAL);
    config.nodes[1].name = "a".to_owned();
    World::new(config, Vec::new());
}

#[test]
#[should_panic(expected = "exists")]
fn a_command_goes_to_a_node_that_exists() {
    schedule_send(&mut world(config(1, LinkModel::IDEAL)), 0, NodeId(1), A);
}
