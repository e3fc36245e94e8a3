//! Two machines that are introduced to each other get through NATs or not, as the oracle says.

use std::net::SocketAddr;

use underpass_core::{Duration, Instant};
use underpass_sim::machine::{Cx, IpFamily, Machine, Socket};
use underpass_sim::nat::{
    Behaviour, Hairpin, NatModel, Pooling, PortAllocation, Refresh, Unsolicited,
};
use underpass_sim::oracle::{Oracle, Reach};
use underpass_sim::scenario::model::{Nat, NatId, NodeId, Scenario};
use underpass_sim::scenario::{Vocabulary, parse};
use underpass_sim::world::World;

use super::behaviour::BEHAVIOURS;
use super::setup::{at_ms, config, decode, encode, machine, ms, named, nat, node, public};

const RENDEZVOUS: NodeId = NodeId(0);
const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const PORT: u16 = 5000;

const HELLO: u8 = 0;
const INTRODUCTION: u8 = 1;
const PROBE: u8 = 2;

const EVERY_MS: u64 = 200;

/// Tells each of two where the other one is seen.
#[derive(Default)]
struct Rendezvous {
    socket: Option<Socket>,
    seen: [Option<SocketAddr>; 2],
}

impl Machine for Rendezvous {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.socket = Some(cx.bind(IpFamily::V4, PORT).expect("it is free"));
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        let [HELLO, who] = *bytes else { panic!("only hellos come here: {bytes:?}") };
        if self.seen[usize::from(who)].replace(from).is_some() {
            return;
        }
        if let [Some(a), Some(b)] = self.seen {
            for (to, other) in [(a, b), (b, a)] {
                let mut introduction = vec![INTRODUCTION];
                introduction.extend(encode(other));
                send(cx, on, to, &introduction);
            }
        }
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {
        unreachable!("it arms no wake");
    }
}

/// Asks to be introduced, then sends a burst to where the other one is seen, and answers whatever
/// endpoint something comes from.
struct Puncher {
    who: u8,
    /// How long it waits before its burst.
    waits: Duration,
    socket: Option<Socket>,
    targets: Vec<SocketAddr>,
    left: u32,
    heard: bool,
    /// Something came from one that has heard of this one.
    through: bool,
}

impl Puncher {
    fn new(who: u8, waits_ms: u64) -> Self {
        let waits = ms(waits_ms);
        Self { who, waits, socket: None, targets: vec![], left: 8, heard: false, through: false }
    }

    fn probe(&self, cx: &mut Cx<'_>, to: SocketAddr) {
        send(cx, self.socket.expect("it was started"), to, &[PROBE, self.heard.into()]);
    }
}

impl Machine for Puncher {
    fn start(&mut self, cx: &mut Cx<'_>) {
        let socket = cx.bind(IpFamily::V4, PORT).expect("it is free");
        self.socket = Some(socket);
        send(cx, socket, public(RENDEZVOUS, PORT), &[HELLO, self.who]);
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, _: Socket, from: SocketAddr, bytes: &mut [u8]) {
        match *bytes {
            [INTRODUCTION, ref other @ ..] => {
                self.targets.push(decode(other));
                cx.wake_at(Some(cx.now() + self.waits));
            }
            [PROBE, heard] => {
                self.heard = true;
                self.through |= heard == 1;
                if !self.targets.contains(&from) {
                    self.targets.push(from);
                    self.probe(cx, from);
                }
            }
            ref other => panic!("a puncher was sent {other:?}"),
        }
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        for target in self.targets.clone() {
            self.probe(cx, target);
        }
        self.left -= 1;
        if self.left > 0 {
            cx.wake_at(Some(cx.now() + ms(EVERY_MS)));
        }
    }
}

fn send(cx: &mut Cx<'_>, socket: Socket, to: SocketAddr, bytes: &[u8]) {
    cx.transmit(|buffer| {
        buffer[..bytes.len()].copy_from_slice(bytes);
        Some((socket, to, bytes.len()))
    });
}

/// A NAT in front of a node, or none.
type Front = Option<NatModel>;

fn nats(fronts: [Front; 2]) -> (Vec<Nat>, [Option<NatId>; 2]) {
    let mut nats = Vec::new();
    let behind = fronts.map(|front| {
        let model = front?;
        let id = NatId(u32::try_from(nats.len()).expect("few NATs"));
        nats.push(nat(&format!("home-{}", nats.len()), model, None));
        Some(id)
    });
    (nats, behind)
}

