//! The records that a node holds: the passive view, in HyParView's words.
//!
//! A record is kept in one slot, a long one in two, as it was signed. One that has not been checked yet
//! waits in its place: the check costs a public-key operation, so that only a few wait at a time.

use core::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher13;

use super::record::{self, NoRecord, Record};
use crate::identity::PeerId;
use crate::peer::Peer;
use crate::punch::{Scope, scope};
use crate::table::list::Link;
use crate::table::peer_index::PeerIndex;
use crate::time::{Duration, Instant};

/// Bytes of a record in one slot: those of a node with one address or two relays, and a tag.
const CHUNK_LEN: usize = 176;
/// A record is forgotten when its owner has not renewed it for so long.
pub(crate) const LIFETIME: Duration = Duration::from_secs(2 * 3600);
/// A bootstrap node, whom everybody tells everything, forgets sooner.
pub(crate) const BOOTSTRAP_LIFETIME: Duration = Duration::from_secs(3600);
/// A record that has waited for its check for so long has been forgotten by whoever was to do it.
const CHECKED_IN: Duration = Duration::from_secs(120);
/// At most so many of what hearsay brings are in one /24 or /48.
const PER_PREFIX: usize = 2;
/// What one source has told may take this part of the table, and what waits for its check, too.
const SHARE: usize = 4;
/// Where there is no room, a source that has told this part of it makes room itself: or whoever tells most would
/// push out all that others have told.
const FAIR_SHARE: usize = 16;

const _: () = assert!(Record::LEN_MAX <= 2 * CHUNK_LEN);

/// One place for a record.
#[derive(Clone)]
pub struct RecordSlot {
    stage: Stage,
    /// Of the whole record.
    len: u16,
    /// Where the rest of a long one is.
    more: Link,
    bytes: [u8; CHUNK_LEN],
    pub(super) entry: Entry,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Free,
    /// The second half of another.
    More,
    /// Its signature has not been checked.
    Unproven,
    Held,
}

/// What a node knows of a record, and has seen of its owner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// When it came, and how old it was then.
    pub(super) at: Instant,
    pub(super) age_s: u16,
    /// Where it came from: a hash of the network that whoever told it is in.
    pub(super) source: u64,
    /// The peer itself, as long as it can be blamed for it.
    pub(super) from: Peer,
    /// The owner itself told it.
    pub(super) is_first_hand: bool,
    /// Of the record: what tells it from others without reading it.
    pub(super) sequence: u32,
    pub(super) check: [u8; 4],
    #[cfg(feature = "inspect")]
    pub(super) is_end: bool,
    /// A hash of the network that its first address is in; zero if it names none that says anything.
    prefix: u64,
    /// How it goes on once it is checked.
    pub(super) onward: Onward,
    /// The number of the ticket by which it is being checked.
    pub(super) ticket: Option<u64>,
    /// A search of this node has found it.
    pub(super) is_found: bool,
    /// And the application has not been told.
    pub(super) is_news: bool,
    /// Its owner has answered this node.
    pub(super) has_answered: bool,
    /// A hash of the address at which it did so last; zero if it was never a direct one.
    pub(super) answered: u64,
    /// Dials since then that came to nothing.
    pub(super) failures: u8,
    /// When it was last dialled.
    pub(super) tried_at: Option<Instant>,
    /// The last round trip to it, in milliseconds; zero if none was measured.
    pub(super) round_trip_ms: u16,
}

/// To whom a record that is news goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Onward {
    /// To nobody: others ask for it.
    Stay,
    /// To a neighbour, as a newcomer that may be handed on so often.
    Walk(u8),
    /// To all neighbours, as a newcomer that each may hand on so often.
    Join(u8),
    /// To all neighbours, as a change that may go so far.
    Spread(u8),
}

/// What a record was told with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) at: Instant,
    pub(super) age_s: u16,
    pub(super) source: u64,
    pub(super) from: Peer,
    pub(super) is_first_hand: bool,
    pub(super) onward: Onward,
    /// Somebody has asked for it, so that it may take the place of what nobody has.
    pub(super) is_asked_for: bool,
    /// Its signature may be checked.
    pub(super) may_wait: bool,
}

/// What becomes of a record that was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Offered {
    /// It is here already.
    Known(u16),
    /// There is one that counts more.
    Outdated(u16),
    /// It waits for its check.
    Unproven(u16),
    /// There is no room for it.
    Full,
}

impl RecordSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        stage: Stage::Free,
        len: 0,
        more: Link::NONE,
        bytes: [0; CHUNK_LEN],
        entry: Entry::NONE,
    };

    pub(super) fn is_free(&self) -> bool {
        self.stage == Stage::Free
    }

    pub(super) fn is_held(&self) -> bool {
        self.stage == Stage::Held
    }

    pub(super) fn is_unproven(&self) -> bool {
        self.stage == Stage::Unproven
    }

    /// Whose record this is, or is said to be; the key is at its beginning.
    pub(super) fn peer(&self) -> PeerId {
        PeerId::claimed(*self.bytes.first_chunk().expect("a slot is longer"))
    }
}

