//! Acknowledged messages: exactly once while neither end restarts, at most once otherwise.
//!
//! A message is numbered in the channel that two nodes' records of each other make up, and cut into
//! fragments of a packet each. Every packet has a number of its own, by which it is acknowledged; a
//! fragment that is sent again goes in a new packet. What a receiver must tell apart is only
//! messages: a window of bits, which its sender keeps to and moves on.
//!
//! A sender keeps a message until it ends, in one of three ways: all of it was acknowledged; part
//! of it was never sent, so it cannot have arrived; or nobody knows. Sessions, their keys, paths
//! and silence come and go meanwhile. Only the end of the channel, with either record, ends what
//! was sent in it.
//!
//! | file | holds |
//! |---|---|
//! | `outbox.rs` | what is sent, and sent again |
//! | `inbox.rs` | what arrives, and is acknowledged |
//! | `oneself.rs` | messages of a node to itself |
//! | `slots.rs`, `flights.rs` | the tables of messages and packets that all peers share |
//! | `route.rs` | a path: `rtt.rs`, `newreno.rs`, `pacing.rs` |
//! | `persistence.rs`, `acks.rs`, `window.rs` | losses in a row, what to acknowledge, what has arrived |

mod acks;
mod flights;
mod inbox;
mod newreno;
mod oneself;
mod outbox;
mod pacing;
mod persistence;
mod route;
mod rtt;
mod slots;
mod window;

pub use flights::FlightSlot;
pub(crate) use inbox::Arrival;
pub(crate) use oneself::ONESELF;
pub use slots::MessageSlot;

use flights::Flights;
use inbox::Inbox;
use oneself::Oneself;
use outbox::Outbox;
use slots::{Chain, Taken};

use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::error::SendError;
use crate::event::Event;
use crate::heartbeat::Via;
use crate::lifecycle::Turn;
use crate::message::{MessageId, Outgoing};
use crate::peer::{Channel, Peer};
use crate::table::list::{Link, List};
use crate::timer::Timer;
use crate::way::Way;
use crate::wire::{Ack, Fragment};

/// What a node keeps of the messages to and from a peer.
pub(crate) struct Delivery {
    pub(crate) outbox: Outbox,
    inbox: Inbox,
    /// Whether the application takes none of this peer's messages for now.
    pub(crate) is_held: bool,
}

/// What the messages of all peers share.
pub(crate) struct Shared {
    free: List<Chain>,
    free_flights: List<Flights>,
    /// Ended, and not reported yet.
    ended: List<Chain>,
    /// Arrived whole, and not handed up yet.
    arrived: List<Chain>,
    /// Handed up, and read until the next is asked for.
    lent: Link,
    /// By direction.
    taken: [Taken; 2],
    next_block: u16,
    /// Flights whose fragment was sent again.
    superseded: u16,
    /// Whether the application takes no messages for now.
    pub(crate) is_held: bool,
    oneself: Oneself,
}

impl Delivery {
    pub(crate) const EMPTY: Self =
        Self { outbox: Outbox::EMPTY, inbox: Inbox::EMPTY, is_held: false };

    /// Whether nothing of the storage is held for the peer.
    pub(crate) fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.inbox.is_empty()
    }
}

impl Shared {
    /// `key` is that of the node's session with itself.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self {
            free: List::EMPTY,
            free_flights: List::EMPTY,
            ended: List::EMPTY,
            arrived: List::EMPTY,
            lent: Link::NONE,
            taken: [Taken::NONE; 2],
            next_block: 0,
            superseded: 0,
            is_held: false,
            oneself: Oneself::new(key),
        }
    }

    /// Messages that have a place, out and in.
    #[cfg(feature = "inspect")]
    pub(crate) fn in_use(&self) -> usize {
        self.taken.iter().map(|taken| usize::from(taken.slots)).sum()
    }

    /// Empties the tables, whatever the storage held before.
    pub(crate) fn clear(&mut self, messages: &mut [MessageSlot], flights: &mut [FlightSlot]) {
        messages.fill_with(|| MessageSlot::EMPTY);
        flights.fill_with(|| FlightSlot::EMPTY);
        // Their numbers fit: checked with the capacity.
        for slot in 0..messages.len() as u16 {
            self.free.push_back(messages, slot);
        }
        for slot in 0..flights.len() as u16 {
            self.free_flights.push_back(flights, slot);
        }
    }
}

/// What this node takes: fragments of a message, and messages at once.
pub(crate) fn own_limits(cx: &Cx<'_>) -> (u8, u16) {
    (slots::fragments_max(cx), slots::message_window(cx))
}

/// Accepts a message for sending, to a peer or to this node itself.
pub(crate) fn accept(
    to: Peer,
    message: &Outgoing<'_>,
    cx: &mut Cx<'_>,
) -> Result<MessageId, SendError> {
    if to == ONESELF {
        return oneself::accept(message, cx);
    }
    let peer = cx.resolve(to).ok_or(SendError::UnknownPeer)?;
    let id = outbox::accept(peer, message, cx)?;
    arm_expiry(peer, cx);
    cx.make_ready(Actor::Peer(peer));
    Ok(id)
}