/// Whether both get through, when each waits so long after it was introduced.
fn punches_when(fronts: [Front; 2], waits_ms: [u64; 2]) -> bool {
    let (nats, [behind_a, behind_b]) = nats(fronts);
    punches_in(nats, [behind_a, behind_b], waits_ms)
}

fn punches_in(nats: Vec<Nat>, behind: [Option<NatId>; 2], waits_ms: [u64; 2]) -> bool {
    let [waits_a, waits_b] = waits_ms;
    let nodes = vec![
        node("rendezvous", None, Rendezvous::default),
        node("a", behind[0], move || Puncher::new(0, waits_a)),
        node("b", behind[1], move || Puncher::new(1, waits_b)),
    ];
    let mut world = World::new(config(nats, nodes), Vec::new());
    world.run_until(at_ms(5_000)).expect("nothing stops it");
    let through = |node| machine::<Puncher>(&world, node).through;
    assert_eq!(through(A), through(B), "in both directions or in neither");
    through(A)
}

fn punches(fronts: [Front; 2]) -> bool {
    punches_when(fronts, [0, 0])
}

fn scenario(nats: Vec<Nat>, behind: [Option<NatId>; 2]) -> Scenario {
    let text = "format = 1\ntitle = \"x\"\nduration = \"60s\"\n\
        [[node]]\nname = \"rendezvous\"\n[[node]]\nname = \"a\"\npeers = [\"rendezvous\"]\n\
        [[node]]\nname = \"b\"\n\
        [[expect]]\nby = \"9s\"\nsession = { between = [\"a\", \"rendezvous\"], is = \"active\" }\n";
    let mut scenario =
        parse(text, "x.toml", "x", &Vocabulary::with_metrics(&[])).expect("it is valid");
    scenario.nats = nats;
    (scenario.nodes[1].behind, scenario.nodes[2].behind) = (behind[0], behind[1]);
    scenario
}

fn foretold(fronts: [Front; 2]) -> Reach {
    let (nats, behind) = nats(fronts);
    foretold_in(nats, behind)
}

fn foretold_in(nats: Vec<Nat>, behind: [Option<NatId>; 2]) -> Reach {
    Oracle::new(&scenario(nats, behind), Instant::ORIGIN).verdict(A, B).reach
}

/// Whether punching works where the oracle says so.
fn expected(reach: Reach) -> bool {
    match reach {
        Reach::Direct | Reach::Punched | Reach::Crossed => true,
        // Nobody here guesses.
        Reach::Predictable | Reach::Relayed | Reach::Never => false,
        Reach::Perhaps => panic!("it depends"),
    }
}

pub(crate) fn nine() -> Vec<NatModel> {
    let all = BEHAVIOURS.into_iter().flat_map(|mapping| {
        BEHAVIOURS.map(|filtering| NatModel {
            mapping,
            filtering,
            ports: PortAllocation::Random,
            ..NatModel::default()
        })
    });
    all.collect()
}

#[test]
fn every_pair_gets_through_or_not_as_the_oracle_says() {
    let mut fronts: Vec<Front> = nine().into_iter().map(Some).collect();
    fronts.extend([None, Some(named("udp-blocked"))]);
    let mut through = 0;
    for a in &fronts {
        for b in &fronts {
            let reach = foretold([*a, *b]);
            assert_eq!(punches([*a, *b]), expected(reach), "{a:?} and {b:?}: {reach:?}");
            assert_eq!(reach == Reach::Direct, b.is_none() && expected(reach), "{a:?}, {b:?}");
            through += u32::from(expected(reach));
        }
    }
    assert_eq!(fronts.len(), 11);
    // In public: with all but the blocked. Steady: with each other, and where a filter does not look
    // at ports with the six that map anew. Those: with each other, where one lets all in, and the other
    // one does not look at ports.
    assert_eq!(through, (2 * 9 + 1) + 3 * 3 + 2 * (2 * 6) + 3 * (2 * 2), "of 121");
}

/// What was measured through the kernel's own NAT, each against a plain masquerade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Measured {
    Works,
    Never,
    /// Unless the next port is guessed.
    Counted,
    /// The relay is not reachable by UDP.
    NoUdp,
}

