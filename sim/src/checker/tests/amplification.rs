use std::net::{Ipv4Addr, SocketAddr};

use super::{
    Bench, LAPTOP, MALLORY, PRINTER, SENSOR, delivered, established, hello, packet, sealed, sent,
    welcome,
};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo};

#[test]
fn an_answer_larger_than_its_question() {
    let mut bench = Bench::new();
    bench.arrived(LAPTOP, SENSOR, &[1; 100]);
    bench.transmitted(SENSOR, LAPTOP, &[2; 100]);
    bench.is_quiet();
    bench.transmitted(SENSOR, LAPTOP, &[2; 101]);
    bench.complains(
        "amplification: sensor answered 198.18.0.1:4747 with 101 bytes, though nothing longer \
         than 100 came from there and nobody has proved to be there (at 3s)",
    );
}

#[test]
fn many_answers_to_one_question() {
    let mut bench = Bench::new();
    bench.arrived(LAPTOP, SENSOR, &[1; 100]);
    bench.transmitted(SENSOR, LAPTOP, &[2; 100]);
    bench.transmitted(SENSOR, LAPTOP, &[2; 100]);
    bench.transmitted(SENSOR, LAPTOP, &[2; 99]);
    bench.is_quiet();
    bench.transmitted(SENSOR, LAPTOP, &[2; 1]);
    bench.complains(
        "amplification: sensor has sent 300 bytes to 198.18.0.1:4747, where nobody has proved to \
         be, for the 100 that came from there (at 5s)",
    );
}

/// Whether a node may send a lot to an address after this has happened.
fn may_send_a_lot(from: NodeId, to: NodeId, before: impl FnOnce(&mut Bench)) -> bool {
    let mut bench = Bench::new();
    before(&mut bench);
    for _ in 0..100 {
        bench.transmitted(from, to, &[2; 41]);
    }
    bench.watches.iter_mut().all(|watch| watch.violation().is_none())
}

#[test]
fn what_proves_an_address() {
    assert!(!may_send_a_lot(SENSOR, LAPTOP, |bench| {
        bench.arrived(LAPTOP, SENSOR, &hello(1));
    }));
    assert!(may_send_a_lot(SENSOR, LAPTOP, |bench| {
        bench.arrived(LAPTOP, SENSOR, &hello(1));
        bench.observed(SENSOR, established(LAPTOP, 5));
    }));
    assert!(!may_send_a_lot(SENSOR, LAPTOP, |bench| {
        bench.arrived(LAPTOP, SENSOR, &hello(1));
        bench.observed(SENSOR, established(PRINTER, 5));
    }));
    assert!(may_send_a_lot(SENSOR, LAPTOP, |bench| {
        bench.arrived(LAPTOP, SENSOR, &hello(1));
        bench.arrived(LAPTOP, SENSOR, &sealed(9, 0, 1));
    }));
    assert!(!may_send_a_lot(SENSOR, LAPTOP, |bench| {
        bench.arrived(LAPTOP, SENSOR, &hello(1));
        bench.arrived(LAPTOP, SENSOR, &sealed(9, 0, 1));
        bench.observed(SENSOR, Observation::Dropped { reason: "unauthentic" });
    }));
    assert!(!may_send_a_lot(SENSOR, LAPTOP, |bench| {
        bench.observed(SENSOR, established(LAPTOP, 5));
        bench.observed(SENSOR, Observation::Started { incarnation: 1 });
        bench.arrived(LAPTOP, SENSOR, &hello(1));
    }));
}

#[test]
fn what_a_node_begins_itself_is_no_answer() {
    assert!(may_send_a_lot(SENSOR, LAPTOP, |bench| {
        bench.transmitted(SENSOR, LAPTOP, &hello(1));
        bench.arrived(LAPTOP, SENSOR, &welcome(2));
    }));
    let dials_after_a_question = |node, peer| {
        let mut bench = Bench::new();
        bench.arrived(peer, node, &[1; 50]);
        for _ in 0..10 {
            bench.transmitted(node, peer, &hello(1));
        }
        bench.watches.iter_mut().all(|watch| watch.violation().is_none())
    };
    assert!(dials_after_a_question(LAPTOP, SENSOR), "it is told to dial the sensor");
    assert!(!dials_after_a_question(SENSOR, LAPTOP), "nobody told it");
}

