use super::{Bench, Inside, LAPTOP, MALLORY};
use crate::machine::Answers;

#[test]
fn an_answer_longer_than_three_questions() {
    let mut bench = Bench::new();
    let done = |answered| {
        let answers = Answers { asked: 340, answered };
        Inside { answers, ..Inside::default() }
    };
    bench.called(LAPTOP, &done(1020));
    bench.called(MALLORY, &done(1021));
    bench.is_quiet();
    bench.called(LAPTOP, &done(1021));
    bench.complains("answers: laptop has answered questions of 340 bytes with 1021 (at 3s)");
}
