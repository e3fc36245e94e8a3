use underpass_core::{Duration, Instant};

use super::{Bench, LAPTOP, SENSOR};
use crate::scenario::model::SessionState;
use crate::trace::{Observation, Way};

fn after(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

fn answered() -> Observation {
    Observation::Rtt { peer: SENSOR, rtt: Duration::ZERO }
}

/// The laptop takes the sensor for there, which has answered after 60 seconds.
fn bench() -> Bench {
    let mut bench = Bench::new();
    let state = SessionState::Active;
    bench.at(after(50)).observed(LAPTOP, Observation::Session { peer: SENSOR, state });
    let way = Some(Way::Direct(super::address(SENSOR)));
    bench.stays().observed(LAPTOP, Observation::Route { peer: SENSOR, way });
    bench.arrived(SENSOR, LAPTOP, &super::sealed(1, 0, 0));
    bench.at(after(60)).observed(LAPTOP, answered());
    bench
}

#[test]
fn a_peer_that_answers() {
    let mut bench = bench();
    bench.at(after(90)).observed(LAPTOP, answered());
    bench.passed(after(120));
    bench.is_quiet();
}

#[test]
fn a_peer_that_is_missed() {
    let mut bench = bench();
    let state = SessionState::Disconnected;
    bench.at(after(95)).observed(LAPTOP, Observation::Session { peer: SENSOR, state });
    bench.passed(after(120));
    bench.is_quiet();
}

#[test]
fn a_peer_that_only_asks() {
    let mut bench = bench();
    bench.at(after(94)).arrived(SENSOR, LAPTOP, &super::sealed(1, 1, 0));
    bench.passed(after(96));
    bench.complains(
        "alive: laptop has had no answer of sensor that it would not have missed by 95s, and takes it \
         for there (at 96s)",
    );
}

#[test]
fn a_peer_that_makes_another_session() {
    let mut bench = bench();
    bench.at(after(94)).arrived(SENSOR, LAPTOP, &super::sealed(2, 0, 0));
    bench.passed(after(120));
    bench.is_quiet();
}

#[test]
fn whoever_does_not_run_misses_nobody() {
    let mut bench = bench();
    bench.at(after(61)).observed(LAPTOP, Observation::Suspended);
    bench.passed(after(120));
    bench.observed(LAPTOP, Observation::Resumed);
    bench.passed(after(125));
    bench.is_quiet();
    bench.passed(after(127));
    bench.complains(
        "alive: laptop has had no answer of sensor that it would not have missed by 126s, and takes it \
         for there (at 127s)",
    );
}
