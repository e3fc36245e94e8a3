use underpass_sim::link::{LinkModel, LinkPatch};
use underpass_sim::machine::Cx;
use underpass_sim::scenario::model::{Fault, FaultKind, LinkChange, LinkPlace, State};
use underpass_sim::trace::Observation;

use super::setup::{
    A, B, C, Courier, Log, Sleeper, at_ms, config, delayed, factory, fault, mark, ms,
    schedule_send, world,
};

fn started(incarnation: u32) -> Observation {
    Observation::Started { incarnation }
}

#[test]
fn a_partition_stops_what_enters_the_core_while_it_lasts() {
    let mut config = config(3, delayed(10));
    let groups = vec![vec![A], vec![B]];
    config.faults.push(fault(100, Some(100), FaultKind::Partition(groups)));
    let mut world = world(config);
    // What leaves the up link at 99 is under way when the partition begins; at 100, it is not.
    for send_at_ms in [0, 89, 90, 150, 189, 190] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    schedule_send(&mut world, 150, A, C);
    schedule_send(&mut world, 150, C, B);
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(A, B), [at_ms(20), at_ms(109), at_ms(210)]);
    assert_eq!(log.arrivals(A, C), [at_ms(170)]);
    assert_eq!(log.arrivals(C, B), [at_ms(170)]);
    assert_eq!(outcome.tally.partitioned, 3);
}

#[test]
fn a_crashed_node_gets_nothing_until_it_is_back() {
    let mut config = config(2, delayed(10));
    config.faults.push(fault(100, Some(100), FaultKind::Crash(B, State::Lost)));
    let mut world = world(config);
    for send_at_ms in [79, 80, 150, 179, 180] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    world.run_until(at_ms(150)).unwrap();
    assert!(world.machine(B).is_none());
    world.run_until(at_ms(1_000)).unwrap();
    let courier = world.machine(B).unwrap().downcast_ref::<Courier>().unwrap();
    // What was sent at 79 came to the machine before; the one at 180 arrives just in time.
    assert_eq!(courier.received, 1);
    let outcome = world.finish();
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(A, B), [at_ms(99), at_ms(200)]);
    assert_eq!(
        log.of_node(B),
        [(at_ms(0), started(0)), (at_ms(100), Observation::Stopped), (at_ms(200), started(1)),]
    );
}

#[test]
fn a_crash_without_an_end_is_for_good() {
    let mut config = config(1, LinkModel::IDEAL);
    config.faults.push(fault(100, None, FaultKind::Crash(A, State::Lost)));
    let mut world = world(config);
    world.run_until(at_ms(1_000_000)).unwrap();
    assert!(world.machine(A).is_none());
}

#[test]
fn crashes_that_touch_do_not_let_the_node_flicker() {
    let mut config = config(1, LinkModel::IDEAL);
    config.faults.push(fault(100, Some(100), FaultKind::Crash(A, State::Lost)));
    config.faults.push(fault(200, Some(100), FaultKind::Crash(A, State::Lost)));
    let mut world = world(config);
    world.run_until(at_ms(1_000)).unwrap();
    assert_eq!(
        Log::of(&world.finish()).of_node(A),
        [(at_ms(0), started(0)), (at_ms(100), Observation::Stopped), (at_ms(300), started(1)),]
    );
}

#[test]
fn a_restart_begins_anew_and_forgets_the_wake() {
    let mut config = config(1, LinkModel::IDEAL);
    config.faults.push(fault(100, None, FaultKind::Restart(A, State::Lost)));
    config.nodes[0].factory = factory(|| Sleeper {
        on_start: |cx: &mut Cx<'_>| {
            if cx.incarnation() == 0 {
                cx.wake_at(Some(at_ms(150)));
            }
        },
        on_timeout: |cx: &mut Cx<'_>| cx.observe(mark(0)),
    });
    let mut world = world(config);
    world.run_until(at_ms(1_000)).unwrap();
    assert_eq!(
        Log::of(&world.finish()).of_node(A),
        [(at_ms(0), started(0)), (at_ms(100), Observation::Stopped), (at_ms(100), started(1)),]
    );
}

#[test]
fn a_restart_brings_a_crashed_node_back() {
    let mut config = config(1, LinkModel::IDEAL);
    config.faults.push(fault(100, Some(500), FaultKind::Crash(A, State::Lost)));
    config.faults.push(fault(200, None, FaultKind::Restart(A, State::Lost)));
    let mut world = world(config);
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let last = Log::of(&outcome).of_node(A).pop();
    assert_eq!(last, Some((at_ms(200), started(1))));
}