impl Entry {
    const NONE: Self = Self {
        at: Instant::ORIGIN,
        age_s: 0,
        source: 0,
        from: Peer { slot: 0, generation: 0 },
        is_first_hand: false,
        sequence: 0,
        check: [0; 4],
        #[cfg(feature = "inspect")]
        is_end: false,
        prefix: 0,
        onward: Onward::Stay,
        ticket: None,
        is_found: false,
        is_news: false,
        has_answered: false,
        answered: 0,
        failures: 0,
        tried_at: None,
        round_trip_ms: 0,
    };

    fn new(signed: &[u8], told: &Record, heard: &Heard, hasher: &SipHasher13) -> Self {
        let Heard { at, age_s, source, from, is_first_hand, onward, .. } = *heard;
        // Who says that it is older than any may be says nothing.
        let age_s = age_s.min(secs(LIFETIME));
        let check = record::check(signed);
        let prefix = prefix(told, hasher);
        let sequence = told.sequence;
        Self {
            at,
            age_s,
            source,
            from,
            is_first_hand,
            sequence,
            check,
            #[cfg(feature = "inspect")]
            is_end: told.flags.is_end(),
            prefix,
            onward,
            ..Self::NONE
        }
    }

    /// How long ago its owner signed it, as far as those who had it can tell.
    pub(super) fn age(&self, now: Instant) -> Duration {
        Duration::from_secs(self.age_s.into()) + now.saturating_since(self.at)
    }

    pub(super) fn age_s(&self, now: Instant) -> u16 {
        secs(self.age(now))
    }

    /// Nobody but others knows of it, and nobody wants it.
    fn is_hearsay(&self) -> bool {
        !(self.is_first_hand || self.has_answered || self.is_found)
    }
}

fn secs(span: Duration) -> u16 {
    u16::try_from(span.as_micros() / 1_000_000).unwrap_or(u16::MAX)
}

/// What is counted of the table.
pub(super) struct Count {
    pub(super) unproven: u16,
    pub(super) held: u16,
    /// Changes whenever somebody comes to be known, or is no longer.
    pub(super) version: u64,
}

impl Count {
    pub(super) const NONE: Self = Self { unproven: 0, held: 0, version: 0 };
}

/// A view of the table.
pub(super) struct Records<'a> {
    pub(super) slots: &'a mut [RecordSlot],
    pub(super) index: &'a mut [u16],
    pub(super) hasher: SipHasher13,
    pub(super) count: &'a mut Count,
}

