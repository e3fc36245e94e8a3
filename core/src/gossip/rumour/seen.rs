//! What was heard, and of whom: so that nobody hears a rumour twice, however late somebody tells it again.
//!
//! There is room for few. What makes room leaves behind how far its origin had come, if something else that
//! it has said is remembered: what it had said by then counts as heard. An origin that is known by its record
//! keeps its last place longest, and a record says itself which broadcasts are long past.

use super::{LIFETIME, Order, id_of, order};
use crate::cx::Cx;
use crate::gossip::records;
use crate::identity::PeerId;
use crate::time::{Duration, Instant};
use crate::wire::RumourId;

/// Rumours of one origin within [`SPAN`]; more are not handed on.
const PER_ORIGIN: usize = 8;
const SPAN: Duration = Duration::from_secs(60);
/// A broadcast is old once its origin has signed so many records since: in two hours, five that are due, and
/// some that say where it is now.
const RECORDS_SINCE: u32 = 8;
/// In place of a rumour: a record that was forgotten.
const RECORD: RumourId = [0xff; 8];

/// A rumour that was heard, and of whom.
#[derive(Clone, Copy)]
pub struct Seen {
    id: RumourId,
    origin: u64,
    at: Instant,
    order: Order,
    /// Whether all that the origin had said before counts as heard.
    is_floor: bool,
    /// Whether the origin was known by its record.
    is_known: bool,
}

impl Seen {
    /// What a storage is filled with.
    pub const NOTHING: Self = Self {
        id: [0; 8],
        origin: 0,
        at: Instant::ORIGIN,
        order: (0, 0),
        is_floor: false,
        is_known: false,
    };

    fn is_nothing(&self) -> bool {
        self.id == Self::NOTHING.id
    }
}

pub(super) fn has(id: &RumourId, cx: &Cx<'_>) -> bool {
    cx.seen.iter().any(|seen| seen.id == *id)
}

/// Whether a rumour of this origin that is not remembered must have been heard.
pub(super) fn is_old(origin: &[u8; 32], order: Order, cx: &mut Cx<'_>) -> bool {
    is_below(origin, order, cx) || {
        let slot = records(cx).find(&PeerId::claimed(*origin));
        let sequence = slot.map(|slot| cx.records[usize::from(slot)].entry.sequence);
        sequence.is_some_and(|sequence| order.0.saturating_add(RECORDS_SINCE) < sequence)
    }
}

fn is_below(origin: &[u8; 32], order: Order, cx: &Cx<'_>) -> bool {
    let origin = cx.short_hash(origin);
    cx.seen.iter().any(|seen| seen.is_floor && seen.origin == origin && order <= seen.order)
}

/// Whether one origin has not said too much lately.
pub(super) fn may_say_more(origin: &[u8; 32], cx: &Cx<'_>) -> bool {
    let origin = cx.short_hash(origin);
    let now = cx.now();
    let is_recent = |seen: &&Seen| seen.origin == origin && now.saturating_since(seen.at) < SPAN;
    cx.seen.iter().filter(is_recent).count() < PER_ORIGIN
}

/// Remembers the rumour in that place.
pub(super) fn note(place: usize, cx: &mut Cx<'_>) {
    let slot = &cx.rumours[place];
    let Some(order) = order(slot.what, slot.signed()) else { return };
    let (id, origin) = (id_of(slot.signed()), slot.origin());
    let is_known = slot.is_known;
    let (at, origin) = (cx.now(), cx.short_hash(&origin));
    add(Seen { id, origin, at, order, is_floor: false, is_known }, cx);
}

/// Remembers that a record was forgotten: nobody but its owner can say that it is new.
pub(in crate::gossip) fn note_forgotten(peer: &PeerId, sequence: u32, cx: &mut Cx<'_>) {
    let (at, origin) = (cx.now(), cx.short_hash(peer.as_bytes()));
    let order = (sequence, u32::MAX);
    add(Seen { id: RECORD, origin, at, order, is_floor: true, is_known: false }, cx);
}

/// Whether a record is one that was forgotten here.
pub(in crate::gossip) fn is_forgotten(peer: &[u8; 32], sequence: u32, cx: &Cx<'_>) -> bool {
    is_below(peer, (sequence, u32::MAX), cx)
}

/// Puts it before all others, which are in the order in which they were heard.
fn add(seen: Seen, cx: &mut Cx<'_>) {
    let free = cx.seen.iter().position(Seen::is_nothing);
    let Some(place) = free.or_else(|| make_room(cx)) else { return };
    cx.seen[..=place].rotate_right(1);
    cx.seen[0] = seen;
}

/// The place of what is missed least: whatever strangers have said, then that of which something later of the
/// same origin is remembered, then the last of an origin; of these the oldest.
fn make_room(cx: &mut Cx<'_>) -> Option<usize> {
    let worth = |place: &usize| {
        let seen = &cx.seen[*place];
        (seen.is_known, seen.is_known && next_of(*place, cx).is_none(), seen.at)
    };
    let place = (0..cx.seen.len()).min_by_key(worth)?;
    if let Some(next) = next_of(place, cx) {
        cx.seen[next].is_floor = true;
    }
    Some(place)
}

/// What the origin of this one has said next, of what is remembered.
fn next_of(place: usize, cx: &Cx<'_>) -> Option<usize> {
    let Seen { origin, order, .. } = cx.seen[place];
    let is_later = |other: &usize| {
        let other_seen = &cx.seen[*other];
        *other != place && other_seen.origin == origin && other_seen.order >= order
    };
    (0..cx.seen.len()).filter(is_later).min_by_key(|other| cx.seen[*other].order)
}

/// Numbers of what was heard last.
pub(in crate::gossip) fn recent<'c>(cx: &'c Cx<'_>) -> impl Iterator<Item = RumourId> + 'c {
    let now = cx.now();
    cx.seen
        .iter()
        .take_while(|seen| !seen.is_nothing())
        .filter(move |seen| seen.id != RECORD && now.saturating_since(seen.at) < LIFETIME)
        .map(|seen| seen.id)
}
