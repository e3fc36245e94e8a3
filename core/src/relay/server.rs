//! The relay itself: what it keeps for its peers, and how it sends on what they cannot send each other.
//! It reads nothing of that, dials nobody, and knows no more of a circuit than its two ends.

use core::net::SocketAddr;

use super::bucket::{CONTROL_LEN, control_share};
use super::circuits::{self, CircuitSlot, Owed, Stage};
use super::{Attested, Bucket, Limits, foreign};
use crate::access::{self, Standing, Use};
use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::heartbeat;
use crate::held::Held;
use crate::identity::PeerId;
use crate::message::Received;
use crate::path::{Path, Piece, Transmit};
use crate::paths::Known;
use crate::peer::{Peer, PeerSlot, PeerState};
use crate::session::SessionId;
use crate::time::{Duration, Instant};
use crate::transmit;
use crate::way::Way;
use crate::wire::{Carried, Named, Offer, Open, Proof, RelayMessage, Reserved, SealedHeader};

/// How long a reservation holds; it is renewed before that (libp2p relay v2: 1 h).
const RESERVED_FOR: Duration = Duration::from_secs(3600);
/// Between two notices that a circuit's limit was reached.
const NOTICES_APART: Duration = Duration::from_secs(1);

/// What a relay keeps of a peer that it relays for.
#[derive(Clone, Copy)]
pub(super) struct Client {
    reserved_until: Held<Instant>,
    /// It is to be told for how long.
    answer_owed: bool,
    bucket: Bucket,
    /// Short datagrams of its own.
    reserve: Bucket,
    /// The network that it has proved to be of; zero is our own.
    pub(super) network: u64,
    pub(super) proven: foreign::Proven,
}

impl Client {
    pub(super) const NONE: Self = Self {
        reserved_until: Held::Nothing,
        answer_owed: false,
        bucket: Bucket::FULL,
        reserve: Bucket::FULL,
        network: 0,
        proven: foreign::Proven::NOTHING,
    };

    pub(super) fn owes(&self) -> bool {
        self.answer_owed
    }

    fn holds(&self, now: Instant) -> bool {
        self.reserved_until.get().is_some_and(|until| now < until)
    }
}

/// Whether a peer may ask for something, in so many bytes: what it asks for, others hear of.
pub(super) fn may_ask(from: u16, len: usize, cx: &mut Cx<'_>) -> bool {
    let (now, rate) = (cx.now(), cx.state.config.relay.peer_bytes);
    let bucket = &mut cx.peer(from).relaying.client.bucket;
    let has_room = bucket.has(len, rate, true, now);
    if has_room {
        bucket.take(len);
    }
    has_room
}

/// A peer wants to be reached through this node. One of another network has to say of which.
pub(super) fn on_reserve(from: u16, proof: Option<Proof>, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    if cx.peer(from).state != PeerState::Active {
        // It asks again, and will have answered by then.
        return Ok(());
    }
    match (cx.peer(from).is_foreign, proof) {
        (true, Some(proof)) => {
            if foreign::check(from, proof, cx)? {
                grant(from, cx);
            }
            Ok(())
        }
        (true, None) => Err(Dropped::NotAllowed),
        (false, _) => {
            grant(from, cx);
            Ok(())
        }
    }
}

/// A peer has proved that it is of this network, or has not.
pub(super) fn on_checked(peer: u16, network: Option<u64>, cx: &mut Cx<'_>) {
    match network {
        Some(network) => {
            cx.peer(peer).relaying.client.network = network;
            grant(peer, cx);
        }
        None => cx.state.counters.refuse(Dropped::NotAllowed),
    }
}

/// What a peer holds it keeps, though there would be no place for it now.
fn grant(from: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let is_held = cx.peer(from).relaying.client.holds(now);
    let until = match (is_allowed(from, cx), is_direct(from, cx)) {
        (false, _) => None,
        (true, true) => (is_held || has_place(from, cx)).then_some(now + RESERVED_FOR),
        // It asks again, and will have answered where it is by then.
        (true, false) => return,
    };
    let client = &mut cx.peer(from).relaying.client;
    client.reserved_until = until.map_or(Held::Nothing, Held::This);
    client.answer_owed = true;
    cx.make_ready(Actor::Peer(from));
}

