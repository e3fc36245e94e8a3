use super::{Bench, Inside, LAPTOP, MALLORY};
use crate::machine::Copies;

#[test]
fn a_rumour_that_is_told_again_and_again() {
    let mut bench = Bench::new();
    let told = |told| Inside { copies: Copies { heard: 2, told, gained: 0 }, ..Inside::default() };
    bench.called(LAPTOP, &told(21));
    bench.called(MALLORY, &told(22));
    bench.is_quiet();
    bench.called(LAPTOP, &told(22));
    bench.complains("copies: laptop has sent 22 copies of 2 rumours, not 21 at most (at 3s)");
}
