use super::{Bench, Inside, LAPTOP, MALLORY};
use crate::machine::Copies;

#[test]
fn a_rumour_that_is_told_again_and_again() {
    let mut bench = Bench::new();
    let told =
        |told| Inside { copies: Copies { heard: 2, told, answered: 1 }, ..Inside::default() };
    bench.called(LAPTOP, &told(22));
    bench.called(MALLORY, &told(23));
    bench.is_quiet();
    bench.called(LAPTOP, &told(23));
    bench.complains("copies: laptop has sent 23 copies of 2 rumours, not 22 at most (at 3s)");
}
