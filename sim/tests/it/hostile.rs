//! The four hostile machines among couriers, which say nothing that they were not told to: what each
//! sends, changes and leaves alone. And among members of the network, in runs of whole scenarios.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Duration, Instant};
use underpass_sim::machine::hostile::{Attack, Flood, FloodKind, Forge, Hostile, Replay, Tamper};
use underpass_sim::machine::underpass::{PORT, Roster};
use underpass_sim::machine::{Command, SendId};
use underpass_sim::random::Draws;
use underpass_sim::scenario::model::{FaultKind, Mode, NETWORK, NodeId, Scenario};
use underpass_sim::scenario::{self, Vocabulary};
use underpass_sim::trace::{PacketInfo, Watch};
use underpass_sim::units::Probability;
use underpass_sim::world::{World, ipv4_address};

use crate::engine::setup::{A, B, C, address_of, at_ms, config, delayed, fault, ms};

const MALLORY: NodeId = C;

/// A datagram, when it was sent or arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    at: Instant,
    from: NodeId,
    source: SocketAddr,
    destination: SocketAddr,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Wires {
    sent: Vec<Seen>,
    arrived: Vec<Seen>,
}

impl Watch for Wires {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.sent.push(seen(at, packet));
    }

    fn arrived(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.arrived.push(seen(at, packet));
    }
}

fn seen(at: Instant, packet: &PacketInfo<'_>) -> Seen {
    let &PacketInfo { from, source, destination, bytes, .. } = packet;
    Seen { at, from, source, destination, bytes: bytes.to_vec() }
}

/// When, from whom to the other, and what.
type Told = (u64, NodeId, Vec<u8>);

/// Ten seconds in which A and B send what they are told; Mallory taps A's link, and acts in the spans
/// given.
fn run(attack: Attack, acts_ms: &[(u64, u64)], told: &[Told]) -> Wires {
    let mut config = config(3, delayed(10));
    let members = [("a", Some(NETWORK)), ("b", Some(NETWORK)), ("c", None)];
    let topology = Arc::new(config.topology().expect("few nodes"));
    let roster = Arc::new(Roster::new(&Draws::new(1), members, topology));
    let hostile = Hostile { taps: vec![A], attack };
    config.nodes[2].factory = hostile.factory(&roster);
    for &(begins, ends) in acts_ms {
        config.faults.push(fault(begins, Some(ends - begins), FaultKind::Hostile(vec![MALLORY])));
    }
    let mut world = World::new(config, vec![Box::<Wires>::default()]);
    world.grant(MALLORY, &hostile.powers());
    for (number, (send_at_ms, from, payload)) in (0..).zip(told) {
        let to = if *from == A { B } else { A };
        let command = Command::Send {
            send: SendId(0),
            number,
            to,
            mode: Mode::Datagram,
            payload: payload.clone(),
        };
        world.schedule_command(at_ms(*send_at_ms), *from, command);
    }
    world.run_until(at_ms(10_000)).expect("nothing stops it");
    let mut watches = world.finish().watches;
    std::mem::take(watches[0].downcast_mut::<Wires>().expect("the only one"))
}

fn by_mallory(wires: &Wires) -> Vec<Seen> {
    wires.sent.iter().filter(|seen| seen.from == MALLORY).cloned().collect()
}

fn replay(memory_bytes: usize, from: &[NodeId]) -> Attack {
    Attack::Replay(Replay { from: from.to_vec(), every: ms(100), memory_bytes })
}

/// One byte each half second, in turn from A and B.
fn talk() -> Vec<Told> {
    let turn = |number: u64| if number.is_multiple_of(2) { A } else { B };
    (0..4).map(|number| (500 * number, turn(number), vec![number.to_le_bytes()[0]])).collect()
}

fn contents(seen: &[Seen]) -> Vec<&[u8]> {
    seen.iter().map(|seen| seen.bytes.as_slice()).collect()
}

#[test]
fn a_replay_sends_all_of_it_again_in_order_at_its_pace_from_where_it_came() {
    let wires = run(replay(10_000, &[]), &[(4_000, 5_000)], &talk());
    let replayed = by_mallory(&wires);
    assert_eq!(contents(&replayed), [[0], [1], [2], [3]]);
    let ways: Vec<_> = replayed.iter().map(|seen| (seen.source, seen.destination)).collect();
    let (there, back) = ((address_of(A), address_of(B)), (address_of(B), address_of(A)));
    assert_eq!(ways, [there, back, there, back]);
    assert!((at_ms(4_000)..at_ms(4_100)).contains(&replayed[0].at));
    let gaps = replayed.windows(2).map(|pair| pair[1].at.saturating_since(pair[0].at));
    assert!(gaps.into_iter().all(|gap| gap == ms(100)));
}

