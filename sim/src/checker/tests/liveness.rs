use underpass_core::{Duration, Instant};

use super::{Bench, LAPTOP, SENSOR};
use crate::scenario::model::NodeId;
use crate::trace::Observation;

fn at(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

fn answer(bench: &mut Bench, seconds: u64, node: NodeId, peer: NodeId) {
    let rtt = Duration::from_millis(40);
    bench.at(at(seconds)).observed(node, Observation::Rtt { peer, rtt });
}

const OVERDUE: &str = "liveness: laptop dials sensor, and nothing has been in the way since 1000s, \
                       but by 2000s they are not in touch: laptop ";

#[test]
fn two_that_answer_each_other() {
    let mut bench = Bench::new();
    answer(&mut bench, 1000, SENSOR, LAPTOP);
    answer(&mut bench, 2000, LAPTOP, SENSOR);
    bench.passed(at(3000));
    bench.is_quiet();
}

#[test]
fn two_that_do_not_find_each_other() {
    let mut bench = Bench::new();
    bench.passed(at(1999));
    bench.is_quiet();
    bench.passed(at(2000));
    bench.complains(&format!("{OVERDUE}has not had an answer, sensor has not"));
}

#[test]
fn one_that_is_not_answered() {
    let mut bench = Bench::new();
    answer(&mut bench, 1500, LAPTOP, SENSOR);
    bench.passed(at(2000));
    bench.complains(&format!("{OVERDUE}has had an answer, sensor has not"));
}

#[test]
fn what_was_before_it_settled_does_not_count() {
    let mut bench = Bench::new();
    answer(&mut bench, 999, LAPTOP, SENSOR);
    answer(&mut bench, 999, SENSOR, LAPTOP);
    bench.passed(at(2000));
    bench.complains(&format!("{OVERDUE}has not had an answer, sensor has not"));
}
