use underpass_core::{Duration, Instant};

use super::{Bench, Inside, LAPTOP, SENSOR, hello, sealed, welcome};

/// Eight peers with nine timers, four handshakes with two.
const TIMERS: usize = 80;

#[test]
fn a_machine_that_is_woken_for_nothing_over_and_over() {
    let mut bench = Bench::new();
    for _ in 0..TIMERS {
        bench.stays().woken(LAPTOP);
    }
    bench.stays().woken(SENSOR);
    bench.is_quiet();
    bench.stays().woken(LAPTOP);
    bench.complains("timers: laptop was woken 81 times for nothing since 0s (at 0s)");
}

#[test]
fn wakes_that_lead_to_something_or_are_far_apart() {
    let mut bench = Bench::new();
    bench.stays().carried(LAPTOP, SENSOR, &hello(1));
    bench.stays().carried(SENSOR, LAPTOP, &welcome(1));
    for number in 0..200 {
        bench.stays().each(|at, watch| watch.woken(at, LAPTOP));
        bench.stays().transmitted(LAPTOP, SENSOR, &sealed(9, number, 1));
        bench.stays().called(LAPTOP, &Inside::default());
    }
    for number in 0..200 {
        bench.at(Instant::ORIGIN + Duration::from_millis(13 * number)).woken(LAPTOP);
    }
    bench.is_quiet();
}