#[test]
fn a_replay_of_one_nodes_datagrams() {
    let wires = run(replay(10_000, &[B]), &[(4_000, 5_000)], &talk());
    assert_eq!(contents(&by_mallory(&wires)), [[1], [3]]);
}

#[test]
fn a_replay_goes_on_with_what_it_hears_meanwhile_and_begins_anew_next_time() {
    let wires = run(replay(10_000, &[]), &[(900, 3_000), (4_000, 4_200)], &talk());
    assert_eq!(contents(&by_mallory(&wires)), [[0], [1], [2], [3], [0], [1]]);
}

#[test]
fn a_recording_is_bounded_and_forgets_the_oldest() {
    // One byte and 48 of headers each.
    let wires = run(replay(2 * 49, &[]), &[(4_000, 5_000)], &talk());
    assert_eq!(contents(&by_mallory(&wires)), [[2], [3]]);
    let empty: Vec<Told> = (0..100).map(|at| (at, A, Vec::new())).collect();
    let wires = run(replay(3 * 48, &[]), &[(1_000, 2_000)], &empty);
    assert_eq!(by_mallory(&wires).len(), 3);
}

fn flood(kind: FloodKind, spoofed: bool) -> Attack {
    Attack::Flood(Flood { target: B, kind, every: ms(10), spoofed })
}

fn member_address(node: NodeId) -> SocketAddr {
    SocketAddr::from((ipv4_address(node).expect("few nodes"), PORT))
}

#[test]
fn a_flood_of_garbage_has_every_length() {
    let sent = by_mallory(&run(flood(FloodKind::Garbage, false), &[(1_000, 9_000)], &[]));
    assert_eq!(sent.len(), 800);
    assert!(sent.iter().all(|seen| at_ms(1_000) <= seen.at && seen.at < at_ms(9_000)));
    assert!(sent.iter().all(|seen| seen.source == member_address(MALLORY)));
    assert!(sent.iter().all(|seen| seen.destination == member_address(B)));
    let lengths: BTreeSet<usize> = sent.iter().map(|seen| seen.bytes.len()).collect();
    assert!(lengths.first() < Some(&20) && lengths.last() > Some(&1200), "{lengths:?}");
    assert!(lengths.last() <= Some(&1232));
    let distinct: BTreeSet<&[u8]> = sent.iter().map(|seen| seen.bytes.as_slice()).collect();
    assert!(distinct.len() > 790);
}

#[test]
fn a_spoofed_flood_comes_from_everywhere_else() {
    let sent = by_mallory(&run(flood(FloodKind::Garbage, true), &[(1_000, 9_000)], &[]));
    let sources: BTreeSet<SocketAddr> = sent.iter().map(|seen| seen.source).collect();
    assert!(sources.len() > 790);
    assert!(!sources.contains(&member_address(MALLORY)));
    let is_public = |source: &SocketAddr| source.ip().to_string().starts_with("198.1");
    assert!(sources.iter().all(is_public), "all of 198.18.0.0/15");
    assert!(sources.iter().all(|source| source.port() >= 1024));
}

#[test]
fn hellos_have_a_key_of_their_own_each_and_come_again_in_turn() {
    let hello = FloodKind::Hello { hellos: 3.try_into().expect("not zero") };
    let sent = by_mallory(&run(flood(hello, false), &[(0, 100)], &[]));
    assert_eq!(sent.len(), 10);
    assert!(sent.iter().all(|seen| seen.bytes.len() == 192 && seen.bytes[..4] == [1, 1, 0, 0]));
    // The ephemeral key, and the sealed key of its sender.
    for field in [8..40, 40..88] {
        let values = sent.iter().map(|seen| &seen.bytes[field.clone()]);
        assert_eq!(values.collect::<BTreeSet<_>>().len(), 3);
    }
    let contents = contents(&sent);
    assert!(contents.iter().zip(&contents[3..]).all(|(one, later)| one == later));
}