#[test]
fn an_address_that_is_nobodys_proves_nothing() {
    let mut bench = Bench::new();
    let nowhere = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 53));
    for _ in 0..2 {
        let bytes = [1; 60];
        let packet =
            PacketInfo { origin: nowhere, source: nowhere, ..packet(LAPTOP, SENSOR, &bytes) };
        bench.each(|at, watch| watch.arrived(at, &packet));
    }
    bench.observed(SENSOR, established(LAPTOP, 5));
    let bytes = [2; 61];
    let packet = PacketInfo { destination: nowhere, to: None, ..packet(SENSOR, LAPTOP, &bytes) };
    bench.each(|at, watch| watch.transmitted(at, &packet));
    bench.complains(
        "amplification: sensor answered 192.0.2.1:53 with 61 bytes, though nothing longer than 60 \
         came from there and nobody has proved to be there (at 4s)",
    );
}

#[test]
fn a_payload_that_was_sent_again_or_changed_on_the_way() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.carried(LAPTOP, SENSOR, &sealed(9, 0, 1));
    bench.observed(SENSOR, delivered(LAPTOP, 3));
    bench.spoofed(LAPTOP, SENSOR, &sealed(9, 0, 1));
    bench.is_quiet();
    bench.observed(SENSOR, delivered(LAPTOP, 3));
    bench.complains("delivery: sensor got payload 3 of chat from laptop twice (at 4s and 7s)");
    let mut bench = Bench::new();
    bench.observed(SENSOR, Observation::Garbled { from: LAPTOP });
    bench.complains("delivery: sensor got at 1s what no application sent, from laptop");
}

#[test]
fn a_datagram_from_a_claimed_address_proves_nothing() {
    let spoofs = |bench: &mut Bench| {
        bench.spoofed(LAPTOP, SENSOR, &hello(1));
        // The node takes it up: it may be a copy that was faster than the datagram itself.
        bench.spoofed(LAPTOP, SENSOR, &sealed(9, 0, 1));
    };
    assert!(!may_send_a_lot(SENSOR, LAPTOP, spoofs));
    assert!(may_send_a_lot(SENSOR, LAPTOP, |bench| {
        spoofs(bench);
        bench.carried(LAPTOP, SENSOR, &sealed(9, 1, 1));
    }));
    assert!(may_send_a_lot(SENSOR, MALLORY, |bench| {
        bench.carried(MALLORY, SENSOR, &hello(1));
        bench.carried(MALLORY, SENSOR, &sealed(9, 0, 1));
    }));
}

#[test]
fn who_writes_through_a_nat_is_trusted_where_it_was_seen_once_it_is_known() {
    for (is_known, proves) in [(true, true), (false, true), (true, false)] {
        let mut bench = Bench::new();
        let outside = SocketAddr::from((Ipv4Addr::new(203, 0, 113, 9), 999));
        let sender = if proves { LAPTOP } else { MALLORY };
        let bytes = [1; 60];
        let packet = PacketInfo { from: sender, source: outside, ..packet(LAPTOP, SENSOR, &bytes) };
        bench.each(|at, watch| watch.arrived(at, &packet));
        bench.observed(SENSOR, established(if is_known { LAPTOP } else { PRINTER }, 5));
        let bytes = [2; 61];
        let packet =
            PacketInfo { destination: outside, to: None, ..self::packet(SENSOR, LAPTOP, &bytes) };
        bench.each(|at, watch| watch.transmitted(at, &packet));
        match is_known && proves {
            true => bench.is_quiet(),
            false => bench.complains(
                "amplification: sensor answered 203.0.113.9:999 with 61 bytes, though nothing \
                 longer than 60 came from there and nobody has proved to be there (at 3s)",
            ),
        }
    }
}