fn has_place(from: u16, cx: &mut Cx<'_>) -> bool {
    let now = cx.now();
    let all = usize::from(cx.state.config.relay.reservations);
    let (is_named, is_foreign) = (is_named(from, cx), cx.peer(from).is_foreign);
    let held = cx.peers.iter().filter(|peer| peer.is_taken && peer.relaying.client.holds(now));
    let foreign = held.clone().filter(|peer| peer.is_foreign).count();
    let is_within = !is_foreign || foreign < circuits::foreign_share(all);
    is_within && held.count() < circuits::share(all, is_named)
}

/// Whether the application has named a peer. To those whom it has not go three quarters of the places, so
/// that they cannot keep the others out.
fn is_named(peer: u16, cx: &mut Cx<'_>) -> bool {
    cx.peer(peer).standing != Standing::Met
}

/// Whether a peer may be relayed for: the policy allows it, and it is reached directly.
fn may_use(peer: u16, cx: &mut Cx<'_>) -> bool {
    is_allowed(peer, cx) && is_direct(peer, cx)
}

fn is_allowed(peer: u16, cx: &mut Cx<'_>) -> bool {
    match cx.peer(peer).is_foreign {
        true => foreign::is_welcome(cx) && cx.peer(peer).relaying.client.network != 0,
        false => !cx.circuits.is_empty() && access::allows(Use::Relays, Some(peer), cx),
    }
}

fn is_direct(peer: u16, cx: &mut Cx<'_>) -> bool {
    let slot = cx.peer(peer);
    let is_direct = slot.ways.course.primary().and_then(Way::direct).is_some();
    slot.state == PeerState::Active && is_direct
}

/// A peer asks for a circuit to another.
pub(super) fn on_open(from: u16, open: &Open, cx: &mut Cx<'_>) {
    if let Some(circuit) = circuit_to(from, open, cx) {
        cx.make_ready(Actor::Circuit(circuit));
    }
}

/// The circuit that a peer has asked for, now or before. Whatever the reason that there is none, nothing
/// is said: who is here, and talks to whom, is nobody's business.
fn circuit_to(from: u16, open: &Open, cx: &mut Cx<'_>) -> Option<u16> {
    let now = cx.now();
    let to = cx.find_peer(&PeerId::claimed(open.peer))?;
    let is_reserved = cx.peer(to).relaying.client.holds(now);
    let network = |peer: u16| cx.peers[usize::from(peer)].relaying.client.network;
    let is_same_network = network(from) == network(to);
    if to == from || !is_same_network || !is_reserved || !may_use(from, cx) || !may_use(to, cx) {
        return None;
    }
    let ends = [cx.handle(from), cx.handle(to)];
    if let Some(slot) = circuits::between(ends, cx) {
        let circuit = cx.circuit(slot);
        let asker = circuit.end(ends[0])?;
        match circuit.stage {
            // Who asked for it asks again, or the one who was asked wants the same.
            Stage::Offered if asker == 0 => circuit.offer(now),
            Stage::Offered => {
                circuit.stage = Stage::Open;
                circuit.owed = [Owed::Opened; 2];
            }
            _ => circuit.owed[asker] = Owed::Opened,
        }
        return Some(slot);
    }
    let most = usize::from(cx.state.config.relay.circuits_per_peer);
    let has_most = ends.iter().any(|end| circuits::count_of(*end, cx) >= most);
    if has_most || circuits::is_too_soon(ends, cx) {
        return None;
    }
    let is_named = is_named(from, cx) || is_named(to, cx);
    let slot = circuits::take(ends, is_named, cx.peer(from).is_foreign, cx)?;
    cx.circuit(slot).offer(now);
    Some(slot)
}

