//! Every checker bites what it is there for, and nothing else.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use underpass_core::{Duration, Instant, Outcome, RelayLimits};

use super::{Setting, all};
use crate::machine::SendId;
use crate::payload::{Canary, Stamp};
use crate::scenario::model::{Mode, NodeId, Send, SessionState};
use crate::trace::{Observation, PacketInfo, Watch};
use crate::world::{Site, Topology, ipv4_address};

const LAPTOP: NodeId = NodeId(0);
const SENSOR: NodeId = NodeId(1);
const PRINTER: NodeId = NodeId(2);
/// Hostile.
const MALLORY: NodeId = NodeId(3);
/// Datagrams.
const CHAT: SendId = SendId(0);
/// Messages.
const MAIL: SendId = SendId(1);
const CANARY: Canary = Canary([0xc5; 16]);

mod probes;
mod relaying;

/// All checkers, fed by hand. Time goes on by a second with everything that happens.
struct Bench {
    watches: Vec<Box<dyn Watch>>,
    now: Instant,
}

impl Bench {
    /// The laptop dials the sensor and sends it ten datagrams and ten messages; nobody dials anybody else.
    fn new() -> Self {
        let send = Send {
            name: "chat".into(),
            from: LAPTOP,
            to: SENSOR,
            at: Instant::ORIGIN,
            every: Duration::from_secs(1),
            count: 10,
            size: 64,
            mode: Mode::Datagram,
        };
        let mail = Send { name: "mail".into(), mode: Mode::Message, ..send.clone() };
        let setting = Setting {
            names: ["laptop", "sensor", "printer", "mallory"].map(str::to_owned).into(),
            canary: CANARY,
            relays: [(PRINTER, RelayLimits { circuit_bytes: 2_000, ..RelayLimits::DEFAULT })]
                .into(),
            sends: vec![send, mail],
            peers: vec![vec![SENSOR], Vec::new(), Vec::new()],
            hostile: [MALLORY].into(),
            topology: topology(),
        };
        let mut bench = Self { watches: all(&setting), now: Instant::ORIGIN };
        for node in [LAPTOP, SENSOR, PRINTER, MALLORY] {
            bench.observed(node, Observation::Started { incarnation: 0 });
        }
        bench.now = Instant::ORIGIN;
        bench
    }

    fn each(&mut self, what: impl Fn(Instant, &mut dyn Watch)) {
        self.now = self.now + Duration::from_secs(1);
        self.watches.iter_mut().for_each(|watch| what(self.now, &mut **watch));
    }

    fn observed(&mut self, node: NodeId, observation: Observation) {
        self.each(|at, watch| watch.observed(at, node, &observation));
    }

    fn transmitted(&mut self, from: NodeId, to: NodeId, bytes: &[u8]) {
        self.each(|at, watch| watch.transmitted(at, &packet(from, to, bytes)));
    }

    fn arrived(&mut self, from: NodeId, to: NodeId, bytes: &[u8]) {
        self.each(|at, watch| watch.arrived(at, &packet(from, to, bytes)));
    }

    /// A datagram of Mallory's arrives, with the address of another.
    fn spoofed(&mut self, source: NodeId, to: NodeId, bytes: &[u8]) {
        let packet = PacketInfo {
            origin: address(source),
            source: address(source),
            ..packet(MALLORY, to, bytes)
        };
        self.each(|at, watch| watch.transmitted(at, &packet));
        self.each(|at, watch| watch.arrived(at, &packet));
    }

    /// A datagram that goes out and arrives.
    fn carried(&mut self, from: NodeId, to: NodeId, bytes: &[u8]) {
        self.transmitted(from, to, bytes);
        self.arrived(from, to, bytes);
    }

    #[track_caller]
    fn is_quiet(&mut self) {
        let complaints: Vec<String> =
            self.watches.iter_mut().filter_map(|watch| watch.violation()).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    /// One checker complains, and this is what it says.
    #[track_caller]
    fn complains(&mut self, of: &str) {
        let complaints: Vec<String> =
            self.watches.iter_mut().filter_map(|watch| watch.violation()).collect();
        assert_eq!(complaints, [of]);
    }
}

fn topology() -> Arc<Topology> {
    let site = Site { ipv4: true, ipv6: false, behind: None };
    Arc::new(Topology::new(&[site; 4], &[], &[]).expect("few nodes"))
}

fn address(node: NodeId) -> SocketAddr {
    SocketAddr::from((ipv4_address(node).expect("few nodes"), 4747))
}

fn packet(from: NodeId, to: NodeId, bytes: &[u8]) -> PacketInfo<'_> {
    let (source, destination) = (address(from), address(to));
    PacketInfo {
        from,
        number: 7,
        copy: 0,
        origin: source,
        source,
        destination,
        to: Some(to),
        bytes,
    }
}

