//! What the world grants to hostile machines: taps on others' links, and injected datagrams.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use underpass_core::Instant;
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{Command, Cx, IpFamily, Machine, Powers, SendId, Socket, Verdict};
use underpass_sim::scenario::model::{Fault, FaultKind, Mode, NodeId, State};
use underpass_sim::trace::{Observation, PacketInfo};
use underpass_sim::units::{Probability, Rate};
use underpass_sim::world::{Outcome, World, WorldConfig};

use super::setup::{
    A, B, C, Courier, Log, address_of, at_ms, config, delayed, factory, fault, mark, ms, pair,
    send, world,
};

const D: NodeId = NodeId(3);

/// What a spy heard: when, on whose link, whose datagram, its bytes.
type Heard = Arc<Mutex<Vec<(Instant, NodeId, NodeId, Vec<u8>)>>>;

/// Notes what it overhears and when it may act, and does what a test says about it.
struct Spy<V> {
    heard: Heard,
    verdict: V,
}

impl<V> Machine for Spy<V>
where
    V: FnMut(&mut Cx<'_>, &PacketInfo<'_>) -> Verdict + Send + 'static,
{
    fn start(&mut self, _: &mut Cx<'_>) {}

    fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {}

    fn timeout(&mut self, _: &mut Cx<'_>) {}

    fn overheard(&mut self, cx: &mut Cx<'_>, link: NodeId, packet: &PacketInfo<'_>) -> Verdict {
        let mut heard = self.heard.lock().unwrap();
        heard.push((cx.now(), link, packet.from, packet.bytes.to_vec()));
        (self.verdict)(cx, packet)
    }

    fn set_active(&mut self, cx: &mut Cx<'_>, active: bool) {
        cx.observe(mark(active.into()));
    }
}

/// Puts a spy in place of a node's courier.
fn place<V>(config: &mut WorldConfig, spy: NodeId, verdict: V) -> Heard
where
    V: FnMut(&mut Cx<'_>, &PacketInfo<'_>) -> Verdict + Clone + Send + 'static,
{
    let heard = Heard::default();
    let for_machine = Arc::clone(&heard);
    config.nodes[spy.0 as usize].factory =
        factory(move || Spy { heard: Arc::clone(&for_machine), verdict: verdict.clone() });
    heard
}

fn taps(links: &[NodeId]) -> Powers {
    Powers { taps: links.to_vec(), injects: true }
}

/// Sends one byte from node to node.
fn schedule(world: &mut World, send_at_ms: u64, from: NodeId, to: NodeId, byte: u8) {
    let (send, number) = (SendId(0), send_at_ms);
    let command = Command::Send { send, number, to, mode: Mode::Datagram, payload: vec![byte] };
    world.schedule_command(at_ms(send_at_ms), from, command);
}

fn finish(mut world: World) -> Outcome {
    world.run_until(at_ms(10_000)).unwrap();
    world.finish()
}

#[test]
fn a_tap_hears_both_directions_of_a_link_where_it_meets_the_network() {
    let mut config = config(3, delayed(10));
    config.nodes[1].up = delayed(3);
    let heard = place(&mut config, C, |_, _| Verdict::Pass);
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    schedule(&mut world, 0, A, B, 1);
    schedule(&mut world, 100, B, A, 2);
    schedule(&mut world, 200, B, C, 3);
    schedule(&mut world, 300, A, A, 4);
    let outcome = finish(world);
    let expected = [(at_ms(10), A, A, vec![1]), (at_ms(103), A, B, vec![2])];
    assert_eq!(*heard.lock().unwrap(), expected);
    // Passing took no time.
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(20)]);
    assert_eq!(Log::of(&outcome).arrivals(B, A), [at_ms(113)]);
}

#[test]
fn between_two_tapped_links_a_datagram_is_heard_once() {
    let mut config = config(3, delayed(10));
    let heard = place(&mut config, C, |_, _| Verdict::Pass);
    let mut world = world(config);
    world.grant(C, &taps(&[A, B]));
    schedule(&mut world, 0, A, B, 1);
    finish(world);
    assert_eq!(*heard.lock().unwrap(), [(at_ms(10), A, A, vec![1])]);
}

