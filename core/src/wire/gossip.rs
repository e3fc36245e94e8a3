//! What neighbours tell each other of third parties, each inside the session between the two.
//!
//! Lists are read where they lie: a message is checked as a whole before anybody looks at it.

use serde::{Deserialize, Serialize};

use super::{MAX_CONTENT, UnknownMessage};

/// A message of the membership protocol, or a rumour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GossipMessage<'a> {
    /// Whether the receiver wants to be a neighbour; one who has none asks urgently.
    Neighbour { is_urgent: bool },
    /// The answer; to part, one that nobody asked for.
    NeighbourAnswer(NeighbourAnswer),
    /// A newcomer's record, and how often it may be handed on.
    Announcement(Told<'a>),
    /// A record that is newer than the one before, and how far it may be spread.
    Update(Told<'a>),
    /// What the sender holds, so that the receiver sees what it lacks.
    Shuffle(Shuffle<'a>),
    /// Who has this tag? Handed on at random.
    PeerRequest(PeerRequest),
    /// Records: of a shuffle's receiver, or of a request's.
    PeerList(PeerList<'a>),
    /// Something that everybody must hear.
    Rumour(Rumour<'a>),
}

/// Whether somebody is a neighbour, and if not, whether the sender wants the session for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NeighbourAnswer {
    pub(crate) is_accepted: bool,
    pub(crate) lets_go: bool,
}

impl NeighbourAnswer {
    pub(crate) const ACCEPTED: Self = Self { is_accepted: true, lets_go: false };

    pub(crate) const fn refused(lets_go: bool) -> Self {
        Self { is_accepted: false, lets_go }
    }
}

/// What a rumour is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rumoured {
    /// An application's.
    #[default]
    Broadcast,
    /// The record by which a node says that it is to be found no more.
    End,
}

/// A rumour on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rumour<'a> {
    pub(crate) what: Rumoured,
    /// How often it was handed on.
    pub(crate) hops: u8,
    /// How long ago it was signed, in seconds.
    pub(crate) age_s: u16,
    pub(crate) signed: &'a [u8],
}

/// A record on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told<'a> {
    pub(crate) hops: u8,
    /// How long ago its owner signed it, in seconds.
    pub(crate) age_s: u16,
    pub(crate) signed: &'a [u8],
}

/// As what a record is told: as a newcomer's, or as one that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    Announcement,
    Update,
}

/// What the sender of a `Shuffle` holds: entries, then numbers of rumours, then padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shuffle<'a> {
    entries: &'a [u8],
    rumours: &'a [u8],
}

/// A record in few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The first bytes of the owner's key.
    pub(crate) peer: [u8; 8],
    pub(crate) sequence: u32,
    /// Of the signature, so that two of one sequence differ.
    pub(crate) check: [u8; 4],
}

