use super::{Bench, Inside, LAPTOP, PRINTER, SENSOR, address, hello, sealed};
use crate::scenario::model::NodeId;
use crate::trace::Observation;

/// The printer is silent.
fn bench() -> Bench {
    Bench::with(|setting| setting.silent = [PRINTER].into())
}

fn knows(bench: &mut Bench, peer: NodeId) {
    bench.observed(LAPTOP, Observation::Known { peer, is: true });
}

#[test]
fn a_record_of_a_silent_node() {
    let mut bench = bench();
    knows(&mut bench, SENSOR);
    bench.is_quiet();
    knows(&mut bench, PRINTER);
    bench.complains("silence: laptop has a record of printer, which is silent (at 2s)");
}

#[test]
fn its_address_in_the_record_of_another() {
    let mut bench = bench();
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

#[test]
fn something_sent_to_where_it_is() {
    let mut bench = bench();
    bench.carried(PRINTER, SENSOR, &sealed(1, 0, 0));
    bench.transmitted(SENSOR, PRINTER, &sealed(1, 0, 0));
    bench.is_quiet();
    bench.transmitted(LAPTOP, PRINTER, &hello(1));
    bench.complains(
        "silence: laptop sent something to where printer is, which is silent and has not told it (at 4s)",
    );
}