impl Records<'_> {
    pub(super) fn clear(&mut self) {
        self.slots.fill_with(|| RecordSlot::EMPTY);
        (self.count.unproven, self.count.held) = (0, 0);
        PeerIndex { hasher: &self.hasher, cells: self.index }.clear();
    }

    /// The record of a peer that was checked.
    pub(super) fn find(&mut self, id: &PeerId) -> Option<u16> {
        find(self.slots, self.index, &self.hasher, id)
    }

    /// Copies the signed bytes of a record, and returns how many they are.
    pub(super) fn read(&self, slot: u16, out: &mut [u8]) -> usize {
        read(self.slots, slot, out)
    }

    /// Reads a record of the table.
    pub(super) fn record(&self, slot: u16) -> Result<Record, NoRecord> {
        parsed(self.slots, slot)
    }

    /// Takes a record that was told, to be checked; nothing of it is known to be true.
    pub(super) fn offer(&mut self, signed: &[u8], told: &Record, heard: &Heard) -> Offered {
        let id = PeerId::claimed(told.peer);
        if let Some(known) = self.find(&id) {
            let mut own = [0; Record::LEN_MAX];
            let len = self.read(known, &mut own);
            if own[..len] == *signed {
                self.freshen(known, heard);
                return Offered::Known(known);
            }
            if !counts_more(signed, told, &own[..len]) {
                return Offered::Outdated(known);
            }
            let entry = &self.slots[usize::from(known)].entry;
            let stays = !entry.is_hearsay() || entry.prefix == prefix(told, &self.hasher);
            if !stays && !self.is_admitted(told, heard) {
                return Offered::Full;
            }
        } else if !self.is_admitted(told, heard) {
            return Offered::Full;
        }
        if let Some(waiting) = self.waiting(signed) {
            return Offered::Unproven(waiting);
        }
        let limit = (self.slots.len() / SHARE).max(1);
        if usize::from(self.count.unproven) >= limit || !heard.may_wait {
            return Offered::Full;
        }
        match self.put(signed, told, heard) {
            Some(slot) => Offered::Unproven(slot),
            None => Offered::Full,
        }
    }

    /// The same bytes were told again: they are as young as the youngest word of them has it.
    fn freshen(&mut self, slot: u16, heard: &Heard) {
        let entry = &mut self.slots[usize::from(slot)].entry;
        entry.is_first_hand |= heard.is_first_hand;
        if heard.is_first_hand && Duration::from_secs(heard.age_s.into()) < entry.age(heard.at) {
            (entry.at, entry.age_s) = (heard.at, heard.age_s);
        }
    }

    /// The same bytes, if they wait for their check.
    fn waiting(&self, signed: &[u8]) -> Option<u16> {
        if self.count.unproven == 0 {
            return None;
        }
        let mut own = [0; Record::LEN_MAX];
        slots(self.slots).find(|slot| {
            self.slots[usize::from(*slot)].is_unproven()
                && self.slots[usize::from(*slot)].bytes[..32] == signed[..32]
                && {
                    let len = self.read(*slot, &mut own);
                    own[..len] == *signed
                }
        })
    }

    /// Whether a peer not known so far may take a place: of one source and of one network there are only so
    /// many, unless they have shown themselves.
    fn is_admitted(&self, told: &Record, heard: &Heard) -> bool {
        if heard.is_first_hand || heard.is_asked_for {
            return true;
        }
        let prefix = prefix(told, &self.hasher);
        let is_beside = |slot: &&RecordSlot| {
            let is_record = slot.is_held() || slot.is_unproven();
            is_record && slot.entry.is_hearsay() && slot.entry.prefix == prefix
        };
        prefix == 0 || self.slots.iter().filter(is_beside).take(PER_PREFIX).count() < PER_PREFIX
    }

    /// Finds places for the bytes, if need be those of what nobody would miss.
    fn put(&mut self, signed: &[u8], told: &Record, heard: &Heard) -> Option<u16> {
        let chunks = signed.len().div_ceil(CHUNK_LEN);
        let share = (self.slots.len() / SHARE).max(1);
        let of_source = |slot: &RecordSlot| {
            slot.is_held() && slot.entry.is_hearsay() && slot.entry.source == heard.source
        };
        let from_there = self.slots.iter().filter(|slot| of_source(slot)).count();
        if from_there >= share && !heard.is_first_hand && !heard.is_asked_for {
            let oldest = self.least_wanted(heard.at, of_source)?;
            self.remove(oldest);
        }
        let may_go = |slot: &RecordSlot| {
            slot.is_held()
                && (slot.entry.is_hearsay() || heard.is_first_hand && !slot.entry.is_found)
        };
        let is_theirs = |slot: &RecordSlot| may_go(slot) && slot.entry.source == heard.source;
        let fair_share = (self.slots.len() / FAIR_SHARE).max(PER_PREFIX);
        while self.slots.iter().filter(|slot| slot.stage == Stage::Free).take(chunks).count()
            < chunks
        {
            let has_its_share =
                self.slots.iter().filter(|slot| is_theirs(slot)).count() >= fair_share;
            let other = match has_its_share {
                true => self.least_wanted(heard.at, is_theirs),
                false => self.least_wanted(heard.at, may_go),
            };
            self.remove(other?);
        }
        let entry = Entry::new(signed, told, heard, &self.hasher);
        let mut slot = None;
        for (number, chunk) in signed.chunks(CHUNK_LEN).enumerate().rev() {
            let free = self.slots.iter().position(|slot| slot.stage == Stage::Free)?;
            let place = &mut self.slots[free];
            place.stage = if number == 0 { Stage::Unproven } else { Stage::More };
            place.more = slot.map_or(Link::NONE, Link::to);
            place.len = signed.len() as u16;
            place.bytes[..chunk.len()].copy_from_slice(chunk);
            place.entry = entry;
            slot = Some(free as u16);
        }
        self.count.unproven += 1;
        slot
    }

    /// Of some records the one to lose first: not reached when it was dialled, unheard of for longest.
    fn least_wanted(
        &self,
        now: Instant,
        mut is_meant: impl FnMut(&RecordSlot) -> bool,
    ) -> Option<u16> {
        slots(self.slots).filter(|slot| is_meant(&self.slots[usize::from(*slot)])).max_by_key(
            |slot| {
                let entry = &self.slots[usize::from(*slot)].entry;
                let is_stale = entry.failures > 0 && !entry.has_answered;
                let is_strange = !(entry.has_answered || entry.is_first_hand);
                (is_strange, is_stale, entry.age(now))
            },
        )
    }

    /// A record's signature is its owner's: it takes the place of the one before, unless a newer one has
    /// come meanwhile. Returns whether it counts, and nobody was known of that name before.
    pub(super) fn prove(&mut self, slot: u16) -> Option<bool> {
        let mut signed = [0; Record::LEN_MAX];
        let len = self.read(slot, &mut signed);
        let told = Record::decode(&signed[..len]).ok();
        let id = self.slots[usize::from(slot)].peer();
        self.count.unproven -= 1;
        let known = self.find(&id);
        if let Some(known) = known {
            let mut own = [0; Record::LEN_MAX];
            let own_len = self.read(known, &mut own);
            if !told.is_some_and(|told| counts_more(&signed[..len], &told, &own[..own_len])) {
                self.free(slot);
                return None;
            }
            let before = self.slots[usize::from(known)].entry;
            let entry = &mut self.slots[usize::from(slot)].entry;
            (entry.has_answered, entry.answered) = (before.has_answered, before.answered);
            entry.is_first_hand |= before.is_first_hand;
            (entry.tried_at, entry.round_trip_ms) = (before.tried_at, before.round_trip_ms);
            entry.is_found = before.is_found;
            self.remove(known);
        }
        let place = &mut self.slots[usize::from(slot)];
        (place.stage, place.entry.ticket) = (Stage::Held, None);
        PeerIndex { hasher: &self.hasher, cells: self.index }.insert(&id, slot);
        self.count.held += 1;
        self.count.version += 1;
        Some(known.is_none())
    }

    /// A record that waited for its check is not what it seemed.
    pub(super) fn refuse(&mut self, slot: u16) {
        self.count.unproven -= 1;
        self.free(slot);
    }

    /// Forgets a record that was checked.
    pub(super) fn remove(&mut self, slot: u16) {
        let id = self.slots[usize::from(slot)].peer();
        let slots = &*self.slots;
        let mut index = PeerIndex { hasher: &self.hasher, cells: self.index };
        index.remove(&id, |slot| slots[usize::from(slot)].peer());
        self.count.held -= 1;
        self.count.version += 1;
        self.free(slot);
    }

    fn free(&mut self, slot: u16) {
        let place = core::mem::replace(&mut self.slots[usize::from(slot)], RecordSlot::EMPTY);
        if let Some(more) = place.more.slot() {
            self.slots[usize::from(more)] = RecordSlot::EMPTY;
        }
    }

    /// Forgets what was not checked in time.
    pub(super) fn expire_unproven(&mut self, now: Instant) {
        for slot in slots(self.slots) {
            let place = &self.slots[usize::from(slot)];
            if place.is_unproven() && now.saturating_since(place.entry.at) >= CHECKED_IN {
                self.refuse(slot);
            }
        }
    }
}

