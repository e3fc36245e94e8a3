//! NATs that forget, and nodes that come to other NATs.

use std::net::SocketAddr;

use underpass_core::{Duration, Instant};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{Cx, IpFamily, Machine, Socket};
use underpass_sim::nat::{NatModel, Refused};
use underpass_sim::scenario::model::{Fault, FaultKind, NatId, NodeId};
use underpass_sim::trace::{PacketInfo, Watch};
use underpass_sim::world::{Outcome, World, WorldConfig};

use super::setup::{at_ms, config, machine, ms, named, nat, node, public};

const SERVER: NodeId = NodeId(0);
const LAPTOP: NodeId = NodeId(1);
const TV: NodeId = NodeId(2);
const HOME: NatId = NatId(0);
const CAFE: NatId = NatId(1);
const PORT: u16 = 7;

/// Sends back what it gets.
#[derive(Default)]
struct Echo;

impl Machine for Echo {
    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.bind(IpFamily::V4, PORT).expect("it is free");
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        cx.transmit(|buffer| {
            buffer[..bytes.len()].copy_from_slice(bytes);
            Some((on, from, bytes.len()))
        });
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {
        unreachable!("it arms no wake");
    }
}

/// Sends one byte every 100 ms to an address, and notes when answers come.
struct Caller {
    to: SocketAddr,
    socket: Option<Socket>,
    answers: Vec<Instant>,
    readdressed: Vec<Instant>,
}

impl Caller {
    fn new(to: SocketAddr) -> Self {
        Self { to, socket: None, answers: Vec::new(), readdressed: Vec::new() }
    }
}

impl Machine for Caller {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.socket = Some(cx.bind(IpFamily::V4, PORT).expect("it is free"));
        self.timeout(cx);
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {
        self.answers.push(cx.now());
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        cx.transmit(|_| Some((self.socket.expect("it was started"), self.to, 1)));
        cx.wake_at(Some(cx.now() + ms(100)));
    }

    fn readdressed(&mut self, cx: &mut Cx<'_>) {
        self.readdressed.push(cx.now());
    }
}

/// What NATs refused, and from where packets came to the server.
#[derive(Default)]
struct Log {
    refused: Vec<(Instant, NatId, Refused)>,
    sources: Vec<SocketAddr>,
}

impl Watch for Log {
    fn refused(&mut self, at: Instant, nat: NatId, _: &PacketInfo<'_>, why: Refused) {
        self.refused.push((at, nat, why));
    }

    fn arrived(&mut self, _: Instant, packet: &PacketInfo<'_>) {
        if packet.to == Some(SERVER) && self.sources.last() != Some(&packet.source) {
            self.sources.push(packet.source);
        }
    }
}

fn log(outcome: &Outcome) -> &Log {
    outcome.watches[0].downcast_ref().expect("the first watch is the log")
}

/// An echo in public; a laptop that calls it from home; a TV at home that calls the laptop there.
fn home(model: NatModel) -> WorldConfig {
    let nats = vec![nat("home", model, None), nat("cafe", model, None)];
    let laptop: SocketAddr = "10.0.0.2:7".parse().expect("an address");
    let nodes = vec![
        node("server", None, Echo::default),
        node("laptop", Some(HOME), || Caller::new(public(SERVER, PORT))),
        node("tv", Some(HOME), move || Caller::new(laptop)),
    ];
    config(nats, nodes)
}

fn fault(at: u64, lasts_ms: Option<u64>, kind: FaultKind) -> Fault {
    Fault { name: String::new(), at: at_ms(at), lasts: lasts_ms.map(ms), every: None, kind }
}

fn run(config: WorldConfig) -> World {
    let mut world = World::new(config, vec![Box::<Log>::default()]);
    world.run_until(at_ms(2_000)).expect("nothing stops it");
    world
}

fn answers(world: &World) -> usize {
    machine::<Caller>(world, LAPTOP).answers.len()
}