#[test]
fn recipes_of_the_kernel_get_through_as_measured() {
    let plain = named("linux-masquerade");
    let [open, address, _] = BEHAVIOURS;
    let random = |mapping| NatModel { mapping, ports: PortAllocation::Random, ..plain };
    let counted = NatModel { ports: PortAllocation::Sequential, ..plain };
    let kept = |filtering| NatModel {
        mapping: open,
        filtering,
        ports: PortAllocation::Preserving,
        ..plain
    };
    let recipes = [
        ("masquerade, WAN input dropped", plain, Measured::Works),
        ("masquerade fully-random", named("linux-masquerade-random"), Measured::Never),
        ("masquerade to :jhash(source)", random(open), Measured::Works),
        ("masquerade to :jhash(source, address)", random(address), Measured::Never),
        ("masquerade to :numgen inc", counted, Measured::Counted),
        ("static DNAT, or a dynamic map", kept(open), Measured::Works),
        ("dynamic map and a set", kept(address), Measured::Works),
        ("forward chain drops UDP", named("udp-blocked"), Measured::NoUdp),
    ];
    for (recipe, model, measured) in recipes {
        for fronts in [[Some(model), Some(plain)], [Some(plain), Some(model)]] {
            let reach = foretold(fronts);
            let wanted = match measured {
                Measured::Works => Reach::Punched,
                Measured::Never => Reach::Relayed,
                Measured::Counted => Reach::Predictable,
                Measured::NoUdp => Reach::Never,
            };
            assert_eq!(reach, wanted, "{recipe}");
            assert_eq!(punches(fronts), measured == Measured::Works, "{recipe}");
        }
    }
    // Against one that looks at addresses only, it gets through if its actual source is answered.
    for filtering in [open, address] {
        let fronts = [Some(named("linux-masquerade-random")), Some(kept(filtering))];
        assert_eq!(foretold(fronts), Reach::Punched);
        assert!(punches(fronts));
    }
}

#[test]
fn a_probe_that_comes_first_takes_the_port_where_input_is_tracked() {
    let tracking = NatModel { unsolicited: Unsolicited::Track, ..named("linux-masquerade") };
    for other in [named("linux-masquerade"), named("port-restricted-cone")] {
        let fronts = [Some(tracking), Some(other)];
        assert_eq!(foretold(fronts), Reach::Perhaps);
        assert!(punches_when(fronts, [0, 100]), "its own probe is first");
        assert!(!punches_when(fronts, [100, 0]), "the other one's is");
    }
    let dropping = [Some(named("linux-masquerade")); 2];
    assert!(punches_when(dropping, [100, 0]), "where input is dropped, that does no harm");
}

#[test]
fn nested_nats_get_through_as_the_oracle_says() {
    let carriers = [Hairpin::Off, Hairpin::ExternalSource, Hairpin::InternalSource]
        .map(|hairpin| NatModel { hairpin, refresh: Refresh::Outbound, ..named("carrier-grade") });
    let homes = ["full-cone", "port-restricted-cone", "symmetric"].map(named);
    let mut reached = [false; 2];
    for carrier in carriers {
        for (home_a, home_b) in homes.iter().flat_map(|a| homes.iter().map(move |b| (*a, *b))) {
            // Both behind one carrier, and each behind its own.
            for outer_b in [0, 1] {
                let nats = || {
                    vec![
                        nat("carrier-1", carrier, None),
                        nat("carrier-2", carrier, None),
                        nat("home-a", home_a, Some(NatId(0))),
                        nat("home-b", home_b, Some(NatId(outer_b))),
                    ]
                };
                let behind = [Some(NatId(2)), Some(NatId(3))];
                let wanted = expected(foretold_in(nats(), behind));
                assert_eq!(
                    punches_in(nats(), behind, [0, 0]),
                    wanted,
                    "{carrier:?} {home_a:?} {home_b:?} {outer_b}"
                );
                reached[usize::from(wanted)] = true;
            }
        }
    }
    assert_eq!(reached, [true, true], "some get through and some do not");
}

#[test]
fn one_of_several_addresses_is_a_matter_of_chance() {
    let symmetric = NatModel { pooling: Pooling::Arbitrary, ..named("symmetric") };
    let (mut nats, behind) = nats([Some(symmetric), Some(named("restricted-cone"))]);
    nats[0].pool = 4;
    assert_eq!(foretold_in(nats, behind), Reach::Perhaps);
}

#[test]
fn only_endpoints_count_that_were_sent_to() {
    // A NAT that is open to all is reached by anybody, but does not itself reach everybody.
    let open = NatModel { filtering: Behaviour::EndpointIndependent, ..named("symmetric") };
    assert!(!punches([Some(open), Some(named("symmetric"))]));
}

#[test]
fn two_that_send_at_once_are_both_in_time() {
    let tracking = NatModel { unsolicited: Unsolicited::Track, ..named("linux-masquerade") };
    assert!(punches([Some(tracking); 2]), "each port is open before anything can come");
}