fn hello(key: u8) -> [u8; 192] {
    let mut hello = [0; 192];
    hello[0] = 1;
    hello[8..40].fill(key);
    hello
}

fn welcome(key: u8) -> [u8; 124] {
    let mut welcome = [0; 124];
    welcome[0] = 2;
    welcome[12..44].fill(key);
    welcome
}

fn sealed(receiver: u32, counter: u64, content: u8) -> [u8; 41] {
    let mut sealed = [content; 41];
    sealed[..4].copy_from_slice(&[16, 0, 0, 0]);
    sealed[4..8].copy_from_slice(&receiver.to_le_bytes());
    sealed[8..16].copy_from_slice(&counter.to_le_bytes());
    sealed
}

fn sent(number: u64) -> Observation {
    Observation::Sent { send: CHAT, number, to: SENSOR }
}

fn delivered(from: NodeId, number: u64) -> Observation {
    Observation::Delivered { from, send: CHAT, number, latency: Duration::ZERO }
}

fn accepted(number: u64) -> Observation {
    Observation::Sent { send: MAIL, number, to: SENSOR }
}

fn handed_up(number: u64) -> Observation {
    Observation::Delivered { from: LAPTOP, send: MAIL, number, latency: Duration::ZERO }
}

fn ended(number: u64, outcome: Outcome) -> Observation {
    Observation::Ended { send: MAIL, number, to: SENSOR, outcome }
}

fn established(peer: NodeId, hash: u8) -> Observation {
    Observation::Established { peer, handshake_hash: [hash; 32] }
}

#[test]
fn nobody_complains_of_a_good_run() {
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &hello(1));
    bench.carried(LAPTOP, SENSOR, &hello(1));
    bench.carried(SENSOR, LAPTOP, &welcome(2));
    bench.carried(LAPTOP, SENSOR, &sealed(9, 0, 1));
    bench.carried(SENSOR, LAPTOP, &sealed(8, 0, 2));
    bench.observed(LAPTOP, established(SENSOR, 5));
    bench.observed(LAPTOP, Observation::Session { peer: SENSOR, state: SessionState::Active });
    bench.carried(LAPTOP, SENSOR, &sealed(9, 1, 3));
    bench.observed(SENSOR, established(LAPTOP, 5));
    bench.observed(LAPTOP, sent(0));
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 2, 4));
    bench.carried(LAPTOP, SENSOR, &sealed(9, 2, 4));
    bench.observed(SENSOR, delivered(LAPTOP, 0));
    bench.is_quiet();
}

#[test]
fn a_payload_that_comes_out_twice() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.observed(SENSOR, delivered(LAPTOP, 3));
    bench.observed(SENSOR, Observation::Stopped);
    bench.observed(SENSOR, Observation::Started { incarnation: 1 });
    bench.observed(SENSOR, delivered(LAPTOP, 3));
    bench.is_quiet();
    bench.observed(SENSOR, delivered(LAPTOP, 3));
    bench.complains("delivery: sensor got payload 3 of chat from laptop twice (at 5s and 6s)");
}

#[test]
fn a_payload_that_nobody_sent() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.observed(SENSOR, delivered(LAPTOP, 2));
    bench.complains(
        "delivery: sensor got payload 2 of chat from laptop at 2s, which laptop had not sent there",
    );
    let mut bench = Bench::new();
    bench.observed(SENSOR, delivered(LAPTOP, u64::MAX));
    bench.complains(
        "delivery: sensor got payload 18446744073709551615 of chat from laptop at 1s, which laptop \
         had not sent there",
    );
}

#[test]
fn a_payload_of_or_for_somebody_else() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.observed(PRINTER, delivered(LAPTOP, 3));
    bench.complains(
        "delivery: printer got payload 3 of chat from laptop at 2s, which laptop had not sent there",
    );
    let mut bench = Bench::new();
    bench.observed(LAPTOP, sent(3));
    bench.observed(SENSOR, delivered(PRINTER, 3));
    bench.complains(
        "delivery: sensor got payload 3 of chat from printer at 2s, which printer had not sent \
         there",
    );
}

#[test]
fn a_payload_in_the_clear() {
    let stamp = Stamp { send: CHAT, number: 0, sent_at: Instant::ORIGIN };
    let payload = stamp.payload(CANARY, 64);
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &payload[..15]);
    bench.is_quiet();
    bench.transmitted(LAPTOP, SENSOR, &[&[9; 5], &payload[..]].concat());
    bench.complains(
        "plaintext: laptop sent an application's bytes to 198.18.0.2:4747 unsealed (at 2s, from \
         byte 5 of its datagram 7)",
    );
}