#[test]
fn neighbours_talk_without_their_nat() {
    let world = run(home(named("udp-blocked")));
    assert_eq!(machine::<Caller>(&world, LAPTOP).answers.len(), 20, "what the TV sent");
    assert_eq!(world.tally().refused.of(Refused::UdpBlocked), 21, "what the laptop sent");
}

#[test]
fn a_nat_that_reboots_forgets_to_whom_answers_go() {
    let mut config = home(named("linux-masquerade-random"));
    config.nodes.truncate(2);
    // What was sent at 500 is seen by the server at 520, its answer by the NAT at 530.
    config.faults.push(fault(525, None, FaultKind::NatReboot(HOME)));
    let world = run(config);
    assert_eq!(answers(&world), 19, "of 21 one was lost, and one is under way");
    let outcome = world.finish();
    assert_eq!(log(&outcome).refused, [(at_ms(530), HOME, Refused::NoMapping)]);
    assert_eq!(log(&outcome).sources.len(), 2, "another port from then on");
    assert_eq!(outcome.tally.refused.of(Refused::NoMapping), 1);
}

#[test]
fn a_node_that_roams_has_other_addresses_at_once() {
    let mut config = home(NatModel::default());
    config.nodes.truncate(2);
    config.faults.push(fault(525, None, FaultKind::Roam { node: LAPTOP, behind: Some(CAFE) }));
    config.faults.push(fault(1_025, None, FaultKind::Roam { node: LAPTOP, behind: None }));
    let world = run(config);
    let laptop: &Caller = machine(&world, LAPTOP);
    assert_eq!(laptop.readdressed, [at_ms(525), at_ms(1_025)]);
    // The answers under way are lost: they go where it was.
    assert_eq!(laptop.answers.len(), 18);
    assert!(!laptop.answers.contains(&at_ms(540)) && !laptop.answers.contains(&at_ms(1_040)));
    let outcome = world.finish();
    let sources: Vec<String> = log(&outcome).sources.iter().map(ToString::to_string).collect();
    // The well-known port is not kept by the NATs, and is its own in public.
    assert!(sources[0].starts_with("198.18.2.1:"), "home: {sources:?}");
    assert!(sources[1].starts_with("198.18.3.1:"), "cafe: {sources:?}");
    assert_eq!(sources[2], "198.18.1.1:7");
    assert_eq!(outcome.tally.no_address, 2);
}

#[test]
fn a_partition_stops_what_is_for_those_behind_a_nat_before_it() {
    let mut config = home(NatModel { timeout: ms(300), ..NatModel::default() });
    config.nodes.truncate(2);
    let block = FaultKind::Block { from: vec![SERVER], to: vec![LAPTOP] };
    config.faults.push(fault(525, Some(500), block));
    let outcome = run(config).finish();
    assert_eq!(outcome.tally.blocked, 5);
    assert_eq!(outcome.tally.refused.all(), 0, "the NAT has seen none of them");
}

#[test]
fn a_partition_that_spares_a_neighbour_is_felt_behind_the_nat() {
    let mut config = home(NatModel::default());
    let groups = vec![vec![SERVER], vec![LAPTOP]];
    config.faults.push(fault(525, Some(500), FaultKind::Partition(groups)));
    let outcome = run(config).finish();
    // Five of the laptop's, and the answer that was under way.
    assert_eq!(outcome.tally.partitioned, 6);
}

#[test]
fn a_packet_to_one_behind_a_nat_is_dropped_where_it_is_known_for_whom_it_is() {
    let mut config = home(NatModel::default());
    config.nodes.truncate(2);
    let kind = FaultKind::Drop { pairs: vec![(SERVER, LAPTOP)], nth: 3 };
    config.faults.push(fault(500, None, kind));
    let world = run(config);
    assert_eq!(world.tally().dropped, 1);
    assert!(!machine::<Caller>(&world, LAPTOP).answers.contains(&at_ms(740)));
    assert_eq!(answers(&world), 19);
}

