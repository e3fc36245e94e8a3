use super::{Bench, LAPTOP, PRINTER, SENSOR, sealed};
use crate::trace::Observation;

#[test]
fn a_counter_used_for_two_datagrams() {
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 5, 1));
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 5, 1));
    bench.transmitted(LAPTOP, SENSOR, &sealed(10, 5, 2));
    bench.transmitted(LAPTOP, PRINTER, &sealed(9, 5, 2));
    bench.transmitted(SENSOR, LAPTOP, &sealed(9, 5, 2));
    bench.is_quiet();
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 5, 2));
    bench.complains(
        "nonce: laptop sealed two different datagrams with counter 5 for 198.18.1.1:4747 (at 6s, \
         session index 0x00000009, epoch 0)",
    );
}

#[test]
fn a_counter_that_goes_back() {
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 5, 1));
    bench.observed(LAPTOP, Observation::Stopped);
    bench.observed(LAPTOP, Observation::Started { incarnation: 1 });
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 0, 1));
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 2, 1));
    bench.is_quiet();
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 1, 1));
    bench.complains(
        "nonce: laptop went back from counter 2 to 1 for 198.18.1.1:4747 (at 6s, session index \
         0x00000009, epoch 0)",
    );
}
