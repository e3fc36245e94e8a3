use underpass_core::{Duration, Instant};

use super::{Bench, LAPTOP, SENSOR};
use crate::scenario::model::{NodeId, SessionState};
use crate::trace::Observation;

fn at(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

fn session(bench: &mut Bench, seconds: u64, node: NodeId, peer: NodeId, state: SessionState) {
    bench.at(at(seconds)).observed(node, Observation::Session { peer, state });
}

const OVERDUE: &str = "liveness: laptop dials sensor, and nothing has been in the way since 1000s at \
                       the latest, but by 2000s they are not in touch: to laptop the session is ";

#[test]
fn two_that_stay_in_touch_or_find_back() {
    let mut bench = Bench::new();
    session(&mut bench, 10, LAPTOP, SENSOR, SessionState::Active);
    session(&mut bench, 10, SENSOR, LAPTOP, SessionState::Active);
    bench.passed(at(3000));
    bench.is_quiet();
    let mut bench = Bench::new();
    session(&mut bench, 1500, LAPTOP, SENSOR, SessionState::Active);
    session(&mut bench, 2000, SENSOR, LAPTOP, SessionState::Active);
    session(&mut bench, 2500, SENSOR, LAPTOP, SessionState::Disconnected);
    bench.passed(at(3000));
    bench.is_quiet();
}

#[test]
fn two_that_do_not_find_each_other() {
    let mut bench = Bench::new();
    bench.passed(at(1999));
    bench.is_quiet();
    bench.passed(at(2000));
    bench.complains(&format!("{OVERDUE}not active, to sensor not active"));
}

#[test]
fn what_was_before_it_settled_does_not_count() {
    let mut bench = Bench::new();
    session(&mut bench, 10, LAPTOP, SENSOR, SessionState::Active);
    session(&mut bench, 10, SENSOR, LAPTOP, SessionState::Active);
    session(&mut bench, 900, SENSOR, LAPTOP, SessionState::Disconnected);
    bench.passed(at(2000));
    bench.complains(&format!("{OVERDUE}active, to sensor not active"));
}

#[test]
fn a_node_that_was_switched_off_is_in_touch_with_nobody() {
    let mut bench = Bench::new();
    session(&mut bench, 10, LAPTOP, SENSOR, SessionState::Active);
    session(&mut bench, 10, SENSOR, LAPTOP, SessionState::Active);
    bench.at(at(900)).observed(LAPTOP, Observation::Stopped);
    bench.passed(at(2000));
    bench.complains(&format!("{OVERDUE}not active, to sensor active"));
}
