use super::{Bench, Inside, LAPTOP, MALLORY, SENSOR, packet};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo};

/// What is said of a laptop that drops a datagram and then knows something else.
fn drops(from: NodeId, number: u64, as_sent: bool, reason: &'static str) -> Bench {
    let mut bench = Bench::new();
    let packet = PacketInfo { number, ..packet(from, LAPTOP, &[1; 50]) };
    bench.receiving(LAPTOP, &Inside::default(), &packet, as_sent);
    bench.observed(LAPTOP, Observation::Dropped { reason });
    bench.called(LAPTOP, &Inside { digest: 1, ..Inside::default() });
    bench
}

const CHANGED: &str = "unauthenticated: laptop knows something else of its peers after a datagram \
                       that it dropped (dropped.unauthentic, at 3s)";

#[test]
fn a_dropped_datagram_that_changes_what_is_known() {
    drops(MALLORY, 7, true, "dropped.unauthentic").complains(CHANGED);
    drops(SENSOR, 7, false, "dropped.unauthentic").complains(CHANGED);
    drops(SENSOR, 32, true, "dropped.unauthentic").complains(CHANGED);
}

#[test]
fn what_is_not_looked_at_or_was_opened_or_changes_nothing() {
    drops(SENSOR, 7, true, "dropped.unauthentic").is_quiet();
    drops(SENSOR, 32, true, "dropped.unexpected-pong").is_quiet();
    let mut bench = Bench::new();
    let packet = packet(MALLORY, LAPTOP, &[1; 50]);
    bench.receiving(LAPTOP, &Inside::default(), &packet, true);
    bench.observed(LAPTOP, Observation::Dropped { reason: "dropped.unauthentic" });
    bench.called(LAPTOP, &Inside::default());
    bench.receiving(LAPTOP, &Inside::default(), &packet, true);
    bench.called(LAPTOP, &Inside { digest: 1, ..Inside::default() });
    bench.is_quiet();
}

#[test]
fn only_an_operation_that_is_done_at_that_very_moment_changes_it_as_well() {
    let changes = |before, after| {
        let mut bench = Bench::new();
        let packet = packet(MALLORY, LAPTOP, &[1; 50]);
        bench.receiving(LAPTOP, &Inside { under_way: before, ..Inside::default() }, &packet, true);
        bench.observed(LAPTOP, Observation::Dropped { reason: "dropped.unauthentic" });
        bench.called(LAPTOP, &Inside { digest: 1, under_way: after, ..Inside::default() });
        bench
    };
    changes(Some(3), None).is_quiet();
    changes(Some(3), Some(4)).is_quiet();
    changes(Some(3), Some(3)).complains(CHANGED);
    changes(None, Some(1)).complains(CHANGED);
}