#[test]
fn what_goes_to_nobody_is_heard_as_well() {
    let mut config = config(3, delayed(10));
    let heard = place(&mut config, C, |_, _| Verdict::Pass);
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    schedule(&mut world, 0, A, NodeId(9), 1);
    let outcome = finish(world);
    assert_eq!(heard.lock().unwrap().len(), 1);
    assert_eq!(outcome.tally.no_address, 1);
}

#[test]
fn what_is_dropped_on_a_tap_is_gone_and_counted() {
    let mut config = config(3, delayed(10));
    place(&mut config, C, |_, packet| match packet.bytes {
        [1] => Verdict::Drop,
        _ => Verdict::Pass,
    });
    let mut world = world(config);
    world.grant(C, &taps(&[B]));
    schedule(&mut world, 0, A, B, 1);
    schedule(&mut world, 1, A, B, 2);
    let outcome = finish(world);
    assert_eq!((outcome.tally.intercepted, outcome.tally.delivered), (1, 1));
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(21)]);
}

#[test]
fn several_taps_on_one_way_follow_each_other() {
    let mut config = config(4, delayed(10));
    let replace = |byte| {
        move |_: &mut Cx<'_>, packet: &PacketInfo<'_>| {
            Verdict::Replace([packet.bytes, &[byte]].concat())
        }
    };
    let first = place(&mut config, C, replace(7));
    let second = place(&mut config, D, replace(8));
    config.nodes[1].factory = factory(|| Teller);
    let mut world = world(config);
    world.grant(D, &taps(&[B]));
    world.grant(C, &taps(&[A]));
    schedule(&mut world, 0, A, B, 1);
    let outcome = finish(world);
    assert_eq!(first.lock().unwrap()[0], (at_ms(10), A, A, vec![1]));
    assert_eq!(second.lock().unwrap()[0], (at_ms(10), B, A, vec![1, 7]));
    let told: Vec<_> = Log::of(&outcome).of_node(B).into_iter().skip(1).collect();
    assert_eq!(told, [(at_ms(20), mark(3))], "it got three bytes");
}

/// Reports how long the datagrams are that it gets, and answers each.
struct Teller;

impl Machine for Teller {
    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.bind(IpFamily::V4, super::setup::PORT).expect("it has an address");
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        cx.observe(mark(i64::try_from(bytes.len()).unwrap()));
        cx.transmit(|_| Some((on, from, bytes.len())));
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {}
}

#[test]
fn what_is_injected_crosses_its_senders_links_and_is_answered_elsewhere() {
    let mut config = config(4, delayed(10));
    config.nodes[2].up = delayed(1);
    // It says in A's name to B what it hears of A.
    let heard = place(&mut config, C, |cx, packet| {
        cx.inject(packet.source, packet.destination, &[9; 5]);
        Verdict::Pass
    });
    config.nodes[1].factory = factory(|| Teller);
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    let other = NodeId(3);
    schedule(&mut world, 0, A, other, 1);
    schedule(&mut world, 50, A, B, 1);
    let outcome = finish(world);
    let log = Log::of(&outcome);
    assert_eq!(log.arrivals(C, other), [at_ms(21)]);
    assert_eq!(log.arrivals(C, B), [at_ms(71)]);
    // Both answers go to A, and cross its tapped link; what the spy injects it does not hear.
    assert_eq!(log.arrivals(B, A), [at_ms(90), at_ms(91)]);
    assert_eq!(heard.lock().unwrap().len(), 4);
}

#[test]
fn a_datagram_of_a_family_that_the_injecting_node_has_not() {
    let mut config = config(3, delayed(10));
    let v6: [SocketAddr; 2] = [([0, 0, 0, 0, 0, 0, 0, 1], 9).into(), ([0; 8], 9).into()];
    place(&mut config, C, move |cx, packet| {
        cx.inject(v6[0], v6[1], packet.bytes);
        cx.inject(v6[0], packet.destination, packet.bytes);
        Verdict::Pass
    });
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    schedule(&mut world, 0, A, B, 1);
    assert_eq!(finish(world).tally.no_address, 2, "nobody is there");
}

