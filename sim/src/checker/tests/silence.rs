use super::{Bench, Inside, LAPTOP, PRINTER, SENSOR, address};
use crate::scenario::model::NodeId;
use crate::trace::Observation;

fn knows(bench: &mut Bench, peer: NodeId) {
    bench.observed(LAPTOP, Observation::Known { peer, is: true });
}

#[test]
fn a_record_of_a_silent_node() {
    let mut bench = Bench::new();
    knows(&mut bench, SENSOR);
    bench.is_quiet();
    knows(&mut bench, PRINTER);
    bench.complains("silence: laptop has a record of printer, which is silent (at 2s)");
}

#[test]
fn its_address_in_the_record_of_another() {
    let mut bench = Bench::new();
    let told = |at| Inside { told: vec![(SENSOR, address(at))], ..Inside::default() };
    knows(&mut bench, SENSOR);
    bench.called(LAPTOP, &told(SENSOR));
    bench.is_quiet();
    knows(&mut bench, SENSOR);
    bench.called(LAPTOP, &told(PRINTER));
    bench.complains(
        "silence: laptop was told that sensor is at 198.18.2.1:4747, where a silent node is (at 4s)",
    );
}