/// A rumour in few bytes.
pub(crate) type RumourId = [u8; 8];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PeerRequest {
    /// A number drawn for it; the answers carry it.
    pub(crate) request: [u8; 8],
    /// How often it may be handed on.
    pub(crate) hops: u8,
    pub(crate) tag: [u8; 8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PeerList<'a> {
    /// That of the request; zeros after a shuffle.
    pub(crate) request: [u8; 8],
    items: &'a [u8],
}

/// Entries of a shuffle at most.
pub(crate) const ENTRIES: usize = 40;
/// Numbers of rumours in it at most.
pub(crate) const RUMOUR_IDS: usize = 8;
/// Records of a list at most.
pub(crate) const ITEMS: usize = 4;

/// A question is at least so long, and an answer at most three times as long.
pub(crate) const QUESTION_LEN: usize = 340;
pub(crate) const ANSWER_LEN_MAX: usize = 3 * QUESTION_LEN;

const _: () = assert!(ANSWER_LEN_MAX <= MAX_CONTENT);
const _: () = assert!(1 + 1 + ENTRIES * (8 + 5 + 4) + 1 + RUMOUR_IDS * 8 + 3 <= MAX_CONTENT);

mod kind {
    pub(super) const NEIGHBOUR: u8 = 24;
    pub(super) const NEIGHBOUR_ANSWER: u8 = 25;
    pub(super) const ANNOUNCEMENT: u8 = 26;
    pub(super) const UPDATE: u8 = 27;
    pub(super) const SHUFFLE: u8 = 28;
    pub(super) const PEER_REQUEST: u8 = 29;
    pub(super) const PEER_LIST: u8 = 30;
    pub(super) const RUMOUR: u8 = 31;
}

impl<'a> GossipMessage<'a> {
    /// `None` if it is of another type; an error if it is not well formed.
    pub(super) fn decode(kind: u8, body: &'a [u8]) -> Option<Result<Self, UnknownMessage>> {
        use super::control::decode_body as body_of;
        Some(match kind {
            kind::NEIGHBOUR => body_of(body).map(|is_urgent| Self::Neighbour { is_urgent }),
            kind::NEIGHBOUR_ANSWER => body_of(body).map(Self::NeighbourAnswer),
            kind::ANNOUNCEMENT => body_of(body).map(Self::Announcement),
            kind::UPDATE => body_of(body).map(Self::Update),
            kind::SHUFFLE => Shuffle::decode(body).map(Self::Shuffle),
            kind::PEER_REQUEST => body_of::<(PeerRequest, &[u8])>(body)
                .and_then(|(request, _)| is_question(body).then_some(request).ok_or(UnknownMessage))
                .map(Self::PeerRequest),
            kind::PEER_LIST => PeerList::decode(body).map(Self::PeerList),
            kind::RUMOUR => body_of(body).map(Self::Rumour),
            _ => return None,
        })
    }
}

/// Whether a question, of which this is the body, is so long that it may be answered.
fn is_question(body: &[u8]) -> bool {
    1 + body.len() >= QUESTION_LEN
}

impl<'a> Shuffle<'a> {
    fn decode(body: &'a [u8]) -> Result<Self, UnknownMessage> {
        let (entries, rest) = list::<Entry>(body, ENTRIES)?;
        let (rumours, rest) = list::<RumourId>(rest, RUMOUR_IDS)?;
        let _: &[u8] = super::control::decode_body(rest)?;
        is_question(body).then_some(Self { entries, rumours }).ok_or(UnknownMessage)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> + Clone + use<'a> {
        Items { rest: self.entries, item: core::marker::PhantomData }
    }

    pub(crate) fn rumours(&self) -> impl Iterator<Item = RumourId> + Clone + use<'a> {
        Items { rest: self.rumours, item: core::marker::PhantomData }
    }
}

impl<'a> PeerList<'a> {
    fn decode(body: &'a [u8]) -> Result<Self, UnknownMessage> {
        let (request, rest) = postcard::take_from_bytes(body).map_err(|_| UnknownMessage)?;
        match list::<(u16, &[u8])>(rest, ITEMS)? {
            (items, []) => Ok(Self { request, items }),
            _ => Err(UnknownMessage),
        }
    }

    /// Records with their ages in seconds.
    pub(crate) fn items(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        Items { rest: self.items, item: core::marker::PhantomData }
    }
}

/// The bytes of a sequence's items, all of them well formed, and what follows.
fn list<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    max: usize,
) -> Result<(&'a [u8], &'a [u8]), UnknownMessage> {
    let (count, start) = postcard::take_from_bytes::<u8>(bytes).map_err(|_| UnknownMessage)?;
    if usize::from(count) > max {
        return Err(UnknownMessage);
    }
    let mut rest = start;
    for _ in 0..count {
        (_, rest) = postcard::take_from_bytes::<T>(rest).map_err(|_| UnknownMessage)?;
    }
    Ok((&start[..start.len() - rest.len()], rest))
}

struct Items<'a, T> {
    rest: &'a [u8],
    item: core::marker::PhantomData<T>,
}

impl<T> Clone for Items<'_, T> {
    fn clone(&self) -> Self {
        Self { rest: self.rest, item: core::marker::PhantomData }
    }
}

