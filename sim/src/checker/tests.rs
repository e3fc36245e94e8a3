//! Every checker bites what it is there for, and nothing else.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Duration, Instant, Outcome, RelayLimits};

use super::{Setting, all};
use crate::machine::{
    Answers, Copies, Cx, HANDSHAKES, Inspect, Machine, PEERS, SendId, Socket, Table,
};
use crate::oracle::{Connection, Connections};
use crate::payload::{Canary, Stamp};
use crate::scenario::model::{Mode, NodeId, Send, SessionState};
use crate::trace::{Observation, PacketInfo, Watch};
use crate::units::Ppm;
use crate::world::{Site, Topology, ipv4_address};

mod agreement;
mod alive;
mod amplification;
mod answers;
mod copies;
mod delivery;
mod dials;
mod ephemeral;
mod hearing;
mod liveness;
mod memory;
mod messages;
mod nonce;
mod overlay;
mod plaintext;
mod proven;
mod quiet;
mod silence;
mod timers;
mod unauthenticated;
mod work;

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
mod retired;

/// All checkers, fed by hand. Time goes on by a second with everything that happens.
struct Bench {
    watches: Vec<Box<dyn Watch>>,
    now: Instant,
    /// When the next thing happens, if not a second later.
    next: Option<Instant>,
}

impl Bench {
    /// The laptop dials the sensor and sends it ten datagrams and ten messages; nobody dials anybody else.
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same but for what is changed.
    fn with(change: impl FnOnce(&mut Setting)) -> Self {
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
        let mut setting = Setting {
            names: ["laptop", "sensor", "printer", "mallory"].map(str::to_owned).into(),
            canary: CANARY,
            relays: [(PRINTER, RelayLimits { circuit_bytes: 2_000, ..RelayLimits::DEFAULT })]
                .into(),
            networks: vec![0; 4],
            sends: vec![send, mail],
            slowest: vec![Ppm::ZERO; 4],
            peers: vec![vec![SENSOR], Vec::new(), Vec::new()],
            hostile: [MALLORY].into(),
            insiders: BTreeSet::new(),
            topology: topology(),
            faults: Vec::new(),
            is_smooth: true,
            ping_intervals: vec![Duration::from_secs(10); 4],
            repeaters: Default::default(),
            claimed: Default::default(),
            gossips: vec![false; 4],
            silent: BTreeSet::new(),
            public: [LAPTOP, SENSOR, PRINTER].into(),
            connections: connections(),
        };
        change(&mut setting);
        let mut bench = Self { watches: all(&setting), now: Instant::ORIGIN, next: None };
        for node in [LAPTOP, SENSOR, PRINTER, MALLORY] {
            bench.observed(node, Observation::Started { incarnation: 0 });
        }
        bench.now = Instant::ORIGIN;
        bench
    }

    /// The same, with the printer in the place of somebody whom the laptop has called long ago.
    fn in_touch() -> Self {
        let mut bench = Self::new();
        for (node, peer) in [(LAPTOP, SENSOR), (SENSOR, LAPTOP)] {
            let state = SessionState::Active;
            bench.observed(node, Observation::Session { peer, state });
        }
        bench
    }

    /// One node answers another from its address.
    fn proves(&mut self, node: NodeId, peer: NodeId) {
        self.carried(node, peer, &sealed(1, 0, 0));
        self.carried(peer, node, &sealed(1, 0, 0));
        self.called(node, &Inside::default());
    }

    /// The next thing happens at that time.
    fn at(&mut self, at: Instant) -> &mut Self {
        self.next = Some(at);
        self
    }

    /// The next thing happens at the same time as the one before.
    fn stays(&mut self) -> &mut Self {
        self.at(self.now)
    }

    fn each(&mut self, what: impl Fn(Instant, &mut dyn Watch)) {
        self.now = self.next.take().unwrap_or(self.now + Duration::from_secs(1));
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

    /// A wake that leads to nothing.
    fn woken(&mut self, node: NodeId) {
        self.each(|at, watch| watch.woken(at, node));
        self.stays().called(node, &Inside::default());
    }

    /// The call under way is done, and its machine like this.
    fn called(&mut self, node: NodeId, inside: &Inside) {
        self.each(|at, watch| watch.called(at, node, inside));
    }

    /// A machine like this is handed a datagram.
    fn receiving(&mut self, to: NodeId, inside: &Inside, packet: &PacketInfo<'_>, as_sent: bool) {
        self.each(|at, watch| watch.receiving(at, to, inside, packet, as_sent));
    }

    fn passed(&mut self, until: Instant) {
        self.now = until;
        self.watches.iter_mut().for_each(|watch| watch.passed(until));
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

/// The laptop must be in touch with the sensor at some instant from 1000 s to 2000 s.
fn connections() -> Connections {
    let at = |seconds| Instant::ORIGIN + Duration::from_secs(seconds);
    let connection = Connection { from: LAPTOP, to: SENSOR, by: at(2000) };
    Connections { settled: at(1000), due: vec![connection] }
}

/// The inside of a machine that does nothing.
#[derive(Default)]
struct Inside {
    digest: u64,
    used: usize,
    operations: u64,
    under_way: Option<u64>,
    copies: Copies,
    answers: Answers,
    told: Vec<(NodeId, SocketAddr)>,
    neighbours: Vec<NodeId>,
    wanted: usize,
}

impl Machine for Inside {
    fn start(&mut self, _: &mut Cx<'_>) {}

    fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {}

    fn timeout(&mut self, _: &mut Cx<'_>) {}

    fn inspect(&self) -> Option<&dyn Inspect> {
        Some(self)
    }
}

impl Inspect for Inside {
    fn peers_digest(&self) -> u64 {
        self.digest
    }

    fn tables(&self, show: &mut dyn FnMut(Table)) {
        show(Table { name: PEERS, used: self.used, capacity: 8 });
        show(Table { name: HANDSHAKES, used: 0, capacity: 4 });
    }

    fn public_key_operations(&self) -> u64 {
        self.operations
    }

    fn operation_under_way(&self) -> Option<u64> {
        self.under_way
    }

    fn copies(&self) -> Copies {
        self.copies
    }

    fn answers(&self) -> Answers {
        self.answers
    }

    fn neighbours_wanted(&self) -> usize {
        self.wanted
    }

    fn addresses_told(&self, show: &mut dyn FnMut(NodeId, SocketAddr)) {
        self.told.iter().for_each(|(of, address)| show(*of, *address));
    }

    fn neighbours(&self, show: &mut dyn FnMut(NodeId)) {
        self.neighbours.iter().for_each(|other| show(*other));
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

fn sealed(receiver: u32, counter: u64, content: u8) -> [u8; 42] {
    let mut sealed = [content; 42];
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
