//! Messages of a node to itself: sealed and opened like any other, with a session that the node
//! holds with itself.

use super::outbox;
use super::slots::{self, Direction};
use crate::MAX_DATAGRAM;
use crate::counters::Counter;
use crate::crypto::aead::TAG_LEN;
use crate::cx::Cx;
use crate::error::SendError;
use crate::message::{MessageId, Outcome, Outgoing};
use crate::noise::{Role, TransportKeys};
use crate::peer::Peer;
use crate::session::SessionSlot;
use crate::time::Instant;
use crate::wire::{
    self, FRAGMENT_LEN, Fragment, Frame, Message, SealedHeader, fragment_len, fragments,
};

/// The handle of the node itself: no storage has a slot of this number.
pub(crate) const ONESELF: Peer = Peer { slot: u16::MAX, generation: 0 };

const SOUND: &str = "it was made for this here";

/// A node's session with itself.
pub(crate) struct Oneself {
    session: SessionSlot,
    /// The words of its replay window: as few as there can be, since nothing overtakes anything.
    window: [u64; 2],
    next_number: u64,
}

impl Oneself {
    /// With one key for both directions: they have one counter too. It is never updated: it protects
    /// nothing from who can read it.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        let mut session = SessionSlot::EMPTY;
        let keys = TransportKeys { seal: key, open: key, handshake_hash: [0; 32] };
        session.install(keys, Role::Initiator, 0, Instant::ORIGIN);
        Self { session, window: [0; 2], next_number: 0 }
    }
}

/// Accepts a message to this node itself: it has arrived, and is acknowledged, at once.
pub(super) fn accept(message: &Outgoing<'_>, cx: &mut Cx<'_>) -> Result<MessageId, SendError> {
    let longest = usize::from(slots::fragments_max(cx)) * FRAGMENT_LEN;
    let &Outgoing { kind, purpose, payload } = message;
    if payload.len() > longest.min(slots::longest_out(cx)) {
        return Err(SendError::TooLong);
    }
    let [sent, arrived] = take_both(payload.len(), cx).ok_or(SendError::Full)?;
    let own = &mut cx.state.messages.oneself;
    let number = own.next_number;
    own.next_number += 1;
    for slot in [sent, arrived] {
        let message = cx.message(slot);
        (message.peer, message.number) = (ONESELF, number);
        (message.kind, message.purpose) = (kind, purpose);
    }
    for index in 0..fragments(payload.len()) as u8 {
        let offset = usize::from(index) * FRAGMENT_LEN;
        let bytes = &payload[offset..][..fragment_len(payload.len(), index)];
        let len = payload.len() as u32;
        // Nothing is sent twice, and nothing acknowledged.
        let (transmit, floor) = (0, number);
        pass(Fragment { purpose, kind, len, number, transmit, floor, index, bytes }, arrived, cx);
    }
    cx.state.counters.count(Counter::MessagesSent);
    cx.state.counters.count(Counter::MessagesDelivered);
    cx.state.messages.arrived.push_back(cx.messages, arrived);
    outbox::report(sent, Outcome::Acked, cx);
    Ok(MessageId(number))
}

/// A place for the outcome, and one for the message that arrives.
fn take_both(len: usize, cx: &mut Cx<'_>) -> Option<[u16; 2]> {
    let sent = slots::take(Direction::Out, 0, cx)?;
    let Some(arrived) = slots::take(Direction::In, len, cx) else {
        slots::release(sent, cx);
        return None;
    };
    Some([sent, arrived])
}

/// Sends a fragment through a datagram into the message that arrives.
fn pass(fragment: Fragment<'_>, arrived: u16, cx: &mut Cx<'_>) {
    let own = &mut cx.state.messages.oneself;
    let mut datagram = [0; MAX_DATAGRAM];
    let content_len = fragment.encode(&mut datagram[SealedHeader::LEN..]);
    let datagram = &mut datagram[..SealedHeader::LEN + content_len + TAG_LEN];
    own.session.seal(datagram);
    let Ok(Frame::Sealed(header)) = wire::decode(datagram) else { unreachable!("{SOUND}") };
    let now = Instant::ORIGIN;
    let content = own.session.open(&header, &mut own.window, datagram, now).expect(SOUND);
    let Ok(Message::Fragment(opened)) = Message::decode(content) else { unreachable!("{SOUND}") };
    let offset = usize::from(opened.index) * FRAGMENT_LEN;
    let message = &cx.messages[usize::from(arrived)];
    message.bytes_mut(cx.buffer, offset, opened.bytes.len()).copy_from_slice(opened.bytes);
}
