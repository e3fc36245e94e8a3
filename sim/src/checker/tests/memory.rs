use super::{Bench, Inside, LAPTOP, MALLORY};

#[test]
fn a_table_that_holds_more_than_it_has_room_for() {
    let mut bench = Bench::new();
    bench.called(LAPTOP, &Inside { used: 8, ..Inside::default() });
    bench.called(MALLORY, &Inside { used: 9, ..Inside::default() });
    bench.is_quiet();
    bench.called(LAPTOP, &Inside { used: 9, ..Inside::default() });
    bench.complains("memory: laptop holds 9 peers and has room for 8 (at 3s)");
}