/// A datagram with the header of a sealed one.
fn sealed(receiver: u32) -> Vec<u8> {
    let mut sealed = vec![9; 60];
    sealed[..4].copy_from_slice(&[16, 0, 0, 0]);
    sealed[4..8].copy_from_slice(&receiver.to_le_bytes());
    sealed
}

#[test]
fn sealed_junk_is_for_sessions_that_were_overheard_with_the_target() {
    let told = [(0, A, sealed(7)), (1, A, sealed(8)), (2, B, sealed(9)), (3, A, vec![16; 20])];
    let indices = |sent: &[Seen]| {
        let index = |seen: &Seen| u32::from_le_bytes(seen.bytes[4..8].try_into().expect("four"));
        sent.iter().map(index).collect::<BTreeSet<u32>>()
    };
    let own = by_mallory(&run(flood(FloodKind::Sealed, false), &[(1_000, 2_000)], &told));
    assert_eq!((own.len(), indices(&own)), (100, [7, 8].into()));
    assert!(own.iter().all(|seen| seen.bytes[..4] == [16, 0, 0, 0] && seen.bytes.len() >= 32));
    assert!(own.iter().all(|seen| seen.source == member_address(MALLORY)));
    let spoofed = by_mallory(&run(flood(FloodKind::Sealed, true), &[(1_000, 2_000)], &told));
    let way = (address_of(A), address_of(B));
    assert!(spoofed.iter().all(|seen| (seen.source, seen.destination) == way));
    let deaf = by_mallory(&run(flood(FloodKind::Sealed, true), &[(1_000, 2_000)], &[]));
    assert_eq!(deaf, []);
}

#[test]
fn a_forger_sends_nothing_that_was_sent_before_and_nothing_quite_new() {
    let told = [(0, A, sealed(7)), (100, B, sealed(8)), (200, A, vec![1; 192])];
    let forge = Attack::Forge(Forge { every: ms(10) });
    let forged = by_mallory(&run(forge, &[(1_000, 9_000)], &told));
    assert_eq!(forged.len(), 800);
    for (_, _, template) in &told {
        assert!(forged.iter().all(|seen| seen.bytes != *template));
    }
    // All but a header is of one of the templates, as far as both go.
    let is_alike = |seen: &Seen| {
        told.iter().any(|(_, _, template)| {
            let same = seen.bytes.iter().zip(template).filter(|(one, other)| one == other).count();
            same + 16 >= seen.bytes.len().min(template.len())
        })
    };
    assert!(forged.iter().all(is_alike));
    let lengths: BTreeSet<usize> = forged.iter().map(|seen| seen.bytes.len()).collect();
    assert!(lengths.first() < Some(&60) && lengths.contains(&60) && lengths.last() > Some(&192));
    let kinds: BTreeSet<u8> =
        forged.iter().filter_map(|seen| seen.bytes.first().copied()).collect();
    assert!(kinds.len() > 20, "{kinds:?}");
    let sources: BTreeSet<SocketAddr> = forged.iter().map(|seen| seen.source).collect();
    assert!(sources.contains(&address_of(A)) && sources.contains(&address_of(B)));
    assert!(sources.len() > 100 && !sources.contains(&member_address(MALLORY)));
}

fn tamper(numerator: u64, denominator: u64) -> Attack {
    let share = Probability::ratio(numerator, denominator).expect("a share");
    Attack::Tamper(Tamper { share })
}

/// Of a thousand datagrams, of which half go out while Mallory acts: how many arrive as others, and
/// all that arrive.
fn tampered(attack: Attack) -> (usize, Vec<Seen>) {
    let told: Vec<Told> = (0..1_000).map(|number| (number * 4, A, sealed(1))).collect();
    let wires = run(attack, &[(1_000, 3_000)], &told);
    assert_eq!(by_mallory(&wires), []);
    assert_eq!(wires.arrived.len(), 1_000, "none is lost");
    let changed = wires.arrived.iter().filter(|seen| seen.bytes != sealed(1)).count();
    (changed, wires.arrived)
}

#[test]
fn tampering_changes_its_share_while_it_acts() {
    let (changed, arrived) = tampered(tamper(1, 1));
    assert_eq!(changed, 500, "each in the middle");
    assert!(arrived.iter().all(|seen| seen.bytes.len() <= 60));
    let shorter = arrived.iter().filter(|seen| seen.bytes.len() < 60).count();
    // A third; the standard deviation is 11.
    assert!((120..215).contains(&shorter), "{shorter}");
    let (changed, _) = tampered(tamper(1, 10));
    // The standard deviation is 7.
    assert!((25..75).contains(&changed), "{changed}");
}

