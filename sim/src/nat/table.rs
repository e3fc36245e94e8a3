//! What a NAT remembers: mappings, and the entries that keep them alive.

use underpass_core::{Duration, Instant};

use super::endpoint::{Endpoint, Party, hash_of_endpoint, hash_of_number};
use super::index::Index;
use super::slots::Slots;

/// Mappings and their entries. A mapping has one entry at least.
#[derive(Debug, Default)]
pub(super) struct Table {
    mappings: Slots<Mapping>,
    entries: Slots<Entry>,
    /// Mappings of inside hosts, by their endpoint and `toward`.
    by_inside: Index,
    /// All mappings, by their external endpoint and `taken_to`.
    by_outside: Index,
    /// By mapping and remote party.
    by_party: Index,
    /// Entries in the order in which they were refreshed, by `Life`.
    ages: [Age; LIVES],
}

/// A mapping's place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct MappingId(u32);

/// An entry's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EntryId(u32);

/// An external endpoint that is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    pub(super) owner: Owner,
    /// Where it is external.
    pub(super) outside: Endpoint,
    /// The remote parties to whom the external endpoint is taken.
    pub(super) taken_to: Party,
    entries: u32,
}

/// For whom it is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// An inside host, for what it sends to `toward`.
    Inside { endpoint: Endpoint, toward: Party },
    /// The NAT itself, which something came to.
    Nat,
}

/// What lets a remote party in.
#[derive(Clone, Copy, Debug)]
struct Entry {
    mapping: MappingId,
    party: Party,
    made: Instant,
    refreshed: Instant,
    has_reply: bool,
    life: Life,
    older: u32,
    newer: u32,
}

/// After which timeout an entry ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Unreplied,
    Stream,
}

/// How many there are.
const LIVES: usize = 2;

/// How long entries live after the last packet that refreshed them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) unreplied: Duration,
    pub(super) stream: Duration,
}

/// The ends of a list of entries, the one that was refreshed longest ago first. All have the same
/// timeout, so they end in that order.
#[derive(Clone, Copy, Debug)]
struct Age {
    oldest: u32,
    newest: u32,
}

/// The end of a list.
const NOBODY: u32 = u32::MAX;

impl Timeouts {
    fn of(self, life: Life) -> Duration {
        match life {
            Life::Unreplied => self.unreplied,
            Life::Stream => self.stream,
        }
    }
}

impl Default for Age {
    fn default() -> Self {
        Self { oldest: NOBODY, newest: NOBODY }
    }
}

impl Table {
    /// Entries, of which some may have ended since `end_one` was last asked.
    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The mapping of an inside endpoint for what it sends to that party.
    pub(super) fn mapping_inside(&self, endpoint: Endpoint, toward: Party) -> Option<MappingId> {
        let owner = Owner::Inside { endpoint, toward };
        let is_meant = |slot| self.mappings[slot].owner == owner;
        self.by_inside.find(hash_of_endpoint(endpoint, toward), is_meant).map(MappingId)
    }

    /// The mapping that has taken an external endpoint to that party.
    pub(super) fn mapping_outside(&self, outside: Endpoint, taken_to: Party) -> Option<MappingId> {
        let is_meant = |slot| {
            let mapping: &Mapping = &self.mappings[slot];
            mapping.outside == outside && mapping.taken_to == taken_to
        };
        self.by_outside.find(hash_of_endpoint(outside, taken_to), is_meant).map(MappingId)
    }

    /// A mapping that is there.
    pub(super) fn mapping(&self, id: MappingId) -> &Mapping {
        &self.mappings[id.0]
    }

    /// The entry of a mapping that lets that party in.
    pub(super) fn entry(&self, mapping: MappingId, party: Party) -> Option<EntryId> {
        let is_meant = |slot| {
            let entry: &Entry = &self.entries[slot];
            entry.mapping == mapping && entry.party == party
        };
        self.by_party.find(hash_of_number(mapping.0, party), is_meant).map(EntryId)
    }

    /// Makes a mapping that is not there, with its first entry.
    pub(super) fn add_mapping(
        &mut self,
        owner: Owner,
        outside: Endpoint,
        taken_to: Party,
        party: Party,
        now: Instant,
    ) {
        let id = MappingId(self.mappings.add(Mapping { owner, outside, taken_to, entries: 0 }));
        if let Owner::Inside { endpoint, toward } = owner {
            self.by_inside.insert(hash_of_endpoint(endpoint, toward), id.0);
        }
        self.by_outside.insert(hash_of_endpoint(outside, taken_to), id.0);
        self.add_entry(id, party, now);
    }

