//! The places of messages, and the bytes of their payloads: shared by all peers and both
//! directions.

use crate::cx::Cx;
use crate::message::{Message, MessageId, Outcome, Purpose};
use crate::peer::Peer;
use crate::table::list::{Linked, Links};
use crate::table::pool::{self, BLOCK_LEN, Pool, Run};
use crate::time::Instant;
use crate::wire::{FRAGMENT_LEN, FRAGMENTS_MAX, fragments};

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Out,
    In,
}

/// One message of the storage.
pub struct MessageSlot {
    direction: Direction,
    /// The other end. The handle may be good no longer.
    pub(crate) peer: Peer,
    pub(crate) number: u64,
    pub(crate) kind: u16,
    pub(crate) purpose: Purpose,
    pub(crate) len: u32,
    run: Run,
    /// On its way out: when it ends at the latest. On its way in: when it last made progress.
    pub(crate) at: Instant,
    /// Fragments that were sent at least once; a bit for each, as in the next two.
    pub(crate) sent: u64,
    /// Fragments to be sent now. The message is in its peer's queue while there are any.
    pub(crate) to_send: u64,
    /// Fragments that the receiver has.
    pub(crate) done: u64,
    /// Packets under way.
    pub(crate) flights: u16,
    pub(crate) outcome: Outcome,
    chain: Links,
    queue: Links,
}

/// Every message is in one list of this kind: free, on its way, to be reported or to be handed up.
pub(crate) struct Chain;
/// Those of a peer that have something to send.
pub(crate) struct Queue;

impl Linked<Chain> for MessageSlot {
    fn links(&self) -> &Links {
        &self.chain
    }
    fn links_mut(&mut self) -> &mut Links {
        &mut self.chain
    }
}

impl Linked<Queue> for MessageSlot {
    fn links(&self) -> &Links {
        &self.queue
    }
    fn links_mut(&mut self) -> &mut Links {
        &mut self.queue
    }
}

impl MessageSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        direction: Direction::Out,
        peer: Peer { slot: 0, generation: 0 },
        number: 0,
        kind: 0,
        purpose: Purpose::Notice,
        len: 0,
        run: Run::EMPTY,
        at: Instant::ORIGIN,
        sent: 0,
        to_send: 0,
        done: 0,
        flights: 0,
        outcome: Outcome::Acked,
        chain: Links::NONE,
        queue: Links::NONE,
    };

    /// A bit for each of its fragments.
    pub(crate) fn all(&self) -> u64 {
        let count = fragments(self.len as usize) as u32;
        u64::MAX >> (u64::BITS - count)
    }

    /// Whether the receiver can have all of it.
    pub(crate) fn is_sent(&self) -> bool {
        self.sent == self.all()
    }

    /// The part of the buffer that holds `len` of its bytes from `offset` on.
    pub(crate) fn bytes<'b>(&self, buffer: &'b [u8], offset: usize, len: usize) -> &'b [u8] {
        &buffer[self.run.range(offset, len)]
    }

    pub(crate) fn bytes_mut<'b>(
        &self,
        buffer: &'b mut [u8],
        offset: usize,
        len: usize,
    ) -> &'b mut [u8] {
        &mut buffer[self.run.range(offset, len)]
    }

    /// The message as the application is given it.
    pub(crate) fn as_message<'b>(&self, buffer: &'b [u8]) -> Message<'b> {
        Message {
            from: self.peer,
            id: MessageId(self.number),
            kind: self.kind,
            purpose: self.purpose,
            payload: self.bytes(buffer, 0, self.len as usize),
        }
    }
}

/// How much is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) slots: u16,
    pub(crate) blocks: u16,
}

impl Taken {
    pub(crate) const NONE: Self = Self { slots: 0, blocks: 0 };