/// The peer that was asked agrees.
pub(super) fn on_accept(from: u16, named: Named, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let (slot, end) = of_end(from, named.circuit, cx).ok_or(Dropped::UnknownCircuit)?;
    let now = cx.now();
    let circuit = cx.circuit(slot);
    if end != 1 {
        return Err(Dropped::UnknownCircuit);
    }
    if circuit.stage == Stage::Offered {
        (circuit.stage, circuit.used_at) = (Stage::Open, now);
        circuit.owed[0] = Owed::Opened;
        cx.state.counters.count(Counter::CircuitsOpened);
        cx.make_ready(Actor::Circuit(slot));
    }
    Ok(())
}

/// The peer that was asked does not agree: the other is told nothing, as of one who is not here. Or an end
/// of a circuit has no use for it any more.
pub(super) fn on_refuse(from: u16, named: Named, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let (slot, end) = of_end(from, named.circuit, cx).ok_or(Dropped::UnknownCircuit)?;
    match cx.circuit(slot).stage {
        Stage::Offered if end == 1 => circuits::release(slot, cx),
        Stage::Open => close(slot, 1 - end, cx),
        _ => return Err(Dropped::UnknownCircuit),
    }
    Ok(())
}

/// The policy has changed: circuits of those who are relayed for no longer are closed.
pub(crate) fn apply_access(cx: &mut Cx<'_>) {
    for slot in 0..cx.circuits.len() as u16 {
        let circuit = cx.circuit(slot);
        let (stage, ends) = (circuit.stage, circuit.ends);
        if !matches!(stage, Stage::Offered | Stage::Open) {
            continue;
        }
        let is_barred =
            |end: &Peer, cx: &mut Cx<'_>| cx.resolve(*end).is_some_and(|peer| !may_use(peer, cx));
        if ends.iter().any(|end| is_barred(end, cx)) {
            close_both(slot, cx);
        }
    }
}

/// Whoever has asked, and has no answer yet, is told nothing: it would hear that somebody is here.
fn close_both(slot: u16, cx: &mut Cx<'_>) {
    if cx.circuit(slot).stage == Stage::Offered {
        circuits::release(slot, cx);
        return;
    }
    let circuit = cx.circuit(slot);
    (circuit.stage, circuit.owed) = (Stage::Closing, [Owed::Gone; 2]);
    cx.make_ready(Actor::Circuit(slot));
}

/// A peer is gone: the other ends of its circuits hear of it.
pub(super) fn on_peer_gone(peer: u16, cx: &mut Cx<'_>) {
    let handle = cx.handle(peer);
    cx.peer(peer).relaying.client = Client::NONE;
    for slot in 0..cx.circuits.len() as u16 {
        let circuit = cx.circuit(slot);
        let Some(end) = circuit.end(handle) else { continue };
        match circuit.stage {
            Stage::Offered => circuits::release(slot, cx),
            Stage::Open => close(slot, 1 - end, cx),
            Stage::Free | Stage::Closing => {}
        }
    }
}

/// There is a newer session with a peer: a member of our own network has no other any more.
pub(super) fn on_renewed(peer: u16, cx: &mut Cx<'_>) {
    if !cx.peer(peer).is_foreign {
        cx.peer(peer).relaying.client.network = 0;
    }
}

/// A peer is elsewhere: the other ends of its circuits hear where.
pub(super) fn on_moved(peer: u16, cx: &mut Cx<'_>) {
    if !cx.peer(peer).ways.outline().has_direct {
        return;
    }
    let handle = cx.handle(peer);
    for slot in 0..cx.circuits.len() as u16 {
        let circuit = cx.circuit(slot);
        if circuit.stage == Stage::Open
            && let Some(end) = circuit.end(handle)
        {
            let other = 1 - end;
            circuit.owed[other] = if other == 0 { Owed::Opened } else { Owed::Offer };
            cx.make_ready(Actor::Circuit(slot));
        }
    }
}

