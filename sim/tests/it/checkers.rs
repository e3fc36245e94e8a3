//! The checkers in whole runs: quiet on the real protocol, and the end of a run that breaks a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Duration, Instant};
use underpass_sim::checker::{self, Setting};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{
    Command, Cx, IpFamily, Machine, MachineFactory, Powers, SendId, Socket, Unsupported,
};
use underpass_sim::oracle::Connections;
use underpass_sim::payload::{Canary, Stamp};
use underpass_sim::scenario::model::{Fault, FaultKind, NodeId};
use underpass_sim::scenario::{self, Vocabulary};
use underpass_sim::units::Ppm;
use underpass_sim::world::{NodeSetup, Stop, World, WorldConfig, ipv4_address};
use underpass_sim::{Failure, run};

const PORT: u16 = 4000;
const CANARY: Canary = Canary([0xc5; 16]);

/// Everybody dials everybody at once, over links that lose, while some crash, some are parted and
/// some have other secrets.
const ROUGH: &str = r#"
format = 1
title = "A rough five minutes"
duration = "5min"

[link]
delay = "30ms"
jitter = "20ms"
loss = "5%"

[[node]]
name = "city"
count = 5
peers = ["city-*"]

[[node]]
name = "hub"
interfaces = ["ipv4", "ipv6"]
start = "2s"

[[node]]
name = "sensor"
count = 3
interfaces = ["ipv4", "ipv6"]
peers = ["hub"]

[[node]]
name = "guest"
count = 2
bootstrap = ["city-1", "guest-*"]
limits = "board"

[[send]]
from = "*"
to = "*"
at = "3s"
every = "500ms"
for = "290s"

[[send]]
from = "*"
to = "*"
at = "3s"
every = "5s"
for = "290s"
size = 1_000
mode = "message"

[[send]]
from = "city-*"
to = "city-*"
at = "3s"
every = "5s"
for = "290s"
size = 5_000
mode = "message"

[[fault]]
at = "20s"
for = "60s"
partition = [["city-1", "city-2"], ["city-3", "city-4"]]

[[fault]]
at = "40s"
for = "5s"
crash = "city-5"

[[fault]]
at = "60.05s"
restart = "hub"

[[fault]]
at = "61s"
for = "100ms"
partition = [["hub"], ["sensor-1", "sensor-2"]]

[[fault]]
at = "100s"
crash = "sensor-3"

[[fault]]
at = "120s"
for = "40s"
crash = "guest-1"
state = "kept"

[[fault]]
at = "150s"
change_secret = "city-*"

[[fault]]
at = "155s"
restart = "city-1"

[[fault]]
at = "160s"
change_secret = "*"

[[expect]]
event = { node = "hub", kind = "connected" }
"#;

/// As above, and packets come twice, late, early, changed and in bursts; and what is there changes.
const ROUGHER: &str = r#"
distribution = "paretonormal"
duplicate = "20%"
corrupt = "10%"
reorder = "10%"
gap = 3

[[fault]]
at = "10s"
for = "2s"
every = "20s"
interface = "city-2"

[[fault]]
at = "15s"
for = "5s"
every = "31s"
block = { from = ["city-*"], to = ["city-1", "hub"] }

[[fault]]
at = "0s"
for = "1s"
every = "7s"
drop = { from = "*", to = "*", nth = 2 }

[[fault]]
at = "50s"
for = "100s"
link = { node = "city-*", rate = "300kbit", limit = 20, loss = { p = "5%", r = "20%" } }
"#;

#[test]
fn the_protocol_breaks_no_rule() {
    breaks_no_rule(ROUGH);
}

#[test]
fn the_protocol_breaks_no_rule_where_links_do_all_that_links_can_do() {
    let (links, rest) = ROUGH.split_once("loss = \"5%\"\n").unwrap();
    breaks_no_rule(&format!("{links}{ROUGHER}{rest}"));
}

