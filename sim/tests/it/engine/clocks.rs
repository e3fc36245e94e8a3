//! Nodes whose clocks drift, and nodes that do not run for a while.

use std::net::SocketAddr;

use underpass_core::{Duration, Instant};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{Cx, Machine, Socket};
use underpass_sim::scenario::model::{FaultKind, State};
use underpass_sim::trace::Observation;
use underpass_sim::units::Ppm;
use underpass_sim::world::WorldConfig;

use super::setup::{
    A, B, Courier, Log, Sleeper, at_ms, config, delayed, factory, fault, mark, schedule_send, send,
    world,
};

fn ppm(ppm: i64) -> Ppm {
    Ppm::new(ppm).expect("in bounds")
}

fn at_us(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

/// A node that marks every second by its own clock with what that shows.
fn ticking() -> WorldConfig {
    let tick = |cx: &mut Cx<'_>| cx.wake_at(Some(cx.now() + Duration::from_secs(1)));
    let on_timeout = move |cx: &mut Cx<'_>| {
        cx.observe(mark(i64::try_from(cx.now().as_micros()).unwrap()));
        tick(cx);
    };
    let mut config = config(1, LinkModel::IDEAL);
    config.nodes[0].factory = factory(move || Sleeper { on_start: tick, on_timeout });
    config
}

/// When the node was woken, and what its clock showed.
fn ticks(config: WorldConfig, until_ms: u64) -> Vec<(Instant, Instant)> {
    let mut world = world(config);
    world.run_until(at_ms(until_ms)).unwrap();
    let observed = Log::of(&world.finish()).of_node(A);
    let ticks = observed.into_iter().filter_map(|(at, observation)| match observation {
        Observation::Custom { value, .. } => Some((at, at_us(value.try_into().unwrap()))),
        _ => None,
    });
    ticks.collect()
}

#[test]
fn a_machine_goes_by_its_own_clock() {
    let mut config = ticking();
    config.nodes[0].clock_ppm = ppm(-1000);
    // 1 s of its own takes 1 / 0.999 s, rounded up to where its clock shows it.
    assert_eq!(
        ticks(config, 2_500),
        [(at_us(1_001_002), at_us(1_000_000)), (at_us(2_002_003), at_us(2_000_000)),]
    );
}

#[test]
fn a_wake_that_is_armed_moves_with_the_clock() {
    let mut config = ticking();
    let kind = FaultKind::Clock { nodes: vec![A], ppm: ppm(1000) };
    config.faults = vec![fault(500, Some(1_000), kind)];
    // Half of the first second is over when the clock becomes faster, and half of the second when it
    // is right again, with a millisecond gained.
    assert_eq!(
        ticks(config, 2_500),
        [(at_us(999_501), at_us(1_000_000)), (at_us(1_999_000), at_us(2_000_000)),]
    );
}

#[test]
fn drifts_that_overlap_add_up_to_the_bound() {
    let mut config = ticking();
    config.nodes[0].clock_ppm = ppm(900);
    let drift = |at, ppm| fault(at, Some(1_000), FaultKind::Clock { nodes: vec![A], ppm });
    config.faults = vec![drift(0, ppm(500)), drift(0, ppm(-400))];
    assert_eq!(ticks(config, 1_000), [(at_us(999_001), at_us(1_000_000))]);
}

#[test]
fn a_suspended_node_wakes_late_and_at_once() {
    let mut config = ticking();
    config.faults = vec![fault(1_500, Some(5_000), FaultKind::Suspend(A))];
    let seconds =
        |ticks: &[u64]| ticks.iter().map(|ms| (at_ms(*ms), at_ms(*ms))).collect::<Vec<_>>();
    assert_eq!(ticks(config, 8_000), seconds(&[1_000, 6_500, 7_500]));
}