fn close(slot: u16, other: usize, cx: &mut Cx<'_>) {
    let circuit = cx.circuit(slot);
    circuit.stage = Stage::Closing;
    circuit.owed = [Owed::Nothing; 2];
    circuit.owed[other] = Owed::Gone;
    cx.make_ready(Actor::Circuit(slot));
}

/// The circuit of this number, if a peer is one of its ends, and which.
fn of_end(peer: u16, number: u32, cx: &Cx<'_>) -> Option<(u16, usize)> {
    let slot = circuits::find(number, cx)?;
    let end = cx.circuits[usize::from(slot)].end(cx.handle(peer))?;
    Some((slot, end))
}

/// The next thing that a circuit's ends are to be told: whom, and what.
pub(crate) fn take_owed_by(slot: u16, cx: &mut Cx<'_>) -> Option<(u16, RelayMessage)> {
    loop {
        let circuit = cx.circuit(slot);
        let Some(end) = circuit.owed.iter().position(|owed| *owed != Owed::Nothing) else {
            if circuit.stage == Stage::Closing {
                circuits::release(slot, cx);
            }
            return None;
        };
        let owed = core::mem::replace(&mut circuit.owed[end], Owed::Nothing);
        let (ends, number) = (circuit.ends, circuit.number());
        cx.make_ready(Actor::Circuit(slot));
        let Some(peer) = cx.resolve(ends[end]) else { continue };
        let named = Named { circuit: number };
        let message = match owed {
            Owed::Nothing => unreachable!("it was looked for"),
            Owed::Limited => RelayMessage::Limited(named),
            Owed::Gone => RelayMessage::Gone(named),
            Owed::Offer | Owed::Opened => {
                let Some(other) = cx.resolve(ends[1 - end]) else { continue };
                let offer = Offer {
                    circuit: number,
                    peer: *cx.peer(other).contact().id.as_bytes(),
                    attested: attested(cx.peer(other)),
                };
                match owed {
                    Owed::Offer => RelayMessage::Offer(offer),
                    _ => RelayMessage::Opened(offer),
                }
            }
        };
        return Some((peer, message));
    }
}

/// Where a peer is: where its packets go, and in the other family where something last came from. One that
/// has moved may still seem to answer where it was.
fn attested(peer: &PeerSlot) -> Attested {
    let (mut v4, mut v6) = (None, None);
    let answers = peer.ways.iter().filter(|known| known.is_validated());
    let rank = |known: &Known| (Some(known.way) == peer.ways.course.primary(), known.heard_at);
    for known in answers {
        match known.way.direct().map(|path| path.remote) {
            Some(SocketAddr::V4(address)) => v4 = v4.max(Some((rank(known), address))),
            Some(SocketAddr::V6(address)) => v6 = v6.max(Some((rank(known), address))),
            None => {}
        }
    }
    Attested::new(v4.map(|(_, address)| address), v6.map(|(_, address)| address))
}

/// What this node owes a peer that it relays for.
pub(super) fn take_owed(peer: u16, cx: &mut Cx<'_>) -> Option<RelayMessage> {
    let now = cx.now();
    let client = &mut cx.peer(peer).relaying.client;
    if core::mem::take(&mut client.answer_owed) {
        let left = client.reserved_until.get().map(|until| until.saturating_since(now));
        let lifetime_s = left.unwrap_or_default().as_micros() / 1_000_000;
        let lifetime_s = u32::try_from(lifetime_s).unwrap_or(u32::MAX);
        return Some(RelayMessage::Reserved(Reserved { lifetime_s }));
    }
    None
}