#[test]
#[should_panic(expected = "was not granted to inject")]
fn nobody_injects_unless_it_is_granted() {
    let mut config = config(2, delayed(10));
    place(&mut config, B, |cx, _| {
        cx.inject(address_of(A), address_of(A), &[]);
        Verdict::Pass
    });
    let mut world = world(config);
    world.grant(B, &Powers { taps: vec![A], injects: false });
    schedule(&mut world, 0, A, B, 1);
    finish(world);
}

#[test]
fn a_spy_that_is_off_stops_nothing() {
    let mut config = config(3, delayed(10));
    let heard = place(&mut config, C, |_, _| Verdict::Drop);
    config.nodes[2].start = at_ms(50);
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    schedule(&mut world, 0, A, B, 1);
    schedule(&mut world, 60, A, B, 2);
    let outcome = finish(world);
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(20)]);
    assert_eq!(heard.lock().unwrap().len(), 1);
}

#[test]
fn a_tapped_packet_still_waits_for_its_turn() {
    let mut config = config(3, delayed(10));
    // One byte and 28 of headers take a millisecond.
    config.nodes[1].down.rate = Rate::from_bits_per_second(29 * 8 * 1000);
    place(&mut config, C, |_, _| Verdict::Pass);
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    schedule(&mut world, 0, A, B, 1);
    schedule(&mut world, 0, A, B, 2);
    let outcome = finish(world);
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(21), at_ms(22)]);
}

#[test]
fn a_duplicate_is_heard_as_a_datagram_of_its_own() {
    let mut config = config(3, delayed(10));
    config.nodes[0].up.duplicate = Probability::ALWAYS;
    let heard = place(&mut config, C, |_, packet| match packet.copy {
        0 => Verdict::Drop,
        _ => Verdict::Pass,
    });
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    schedule(&mut world, 0, A, B, 1);
    let outcome = finish(world);
    assert_eq!(*heard.lock().unwrap(), [(at_ms(10), A, A, vec![1]), (at_ms(10), A, A, vec![1])]);
    assert_eq!((outcome.tally.intercepted, outcome.tally.delivered), (1, 1));
}

#[test]
fn what_a_link_between_two_tapped_ones_makes_is_heard_on_the_second() {
    let mut config = config(3, delayed(10));
    let doubles = LinkModel { duplicate: Probability::ALWAYS, ..delayed(5) };
    config.pairs.push(pair(A, B, doubles));
    let heard = place(&mut config, C, |_, _| Verdict::Pass);
    let mut world = world(config);
    world.grant(C, &taps(&[A, B]));
    schedule(&mut world, 0, A, B, 1);
    let outcome = finish(world);
    let expected = [(at_ms(10), A, A, vec![1]), (at_ms(15), B, A, vec![1])];
    assert_eq!(*heard.lock().unwrap(), expected);
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(25); 2]);
}

/// What becomes of what C injects at 10 ms in A's name, to B, with a fault in its way.
fn injected(kind: FaultKind) -> Outcome {
    let mut config = config(3, delayed(10));
    place(&mut config, C, |cx, packet| {
        cx.inject(packet.source, packet.destination, &[9]);
        Verdict::Pass
    });
    config.faults.push(fault(5, None, kind));
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    schedule(&mut world, 0, A, B, 1);
    finish(world)
}

#[test]
fn a_fault_stops_what_is_injected_where_it_comes_from() {
    let outcome = injected(FaultKind::Interface(C));
    assert_eq!((outcome.tally.interface_down, outcome.tally.delivered), (1, 1));
    let outcome = injected(FaultKind::Block { from: vec![C], to: vec![B] });
    assert_eq!((outcome.tally.blocked, outcome.tally.delivered), (1, 1));
    let outcome = injected(FaultKind::Drop { pairs: vec![(C, B)], nth: 1 });
    assert_eq!((outcome.tally.dropped, outcome.tally.delivered), (1, 1));
}

#[test]
fn a_fault_does_not_stop_what_is_injected_where_it_claims_to_come_from() {
    let outcome = injected(FaultKind::Block { from: vec![A], to: vec![B] });
    assert_eq!(Log::of(&outcome).arrivals(C, B), [at_ms(30)]);
    assert_eq!((outcome.tally.blocked, outcome.tally.delivered), (1, 1));
}

