//! Two worlds side by side, where a node is not a function of its inputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use underpass_core::Duration;
use underpass_sim::compare::compare;
use underpass_sim::link::LinkModel;
use underpass_sim::machine::Cx;
use underpass_sim::trace::Observation;
use underpass_sim::world::World;

use super::setup::{A, B, Sleeper, at_ms, config, factory, mark, schedule_send, world};

/// A node `a` that wakes each second and reports how often; from its fifth wake on, what it reads
/// outside of the world.
fn unsound(outside: &Arc<AtomicU64>) -> World {
    let mut config = config(2, LinkModel::IDEAL);
    let outside = Arc::clone(outside);
    config.nodes[0].factory = factory(move || {
        let (outside, mut wakes) = (Arc::clone(&outside), 0);
        Sleeper {
            on_start: |cx: &mut Cx<'_>| cx.wake_at(Some(cx.now() + Duration::from_secs(1))),
            on_timeout: move |cx: &mut Cx<'_>| {
                wakes += 1;
                let seen = if wakes < 5 { 0 } else { outside.fetch_add(1, Ordering::Relaxed) };
                let value = i64::try_from(seen).expect("small");
                cx.observe(Observation::Custom { kind: "seen", value });
                cx.wake_at(Some(cx.now() + Duration::from_secs(1)));
            },
        }
    });
    world(config)
}

#[test]
fn planted_nondeterminism_is_found_where_it_shows_first() {
    let outside = Arc::new(AtomicU64::new(0));
    let worlds = [unsound(&outside), unsound(&outside)];
    let difference = compare(worlds, at_ms(20_000)).expect("they part");
    assert_eq!(difference.at(), at_ms(5_000));
    let lines = |events: &mut dyn Iterator<Item = String>| events.collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(lines(&mut difference.before.iter().map(ToString::to_string)), @r"
    at 3s  a wakes
    at 3s  a reports seen 0
    at 4s  a wakes
    at 4s  a reports seen 0
    at 5s  a wakes
    ");
    let mut next = difference.next.iter().flatten().map(ToString::to_string);
    insta::assert_snapshot!(lines(&mut next), @r"
    at 5s  a reports seen 0
    at 5s  a reports seen 1
    ");
}

#[test]
fn worlds_that_do_the_same_do_not_part() {
    let same = || {
        let mut world = world(config(2, LinkModel::IDEAL));
        schedule_send(&mut world, 1_500, A, B);
        world
    };
    assert_eq!(compare([same(), same()], at_ms(9_000)), None);
}

#[test]
fn something_that_one_world_does_not_do_is_a_difference() {
    let with = |sends: &[u64]| {
        let mut world = world(config(2, LinkModel::IDEAL));
        for at in sends {
            schedule_send(&mut world, *at, A, B);
        }
        world
    };
    let difference = compare([with(&[1_500]), with(&[1_500, 7_250])], at_ms(9_000));
    let difference = difference.expect("they part");
    assert_eq!(difference.at(), at_ms(7_250));
    assert_eq!(difference.next[0], None);
    let event = difference.next[1].as_ref().expect("it goes on");
    assert_eq!(
        (event.place.as_str(), event.what.as_str()),
        ("a", "is given command 0 of source 1")
    );
}

#[test]
fn another_report_is_a_difference() {
    let mark_at = |value| {
        let mut config = config(1, LinkModel::IDEAL);
        config.nodes[0].factory = factory(move || Sleeper {
            on_start: move |cx: &mut Cx<'_>| cx.observe(mark(value)),
            on_timeout: |_: &mut Cx<'_>| (),
        });
        world(config)
    };
    assert!(compare([mark_at(1), mark_at(2)], at_ms(10)).is_some());
    assert!(compare([mark_at(1), mark_at(1)], at_ms(10)).is_none());
}
