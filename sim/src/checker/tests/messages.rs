use underpass_core::Outcome;

use super::{Bench, LAPTOP, PRINTER, SENSOR, accepted, ended, handed_up};
use crate::trace::Observation;

#[test]
fn messages_that_end_as_they_should() {
    let mut bench = Bench::new();
    for number in 0..4 {
        bench.observed(LAPTOP, accepted(number));
    }
    bench.observed(SENSOR, handed_up(0));
    bench.observed(LAPTOP, ended(0, Outcome::Acked));
    bench.observed(LAPTOP, ended(1, Outcome::Failed));
    // Nobody knows: it may have come out, or do so yet.
    bench.observed(SENSOR, handed_up(2));
    bench.observed(LAPTOP, ended(2, Outcome::Unknown));
    bench.observed(LAPTOP, ended(3, Outcome::Unknown));
    bench.observed(SENSOR, handed_up(3));
    bench.is_quiet();
}

#[test]
fn a_message_that_ends_twice_or_never_began() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(LAPTOP, ended(3, Outcome::Unknown));
    bench.is_quiet();
    bench.observed(LAPTOP, ended(3, Outcome::Unknown));
    bench
        .complains("messages: 3 of mail from laptop to sensor ended, and had ended before (at 3s)");
    let mut bench = Bench::new();
    bench.observed(LAPTOP, ended(4, Outcome::Failed));
    bench.complains(
        "messages: 4 of mail from laptop to sensor ended and was never accepted (at 1s)",
    );
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(LAPTOP, accepted(3));
    bench.complains("messages: 3 of mail from laptop to sensor was accepted again (at 2s)");
}

#[test]
fn an_acked_message_that_did_not_come_out_once() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(LAPTOP, ended(3, Outcome::Acked));
    bench.complains(
        "messages: 3 of mail from laptop to sensor was acked and had not been delivered (at 2s)",
    );
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(SENSOR, handed_up(3));
    bench.observed(SENSOR, Observation::Stopped);
    bench.observed(SENSOR, Observation::Started { incarnation: 1 });
    bench.observed(SENSOR, handed_up(3));
    bench.is_quiet();
    bench.observed(LAPTOP, ended(3, Outcome::Acked));
    bench.complains(
        "messages: 3 of mail from laptop to sensor was acked and had been delivered 2 times (at \
         6s)",
    );
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(SENSOR, handed_up(3));
    bench.observed(LAPTOP, ended(3, Outcome::Acked));
    bench.observed(SENSOR, Observation::Stopped);
    bench.observed(SENSOR, Observation::Started { incarnation: 1 });
    bench.is_quiet();
    bench.observed(SENSOR, handed_up(3));
    bench.complains(
        "messages: 3 of mail from laptop to sensor was delivered again after it was acked (at 6s)",
    );
}

#[test]
fn a_failed_message_that_came_out() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(SENSOR, handed_up(3));
    bench.observed(LAPTOP, ended(3, Outcome::Failed));
    bench.complains(
        "messages: 3 of mail from laptop to sensor failed and had been delivered (at 3s)",
    );
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(LAPTOP, ended(3, Outcome::Failed));
    bench.observed(SENSOR, handed_up(3));
    bench.complains(
        "messages: 3 of mail from laptop to sensor was delivered after it had failed (at 3s)",
    );
}

#[test]
fn a_message_that_comes_out_twice() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(SENSOR, handed_up(3));
    bench.is_quiet();
    bench.observed(SENSOR, handed_up(3));
    bench.complains("delivery: sensor got payload 3 of mail from laptop twice (at 2s and 3s)");
}

#[test]
fn a_message_that_does_not_end_in_time() {
    let passes = |bench: &mut Bench, seconds| {
        for _ in 0..seconds {
            bench.transmitted(PRINTER, SENSOR, &[9]);
        }
    };
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    passes(&mut bench, 60);
    bench.is_quiet();
    passes(&mut bench, 1);
    bench.complains("messages: 3 of mail from laptop to sensor should have ended by 61s");
    // Who is switched off learns nothing any more.
    let mut bench = Bench::new();
    bench.observed(LAPTOP, accepted(3));
    bench.observed(LAPTOP, Observation::Stopped);
    passes(&mut bench, 100);
    bench.is_quiet();
    bench.observed(LAPTOP, ended(3, Outcome::Unknown));
    bench.complains(
        "messages: 3 of mail from laptop to sensor ended, and had ended before (at 103s)",
    );
}