#[test]
fn tampering_leaves_an_empty_datagram_empty() {
    let wires = run(tamper(1, 1), &[(0, 1_000)], &[(10, A, Vec::new())]);
    assert_eq!(contents(&wires.arrived), [&[] as &[u8]]);
}

const PAIR: &str = r#"
format = 1
title = "Two nodes and somebody else"
duration = "60s"

[link]
delay = "20ms"
jitter = "5ms"

[[node]]
name = "laptop"
peers = ["server"]

[[node]]
name = "server"

[[send]]
from = "*"
to = "*"
at = "2s"
every = "200ms"
for = "50s"

[[fault]]
name = "attack"
at = "5s"
for = "30s"
hostile = "*"

[[expect]]
during = ["2s", "60s"]
session = { between = ["*", "*"], is = "active" }
"#;

/// The pair with a hostile node, and something else to expect.
fn under(hostile: &str, expect: &str) -> Scenario {
    let node = format!("[[node]]\nname = \"mallory\"\nhostile = {hostile}\n");
    let vocabulary = Vocabulary::with_metrics(&["handshakes.answered", "handshakes.confirmed"]);
    let text = [PAIR, &node, expect].concat();
    scenario::parse(&text, "pair.toml", "pair", &vocabulary)
        .unwrap_or_else(|report| panic!("{report}"))
}

/// One that ever acts, of each kind.
const HOSTILE: [&str; 6] = [
    r#"{ taps = ["*"], replay = { every = "10ms" } }"#,
    r#"{ taps = ["*"], forge = { every = "10ms" } }"#,
    r#"{ taps = ["*"], tamper = { share = "10%" } }"#,
    r#"{ taps = ["*"], flood = { target = "server", kind = "sealed", every = "10ms" } }"#,
    r#"{ flood = { target = "server", kind = "hello", every = "10ms" } }"#,
    r#"{ flood = { target = "server", kind = "garbage", every = "10ms", spoofed = true } }"#,
];

#[test]
fn an_attacked_run_is_the_same_again_and_another_with_another_seed() {
    for hostile in HOSTILE {
        let scenario = under(hostile, "");
        let hash = |seed| {
            let report = underpass_sim::run(&scenario, seed);
            assert!(report.passed(), "{hostile}: {:?}", report.failures);
            report.hash
        };
        assert_eq!(hash(1), hash(1), "{hostile}");
        assert_ne!(hash(1), hash(2), "{hostile}");
    }
}

#[test]
fn each_attack_makes_its_own_run() {
    let hashes = HOSTILE.map(|hostile| underpass_sim::run(&under(hostile, ""), 1).hash);
    assert_eq!(BTreeSet::from(hashes).len(), HOSTILE.len());
}

#[test]
fn a_hello_of_a_flood_is_valid_and_never_confirmed() {
    let scenario = under(
        r#"{ flood = { target = "server", kind = "hello", hellos = 4, every = "1s" } }"#,
        r#"
[[expect]]
metric = { node = "server", name = "handshakes.answered", at_least = 5 }

[[expect]]
metric = { node = "server", name = "handshakes.confirmed", at_least = 1, at_most = 1 }
"#,
    );
    let report = underpass_sim::run(&scenario, 1);
    assert!(report.passed(), "{:?}", report.failures);
}

#[test]
fn a_crowd_of_hostile_nodes_acts_as_one_and_is_no_peer_of_anybody() {
    let mut scenario =
        under(r#"{ flood = { target = "server", kind = "garbage", every = "1s" } }"#, "");
    let mallory = scenario.nodes[2].hostile.clone().expect("it is");
    let crowd: Vec<NodeId> = (0..4095)
        .map(|number| scenario.add_hostile(&format!("trudy-{number}"), mallory.clone()))
        .collect();
    scenario.faults[0].kind = FaultKind::Hostile(crowd);
    scenario.faults[0].lasts = Some(Duration::from_secs(2));
    let report = underpass_sim::run(&scenario, 1);
    assert!(report.passed(), "{:?}", report.failures);
    assert!(report.tally.datagrams > 2 * 4095);
}