/// Whether a record counts more than another of the same owner: so everywhere, in whatever order they come.
fn counts_more(signed: &[u8], told: &Record, own: &[u8]) -> bool {
    let Ok(known) = Record::decode(own) else { return true };
    match told.sequence.cmp(&known.sequence) {
        core::cmp::Ordering::Equal => record::rank(signed) > record::rank(own),
        order => order.is_gt(),
    }
}

pub(super) fn find(
    slots: &[RecordSlot],
    index: &mut [u16],
    hasher: &SipHasher13,
    id: &PeerId,
) -> Option<u16> {
    let index = PeerIndex { hasher, cells: index };
    index.find(id, |slot| slots[usize::from(slot)].peer())
}

pub(super) fn read(slots: &[RecordSlot], slot: u16, out: &mut [u8]) -> usize {
    let first = &slots[usize::from(slot)];
    let len = usize::from(first.len);
    let (front, back) = out[..len].split_at_mut(len.min(CHUNK_LEN));
    front.copy_from_slice(&first.bytes[..front.len()]);
    if let Some(more) = first.more.slot() {
        back.copy_from_slice(&slots[usize::from(more)].bytes[..back.len()]);
    }
    len
}

/// The record in a slot.
pub(super) fn parsed(slots: &[RecordSlot], slot: u16) -> Result<Record, NoRecord> {
    let mut signed = [0; Record::LEN_MAX];
    let len = read(slots, slot, &mut signed);
    Record::decode(&signed[..len])
}

/// The network that the first address of a record is in, as far as one owner's goes: /24 or /48. Private
/// ones say nothing of who owns them.
fn prefix(told: &Record, hasher: &SipHasher13) -> u64 {
    let is_telling = |address: &&SocketAddr| scope(address.ip()) == Some(Scope::Global);
    let Some(address) = told.addresses.first().filter(is_telling) else { return 0 };
    match address.ip() {
        IpAddr::V4(ip) => hasher.hash(&ip.octets()[..3]) | 1,
        IpAddr::V6(ip) => hasher.hash(&ip.octets()[..6]) | 1,
    }
}

fn slots(slots: &[RecordSlot]) -> core::ops::Range<u16> {
    0..slots.len() as u16
}

#[cfg(test)]
mod tests;
