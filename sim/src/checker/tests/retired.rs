use underpass_core::{Duration, Instant};

use super::{Bench, LAPTOP, SENSOR, sealed};
use crate::trace::Observation;

/// A sealed datagram of the first session, of this epoch.
fn of_epoch(epoch: u8, counter: u64) -> [u8; 42] {
    let mut datagram = sealed(1, counter, 0);
    datagram[1] = epoch;
    datagram
}

fn after(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

fn updated() -> Bench {
    let mut bench = Bench::in_touch();
    bench.arrived(SENSOR, LAPTOP, &of_epoch(255, 0));
    bench.at(after(100)).arrived(SENSOR, LAPTOP, &of_epoch(0, 2));
    bench
}

#[test]
fn what_was_under_way_when_a_key_was_updated() {
    let mut bench = updated();
    bench.at(after(130)).arrived(SENSOR, LAPTOP, &of_epoch(255, 1));
    bench.arrived(SENSOR, LAPTOP, &of_epoch(0, 3));
    bench.is_quiet();
}

#[test]
fn what_comes_after_its_key_should_be_gone() {
    let mut bench = updated();
    bench.at(after(131)).arrived(SENSOR, LAPTOP, &of_epoch(255, 1));
    bench.is_quiet();
    bench.observed(LAPTOP, super::sent(0));
    bench.complains(
        "retired: laptop opened a datagram of epoch 255, though it has opened epoch 0 since 100s (at \
         131s, session index 0x00000001)",
    );
}

#[test]
fn what_comes_too_late_and_is_dropped() {
    let mut bench = updated();
    bench.at(after(131)).arrived(SENSOR, LAPTOP, &of_epoch(255, 1));
    bench.observed(LAPTOP, Observation::Dropped { reason: "dropped.wrong-epoch" });
    bench.arrived(SENSOR, LAPTOP, &of_epoch(0, 3));
    bench.is_quiet();
}