#[test]
fn a_node_that_is_off_refuses_commands() {
    let mut config = config(2, LinkModel::IDEAL);
    config.faults.push(fault(100, Some(100), FaultKind::Crash(A, State::Lost)));
    let mut world = world(config);
    schedule_send(&mut world, 150, A, B);
    schedule_send(&mut world, 200, A, B);
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let refused: Vec<u64> = (Log::of(&outcome).observed.iter())
        .filter_map(|(_, _, observation)| match observation {
            Observation::Refused { number, .. } => Some(*number),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [150]);
    assert_eq!(outcome.tally.delivered, 1, "at the very end of the crash, it is back");
}

#[test]
fn a_flash_outlives_its_node_unless_a_fault_erases_it() {
    let counts = |cx: &mut Cx<'_>| {
        let found = i64::try_from(cx.flash().len()).expect("a few bytes");
        cx.observe(Observation::Custom { kind: "found", value: found });
        cx.write_flash(vec![0; cx.flash().len() + 1]);
    };
    let mut config = config(1, LinkModel::IDEAL);
    config.nodes[0].factory =
        factory(move || Sleeper { on_start: counts, on_timeout: |_: &mut Cx<'_>| () });
    config.faults.push(fault(100, Some(10), FaultKind::Crash(A, State::Kept)));
    config.faults.push(fault(200, None, FaultKind::Restart(A, State::Kept)));
    config.faults.push(fault(300, None, FaultKind::Restart(A, State::Lost)));
    config.faults.push(fault(400, Some(10), FaultKind::Crash(A, State::Kept)));
    config.faults.push(fault(405, Some(10), FaultKind::Crash(A, State::Lost)));
    let mut world = world(config);
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let found = Log::of(&outcome).of_node(A).into_iter().filter_map(|(_, what)| match what {
        Observation::Custom { value, .. } => Some(value),
        _ => None,
    });
    assert_eq!(found.collect::<Vec<_>>(), [0, 1, 2, 0, 0]);
}

#[test]
fn a_block_stops_one_way_only() {
    let mut config = config(3, delayed(10));
    let kind = FaultKind::Block { from: vec![A], to: vec![B] };
    config.faults.push(fault(100, Some(100), kind));
    let mut world = world(config);
    // What leaves the up link at 99 has passed, as with a partition.
    for send_at_ms in [89, 90, 189, 190] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    schedule_send(&mut world, 150, B, A);
    schedule_send(&mut world, 150, A, C);
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(A, B), [at_ms(109), at_ms(210)]);
    assert_eq!((log.arrivals(B, A).len(), log.arrivals(A, C).len()), (1, 1));
    assert_eq!(outcome.tally.blocked, 2);
}

#[test]
fn an_interface_that_is_down_lets_nothing_in_or_out() {
    let mut config = config(2, delayed(10));
    config.faults.push(fault(100, Some(100), FaultKind::Interface(B)));
    let mut world = world(config);
    for send_at_ms in [79, 80, 179, 180] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    for send_at_ms in [99, 100, 199, 200] {
        schedule_send(&mut world, send_at_ms, B, A);
    }
    // What a node sends to itself crosses no interface.
    schedule_send(&mut world, 150, B, B);
    world.run_until(at_ms(1_000)).unwrap();
    assert!(world.machine(B).is_some());
    let outcome = world.finish();
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(A, B), [at_ms(99), at_ms(200)]);
    assert_eq!(log.arrivals(B, A), [at_ms(119), at_ms(220)]);
    assert_eq!(log.arrivals(B, B), [at_ms(150)]);
    assert_eq!(log.of_node(B), [(at_ms(0), started(0))], "the machine stays on");
    assert_eq!(outcome.tally.interface_down, 4);
}

#[test]
fn the_nth_packet_of_each_pair_is_dropped() {
    let mut config = config(3, delayed(10));
    let kind = FaultKind::Drop { pairs: vec![(A, B), (A, C)], nth: 3 };
    config.faults.push(fault(100, Some(100), kind));
    let mut world = world(config);
    for send_at_ms in [50, 100, 110, 120, 130, 250] {
        schedule_send(&mut world, send_at_ms, A, B);
        schedule_send(&mut world, send_at_ms, B, A);
    }
    for send_at_ms in [100, 110] {
        schedule_send(&mut world, send_at_ms, A, C);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(A, B), [70, 120, 130, 150, 270].map(at_ms));
    assert_eq!((log.arrivals(B, A).len(), log.arrivals(A, C).len()), (6, 2));
    assert_eq!(outcome.tally.dropped, 1);
}

