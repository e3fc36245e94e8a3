use underpass_sim::link::{LinkModel, LossModel};
use underpass_sim::machine::{Command, Cx, SendId};
use underpass_sim::scenario::model::{FaultKind, Mode, State};
use underpass_sim::trace::Observation;
use underpass_sim::units::Probability;
use underpass_sim::world::{CommandSource, Outcome, World};

use super::setup::{A, B, C, Log, Sleeper, at_ms, config, factory, fault, ms, send, world};

fn rough() -> LinkModel {
    LinkModel {
        delay: ms(20),
        jitter: ms(10),
        loss: LossModel::Random(Probability::ratio(1, 10).unwrap()),
        ..LinkModel::IDEAL
    }
}

/// Traffic from `a` to `b` for ten seconds, and whatever else is added.
fn run(seed: u64, others: impl FnOnce(&mut World)) -> Outcome {
    let mut config = config(3, rough());
    config.seed = seed;
    config.faults.push(fault(3_000, Some(500), FaultKind::Crash(B, State::Lost)));
    let mut world = world(config);
    let make = Box::new(|number, _| send(number, B));
    world.add_commands(CommandSource { node: A, at: at_ms(1), every: ms(10), count: 1000, make });
    others(&mut world);
    world.run_until(at_ms(11_000)).unwrap();
    world.finish()
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let (first, second) = (run(1, |_| ()), run(1, |_| ()));
    assert_eq!(first.hash, second.hash);
    assert_eq!((first.events, first.tally), (second.events, second.tally));
    assert_eq!(Log::of(&first).observed, Log::of(&second).observed);
}

#[test]
fn another_seed_gives_another_run() {
    let (first, second) = (run(1, |_| ()), run(2, |_| ()));
    assert_ne!(first.hash, second.hash);
    assert_ne!(Log::of(&first).arrived, Log::of(&second).arrived);
}

#[test]
fn the_hash_covers_payloads() {
    let other_payload = |world: &mut World| {
        let (send, number, to) = (SendId(0), 0, C);
        let payload = vec![1; 32];
        world.schedule_command(
            at_ms(5),
            A,
            Command::Send { send, number, to, mode: Mode::Datagram, payload },
        );
    };
    let plain = |world: &mut World| world.schedule_command(at_ms(5), A, send(0, C));
    assert_ne!(run(1, other_payload).hash, run(1, plain).hash);
}

#[test]
fn how_far_a_world_is_run_at_a_time_changes_nothing() {
    let in_steps = run(1, |world| {
        for step in 0..1_100 {
            world.run_until(at_ms(10 * step)).unwrap();
        }
    });
    assert_eq!(in_steps.hash, run(1, |_| ()).hash);
}

#[test]
fn traffic_of_others_does_not_shift_a_packet_on_a_shared_link() {
    let with_others = run(1, |world| {
        let make = Box::new(|number, _| send(number, B));
        let (at, every) = (at_ms(2), ms(7));
        world.add_commands(CommandSource { node: C, at, every, count: 500, make });
    });
    let alone = run(1, |_| ());
    assert!(Log::of(&with_others).arrivals(C, B).len() > 300);
    assert_eq!(Log::of(&with_others).arrivals(A, B), Log::of(&alone).arrivals(A, B));
}

#[test]
fn a_machine_draws_the_same_again_and_other_values_in_its_next_life() {
    let mut config = config(2, LinkModel::IDEAL);
    for node in &mut config.nodes {
        node.factory = factory(|| Sleeper {
            on_start: |cx: &mut Cx<'_>| {
                let draw = |name| i64::from_le_bytes(cx.stream(&[name]).draw(0).to_le_bytes());
                let (value, again) = (draw("x"), draw("x"));
                assert_eq!(value, again);
                assert_ne!(value, draw("y"));
                cx.observe(Observation::Custom { kind: "draw", value });
            },
            on_timeout: |_: &mut Cx<'_>| (),
        });
    }
    config.faults.push(fault(1_000, None, FaultKind::Restart(A, State::Lost)));
    let mut world = world(config);
    world.run_until(at_ms(2_000)).unwrap();
    let outcome = world.finish();
    let mut draws: Vec<i64> = (Log::of(&outcome).observed.iter())
        .filter_map(|(_, _, observation)| match observation {
            Observation::Custom { value, .. } => Some(*value),
            _ => None,
        })
        .collect();
    draws.sort_unstable();
    draws.dedup();
    assert_eq!(draws.len(), 3, "a, b, and a again");
}