#[test]
fn a_machine_acts_again_and_again() {
    let mut config = config(2, delayed(10));
    place(&mut config, B, |_, _| Verdict::Pass);
    let attack = fault(100, Some(10), FaultKind::Hostile(vec![B]));
    config.faults.push(Fault { every: Some(ms(5_000)), ..attack });
    let outcome = finish(world(config));
    let marks = Log::of(&outcome).of_node(B).into_iter().skip(1).collect::<Vec<_>>();
    let expected = [(100, 1), (110, 0), (5_100, 1), (5_110, 0)];
    assert_eq!(marks, expected.map(|(at, value)| (at_ms(at), mark(value))));
}

#[test]
fn a_machine_acts_while_any_fault_says_so() {
    let mut config = config(2, delayed(10));
    place(&mut config, B, |_, _| Verdict::Pass);
    let act = |config: &mut WorldConfig, at_ms, lasts_ms| {
        config.faults.push(fault(at_ms, lasts_ms, FaultKind::Hostile(vec![B])));
    };
    act(&mut config, 100, Some(100));
    act(&mut config, 150, Some(100));
    act(&mut config, 400, None);
    config.faults.push(fault(120, Some(10), FaultKind::Crash(B, State::Lost)));
    let outcome = finish(world(config));
    let marks = Log::of(&outcome).of_node(B).into_iter();
    let marks: Vec<_> =
        marks.filter(|(_, what)| matches!(what, Observation::Custom { .. })).collect();
    let expected = [(100, 1), (130, 1), (250, 0), (400, 1)];
    assert_eq!(marks, expected.map(|(at, value)| (at_ms(at), mark(value))));
}

/// Traffic from A to B that C taps and has its say about.
fn tapped(verdict: fn(&mut Cx<'_>, &PacketInfo<'_>) -> Verdict) -> Outcome {
    let mut config = config(3, delayed(10));
    place(&mut config, C, verdict);
    config.faults.push(fault(50, Some(50), FaultKind::Hostile(vec![C])));
    let mut world = world(config);
    world.grant(C, &taps(&[A]));
    for at in 0..20 {
        schedule(&mut world, 10 * at, A, B, 1);
    }
    finish(world)
}

#[test]
fn the_hash_covers_what_a_tap_does() {
    let hashes = [
        tapped(|_, _| Verdict::Pass).hash,
        tapped(|_, _| Verdict::Drop).hash,
        tapped(|_, _| Verdict::Replace(vec![1])).hash,
        tapped(|_, _| Verdict::Replace(vec![2])).hash,
        tapped(|_, _| Verdict::Replace(vec![1, 1])).hash,
    ];
    for (position, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..position].contains(hash), "verdict {position}");
    }
    assert_eq!(hashes[2], tapped(|_, _| Verdict::Replace(vec![1])).hash, "and is repeatable");
}

#[test]
fn the_hash_covers_where_an_injected_datagram_claims_to_be_from() {
    let from_a = tapped(|cx, _| {
        cx.inject(address_of(A), address_of(B), &[7]);
        Verdict::Pass
    });
    let from_nobody = tapped(|cx, _| {
        cx.inject(address_of(NodeId(9)), address_of(B), &[7]);
        Verdict::Pass
    });
    assert_ne!(from_a.hash, from_nobody.hash);
    assert_eq!(from_a.tally, from_nobody.tally);
}

#[test]
fn a_spy_that_does_nothing_shifts_nothing() {
    let run = |tap: bool| {
        let mut config = config(3, delayed(10));
        config.nodes.iter_mut().for_each(|node| node.up.jitter = ms(5));
        config.nodes[2].factory = factory(Courier::default);
        let mut world = world(config);
        if tap {
            world.grant(C, &taps(&[A, B]));
        }
        for number in 0..100 {
            world.schedule_command(at_ms(number), A, send(number, B));
        }
        Log::of(&finish(world)).arrivals(A, B)
    };
    assert_eq!(run(true), run(false));
}