#[test]
fn what_comes_to_a_suspended_node_is_lost() {
    let mut config = config(2, delayed(5));
    config.faults = vec![fault(100, Some(100), FaultKind::Suspend(B))];
    let mut world = world(config);
    for at_ms in [80, 95, 185, 195] {
        schedule_send(&mut world, at_ms, A, B);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    assert_eq!((outcome.tally.delivered, outcome.tally.suspended), (2, 2));
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(90), at_ms(205)]);
}

#[test]
fn a_suspended_node_sends_nothing() {
    let mut config = config(2, LinkModel::IDEAL);
    config.faults = vec![fault(100, Some(100), FaultKind::Suspend(A))];
    let mut world = world(config);
    world.schedule_command(at_ms(150), A, send(7, B));
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    assert_eq!(outcome.tally.datagrams, 0);
    let refused = Log::of(&outcome).of_node(A).into_iter().any(|(_, observation)| {
        matches!(observation, Observation::Refused { why: "the node is suspended", .. })
    });
    assert!(refused);
}

#[test]
fn suspensions_that_overlap_last_to_the_end_of_the_last() {
    let mut config = ticking();
    let suspend = |at, lasts| fault(at, Some(lasts), FaultKind::Suspend(A));
    config.faults = vec![suspend(500, 2_000), suspend(1_000, 3_000), suspend(4_000, 500)];
    let mut world = world(config);
    world.run_until(at_ms(6_000)).unwrap();
    let observed = Log::of(&world.finish()).of_node(A);
    let of = |what: Observation| {
        let of = observed.iter().filter(|(_, observation)| *observation == what);
        of.map(|(at, _)| *at).collect::<Vec<_>>()
    };
    assert_eq!(of(Observation::Suspended), [at_ms(500)]);
    assert_eq!(of(Observation::Resumed), [at_ms(4_500)]);
}

#[test]
fn a_node_that_starts_anew_is_suspended_no_longer() {
    let mut config = ticking();
    config.faults = vec![
        fault(500, Some(10_000), FaultKind::Suspend(A)),
        fault(2_000, None, FaultKind::Restart(A, State::Lost)),
    ];
    let ticks = ticks(config, 3_500);
    assert_eq!(ticks, [(at_ms(3_000), at_ms(3_000))]);
}

#[test]
fn one_that_is_off_is_not_suspended() {
    let mut config = config(1, LinkModel::IDEAL);
    config.nodes[0].factory = factory(Courier::default);
    config.faults = vec![
        fault(100, Some(200), FaultKind::Crash(A, State::Lost)),
        fault(200, Some(1_000), FaultKind::Suspend(A)),
    ];
    let mut world = world(config);
    world.run_until(at_ms(2_000)).unwrap();
    let observed = Log::of(&world.finish()).of_node(A);
    assert_eq!(
        observed,
        [
            (at_ms(0), Observation::Started { incarnation: 0 }),
            (at_ms(100), Observation::Stopped),
            (at_ms(300), Observation::Started { incarnation: 1 }),
        ]
    );
}

#[test]
fn a_node_that_roams_meanwhile_hears_of_it_as_it_goes_on() {
    /// Says when it hears that it has other addresses.
    struct Traveller;
    impl Machine for Traveller {
        fn start(&mut self, _: &mut Cx<'_>) {}
        fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {}
        fn timeout(&mut self, _: &mut Cx<'_>) {}
        fn readdressed(&mut self, cx: &mut Cx<'_>) {
            cx.observe(mark(0));
        }
    }
    let mut config = config(1, LinkModel::IDEAL);
    config.nodes[0].factory = factory(|| Traveller);
    config.faults = vec![
        fault(100, Some(200), FaultKind::Suspend(A)),
        fault(200, None, FaultKind::Roam { node: A, behind: None }),
    ];
    let mut world = world(config);
    world.run_until(at_ms(1_000)).unwrap();
    let observed = Log::of(&world.finish()).of_node(A);
    assert_eq!(observed[2..], [(at_ms(300), Observation::Resumed), (at_ms(300), mark(0))]);
}
