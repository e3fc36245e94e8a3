use underpass_core::Duration;

use super::{Bench, LAPTOP, PRINTER, SENSOR, established};
use crate::trace::Observation;

#[test]
fn a_session_of_three() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, established(SENSOR, 5));
    bench.observed(SENSOR, established(LAPTOP, 5));
    bench.observed(SENSOR, established(LAPTOP, 5));
    bench.observed(PRINTER, established(LAPTOP, 6));
    bench.is_quiet();
    bench.observed(PRINTER, established(LAPTOP, 5));
    bench.complains(
        "agreement: printer reported a session with laptop (at 5s) that laptop reported as one \
         with sensor",
    );
}

#[test]
fn ends_that_name_somebody_else() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, established(SENSOR, 5));
    bench.observed(SENSOR, established(PRINTER, 5));
    bench.complains(
        "agreement: sensor reported a session with printer (at 2s) that laptop reported as one \
         with sensor",
    );
}

#[test]
fn two_that_go_on_in_different_sessions_disagree() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, established(SENSOR, 1));
    bench.observed(SENSOR, established(LAPTOP, 2));
    let heard = |peer| Observation::Rtt { peer, rtt: Duration::from_millis(40) };
    let rtt = heard(SENSOR);
    bench.observed(SENSOR, heard(LAPTOP));
    for _ in 0..29 {
        bench.observed(LAPTOP, rtt);
    }
    // An end may learn of a session late.
    bench.is_quiet();
    bench.observed(LAPTOP, rtt);
    bench.complains(
        "agreement: laptop and sensor have been in different sessions since 2s (at 33s)",
    );
}

#[test]
fn who_has_heard_nothing_since_need_not_know_of_a_newer_session() {
    let mut bench = Bench::new();
    bench.observed(SENSOR, established(LAPTOP, 1));
    bench.observed(LAPTOP, established(SENSOR, 2));
    for _ in 0..60 {
        bench.observed(LAPTOP, Observation::Rtt { peer: SENSOR, rtt: Duration::from_millis(40) });
    }
    bench.is_quiet();
}

#[test]
fn a_node_that_starts_anew_disagrees_with_nobody() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, established(SENSOR, 1));
    bench.observed(SENSOR, established(LAPTOP, 1));
    bench.observed(SENSOR, Observation::Stopped);
    bench.observed(SENSOR, Observation::Started { incarnation: 1 });
    bench.observed(SENSOR, established(LAPTOP, 2));
    for _ in 0..60 {
        bench.observed(SENSOR, Observation::Rtt { peer: LAPTOP, rtt: Duration::from_millis(40) });
    }
    bench.is_quiet();
}