#[test]
fn a_mapping_that_nobody_uses_ends() {
    let model = NatModel { timeout: ms(250), ..named("linux-masquerade-random") };
    let mut config = home(NatModel { unreplied_timeout: None, ..model });
    config.nodes.truncate(2);
    config.faults.push(fault(525, Some(500), FaultKind::Interface(LAPTOP)));
    let outcome = run(config).finish();
    assert_eq!(log(&outcome).sources.len(), 2, "another port after half a second");
}

#[test]
fn equal_worlds_with_nats_have_equal_hashes() {
    let hash = |seed, port: u16| {
        let mut config = home(named("symmetric"));
        config.seed = seed;
        config.nodes[1] = node("laptop", Some(HOME), move || Caller::new(public(SERVER, port)));
        run(config).finish().hash
    };
    assert_eq!(hash(1, PORT), hash(1, PORT));
    assert_ne!(hash(1, PORT), hash(2, PORT), "other ports are drawn");
    assert_ne!(hash(1, PORT), hash(1, PORT + 1));
}

#[test]
fn what_a_link_remembers_and_a_nat_does_comes_in_the_order_of_time() {
    // The uplink holds packets back, so that the NAT sees them later than they are sent.
    let rate = underpass_sim::units::Rate::from_bits_per_second(29 * 8 * 10);
    let mut config = home(NatModel { timeout: ms(250), ..NatModel::default() });
    config.nodes.truncate(2);
    config.nodes[1].up = LinkModel { rate, ..LinkModel::IDEAL };
    let world = run(config);
    assert!(answers(&world) >= 18, "ten packets a second fit: {}", answers(&world));
    assert_eq!(world.finish().tally.refused.all(), 0);
}

#[test]
fn ipv6_is_routed_to_those_behind_a_nat_and_filtered() {
    struct Sixes(Vec<SocketAddr>, Option<Socket>, u64);
    impl Machine for Sixes {
        fn start(&mut self, cx: &mut Cx<'_>) {
            self.1 = Some(cx.bind(IpFamily::V6, PORT).expect("it is free"));
            self.timeout(cx);
        }
        fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {
            self.2 += 1;
        }
        fn timeout(&mut self, cx: &mut Cx<'_>) {
            for to in self.0.clone() {
                cx.transmit(|_| Some((self.1.expect("it was started"), to, 1)));
            }
            if !self.0.is_empty() {
                cx.wake_at(Some(cx.now() + ms(100)));
            }
        }
    }
    let six = |address: &str| SocketAddr::new(address.parse().expect("an address"), PORT);
    let [server, laptop] = ["2001:db8::1", "2001:db8:1:1::2"].map(six);
    // Both send, or the server alone.
    for (own, refused) in [(vec![server], 0), (vec![], 20)] {
        let mut config = home(NatModel::default());
        config.nodes = vec![
            node("server", None, move || Sixes(vec![laptop], None, 0)),
            node("laptop", Some(HOME), move || Sixes(own.clone(), None, 0)),
        ];
        for node in &mut config.nodes {
            node.ipv6 = true;
        }
        // The first packet of the laptop passes its NAT before that of the server comes there.
        config.nodes[0].up.delay = Duration::from_millis(11);
        let world = run(config);
        assert_eq!(machine::<Sixes>(&world, LAPTOP).2, 20 - refused);
        let counts = world.tally().refused;
        assert_eq!((counts.of(Refused::NoMapping), counts.all()), (refused, refused));
    }
}

#[test]
fn who_comes_to_a_network_reaches_its_neighbours_there() {
    let mut config = home(NatModel::default());
    // The TV calls the laptop's address at home until it comes back there.
    config.faults.push(fault(0, None, FaultKind::Roam { node: LAPTOP, behind: Some(CAFE) }));
    config.faults.push(fault(1_000, None, FaultKind::Roam { node: LAPTOP, behind: Some(HOME) }));
    let world = run(config);
    let from_tv = machine::<Caller>(&world, TV);
    assert_eq!(from_tv.answers.len(), 0, "the laptop answers nobody");
    assert_eq!(world.tally().no_address, 10, "until then");
}
