//! Action, seal, bytes out.
//!
//! What is sealed for a peer begins at [`INNER`] in the buffer, so that a relay's layer finds its room
//! before it. Packets that go two ways at once are sealed once: the copy that a relay takes lies in
//! the second half of the buffer.

use crate::counters::Counter;
use crate::crypto::aead::TAG_LEN;
use crate::cx::{Actor, Cx};
use crate::delivery;
use crate::error::SendError;
use crate::gossip;
use crate::heartbeat::{self, Via};
use crate::path::{MAX_TRANSMIT, Piece, Transmit};
use crate::peer::PeerState;
use crate::punch;
use crate::relay;
use crate::session::{self, Owner, SessionId, handshake, upkeep};
use crate::stateless;
use crate::way::{Circuit, Way};
use crate::wire::{Carried, Control, MAX_DATAGRAM, MAX_PAYLOAD, Message, SealedHeader};

/// Where a datagram begins in the buffer.
const INNER: usize = SealedHeader::LEN + Carried::PREFIX_LEN;

/// The next datagram that somebody owes.
pub(crate) fn poll(out: &mut [u8; MAX_TRANSMIT], cx: &mut Cx<'_>) -> Option<Transmit> {
    if let Some((way, len)) = stateless::take_owed(&mut out[INNER..], cx)
        && let Some(sent) = send(way, None, len, out, cx)
    {
        return Some(sent);
    }
    while let Some(actor) = cx.take_ready() {
        let sent = match actor {
            Actor::Peer(peer) => to_peer(peer, out, cx),
            Actor::Handshake(slot) => handshake_message(slot, out, cx),
            Actor::Circuit(slot) => to_end(slot, out, cx),
            Actor::Node => unreachable!("the node sends only to peers"),
        };
        if sent.is_some() {
            return sent;
        }
    }
    None
}

/// Seals an application's payload.
pub(crate) fn payload(
    peer: u16,
    payload: &[u8],
    out: &mut [u8; MAX_TRANSMIT],
    cx: &mut Cx<'_>,
) -> Result<Transmit, SendError> {
    if payload.len() > MAX_PAYLOAD {
        return Err(SendError::TooLong);
    }
    if cx.peer(peer).is_foreign {
        return Err(SendError::Unsupported);
    }
    let via = to_active(peer, cx).ok_or(SendError::NotConnected)?;
    if !has_room(peer, via, cx) {
        return Err(SendError::Busy);
    }
    let (prefix, rest) = content(out).split_at_mut(Message::DATAGRAM_PREFIX.len());
    prefix.copy_from_slice(&Message::DATAGRAM_PREFIX);
    rest[..payload.len()].copy_from_slice(payload);
    let len = prefix.len() + payload.len();
    let sent = seal_on_course(peer, via, len, out, cx).ok_or(SendError::NotConnected)?;
    cx.state.counters.count(Counter::PayloadsSent);
    Ok(sent)
}

fn content(out: &mut [u8; MAX_TRANSMIT]) -> &mut [u8] {
    &mut out[INNER + SealedHeader::LEN..]
}

/// How payloads reach a peer: only one that answers.
fn to_active(peer: u16, cx: &mut Cx<'_>) -> Option<Via> {
    let slot = cx.peer(peer);
    // One that has answered: not what only seems to be a way.
    let is_reached = slot.state == PeerState::Active && slot.ways.is_proven();
    session::current(peer, cx).filter(|_| is_reached)
}

/// Whether the next packet may overtake those on a slower way that are still under way.
fn has_room(peer: u16, via: Via, cx: &mut Cx<'_>) -> bool {
    let counter = cx.session(via.session).packets_sent();
    let slot = cx.peer(peer);
    let window = slot.channel.remote.as_ref().map_or(0, |intro| intro.replay_window);
    slot.ways.admit(counter, window)
}

/// One datagram a turn, so that a peer with much to be sent delays no other by more than that.
fn to_peer(peer: u16, out: &mut [u8; MAX_TRANSMIT], cx: &mut Cx<'_>) -> Option<Transmit> {
    let sent = control(peer, out, cx)
        .or_else(|| punch_message(peer, out, cx))
        .or_else(|| gossip_message(peer, out, cx))
        .or_else(|| message(peer, out, cx))?;
    let owes = heartbeat::owes(peer, cx) || relay::owes(peer, cx) || punch::owes(peer, cx);
    if owes || delivery::owes(peer, cx) || gossip::owes(peer, cx) {
        cx.make_ready(Actor::Peer(peer));
    }
    Some(sent)
}

/// What goes by a relay that is no longer there is lost; what is owed after it is not.
fn control(peer: u16, out: &mut [u8; MAX_TRANSMIT], cx: &mut Cx<'_>) -> Option<Transmit> {
    loop {
        let owed = heartbeat::take_owed(peer, session::to_ping, cx);
        let (via, control) = owed.or_else(|| about_relays(peer, cx))?;
        let len = control.encode(&mut content(out)[..Control::LEN_MAX]);
        if let Some(sent) = seal(via, None, len, out, cx) {
            return Some(sent);
        }
    }
}

fn punch_message(peer: u16, out: &mut [u8; MAX_TRANSMIT], cx: &mut Cx<'_>) -> Option<Transmit> {
    let (via, len) = punch::take_owed(peer, content(out), cx)?;
    seal(via, None, len, out, cx)
}

/// Only a peer that answers is told of others.
fn gossip_message(peer: u16, out: &mut [u8; MAX_TRANSMIT], cx: &mut Cx<'_>) -> Option<Transmit> {
    to_active(peer, cx)?;
    let (via, len) = gossip::take_owed(peer, content(out), cx)?;
    seal(via, None, len, out, cx)
}