pub(crate) fn on_fragment(
    from: u16,
    via: Via,
    fragment: &Fragment<'_>,
    cx: &mut Cx<'_>,
) -> Result<Arrival, Dropped> {
    check_channel(from, via, cx)?;
    inbox::on_fragment(from, fragment, cx)
}

pub(crate) fn on_ack(from: u16, via: Via, ack: &Ack, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    check_channel(from, via, cx)?;
    outbox::on_ack(from, ack, cx)?;
    wake(from, cx);
    Ok(())
}

/// A session of another channel says nothing that matters in this one.
fn check_channel(peer: u16, via: Via, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let of_session = cx.session(via.session).channel;
    let current = cx.peer(peer).channel.ends();
    if current == Some(of_session) { Ok(()) } else { Err(Dropped::OtherChannel) }
}

pub(crate) fn on_timer(timer: Timer, peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let mut turn = None;
    match timer {
        Timer::Acknowledge => cx.peer(peer).delivery.inbox.acks.on_timer(),
        Timer::Loss => turn = outbox::on_loss_timer(peer, cx),
        Timer::Pace => {}
        Timer::MessageExpiry => {
            // One at a time: others that are due leave a deadline in the past.
            if !outbox::expire_first(peer, cx) {
                inbox::expire_last(peer, cx);
            }
            arm_expiry(peer, cx);
        }
        _ => unreachable!("not a timer of messages"),
    }
    wake(peer, cx);
    turn
}

fn arm_expiry(peer: u16, cx: &mut Cx<'_>) {
    let Delivery { outbox, inbox, .. } = &cx.peers[usize::from(peer)].delivery;
    let expiries = [outbox.expiry(cx.messages), inbox.expiry(cx.messages)];
    let at = expiries.into_iter().flatten().min();
    cx.set_timer(Actor::Peer(peer), Timer::MessageExpiry, at);
}

/// Writes the next acknowledgement or packet to a peer into `content`; an acknowledgement first.
/// `current` is how payloads reach the peer.
pub(crate) fn take_owed(
    peer: u16,
    current: Option<Via>,
    content: &mut [u8],
    cx: &mut Cx<'_>,
) -> Option<(Via, usize)> {
    let (via, now) = (current?, cx.now());
    if let Some(ack) = cx.peer(peer).delivery.inbox.acks.take_owed(now) {
        cx.set_timer(Actor::Peer(peer), Timer::Acknowledge, None);
        cx.state.counters.count(Counter::AcksSent);
        return Some((via, ack.encode(content)));
    }
    outbox::take_owed(peer, via.way, content, cx).map(|len| (via, len))
}

/// Whether anything is owed to this peer; it may have to wait.
pub(crate) fn owes(peer: u16, cx: &mut Cx<'_>) -> bool {
    let Delivery { outbox, inbox, .. } = &cx.peer(peer).delivery;
    inbox.acks.is_owed() || outbox.owes()
}

/// Lets the peer have its turn if it is owed anything.
pub(crate) fn wake(peer: u16, cx: &mut Cx<'_>) {
    if owes(peer, cx) {
        cx.make_ready(Actor::Peer(peer));
    }
}

/// The peer has just been heard from on this way.
pub(crate) fn hurry(peer: u16, way: Way, cx: &mut Cx<'_>) {
    outbox::hurry(peer, way, cx);
}

/// The peer has fallen silent: what it has not acknowledged is sent again when it is back.
pub(crate) fn pause(peer: u16, cx: &mut Cx<'_>) {
    outbox::pause(peer, cx);
}

/// A session was confirmed, before which the peer's channel was `before`.
pub(crate) fn on_confirmed(peer: u16, before: &Channel, cx: &mut Cx<'_>) {
    let now = cx.peer(peer).channel;
    if now.ends() != before.ends() {
        outbox::restart(peer, cx);
        inbox::restart(peer, cx);
    }
    if let Some(intro) = now.remote.as_ref() {
        outbox::fit(peer, intro, cx);
    }
    arm_expiry(peer, cx);
    wake(peer, cx);
}

/// The peer is forgotten: its messages end.
pub(crate) fn close(peer: u16, cx: &mut Cx<'_>) {
    outbox::close(peer, cx);
    inbox::restart(peer, cx);
}

/// How a message ended that was not reported yet.
pub(crate) fn take_ended(cx: &mut Cx<'_>) -> Option<Event> {
    let slot = cx.state.messages.ended.pop_front(cx.messages)?;
    let message = cx.message(slot);
    let event = Event::Message(message.peer, MessageId(message.number), message.outcome);
    slots::release(slot, cx);
    Some(event)
}

/// The next message that no single datagram brought. The one before is given back.
pub(crate) fn take_arrived(cx: &mut Cx<'_>) -> Option<u16> {
    if let Some(read) = cx.state.messages.lent.slot() {
        cx.state.messages.lent = Link::NONE;
        slots::release(read, cx);
    }
    let slot = cx.state.messages.arrived.pop_front(cx.messages)?;
    cx.state.messages.lent = Link::to(slot);
    Some(slot)
}

#[cfg(test)]
mod tests;
