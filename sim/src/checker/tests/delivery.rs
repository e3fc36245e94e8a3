use super::{Bench, LAPTOP, PRINTER, SENSOR, delivered, sent};
use crate::trace::Observation;

#[test]
fn a_payload_that_comes_out_twice() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.observed(SENSOR, delivered(LAPTOP, 3));
    bench.observed(SENSOR, Observation::Stopped);
    bench.observed(SENSOR, Observation::Started { incarnation: 1 });
    bench.observed(SENSOR, delivered(LAPTOP, 3));
    bench.is_quiet();
    bench.observed(SENSOR, delivered(LAPTOP, 3));
    bench.complains("delivery: sensor got payload 3 of chat from laptop twice (at 5s and 6s)");
}

#[test]
fn a_payload_that_nobody_sent() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.observed(SENSOR, delivered(LAPTOP, 2));
    bench.complains(
        "delivery: sensor got payload 2 of chat from laptop at 2s, which laptop had not sent there",
    );
    let mut bench = Bench::new();
    bench.observed(SENSOR, delivered(LAPTOP, u64::MAX));
    bench.complains(
        "delivery: sensor got payload 18446744073709551615 of chat from laptop at 1s, which laptop \
         had not sent there",
    );
}

#[test]
fn a_payload_of_or_for_somebody_else() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.observed(PRINTER, delivered(LAPTOP, 3));
    bench.complains(
        "delivery: printer got payload 3 of chat from laptop at 2s, which laptop had not sent there",
    );
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.observed(SENSOR, delivered(PRINTER, 3));
    bench.complains(
        "delivery: sensor got payload 3 of chat from printer at 2s, which printer had not sent \
         there",
    );
}
