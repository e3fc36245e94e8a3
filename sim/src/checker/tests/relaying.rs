use super::*;
use crate::trace::Way;

/// The printer relays, and has a session with both others.
fn relay() -> Bench {
    let mut bench = Bench::new();
    for peer in [LAPTOP, SENSOR] {
        bench.stays().carried(peer, PRINTER, &hello(peer.0 as u8));
        bench.carried(PRINTER, peer, &sealed(20 + peer.0, 0, 1));
        bench.carried(peer, PRINTER, &sealed(9, 0, 1));
        bench.observed(PRINTER, Observation::Session { peer, state: SessionState::Active });
    }
    bench.now = Instant::ORIGIN + Duration::from_secs(10);
    bench
}

/// The printer sends on what it has just got.
fn forwards(bench: &mut Bench, from: NodeId, to: NodeId, counter: u64, len: usize) {
    let mut bytes = vec![counter as u8; len];
    bytes[..42].copy_from_slice(&sealed(9, counter, 1));
    bench.carried(from, PRINTER, &bytes);
    bytes[..42].copy_from_slice(&sealed(7, counter, 2));
    bench.transmitted(PRINTER, to, &bytes);
    bench.observed(PRINTER, Observation::Forwarded { bytes: len as u32 });
}

#[test]
fn a_relay_carries_for_its_peers() {
    let mut bench = relay();
    forwards(&mut bench, LAPTOP, SENSOR, 1, 1200);
    forwards(&mut bench, SENSOR, LAPTOP, 2, 1200);
    bench.is_quiet();
}

#[test]
fn a_relay_carries_nothing_for_one_that_is_gone() {
    let mut bench = relay();
    let state = SessionState::Disconnected;
    bench.observed(PRINTER, Observation::Session { peer: SENSOR, state });
    forwards(&mut bench, LAPTOP, SENSOR, 1, 100);
    bench.complains(
        "relaying: printer sent on 100 bytes of laptop to sensor, and has no session with sensor (at 15s)",
    );
}

#[test]
fn a_relay_sends_nothing_back() {
    let mut bench = relay();
    forwards(&mut bench, LAPTOP, LAPTOP, 1, 100);
    bench.complains(
        "relaying: printer sent on 100 bytes of laptop to laptop, and sent it back (at 14s)",
    );
}

#[test]
fn a_relay_keeps_to_its_limits() {
    let mut bench = relay();
    for counter in 1..=2 {
        bench.now = Instant::ORIGIN + Duration::from_secs(20);
        forwards(&mut bench, LAPTOP, SENSOR, counter, 1200);
    }
    bench.complains(
        "relaying: printer sent on 1200 bytes of laptop to sensor, and the circuit may carry 2000 a \
         second (at 24s)",
    );
}

#[test]
fn no_relay_is_reached_through_a_relay() {
    let mut bench = relay();
    let way = Some(Way::Relayed(PRINTER));
    bench.observed(LAPTOP, Observation::Route { peer: SENSOR, way });
    let direct = Some(Way::Direct(address(PRINTER)));
    bench.now = Instant::ORIGIN + Duration::from_secs(10);
    bench.observed(LAPTOP, Observation::Route { peer: PRINTER, way: direct });
    bench.observed(SENSOR, Observation::Rtt { peer: LAPTOP, rtt: Duration::ZERO });
    bench.is_quiet();
    let way = Some(Way::Relayed(SENSOR));
    bench.observed(LAPTOP, Observation::Route { peer: PRINTER, way });
    bench.observed(SENSOR, Observation::Rtt { peer: LAPTOP, rtt: Duration::ZERO });
    bench.complains(
        "relaying: laptop sends to sensor through printer, and to that one through another (at 13s)",
    );
}