    /// Makes an entry that is not there.
    pub(super) fn add_entry(&mut self, mapping: MappingId, party: Party, now: Instant) {
        let slot = self.entries.add(Entry {
            mapping,
            party,
            made: now,
            refreshed: now,
            has_reply: false,
            life: Life::Unreplied,
            older: NOBODY,
            newer: NOBODY,
        });
        self.mappings[mapping.0].entries += 1;
        self.by_party.insert(hash_of_number(mapping.0, party), slot);
        self.join(slot);
    }

    /// Notes that something has come in through an entry.
    pub(super) fn note_reply(&mut self, id: EntryId) {
        self.entries[id.0].has_reply = true;
    }

    /// Lets an entry live on from now. It is a stream if something has come in and it is older than
    /// that.
    pub(super) fn refresh(&mut self, id: EntryId, stream_after: Duration, now: Instant) {
        self.leave(id.0);
        let entry = &mut self.entries[id.0];
        if entry.has_reply && now.saturating_since(entry.made) > stream_after {
            entry.life = Life::Stream;
        }
        entry.refreshed = now;
        self.join(id.0);
    }

    /// Ends one of the entries that have had their time. Says what mapping ended with it, if any;
    /// `None` if there is no such entry left.
    pub(super) fn end_one(&mut self, timeouts: Timeouts, now: Instant) -> Option<Option<Mapping>> {
        let oldest = self.ages.map(|age| age.oldest);
        let slot = oldest.into_iter().find(|&slot| self.has_ended(slot, timeouts, now))?;
        self.leave(slot);
        let Entry { mapping: id, party, .. } = self.entries.take(slot);
        self.by_party.remove(hash_of_number(id.0, party), slot);
        let mapping = &mut self.mappings[id.0];
        mapping.entries -= 1;
        Some((mapping.entries == 0).then(|| self.remove_mapping(id)))
    }

    /// Mappings of inside hosts of which an entry has not ended by then.
    pub(super) fn live_mappings(&self, timeouts: Timeouts, now: Instant) -> usize {
        let mut ended: Vec<MappingId> = Vec::new();
        for age in self.ages {
            let mut slot = age.oldest;
            while self.has_ended(slot, timeouts, now) {
                ended.push(self.entries[slot].mapping);
                slot = self.entries[slot].newer;
            }
        }
        ended.sort_unstable();
        let dead = ended.chunk_by(|a, b| a == b).filter(|run| {
            let mapping = self.mapping(run[0]);
            mapping.owner != Owner::Nat && mapping.entries as usize == run.len()
        });
        self.by_inside.len() - dead.count()
    }

    /// Bytes it takes, unused ones included.
    pub(super) fn bytes(&self) -> usize {
        let indexes = [&self.by_inside, &self.by_outside, &self.by_party];
        let indexes: usize = indexes.into_iter().map(Index::bytes).sum();
        self.mappings.bytes() + self.entries.bytes() + indexes
    }

    fn has_ended(&self, slot: u32, timeouts: Timeouts, now: Instant) -> bool {
        slot != NOBODY && {
            let entry = &self.entries[slot];
            entry.refreshed + timeouts.of(entry.life) <= now
        }
    }

    fn remove_mapping(&mut self, id: MappingId) -> Mapping {
        let mapping = self.mappings.take(id.0);
        if let Owner::Inside { endpoint, toward } = mapping.owner {
            self.by_inside.remove(hash_of_endpoint(endpoint, toward), id.0);
        }
        self.by_outside.remove(hash_of_endpoint(mapping.outside, mapping.taken_to), id.0);
        mapping
    }

    /// Puts an entry at the end of its list.
    fn join(&mut self, slot: u32) {
        let life = self.entries[slot].life as usize;
        let before = std::mem::replace(&mut self.ages[life].newest, slot);
        (self.entries[slot].older, self.entries[slot].newer) = (before, NOBODY);
        match before {
            NOBODY => self.ages[life].oldest = slot,
            before => self.entries[before].newer = slot,
        }
    }

    /// Takes an entry out of its list.
    fn leave(&mut self, slot: u32) {
        let Entry { life, older, newer, .. } = self.entries[slot];
        match older {
            NOBODY => self.ages[life as usize].oldest = newer,
            older => self.entries[older].newer = newer,
        }
        match newer {
            NOBODY => self.ages[life as usize].newest = older,
            newer => self.entries[newer].older = older,
        }
    }
}
