use super::{Bench, Inside, LAPTOP, SENSOR, packet};
use crate::trace::Observation;

fn asks(operations: u64) -> Inside {
    Inside { operations, ..Inside::default() }
}

#[test]
fn a_datagram_that_costs_more_than_two_handshakes() {
    let datagram = [1; 50];
    let packet = packet(SENSOR, LAPTOP, &datagram);
    let mut bench = Bench::new();
    bench.receiving(LAPTOP, &asks(0), &packet, true);
    bench.called(LAPTOP, &asks(8));
    bench.is_quiet();
    bench.receiving(LAPTOP, &asks(8), &packet, true);
    bench.called(LAPTOP, &asks(17));
    bench.complains(
        "work: laptop asked for 9 public-key operations in one call, not 8 at most (at 4s)",
    );
}

#[test]
fn a_call_that_begins_more_handshakes_than_there_are_places() {
    let mut bench = Bench::new();
    bench.called(LAPTOP, &asks(12));
    bench.observed(LAPTOP, Observation::Started { incarnation: 1 });
    bench.called(LAPTOP, &asks(12));
    bench.is_quiet();
    bench.called(LAPTOP, &asks(25));
    bench.complains(
        "work: laptop asked for 13 public-key operations in one call, not 12 at most (at 4s)",
    );
}
