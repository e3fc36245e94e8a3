use super::{Bench, LAPTOP, PRINTER, SENSOR, hello, sealed, welcome};
use crate::trace::Observation;

/// A sealed datagram with room for more than a probe.
fn data(counter: u64) -> Vec<u8> {
    let mut data = sealed(9, counter, 1).to_vec();
    data.push(0);
    data
}

const TOO_EARLY: &str = "proven: laptop sent data to 198.18.1.1:4747, from where nobody has answered \
                         it (at ";

#[test]
fn data_to_where_nobody_has_answered_from() {
    let mut bench = Bench::new();
    bench.carried(LAPTOP, SENSOR, &hello(1));
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 0, 1));
    bench.is_quiet();
    bench.transmitted(LAPTOP, SENSOR, &data(1));
    bench.complains(&format!("{TOO_EARLY}4s, 43 bytes)"));
}

#[test]
fn data_to_where_something_only_came_from() {
    let mut bench = Bench::new();
    bench.arrived(SENSOR, LAPTOP, &sealed(9, 0, 1));
    bench.transmitted(LAPTOP, SENSOR, &data(1));
    bench.complains(&format!("{TOO_EARLY}2s, 43 bytes)"));
}

#[test]
fn an_answer_that_was_dropped_or_came_to_somebody_else_proves_nothing() {
    let mut bench = Bench::new();
    bench.carried(LAPTOP, SENSOR, &hello(1));
    bench.arrived(SENSOR, LAPTOP, &welcome(2));
    bench.observed(LAPTOP, Observation::Dropped { reason: "dropped.wrong-mac1" });
    bench.arrived(PRINTER, LAPTOP, &welcome(2));
    bench.arrived(SENSOR, PRINTER, &welcome(2));
    bench.transmitted(LAPTOP, SENSOR, &data(1));
    bench.complains(&format!("{TOO_EARLY}7s, 43 bytes)"));
}

#[test]
fn an_answer_holds_whoever_else_stops() {
    let mut bench = Bench::new();
    bench.carried(LAPTOP, SENSOR, &hello(1));
    bench.arrived(SENSOR, LAPTOP, &welcome(2));
    bench.observed(PRINTER, Observation::Stopped);
    bench.transmitted(LAPTOP, SENSOR, &data(1));
    bench.is_quiet();
}

#[test]
fn who_starts_anew_has_no_answers() {
    let mut bench = Bench::new();
    bench.carried(LAPTOP, SENSOR, &hello(1));
    bench.carried(SENSOR, LAPTOP, &welcome(2));
    bench.transmitted(LAPTOP, SENSOR, &data(1));
    bench.is_quiet();
    bench.observed(LAPTOP, Observation::Started { incarnation: 1 });
    bench.transmitted(LAPTOP, SENSOR, &data(0));
    bench.complains(&format!("{TOO_EARLY}7s, 43 bytes)"));
}
