//! Messages on their way in: each is handed up once, and every packet of it is acknowledged.

use super::acks::{Acks, Urgency};
use super::slots::{self, Chain, Direction, MessageSlot};
use super::window::{Seen, Window};
use crate::access::Standing;
use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::table::list::List;
use crate::time::{Duration, Instant};
use crate::timer::Timer;
use crate::wire::{FRAGMENT_LEN, Fragment, fragments};

/// How long a message that has come in part is kept without progress. Longer than any sender tries
/// (`Config::MESSAGE_LIFETIME_MAX`): what was acknowledged is not sent again, so as long as the
/// sender may send the rest, and take the whole for delivered, the part must be there.
const PART_KEPT: Duration = Duration::from_secs(150);

/// What a node keeps of a peer's messages.
pub(crate) struct Inbox {
    /// Below this number nothing is expected any more.
    base: u64,
    pub(super) acks: Acks,
    /// Messages that have come in part; the one that last made progress first.
    parts: List<Chain>,
    /// What those hold.
    taken: slots::Taken,
}

/// What a fragment brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arrival {
    /// A whole message, which is where the fragment is.
    Whole,
    /// Nothing to be handed up now.
    Kept,
}

impl Inbox {
    pub(crate) const EMPTY: Self =
        Self { base: 0, acks: Acks::NONE, parts: List::EMPTY, taken: slots::Taken::NONE };

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// When the message that has waited longest for its rest is forgotten.
    pub(super) fn expiry(&self, messages: &[MessageSlot]) -> Option<Instant> {
        self.parts.last().map(|slot| messages[usize::from(slot)].at + PART_KEPT)
    }
}

/// Takes a fragment, and acknowledges it unless it is refused.
pub(super) fn on_fragment(
    from: u16,
    fragment: &Fragment<'_>,
    cx: &mut Cx<'_>,
) -> Result<Arrival, Dropped> {
    advance(from, fragment.floor, cx);
    let arrival = match window(from, cx).seen(fragment.number) {
        Seen::TooFar => return Err(Dropped::BeyondWindow),
        Seen::Before => {
            cx.state.counters.count(Counter::FragmentsRepeated);
            Arrival::Kept
        }
        Seen::Never if cx.peer(from).delivery.is_held => return Err(Dropped::MessagesFull),
        Seen::Never if fragments(fragment.len as usize) == 1 => {
            if cx.state.messages.is_held {
                return Err(Dropped::MessagesFull);
            }
            deliver(from, fragment.number, cx);
            Arrival::Whole
        }
        Seen::Never => {
            keep(from, fragment, cx)?;
            Arrival::Kept
        }
    };
    acknowledge(from, fragment.transmit, cx);
    Ok(arrival)
}

fn window<'c>(from: u16, cx: &'c mut Cx<'_>) -> Window<'c> {
    let words = cx.message_windows.len() / cx.peers.len();
    let words = &mut cx.message_windows[usize::from(from) * words..][..words];
    Window { base: &mut cx.peers[usize::from(from)].delivery.inbox.base, words }
}

/// The sender has ended all messages below this number.
fn advance(from: u16, floor: u64, cx: &mut Cx<'_>) {
    let inbox = &cx.peer(from).delivery.inbox;
    if floor <= inbox.base {
        return;
    }
    let mut at = inbox.parts.first();
    while let Some(slot) = at {
        at = List::<Chain>::next(cx.messages, slot);
        if cx.message(slot).number < floor {
            forget_part(from, slot, cx);
        }
    }
    window(from, cx).advance(floor);
}

/// From here on the message counts as delivered.
fn deliver(from: u16, number: u64, cx: &mut Cx<'_>) {
    window(from, cx).mark(number);
    cx.state.counters.count(Counter::MessagesDelivered);
}

