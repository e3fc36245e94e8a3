use underpass_core::{Duration, Instant};

use super::{Bench, LAPTOP, PRINTER, SENSOR, hello};

/// So many Hellos, as many milliseconds apart.
fn dials(bench: &mut Bench, count: u64, apart_ms: u64) {
    for number in 1..=count {
        let at = Instant::ORIGIN + Duration::from_millis(number * apart_ms);
        bench.at(at).transmitted(LAPTOP, PRINTER, &hello(1));
    }
}

#[test]
fn a_node_that_calls_without_end() {
    let mut bench = Bench::new();
    dials(&mut bench, 1000, 1072);
    bench.is_quiet();
    let mut bench = Bench::new();
    dials(&mut bench, 57, 1000);
    bench.complains("dials: laptop sent 57 Hellos to 198.18.2.1:4747 within a minute (at 57s)");
}

#[test]
fn a_node_that_starts_anew_calls_anew() {
    let mut bench = Bench::new();
    dials(&mut bench, 56, 1000);
    bench.observed(LAPTOP, crate::trace::Observation::Started { incarnation: 1 });
    bench.transmitted(LAPTOP, SENSOR, &hello(1));
    bench.is_quiet();
}