#[test]
fn a_counter_used_for_two_datagrams() {
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 5, 1));
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 5, 1));
    bench.transmitted(LAPTOP, SENSOR, &sealed(10, 5, 2));
    bench.transmitted(LAPTOP, PRINTER, &sealed(9, 5, 2));
    bench.transmitted(SENSOR, LAPTOP, &sealed(9, 5, 2));
    bench.is_quiet();
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 5, 2));
    bench.complains(
        "nonce: laptop sealed two different datagrams with counter 5 for 198.18.0.2:4747 (at 6s, \
         session index 0x00000009, epoch 0)",
    );
}

#[test]
fn a_counter_that_goes_back() {
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 5, 1));
    bench.observed(LAPTOP, Observation::Stopped);
    bench.observed(LAPTOP, Observation::Started { incarnation: 1 });
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 0, 1));
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 2, 1));
    bench.is_quiet();
    bench.transmitted(LAPTOP, SENSOR, &sealed(9, 1, 1));
    bench.complains(
        "nonce: laptop went back from counter 2 to 1 for 198.18.0.2:4747 (at 6s, session index \
         0x00000009, epoch 0)",
    );
}

#[test]
fn an_ephemeral_key_in_two_handshakes() {
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &hello(1));
    bench.transmitted(LAPTOP, SENSOR, &hello(1));
    bench.transmitted(LAPTOP, SENSOR, &hello(2));
    bench.is_quiet();
    let mut other = hello(1);
    other[100] = 1;
    bench.transmitted(LAPTOP, SENSOR, &other);
    bench.complains(
        "ephemeral: laptop used in a handshake at 4s the key that laptop used in another at 1s",
    );
}

#[test]
fn an_ephemeral_key_of_somebody_else() {
    let mut bench = Bench::new();
    bench.carried(LAPTOP, SENSOR, &hello(1));
    bench.transmitted(SENSOR, LAPTOP, &welcome(1));
    bench.complains(
        "ephemeral: sensor used in a handshake at 3s the key that laptop used in another at 1s",
    );
}

#[test]
fn a_session_of_three() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, established(SENSOR, 5));
    bench.observed(SENSOR, established(LAPTOP, 5));
    bench.observed(SENSOR, established(LAPTOP, 5));
    bench.observed(PRINTER, established(LAPTOP, 6));
    bench.is_quiet();
    bench.observed(PRINTER, established(LAPTOP, 5));
    bench.complains(
        "agreement: printer reported a session with laptop (at 5s) that laptop reported as one \
         with sensor",
    );
}

#[test]
fn ends_that_name_somebody_else() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, established(SENSOR, 5));
    bench.observed(SENSOR, established(PRINTER, 5));
    bench.complains(
        "agreement: sensor reported a session with printer (at 2s) that laptop reported as one \
         with sensor",
    );
}

#[test]
fn two_that_go_on_in_different_sessions_disagree() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, established(SENSOR, 1));
    bench.observed(SENSOR, established(LAPTOP, 2));
    let rtt = Observation::Rtt { peer: SENSOR, rtt: Duration::from_millis(40) };
    for _ in 0..30 {
        bench.observed(LAPTOP, rtt);
    }
    // An end may learn of a session late.
    bench.is_quiet();
    bench.observed(LAPTOP, rtt);
    bench.complains(
        "agreement: laptop and sensor have been in different sessions since 2s (at 33s)",
    );
}

#[test]
fn a_node_that_starts_anew_disagrees_with_nobody() {
    let mut bench = Bench::new();
    bench.observed(LAPTOP, established(SENSOR, 1));
    bench.observed(SENSOR, established(LAPTOP, 1));
    bench.observed(SENSOR, Observation::Stopped);
    bench.observed(SENSOR, Observation::Started { incarnation: 1 });
    bench.observed(SENSOR, established(LAPTOP, 2));
    for _ in 0..60 {
        bench.observed(SENSOR, Observation::Rtt { peer: LAPTOP, rtt: Duration::from_millis(40) });
    }
    bench.is_quiet();
}

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
fn what_a_hostile_node_sends_breaks_no_rule() {
    let mut bench = Bench::new();
    let stamp = Stamp { send: CHAT, number: 0, sent_at: Instant::ORIGIN };
    bench.carried(LAPTOP, SENSOR, &hello(1));
    bench.carried(LAPTOP, SENSOR, &sealed(9, 5, 1));
    bench.carried(MALLORY, SENSOR, &hello(1));
    bench.carried(MALLORY, SENSOR, &hello(1)[..100]);
    bench.spoofed(LAPTOP, SENSOR, &sealed(9, 5, 1));
    bench.spoofed(LAPTOP, SENSOR, &sealed(9, 4, 2));
    bench.carried(MALLORY, SENSOR, &stamp.payload(CANARY, 64));
    bench.observed(MALLORY, delivered(LAPTOP, 3));
    bench.observed(MALLORY, established(LAPTOP, 5));
    bench.observed(MALLORY, established(SENSOR, 5));
    bench.is_quiet();
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
            bench.transmitted(PRINTER, SENSOR, &[1]);
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
