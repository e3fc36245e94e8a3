//! Action, seal, bytes out.

use crate::MAX_DATAGRAM;
use crate::counters::Counter;
use crate::crypto::aead::TAG_LEN;
use crate::cx::{Actor, Cx};
use crate::delivery;
use crate::error::SendError;
use crate::heartbeat::{self, Via};
use crate::path::{Path, Transmit};
use crate::peer::PeerState;
use crate::session::{self, Owner, SessionId, handshake, upkeep};
use crate::stateless;
use crate::wire::{Control, MAX_PAYLOAD, Message, SealedHeader};

/// The next datagram that somebody owes.
pub(crate) fn poll(out: &mut [u8; MAX_DATAGRAM], cx: &mut Cx<'_>) -> Option<Transmit> {
    if let Some((path, len)) = stateless::take_owed(out, cx) {
        return Some(sent(path, len, cx));
    }
    while let Some(actor) = cx.take_ready() {
        let sent = match actor {
            Actor::Peer(peer) => to_peer(peer, out, cx),
            Actor::Handshake(slot) => handshake_message(slot, out, cx),
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
    out: &mut [u8; MAX_DATAGRAM],
    cx: &mut Cx<'_>,
) -> Result<Transmit, SendError> {
    if payload.len() > MAX_PAYLOAD {
        return Err(SendError::TooLong);
    }
    let Via { session, path } = to_active(peer, cx).ok_or(SendError::NotConnected)?;
    cx.state.counters.count(Counter::PayloadsSent);
    let (prefix, rest) = out[SealedHeader::LEN..].split_at_mut(Message::DATAGRAM_PREFIX.len());
    prefix.copy_from_slice(&Message::DATAGRAM_PREFIX);
    rest[..payload.len()].copy_from_slice(payload);
    Ok(seal(session, path, prefix.len() + payload.len(), out, cx))
}

/// How payloads reach a peer: only one that answers.
fn to_active(peer: u16, cx: &mut Cx<'_>) -> Option<Via> {
    let is_active = cx.peer(peer).state == PeerState::Active;
    session::current(peer, cx).filter(|_| is_active)
}

/// One datagram a turn, so that a peer with much to be sent delays no other by more than that.
fn to_peer(peer: u16, out: &mut [u8; MAX_DATAGRAM], cx: &mut Cx<'_>) -> Option<Transmit> {
    let content = &mut out[SealedHeader::LEN..];
    let (Via { session, path }, len) =
        control(peer, content, cx).or_else(|| message(peer, content, cx))?;
    if heartbeat::owes(peer, cx) || delivery::owes(peer, cx) {
        cx.make_ready(Actor::Peer(peer));
    }
    Some(seal(session, path, len, out, cx))
}

fn control(peer: u16, content: &mut [u8], cx: &mut Cx<'_>) -> Option<(Via, usize)> {
    let (via, control) = heartbeat::take_owed(peer, session::to_ping, cx)?;
    Some((via, control.encode(&mut content[..Control::LEN_MAX])))
}

fn message(peer: u16, content: &mut [u8], cx: &mut Cx<'_>) -> Option<(Via, usize)> {
    let current = to_active(peer, cx);
    delivery::take_owed(peer, current, content, cx)
}

fn handshake_message(slot: u16, out: &mut [u8; MAX_DATAGRAM], cx: &mut Cx<'_>) -> Option<Transmit> {
    let (path, len) = handshake::take_owed(slot, out, cx)?;
    Some(sent(path, len, cx))
}

/// Seals the `content_len` bytes behind the header's place.
fn seal(
    session: SessionId,
    path: Path,
    content_len: usize,
    out: &mut [u8; MAX_DATAGRAM],
    cx: &mut Cx<'_>,
) -> Transmit {
    let len = SealedHeader::LEN + content_len + TAG_LEN;
    let slot = cx.session(session);
    slot.seal(&mut out[..len]);
    let (owner, packets_sent) = (slot.owner, slot.packets_sent());
    if let Owner::Peer(peer) = owner
        && upkeep::is_due_after(packets_sent)
    {
        upkeep::hasten(peer, cx);
    }
    sent(path, len, cx)
}

fn sent(path: Path, len: usize, cx: &mut Cx<'_>) -> Transmit {
    cx.state.counters.count(Counter::DatagramsSent);
    cx.state.counters.add(Counter::BytesSent, len);
    Transmit { path, also: None, len }
}