/// Puts a fragment to the others of its message.
fn keep(from: u16, fragment: &Fragment<'_>, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let slot = match find_part(from, fragment.number, cx) {
        Some(slot) => slot,
        None => begin_part(from, fragment, cx).ok_or(Dropped::MessagesFull)?,
    };
    let now = cx.now();
    let message = &mut cx.messages[usize::from(slot)];
    let is_same = message.len == fragment.len
        && message.kind == fragment.kind
        && message.purpose == fragment.purpose;
    if !is_same {
        return Err(Dropped::FragmentMismatch);
    }
    let bit = 1 << fragment.index;
    if message.done & bit != 0 {
        cx.state.counters.count(Counter::FragmentsRepeated);
        return Ok(());
    }
    message.done |= bit;
    message.at = now;
    let offset = usize::from(fragment.index) * FRAGMENT_LEN;
    message.bytes_mut(cx.buffer, offset, fragment.bytes.len()).copy_from_slice(fragment.bytes);
    let is_whole = message.done == message.all();
    let parts = &mut cx.peers[usize::from(from)].delivery.inbox.parts;
    parts.remove(cx.messages, slot);
    if is_whole {
        uncount_part(from, slot, cx);
        cx.state.messages.arrived.push_back(cx.messages, slot);
        deliver(from, fragment.number, cx);
    } else {
        parts.push_front(cx.messages, slot);
    }
    Ok(())
}

/// The message that has this number. Fragments mostly come one after the other, so the first one
/// that is looked at is mostly the right one.
fn find_part(from: u16, number: u64, cx: &mut Cx<'_>) -> Option<u16> {
    let mut at = cx.peer(from).delivery.inbox.parts.first();
    while let Some(slot) = at.filter(|&slot| cx.messages[usize::from(slot)].number != number) {
        at = List::<Chain>::next(cx.messages, slot);
    }
    at
}

/// Makes room for a message, of which this is the first fragment.
fn begin_part(from: u16, fragment: &Fragment<'_>, cx: &mut Cx<'_>) -> Option<u16> {
    let limit = slots::parts_limit(cx);
    let len = fragment.len as usize;
    let taken = cx.peer(from).delivery.inbox.taken;
    // Who came by itself leaves room for those whom the application knows: no message of it is begun
    // unless all that is held, whoever it is from, keeps within what one peer may hold.
    let is_met = cx.peer(from).standing == Standing::Met;
    let all = if is_met { cx.state.messages.taken[Direction::In as usize] } else { taken };
    if !taken.leaves_room_for(len, limit) || !all.leaves_room_for(len, limit) {
        return None;
    }
    let slot = slots::take(Direction::In, len, cx)?;
    let (peer, now) = (cx.handle(from), cx.now());
    let message = cx.message(slot);
    (message.peer, message.number, message.at) = (peer, fragment.number, now);
    (message.kind, message.purpose) = (fragment.kind, fragment.purpose);
    let blocks = slots::blocks_of(slot, cx);
    let inbox = &mut cx.peers[usize::from(from)].delivery.inbox;
    inbox.taken.slots += 1;
    inbox.taken.blocks += blocks;
    inbox.parts.push_front(cx.messages, slot);
    super::arm_expiry(from, cx);
    Some(slot)
}

fn uncount_part(from: u16, slot: u16, cx: &mut Cx<'_>) {
    let blocks = slots::blocks_of(slot, cx);
    let taken = &mut cx.peer(from).delivery.inbox.taken;
    taken.slots -= 1;
    taken.blocks -= blocks;
}

fn forget_part(from: u16, slot: u16, cx: &mut Cx<'_>) {
    uncount_part(from, slot, cx);
    cx.peers[usize::from(from)].delivery.inbox.parts.remove(cx.messages, slot);
    slots::release(slot, cx);
}

fn acknowledge(from: u16, transmit: u64, cx: &mut Cx<'_>) {
    let now = cx.now();
    match cx.peer(from).delivery.inbox.acks.note(transmit, now) {
        Urgency::Now => cx.make_ready(Actor::Peer(from)),
        Urgency::At(at) => cx.set_timer(Actor::Peer(from), Timer::Acknowledge, Some(at)),
        Urgency::AsBefore => {}
    }
}

/// Forgets the message that has waited longest for its rest, if that is too long.
pub(super) fn expire_last(from: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let inbox = &cx.peers[usize::from(from)].delivery.inbox;
    if inbox.expiry(cx.messages).is_some_and(|at| at <= now)
        && let Some(slot) = inbox.parts.last()
    {
        forget_part(from, slot, cx);
    }
}

/// The channel has ended: nothing that comes now has to do with what came before.
pub(super) fn restart(from: u16, cx: &mut Cx<'_>) {
    while let Some(slot) = cx.peer(from).delivery.inbox.parts.first() {
        forget_part(from, slot, cx);
    }
    window(from, cx).words.fill(0);
    cx.peer(from).delivery.inbox = Inbox::EMPTY;
    cx.set_timer(Actor::Peer(from), Timer::Acknowledge, None);
}