/// Sends on a datagram of one of a circuit's ends to the other: sealed anew in the same buffer.
pub(crate) fn forward<'d>(
    from: u16,
    carried: &Carried,
    datagram: &'d mut [u8],
    cx: &mut Cx<'_>,
) -> Result<Received<'d>, Dropped> {
    let now = cx.now();
    let (slot, end) = of_end(from, carried.circuit, cx).ok_or(Dropped::UnknownCircuit)?;
    let other = cx.circuit(slot).ends[1 - end];
    if cx.circuit(slot).stage != Stage::Open {
        return Err(Dropped::UnknownCircuit);
    }
    let to = cx.resolve(other).ok_or(Dropped::UnknownCircuit)?;
    if !admit(slot, end, from, datagram.len(), cx) {
        notify_of_limit(slot, end, cx);
        return Err(Dropped::RelayLimited);
    }
    let (session, (path, also)) = reached(to, cx).ok_or(Dropped::UnknownCircuit)?;
    heartbeat::hasten(to, path.into(), cx);
    cx.circuit(slot).used_at = now;
    let prefix = SealedHeader::LEN..SealedHeader::LEN + Carried::PREFIX_LEN;
    Carried::from_relay(carried.circuit).encode(&mut datagram[prefix]);
    transmit::seal_under(session, datagram, cx);
    cx.state.counters.count(Counter::DatagramsRelayed);
    cx.state.counters.add(Counter::BytesRelayed, datagram.len());
    let piece = Piece { path, also, start: 0, len: datagram.len() };
    let transmit = transmit::counted(Transmit::new(piece, None), cx);
    Ok(Received::Forward { transmit, datagram })
}

/// How a peer that is reached directly is sent to.
pub(crate) fn reached(peer: u16, cx: &mut Cx<'_>) -> Option<(SessionId, (Path, Option<Path>))> {
    let slot = cx.peer(peer);
    let course = slot.ways.course;
    let first = course.primary().and_then(Way::direct);
    let second = course.also().and_then(Way::direct);
    let paths = first.map(|path| (path, second)).or(second.map(|path| (path, None)));
    Some((slot.current?, paths?))
}

/// Whether a datagram is within every limit; if so, it counts.
fn admit(slot: u16, end: usize, from: u16, len: usize, cx: &mut Cx<'_>) -> bool {
    let now = cx.now();
    let Limits { circuit_bytes, peer_bytes, all_bytes, foreign_bytes, reservations, .. } =
        cx.state.config.relay;
    let is_foreign = cx.peer(from).is_foreign;
    let CircuitSlot { bucket: circuit, reserves, .. } = &mut cx.circuits[usize::from(slot)];
    let client = &mut cx.peers[usize::from(from)].relaying.client;
    // What is kept for control, each has its part of: of the circuit's its two ends, of the relay's all peers.
    let own = |kept: u32, parts: u32| (kept / parts.max(1)).max(CONTROL_LEN as u32);
    let of_end = own(control_share(circuit_bytes), 2);
    let of_peer = own(control_share(all_bytes), reservations.into());
    let is_control = len <= CONTROL_LEN
        && reserves[end].has(len, of_end, true, now)
        && client.reserve.has(len, of_peer, true, now);
    let [all, foreign] = &mut cx.state.relayed;
    let foreign = is_foreign.then_some((foreign, foreign_bytes));
    let peer = &mut client.bucket;
    let buckets =
        [Some((circuit, circuit_bytes)), Some((peer, peer_bytes)), Some((all, all_bytes)), foreign];
    let mut buckets = buckets.into_iter().flatten().collect::<heapless::Vec<_, 4>>();
    let is_admitted =
        buckets.iter_mut().all(|(bucket, rate)| bucket.has(len, *rate, is_control, now));
    if is_admitted {
        buckets.iter_mut().for_each(|(bucket, _)| bucket.take(len));
        if is_control {
            reserves[end].take(len);
            client.reserve.take(len);
        }
    }
    is_admitted
}

fn notify_of_limit(slot: u16, end: usize, cx: &mut Cx<'_>) {
    let now = cx.now();
    let circuit = cx.circuit(slot);
    if now.saturating_since(circuit.limited_at) >= NOTICES_APART {
        circuit.limited_at = now;
        circuit.owed[end] = Owed::Limited;
        cx.make_ready(Actor::Circuit(slot));
    }
}