fn breaks_no_rule(text: &str) {
    let scenario = scenario::parse(text, "rough.toml", "rough", &Vocabulary::with_metrics(&[]));
    let scenario = scenario.unwrap_or_else(|report| panic!("{report}"));
    for seed in 1..=5 {
        let report = run(&scenario, seed);
        assert_eq!(report.hash, run(&scenario, seed).hash);
        let stops = report.failures.iter().filter_map(|failure| match failure {
            Failure::Stopped { at, stop } => Some(format!("seed {seed}, {at}: {stop}")),
            Failure::Unmet(_) => None,
        });
        assert_eq!(stops.collect::<Vec<_>>(), Vec::<String>::new());
        assert!(report.tally.delivered > 1_000, "something went on");
    }
}

/// Sends this to the other node when it starts, and answers what it gets with one byte more.
struct Careless {
    opening: Vec<u8>,
    to: SocketAddr,
}

impl Machine for Careless {
    fn start(&mut self, cx: &mut Cx<'_>) {
        let socket = cx.bind(IpFamily::V4, PORT).expect("it has an address");
        let Self { opening, to } = self;
        if opening.is_empty() {
            return;
        }
        cx.transmit(|buffer| {
            buffer[..opening.len()].copy_from_slice(opening);
            Some((socket, *to, opening.len()))
        });
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        cx.transmit(|_| Some((on, from, bytes.len() + 1)));
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {
        unreachable!("it arms no wake");
    }

    fn command(&mut self, _: &mut Cx<'_>, _: &Command) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}

/// What ends a run in which a careless node begins like this.
fn ends_by(opening: &[u8]) -> Option<String> {
    let node = |id: u32| {
        let other = ipv4_address(NodeId(1 - id)).expect("two nodes");
        let opening = if id == 0 { opening.to_vec() } else { Vec::new() };
        let factory: MachineFactory = Box::new(move |_, _| {
            Box::new(Careless { opening: opening.clone(), to: (other, PORT).into() })
        });
        NodeSetup {
            name: ["laptop", "sensor"][id as usize].into(),
            start: Instant::ORIGIN,
            ipv4: true,
            ipv6: false,
            behind: None,
            up: LinkModel { delay: Duration::from_millis(10), ..LinkModel::IDEAL },
            down: LinkModel::IDEAL,
            clock_ppm: Ppm::ZERO,
            factory,
        }
    };
    let config = WorldConfig {
        seed: 1,
        nodes: vec![node(0), node(1)],
        nats: Vec::new(),
        pairs: Vec::new(),
        faults: Vec::new(),
        max_events: 1000,
    };
    let setting = Setting {
        names: config.nodes.iter().map(|node| node.name.clone()).collect(),
        canary: CANARY,
        relays: BTreeMap::new(),
        networks: vec![0; 2],
        sends: Vec::new(),
        slowest: vec![Ppm::ZERO; 4],
        peers: vec![Vec::new(), Vec::new()],
        hostile: BTreeSet::new(),
        insiders: BTreeSet::new(),
        topology: Arc::new(config.topology().expect("few nodes")),
        faults: Vec::new(),
        is_smooth: true,
        ping_intervals: vec![Duration::from_secs(10); config.nodes.len()],
        repeaters: Default::default(),
        claimed: Default::default(),
        gossips: vec![false; config.nodes.len()],
        silent: BTreeSet::new(),
        public: BTreeSet::new(),
        connections: Connections::default(),
    };
    let mut world = World::new(config, checker::all(&setting));
    let stop = world.run_until(Instant::from_micros(1_000_000)).err();
    stop.map(|stop| match stop {
        Stop::Violation(violation) => violation,
        stop => panic!("{stop}"),
    })
}

/// Answers everything it gets with as many copies.
struct Parrot {
    copies: usize,
}

impl Machine for Parrot {
    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.bind(IpFamily::V4, PORT).expect("it has an address");
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        for _ in 0..self.copies {
            cx.transmit(|buffer| {
                buffer[..bytes.len()].copy_from_slice(bytes);
                Some((on, from, bytes.len()))
            });
        }
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {}
}

/// Sends this once, with an address that is not its own.
struct Liar {
    claims: SocketAddr,
    bytes: Vec<u8>,
}

impl Machine for Liar {
    fn start(&mut self, _: &mut Cx<'_>) {}

    fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {
        unreachable!("it binds no socket");
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {}

    fn set_active(&mut self, cx: &mut Cx<'_>, _: bool) {
        let parrot = ipv4_address(NodeId(0)).expect("few nodes");
        cx.inject(self.claims, (parrot, PORT).into(), &self.bytes);
    }
}

/// What ends a run in which a parrot gets this from a claimed address.
fn parrot_ends_by(copies: usize, bytes: &[u8]) -> Option<String> {
    let victim = SocketAddr::from((ipv4_address(NodeId(2)).expect("few nodes"), PORT));
    let bytes = bytes.to_vec();
    let node = |name: &str, factory: MachineFactory| NodeSetup {
        name: name.into(),
        start: Instant::ORIGIN,
        ipv4: true,
        ipv6: false,
        behind: None,
        up: LinkModel { delay: Duration::from_millis(10), ..LinkModel::IDEAL },
        down: LinkModel::IDEAL,
        clock_ppm: Ppm::ZERO,
        factory,
    };
    let liar =
        move |_, _| -> Box<dyn Machine> { Box::new(Liar { claims: victim, bytes: bytes.clone() }) };
    let attack = FaultKind::Hostile(vec![NodeId(1)]);
    let config = WorldConfig {
        seed: 1,
        nodes: vec![
            node("parrot", Box::new(move |_, _| Box::new(Parrot { copies }))),
            node("mallory", Box::new(liar)),
            node("victim", Box::new(|_, _| Box::new(Parrot { copies: 0 }))),
        ],
        nats: Vec::new(),
        pairs: Vec::new(),
        faults: vec![Fault {
            name: "attack".into(),
            at: Instant::ORIGIN + Duration::from_millis(100),
            lasts: None,
            every: None,
            kind: attack,
        }],
        max_events: 1000,
    };
    let setting = Setting {
        names: config.nodes.iter().map(|node| node.name.clone()).collect(),
        canary: CANARY,
        relays: BTreeMap::new(),
        networks: vec![0; 2],
        sends: Vec::new(),
        slowest: vec![Ppm::ZERO; 4],
        peers: vec![Vec::new(); 3],
        hostile: [NodeId(1)].into(),
        insiders: BTreeSet::new(),
        topology: Arc::new(config.topology().expect("few nodes")),
        faults: Vec::new(),
        is_smooth: true,
        ping_intervals: vec![Duration::from_secs(10); config.nodes.len()],
        repeaters: Default::default(),
        claimed: Default::default(),
        gossips: vec![false; config.nodes.len()],
        silent: BTreeSet::new(),
        public: BTreeSet::new(),
        connections: Connections::default(),
    };
    let mut world = World::new(config, checker::all(&setting));
    world.grant(NodeId(1), &Powers { taps: Vec::new(), injects: true });
    let stop = world.run_until(Instant::from_micros(1_000_000)).err();
    stop.map(|stop| stop.to_string())
}

#[test]
fn a_node_that_answers_claimed_addresses_too_much() {
    let hello = [1; 192];
    let mut sealed = [7; 41];
    sealed[0] = 16;
    assert_eq!(parrot_ends_by(2, &hello), None);
    assert_eq!(
        parrot_ends_by(3, &hello).as_deref(),
        Some(
            "amplification: parrot has sent 576 bytes to 198.18.2.1:4000, where nobody has proved \
             to be, for the 192 that came from there (at 0.11s)"
        )
    );
    assert_eq!(parrot_ends_by(2, &sealed), None);
    assert!(parrot_ends_by(3, &sealed).is_some(), "it looks sealed, and is not from there");
}

#[test]
fn a_run_ends_where_a_rule_is_broken() {
    let stamp = Stamp { send: SendId(0), number: 0, sent_at: Instant::ORIGIN };
    assert_eq!(
        ends_by(&stamp.payload(CANARY, 64)).as_deref(),
        Some(
            "plaintext: laptop sent an application's bytes to 198.18.1.1:4000 unsealed (at 0s, \
             from byte 0 of its datagram 0)"
        )
    );
    assert_eq!(
        ends_by(&[9; 10]).as_deref(),
        Some(
            "amplification: sensor answered 198.18.0.1:4000 with 11 bytes, though nothing longer \
             than 10 came from there and nobody has proved to be there (at 0.01s)"
        )
    );
    assert_eq!(ends_by(&[]), None);
}