/// What a peer is to be told about relaying, or on its account a relay.
fn about_relays(peer: u16, cx: &mut Cx<'_>) -> Option<(Via, Control)> {
    // A peer that has not answered yet has to wait.
    let is_reached = session::current(peer, cx).is_some();
    let (to, message) = relay::take_owed(peer, is_reached, cx)?;
    Some((session::current(to, cx)?, Control::Relay(message)))
}

/// What an end of one of our circuits is to be told.
fn to_end(circuit: u16, out: &mut [u8; MAX_TRANSMIT], cx: &mut Cx<'_>) -> Option<Transmit> {
    let (peer, message) = relay::take_owed_by(circuit, cx)?;
    let via = session::current(peer, cx)?;
    let len = Control::Relay(message).encode(&mut content(out)[..Control::LEN_MAX]);
    seal(via, None, len, out, cx)
}

fn message(peer: u16, out: &mut [u8; MAX_TRANSMIT], cx: &mut Cx<'_>) -> Option<Transmit> {
    let current = to_active(peer, cx).filter(|via| has_room(peer, *via, cx));
    let (via, len) = delivery::take_owed(peer, current, content(out), cx)?;
    seal_on_course(peer, via, len, out, cx)
}

fn handshake_message(slot: u16, out: &mut [u8; MAX_TRANSMIT], cx: &mut Cx<'_>) -> Option<Transmit> {
    let (way, len) = handshake::take_owed(slot, &mut out[INNER..], cx)?;
    send(way, None, len, out, cx)
}

/// Seals the content for an active peer, to go the way or the two ways that its packets take.
fn seal_on_course(
    peer: u16,
    via: Via,
    content_len: usize,
    out: &mut [u8; MAX_TRANSMIT],
    cx: &mut Cx<'_>,
) -> Option<Transmit> {
    let also = cx.peer(peer).ways.course.also();
    heartbeat::hasten_primary(peer, cx);
    if !cx.peer(peer).ways.course.is_single() {
        for way in cx.peer(peer).ways.course.shared() {
            heartbeat::hasten(peer, way, cx);
        }
    }
    seal(via, also, content_len, out, cx)
}

/// Seals the content, which lies in its place.
fn seal(
    via: Via,
    also: Option<Way>,
    content_len: usize,
    out: &mut [u8; MAX_TRANSMIT],
    cx: &mut Cx<'_>,
) -> Option<Transmit> {
    let len = SealedHeader::LEN + content_len + TAG_LEN;
    seal_under(via.session, &mut out[INNER..][..len], cx);
    send(via.way, also, len, out, cx)
}

pub(crate) fn seal_under(session: SessionId, datagram: &mut [u8], cx: &mut Cx<'_>) {
    let slot = cx.session(session);
    slot.seal(datagram);
    let (owner, packets_sent) = (slot.owner, slot.packets_sent());
    if let Owner::Peer(peer) = owner
        && upkeep::is_due_after(packets_sent)
    {
        upkeep::hasten(peer, cx);
    }
}

/// Sends the datagram at its place in the buffer one way, or two. `None` if it goes through a relay
/// that is no longer there: then it is lost.
fn send(
    way: Way,
    also: Option<Way>,
    len: usize,
    out: &mut [u8; MAX_TRANSMIT],
    cx: &mut Cx<'_>,
) -> Option<Transmit> {
    let direct = |path, also| Piece { path, also, start: INNER, len };
    let (first, second) = match (way, also) {
        (Way::Direct(path), None) => (Some(direct(path, None)), None),
        (Way::Direct(path), Some(Way::Direct(other))) => (Some(direct(path, Some(other))), None),
        (Way::Relayed(circuit), None) => (carry(circuit, 0, len, out, cx), None),
        (Way::Relayed(circuit), Some(Way::Relayed(other))) => {
            out.copy_within(INNER..INNER + len, MAX_DATAGRAM + INNER);
            // In the order in which they leave: they may be two circuits of one relay.
            let first = carry(circuit, 0, len, out, cx);
            (first, carry(other, MAX_DATAGRAM, len, out, cx))
        }
        (Way::Direct(path), Some(Way::Relayed(circuit)))
        | (Way::Relayed(circuit), Some(Way::Direct(path))) => {
            out.copy_within(INNER..INNER + len, MAX_DATAGRAM + INNER);
            (Some(direct(path, None)), carry(circuit, MAX_DATAGRAM, len, out, cx))
        }
    };
    let sent = match (first, second) {
        (Some(first), second) => Transmit::new(first, second),
        (None, second) => Transmit::new(second?, None),
    };
    Some(counted(sent, cx))
}

pub(crate) fn counted(sent: Transmit, cx: &mut Cx<'_>) -> Transmit {
    let (datagrams, bytes) = sent.sum();
    cx.state.counters.add(Counter::DatagramsSent, datagrams);
    cx.state.counters.add(Counter::BytesSent, bytes);
    sent
}

/// Seals a datagram of `len` bytes for the relay of a circuit; it lies in the half of the buffer that
/// begins at `start`.
fn carry(
    circuit: Circuit,
    start: usize,
    len: usize,
    out: &mut [u8; MAX_TRANSMIT],
    cx: &mut Cx<'_>,
) -> Option<Piece> {
    let relay = cx.resolve(circuit.relay)?;
    let (session, (path, also)) = relay::reached(relay, cx)?;
    heartbeat::hasten(relay, path.into(), cx);
    let len = INNER + len + TAG_LEN;
    let datagram = &mut out[start..][..len];
    Carried::to_relay(circuit.number).encode(&mut datagram[SealedHeader::LEN..INNER]);
    seal_under(session, datagram, cx);
    Some(Piece { path, also, start, len })
}
