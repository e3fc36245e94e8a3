//! Messages longer than the protocol's: they travel as several, and are handed up as one.
//!
//! Every part is an acknowledged message of its own, with the number of the whole, drawn by its sender.
//! The receiver keeps what has come until all is there, hands it up once, and says so by a verdict; if it
//! has no room, that is the verdict. What misses a part for too long is forgotten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use underpass_core::{Duration, Instant, Peer, RequestNumber};

/// The longest message, in bytes.
pub const LONG_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a part: many fit into what a node keeps of messages at once.
pub(super) const PART_LEN: usize = 32 * 1024;
/// What is put together at once, of one peer and of all.
const PEER_BYTES_MAX: usize = 2 * LONG_MAX;
const ALL_BYTES_MAX: usize = 8 * LONG_MAX;
/// A message of which nothing has come for so long is forgotten: no part is tried for longer.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(150);

/// The head of a part; its bytes follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) whole: u64,
    pub(super) len: u32,
    pub(super) index: u16,
    pub(super) kind: u16,
    pub(super) purpose: LongPurpose,
}

/// What a message is for, where it or what it answers may be a long one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) enum LongPurpose {
    Notice,
    Request,
    /// To a request that one message held.
    Reply(RequestNumber),
    /// To a long request, by its number.
    ReplyToLong(u64),
}

/// What became of a long message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Verdict {
    pub(super) whole: u64,
    pub(super) is_delivered: bool,
}

/// A long message that is there.
pub(super) struct Whole {
    pub(super) number: u64,
    pub(super) kind: u16,
    pub(super) purpose: LongPurpose,
    pub(super) payload: Vec<u8>,
}

/// What a part has brought.
pub(super) enum Brought {
    /// Nothing so far.
    More,
    Whole(Whole),
    /// There is no room for it, or it is none: the sender is to be told.
    Refused(u64),
}

/// Long messages of which parts have come.
#[derive(Default)]
pub(super) struct Assembly {
    begun: BTreeMap<(Peer, u64), Begun>,
    bytes: usize,
    /// Those that had to make room: their senders are to be told.
    pushed_out: Vec<(Peer, u64)>,
}

struct Begun {
    kind: u16,
    purpose: LongPurpose,
    payload: Vec<u8>,
    /// By part.
    has: Vec<bool>,
    heard_at: Instant,
}

/// How many parts a message of this length has.
pub(super) fn parts(len: usize) -> usize {
    len.div_ceil(PART_LEN).max(1)
}

/// The bytes of a message that a part is.
pub(super) fn part(payload: &[u8], index: usize) -> &[u8] {
    payload.chunks(PART_LEN).nth(index).unwrap_or_default()
}

impl Head {
    /// A part as it is sent.
    pub(super) fn around(&self, bytes: &[u8]) -> Vec<u8> {
        let mut part = vec![0; HEAD_LEN_MAX];
        let len = postcard::to_slice(self, &mut part).expect("no head is longer").len();
        part.truncate(len);
        part.extend_from_slice(bytes);
        part
    }
}

/// Variable-length integers of postcard: 10 bytes for 64 bits, 5 for 32, 3 for 16.
const HEAD_LEN_MAX: usize = 10 + 5 + 3 + 3 + 1 + 10;

impl Assembly {
    /// A message of which nothing has come for so long makes room for another.
    pub(super) const STALLED_AFTER: Duration = Duration::from_secs(10);

    /// Takes a part; `None` if it is none.
    pub(super) fn take(&mut self, from: Peer, part: &[u8], now: Instant) -> Option<Brought> {
        let (head, bytes) = postcard::take_from_bytes::<Head>(part).ok()?;
        let key = (from, head.whole);
        let (len, index) = (head.len as usize, usize::from(head.index));
        if !self.begun.contains_key(&key) {
            let of_peer = self.begun.range((from, 0)..=(from, u64::MAX));
            let peer_bytes: usize = of_peer.map(|(_, begun)| begun.payload.len()).sum();
            let may = len <= LONG_MAX && peer_bytes + len <= PEER_BYTES_MAX;
            if !may || !self.make_room(len, now) {
                return Some(Brought::Refused(head.whole));
            }
            self.bytes += len;
            self.begun.insert(key, Begun::new(&head, now));
        }
        let begun = self.begun.get_mut(&key)?;
        if !begun.add(&head, index, bytes, now) {
            self.forget(&key);
            return Some(Brought::Refused(head.whole));
        }
        if begun.has.contains(&false) {
            return Some(Brought::More);
        }
        let Begun { kind, purpose, payload, .. } = self.forget(&key)?;
        Some(Brought::Whole(Whole { number: head.whole, kind, purpose, payload }))
    }

    /// Whether there is room for so many bytes, if need be in the place of what does not go on.
    fn make_room(&mut self, len: usize, now: Instant) -> bool {
        while self.bytes + len > ALL_BYTES_MAX {
            let stalled = self.begun.iter().min_by_key(|(_, begun)| begun.heard_at);
            let stalled = stalled
                .filter(|(_, begun)| now.saturating_since(begun.heard_at) > Self::STALLED_AFTER);
            let Some(key) = stalled.map(|(key, _)| *key) else { return false };
            self.forget(&key);
            self.pushed_out.push(key);
        }
        true
    }

    /// The next that had to make room.
    pub(super) fn take_pushed_out(&mut self) -> Option<(Peer, u64)> {
        self.pushed_out.pop()
    }

    /// Forgets what has waited too long for the rest.
    pub(super) fn expire(&mut self, now: Instant) {
        let is_late = |begun: &Begun| now.saturating_since(begun.heard_at) > FORGOTTEN_AFTER;
        let late: Vec<_> =
            self.begun.iter().filter(|(_, begun)| is_late(begun)).map(|(key, _)| *key).collect();
        for key in late {
            self.forget(&key);
        }
    }

    fn forget(&mut self, key: &(Peer, u64)) -> Option<Begun> {
        let begun = self.begun.remove(key)?;
        self.bytes -= begun.payload.len();
        Some(begun)
    }
}

impl Begun {
    fn new(head: &Head, now: Instant) -> Self {
        let len = head.len as usize;
        Self {
            kind: head.kind,
            purpose: head.purpose,
            // Zeros that nobody has written yet take up no memory.
            payload: vec![0; len],
            has: vec![false; parts(len)],
            heard_at: now,
        }
    }

    /// Whether the part belongs here.
    fn add(&mut self, head: &Head, index: usize, bytes: &[u8], now: Instant) -> bool {
        let is_same = (head.kind, head.purpose) == (self.kind, self.purpose)
            && head.len as usize == self.payload.len();
        let Some(has) = self.has.get_mut(index).filter(|_| is_same) else { return false };
        let place = self.payload.chunks_mut(PART_LEN).nth(index).unwrap_or_default();
        if place.len() != bytes.len() {
            return false;
        }
        place.copy_from_slice(bytes);
        // One that comes again is no progress.
        if !std::mem::replace(has, true) {
            self.heard_at = now;
        }
        true
    }
}

#[cfg(test)]
mod tests;