#[test]
fn the_nth_packet_to_whomever_is_dropped() {
    let mut config = config(3, delayed(10));
    config.faults.push(fault(100, None, FaultKind::DropSent { from: vec![A], nth: 2 }));
    let mut world = world(config);
    for (send_at_ms, to) in [(50, B), (100, B), (110, C), (120, C), (130, B)] {
        schedule_send(&mut world, send_at_ms, A, to);
        schedule_send(&mut world, send_at_ms, B, C);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(A, B), [70, 120, 150].map(at_ms));
    assert_eq!((log.arrivals(A, C), log.arrivals(B, C).len()), (vec![at_ms(140)], 5));
    assert_eq!(outcome.tally.dropped, 1);
}

/// A fault that begins every 100 ms from 100 ms on, and lasts 10 ms.
fn every(kind: FaultKind) -> Fault {
    Fault { every: Some(ms(100)), ..fault(100, Some(10), kind) }
}

#[test]
fn a_repeated_fault_comes_and_goes() {
    let mut config = config(2, LinkModel::IDEAL);
    config.faults.push(every(FaultKind::Partition(vec![vec![A], vec![B]])));
    let mut world = world(config);
    for send_at_ms in [99, 100, 109, 110, 199, 200, 209, 210, 5_105, 5_110] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    world.run_until(at_ms(10_000)).unwrap();
    let outcome = world.finish();
    let arrived = Log::of(&outcome).arrivals(A, B);
    assert_eq!(arrived, [99, 110, 199, 210, 5_110].map(at_ms));
}

#[test]
fn a_repeated_drop_counts_anew() {
    let mut config = config(2, LinkModel::IDEAL);
    config.faults.push(every(FaultKind::Drop { pairs: vec![(A, B)], nth: 2 }));
    let mut world = world(config);
    for send_at_ms in [100, 101, 102, 200, 300, 301, 302] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let arrived = Log::of(&outcome).arrivals(A, B);
    assert_eq!(arrived, [100, 102, 200, 300, 302].map(at_ms));
}

#[test]
fn a_repeated_crash_restarts_each_time() {
    let mut config = config(1, LinkModel::IDEAL);
    config.faults.push(every(FaultKind::Crash(A, State::Lost)));
    let mut world = world(config);
    world.run_until(at_ms(350)).unwrap();
    let outcome = world.finish();
    let starts = |log: &Log| {
        let observed = log.of_node(A).into_iter();
        observed.filter(|(_, what)| *what != Observation::Stopped).collect::<Vec<_>>()
    };
    let expected = [(0, 0), (110, 1), (210, 2), (310, 3)];
    let expected = expected.map(|(at, incarnation)| (at_ms(at), started(incarnation)));
    assert_eq!(starts(Log::of(&outcome)), expected);
}

#[test]
fn a_repeated_restart_takes_no_time() {
    let mut config = config(1, LinkModel::IDEAL);
    let restart = fault(100, None, FaultKind::Restart(A, State::Lost));
    config.faults.push(Fault { every: Some(ms(100)), ..restart });
    let mut world = world(config);
    world.run_until(at_ms(350)).unwrap();
    let outcome = world.finish();
    let last = Log::of(&outcome).of_node(A).pop();
    assert_eq!(last, Some((at_ms(300), started(3))));
}

fn changed(link: LinkPlace, up: LinkPatch) -> FaultKind {
    FaultKind::Link(vec![LinkChange { link, up, down: LinkPatch::default() }])
}

#[test]
fn a_link_is_different_for_as_long_as_the_fault_lasts() {
    let mut config = config(2, delayed(10));
    let slower = LinkPatch { delay: Some(ms(300)), ..LinkPatch::default() };
    config.faults.push(fault(100, Some(100), changed(LinkPlace::Access(A), slower)));
    let mut world = world(config);
    for send_at_ms in [99, 100, 199, 200] {
        schedule_send(&mut world, send_at_ms, A, B);
        schedule_send(&mut world, send_at_ms, B, A);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(A, B), [119, 220, 410, 509].map(at_ms));
    assert_eq!(log.arrivals(B, A), [119, 120, 219, 220].map(at_ms));
}

#[test]
fn a_pair_without_a_link_of_its_own_gets_one_for_a_while() {
    let mut config = config(3, delayed(10));
    let slower = LinkPatch { delay: Some(ms(300)), ..LinkPatch::default() };
    config.faults.push(fault(100, Some(100), changed(LinkPlace::Pair(B, A), slower)));
    let mut world = world(config);
    for (from, to) in [(A, B), (B, A), (B, C)] {
        schedule_send(&mut world, 50, from, to);
        schedule_send(&mut world, 150, from, to);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(A, B), [70, 170].map(at_ms));
    assert_eq!(log.arrivals(B, A), [70, 470].map(at_ms));
    assert_eq!(log.arrivals(B, C), [70, 170].map(at_ms));
}