impl<'a, T: Deserialize<'a>> Iterator for Items<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let (item, rest) = postcard::take_from_bytes(self.rest).ok()?;
        self.rest = rest;
        Some(item)
    }
}

/// Writes a message piece by piece into a packet's content.
pub(crate) struct GossipWriter<'o> {
    out: &'o mut [u8],
    len: usize,
    /// The length that it is not to exceed.
    room: usize,
}

impl<'o> GossipWriter<'o> {
    fn new(kind: u8, out: &'o mut [u8]) -> Self {
        let mut writer = Self { out, len: 0, room: MAX_CONTENT };
        writer.put(&kind);
        writer
    }

    fn put(&mut self, value: &impl Serialize) {
        let written = postcard::to_slice(value, &mut self.out[self.len..MAX_CONTENT]);
        self.len += written.expect("a content holds every message").len();
    }

    pub(crate) fn neighbour(is_urgent: bool, out: &'o mut [u8]) -> usize {
        let mut writer = Self::new(kind::NEIGHBOUR, out);
        writer.put(&is_urgent);
        writer.len
    }

    pub(crate) fn neighbour_answer(answer: NeighbourAnswer, out: &'o mut [u8]) -> usize {
        let mut writer = Self::new(kind::NEIGHBOUR_ANSWER, out);
        writer.put(&answer);
        writer.len
    }

    pub(crate) fn told(telling: Telling, told: &Told<'_>, out: &'o mut [u8]) -> usize {
        let kind = match telling {
            Telling::Announcement => kind::ANNOUNCEMENT,
            Telling::Update => kind::UPDATE,
        };
        let mut writer = Self::new(kind, out);
        writer.put(told);
        writer.len
    }

    pub(crate) fn request(request: &PeerRequest, out: &'o mut [u8]) -> usize {
        let mut writer = Self::new(kind::PEER_REQUEST, out);
        writer.put(request);
        writer.pad();
        writer.len
    }

    pub(crate) fn rumour(rumour: &Rumour<'_>, out: &'o mut [u8]) -> usize {
        let mut writer = Self::new(kind::RUMOUR, out);
        writer.put(rumour);
        writer.len
    }

    pub(crate) fn shuffle(entries: &[Entry], rumours: &[RumourId], out: &'o mut [u8]) -> usize {
        let mut writer = Self::new(kind::SHUFFLE, out);
        writer.put(&(entries.len() as u8));
        entries.iter().for_each(|entry| writer.put(entry));
        writer.put(&(rumours.len() as u8));
        rumours.iter().for_each(|id| writer.put(id));
        writer.pad();
        writer.len
    }

    /// A list without any record yet.
    pub(crate) fn list(request: [u8; 8], room: usize, out: &'o mut [u8]) -> Self {
        let mut writer = Self { room, ..Self::new(kind::PEER_LIST, out) };
        writer.put(&request);
        writer.put(&0_u8);
        writer
    }

    /// Adds a record to a list, and returns the length; `None` if there is no room.
    pub(crate) fn add(&mut self, age_s: u16, signed: &[u8]) -> Option<usize> {
        const COUNT: usize = 1 + 8;
        // The age takes three bytes at most, and so does the length.
        let fits = self.len + 3 + 3 + signed.len() <= self.room;
        (fits && usize::from(self.out[COUNT]) < ITEMS).then(|| {
            self.put(&(age_s, signed));
            self.out[COUNT] += 1;
            self.len
        })
    }

    /// Bytes to no purpose, so that the answer may be longer than the question would be.
    fn pad(&mut self) {
        const ZEROS: [u8; QUESTION_LEN] = [0; QUESTION_LEN];
        let missing = QUESTION_LEN.saturating_sub(self.len + 2);
        self.put(&&ZEROS[..missing]);
        // A length below 128 takes one byte less.
        if self.len < QUESTION_LEN {
            self.len -= 1 + missing;
            self.put(&&ZEROS[..missing + 1]);
        }
    }
}

#[cfg(test)]
mod tests;