    /// Whether another message of so many bytes keeps within a limit.
    pub(crate) fn leaves_room_for(&self, len: usize, limit: Self) -> bool {
        let blocks = usize::from(self.blocks) + pool::blocks_for(len);
        self.slots < limit.slots && blocks <= limit.blocks.into()
    }
}

/// What of so many neither direction may exceed: all but the last quarter (at least one), so that
/// neither can starve the other.
fn share(total: usize) -> usize {
    total - (total / 4).max(1)
}

fn pool_blocks(cx: &Cx<'_>) -> usize {
    cx.buffer.len() / BLOCK_LEN
}

/// The longest message that there could be room for on its way out.
pub(crate) fn longest_out(cx: &Cx<'_>) -> usize {
    share(pool_blocks(cx)) * BLOCK_LEN
}

/// What a peer may hold of messages that have come in part: half of what all may, but room for a
/// message of two fragments where all may have that.
pub(crate) fn parts_limit(cx: &Cx<'_>) -> Taken {
    // At least one, and no more than u16s count.
    let slots = (share(cx.messages.len()) / 2).max(1) as u16;
    let all = share(pool_blocks(cx));
    let shortest = pool::blocks_for(2 * FRAGMENT_LEN);
    Taken { slots, blocks: (all / 2).max(all.min(shortest)) as u16 }
}

/// Fragments of the longest message that this node takes. One needs no room.
pub(crate) fn fragments_max(cx: &Cx<'_>) -> u8 {
    let longest = usize::from(parts_limit(cx).blocks) * BLOCK_LEN;
    (longest / FRAGMENT_LEN).clamp(1, FRAGMENTS_MAX.into()) as u8
}

/// How far messages to this node may be ahead of the first that is not ended.
pub(crate) fn message_window(cx: &Cx<'_>) -> u16 {
    // At most 1,024.
    (cx.message_windows.len() / cx.peers.len() * 32) as u16
}

/// A place for a message with so many bytes, if there is room for both.
pub(crate) fn take(direction: Direction, len: usize, cx: &mut Cx<'_>) -> Option<u16> {
    let blocks = pool_blocks(cx) as u16;
    let limit =
        Taken { slots: share(cx.messages.len()) as u16, blocks: share(blocks.into()) as u16 };
    let shared = &mut cx.state.messages;
    let taken = &mut shared.taken[direction as usize];
    if !taken.leaves_room_for(len, limit) || shared.free.is_empty() {
        return None;
    }
    let mut pool = Pool { next: &mut shared.next_block, used: cx.blocks, blocks };
    let run = pool.take(pool::blocks_for(len) as u16)?;
    let slot = shared.free.pop_front(cx.messages)?;
    taken.slots += 1;
    taken.blocks += run.blocks;
    let message = cx.message(slot);
    (message.direction, message.run, message.len) = (direction, run, len as u32);
    Some(slot)
}

/// Gives back the bytes of a message that ends, but not its place.
pub(crate) fn release_bytes(slot: u16, cx: &mut Cx<'_>) {
    let blocks = pool_blocks(cx) as u16;
    let message = cx.message(slot);
    let run = core::mem::replace(&mut message.run, Run::EMPTY);
    let direction = message.direction;
    let shared = &mut cx.state.messages;
    shared.taken[direction as usize].blocks -= run.blocks;
    Pool { next: &mut shared.next_block, used: cx.blocks, blocks }.give_back(run);
}

/// Gives back the place of a message that is in no list, and its bytes.
pub(crate) fn release(slot: u16, cx: &mut Cx<'_>) {
    release_bytes(slot, cx);
    let direction = cx.message(slot).direction;
    *cx.message(slot) = MessageSlot::EMPTY;
    let shared = &mut cx.state.messages;
    shared.taken[direction as usize].slots -= 1;
    shared.free.push_back(cx.messages, slot);
}

/// Blocks that a message holds.
pub(crate) fn blocks_of(slot: u16, cx: &mut Cx<'_>) -> u16 {
    cx.message(slot).run.blocks
}
