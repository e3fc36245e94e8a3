//! How peers find each other, and what everybody must hear.
//!
//! **Membership** follows HyParView (Leitão, Pereira and Rodrigues, 2007): a node keeps sessions with a few
//! neighbours, the active view, and knows records of more, the passive view; nobody needs to know
//! everybody.
//!
//! ```text
//!   newcomer              neighbour             its neighbours
//!   | PeerAnnouncement --> |                        |   its record, signed
//!   | Neighbour  --------> | PeerAnnouncement  -->  |   handed on at random from there, six times
//!   | <-- NeighbourAnswer  |                        |
//!   | Shuffle  ----------> |                        |   what it holds, every minute
//!   | <---------  PeerList |                        |   what it lacks
//!   | PeerRequest  ------> | PeerRequest  ------->  |   who has this tag? A walk of sixteen steps
//!   | <---------  PeerList | <----------  PeerList  |   the answer goes the same way back
//! ```
//!
//! **Rumours** go from neighbour to neighbour, once to each; what somebody missed, the next shuffle
//! brings.
//!
//! | file | holds |
//! |---|---|
//! | `record.rs`, `signed.rs` | a signed record; what is signed, and how |
//! | `table.rs` | the records that are known |
//! | `own.rs` | this node's own |
//! | `verify.rs` | records that come: their checks, and what follows from them |
//! | `members.rs` | neighbours |
//! | `candidates.rs` | whom to dial because of its record, and where |
//! | `owed.rs` | what neighbours are owed |
//! | `exchange.rs` | shuffles |
//! | `search.rs` | who has a tag |
//! | `rumour.rs` | what everybody must hear |
//! | `dials.rs`, `tokens.rs` | how often |
//!
//! What a neighbour is owed is kept with it, and a newer thing takes the place of an older one: all of
//! this is repaired by the next shuffle.
//!
//! A node that is not [discoverable](Presence::Discoverable) signs no record, and nothing is ever told of a
//! node but its record: so there is nothing to be told of it.

mod candidates;
mod dials;
mod exchange;
mod members;
mod owed;
mod own;
mod record;
mod rumour;
mod search;
mod signed;
mod table;
mod tokens;
mod verify;

pub use record::{TAGS, Tag};
pub(crate) use rumour::SEEN_PER_RUMOUR;
pub use rumour::{Broadcast, BroadcastError, MAX_BROADCAST, RumourSlot, Seen};
pub(crate) use signed::{Digest, Signature};
pub use table::RecordSlot;
#[cfg(feature = "inspect")]
pub(crate) use {
    record::signed_record, rumour::LEN_MAX as RUMOUR_LEN_MAX, rumour::each_broadcast,
    rumour::signed_broadcast,
};

pub(crate) use candidates::{dial_target, path_to, relay_of};
pub(crate) use members::{on_alive, on_dialled, on_gone, on_moved, on_parting, on_unreached};
pub(crate) use owed::{owes, take_owed};
pub(crate) use rumour::{accept as broadcast, take_unread};
pub use search::FindError;
pub(crate) use search::{begin as find, take_event};
pub(crate) use verify::{on_checked, take_work};

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::identity::PeerId;
use crate::job::{Outcome, Stale};
use crate::lifecycle::Turn;
use crate::peer::Peer;
use crate::time::{Duration, Instant};
use crate::timer::Timer;
use crate::wire::{CAN_GOSSIP, GossipMessage};
use dials::Dials;
use owed::{List, Owed, owe, owe_handle};
use own::Own;
use record::Record;
use search::{Passing, Search};
use table::{BOOTSTRAP_LIFETIME, Count, Heard, LIFETIME, Offered, Onward, Records};
use tokens::{Rate, Tokens};

/// Neighbours at most, those included that asked for it.
const NEIGHBOURS_MAX: usize = 7;
/// Walks of others that pass by, whose answers find their way back.
const PASSING: usize = 8;
/// Records that a neighbour may be owed at once, of third parties.
const ONWARD: usize = 2;
/// A peer that has handed on a record with a wrong signature is not listened to for so long.
const MUTED: Duration = Duration::from_secs(600);
/// What a peer may say of third parties: a newcomer many things at once.
const MESSAGES: Rate = Rate { at_once: 64, interval: Duration::from_millis(250) };
/// What it may ask that must be looked up.
const QUESTIONS: Rate = Rate { at_once: 32, interval: Duration::from_secs(1) };

/// Whether a node takes part in gossip, and is known by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub enum Presence {
    /// It takes no part.
    #[default]
    Off,
    /// It hears what others hear and can look for them, but only through peers that its application has
    /// asked for; nothing is told of it.
    Silent,
    /// Everybody may know of it, and where it is.
    Discoverable,
}

/// What its owner decides of a node's part in gossip.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Gossip {
    /// Whether it takes part.
    pub presence: Presence,
    /// Whether newcomers are sent to it: a node that anybody reaches. It forgets others after an hour.
    pub is_bootstrap: bool,
    /// What it is found by, if it is discoverable.
    pub tags: [Option<Tag>; TAGS],
}

impl Gossip {
    /// No part: what [`Config::new`](crate::Config::new) sets.
    pub const OFF: Self = Self { presence: Presence::Off, is_bootstrap: false, tags: [None; TAGS] };
    /// It listens, and nothing is told of it.
    pub const SILENT: Self = Self { presence: Presence::Silent, ..Self::OFF };
    /// Everybody may know of it.
    pub const DISCOVERABLE: Self = Self { presence: Presence::Discoverable, ..Self::OFF };

    /// The same, found by this tag too; of more than [`TAGS`] the last ones do not count.
    #[must_use]
    pub fn with_tag(mut self, tag: Tag) -> Self {
        if let Some(free) = self.tags.iter_mut().find(|place| place.is_none()) {
            *free = Some(tag);
        }
        self
    }
}

/// What a node knows of another by its record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    /// Who it is.
    pub id: PeerId,
    /// Which of its records this is.
    pub sequence: u32,
    /// How long ago that was signed, as far as those who had it can tell.
    pub age: Duration,
    /// Newcomers are sent there.
    pub is_bootstrap: bool,
    /// It relays.
    pub is_relay: bool,
    /// Its owner wants it to be found no more.
    pub is_ended: bool,
    /// It has answered this node.
    pub has_answered: bool,
    /// Where it says that it can be dialled.
    pub addresses: [Option<SocketAddr>; record::ADDRESSES],
    /// What it is found by.
    pub tags: [Option<Tag>; TAGS],
}

/// What a node keeps for gossip, but for records and rumours.
pub(crate) struct Shared {
    count: Count,
    own: Own,
    /// The active view.
    neighbours: heapless::Vec<Peer, NEIGHBOURS_MAX>,
    /// Who is being asked to be a neighbour.
    asking: Held<members::Asking>,
    /// Who is being dialled to be one, and until when.
    dialling: Held<(Peer, Instant)>,
    /// How often one may push its way in where there is no room.
    urgent: Tokens,
    dials: Dials,
    /// Records that may be checked.
    checks: Tokens,
    /// Shuffles beyond those that are due.
    eager: Tokens,
    /// Who may have more to tell, once what it has told is checked.
    again: Held<Peer>,
    search: Held<Search>,
    /// The search is over, and the application has not been told.
    search_ended: bool,
    /// Records that a search has found, and the application has not been told.
    found: u16,
    /// Broadcasts of this node.
    broadcasts: u32,
    /// Rumours that wait for a key operation.
    unsigned: u8,
    /// Rumours of strangers that may be checked, and of origins that are known.
    rumour_checks: [Tokens; 2],
    passing: [Held<Passing>; PASSING],
    next_passing: u8,
}

/// What it keeps of a peer.
pub(crate) struct Gossiping {
    /// Gossip dials it, or has.
    pub(crate) is_kept: bool,
    /// It has heard who this node is.
    is_introduced: bool,
    /// It was refused, and nobody else wants it here: its session is not renewed.
    pub(crate) is_parted: bool,
    refused_until: Instant,
    muted_until: Instant,
    messages: Tokens,
    questions: Tokens,
    /// Rumours that it has told, of strangers, and of origins that are known.
    told: [Tokens; 2],
    /// Records that it has told, and that were to be checked.
    checks: Tokens,
    /// Until then it may answer a shuffle of this node.
    answers_until: Instant,
    /// It is a neighbour that this node has dialled or asked, of its own choice.
    is_chosen: bool,
    /// It is one because it had no other, and there was no room.
    is_urgent: bool,
    owed: Owed,
}

impl Shared {
    pub(crate) const NEW: Self = Self {
        count: Count::NONE,
        own: Own::NONE,
        neighbours: heapless::Vec::new(),
        asking: Held::Nothing,
        dialling: Held::Nothing,
        urgent: Tokens::FULL,
        dials: Dials::NEW,
        checks: Tokens::FULL,
        eager: Tokens::FULL,
        again: Held::Nothing,
        search: Held::Nothing,
        search_ended: false,
        found: 0,
        broadcasts: 0,
        unsigned: 0,
        rumour_checks: [Tokens::FULL; 2],
        passing: [Held::Nothing; PASSING],
        next_passing: 0,
    };

    /// Changes whenever the node comes to know of somebody, or forgets one.
    pub(crate) fn version(&self) -> u64 {
        self.count.version
    }

    /// Records that are held.
    #[cfg(feature = "inspect")]
    pub(crate) fn records(&self) -> usize {
        self.count.held.into()
    }

    pub(crate) fn sequence(&self) -> u32 {
        self.own.sequence
    }

    /// Peers that this node is a neighbour of.
    pub(crate) fn neighbours(&self) -> &[Peer] {
        &self.neighbours
    }
}

impl Gossiping {
    pub(crate) const NONE: Self = Self {
        is_kept: false,
        is_introduced: false,
        is_parted: false,
        refused_until: Instant::ORIGIN,
        muted_until: Instant::ORIGIN,
        messages: Tokens::FULL,
        questions: Tokens::FULL,
        told: [Tokens::FULL; 2],
        checks: Tokens::FULL,
        answers_until: Instant::ORIGIN,
        is_chosen: false,
        is_urgent: false,
        owed: Owed::NOTHING,
    };
}

/// The records.
fn records<'c>(cx: &'c mut Cx<'_>) -> Records<'c> {
    let hasher = *cx.state.address_hasher();
    let count = &mut cx.state.gossip.count;
    Records { slots: cx.records, index: cx.record_index, hasher, count }
}

/// Empties the tables.
pub(crate) fn clear(cx: &mut Cx<'_>) {
    records(cx).clear();
    cx.rumours.fill_with(|| RumourSlot::EMPTY);
    cx.seen.fill(Seen::NOTHING);
}

/// Whether this node takes part.
pub(crate) fn is_on(cx: &Cx<'_>) -> bool {
    cx.state.config.gossip.presence > Presence::Off && !cx.records.is_empty()
}

/// What a node says of itself: whether it takes part.
pub(crate) fn capabilities(cx: &Cx<'_>) -> u32 {
    if is_on(cx) { CAN_GOSSIP } else { 0 }
}

/// The node is there, or its part in gossip is another one.
pub(crate) fn start(cx: &mut Cx<'_>) {
    if !is_on(cx) {
        for timer in [Timer::Membership, Timer::Shuffle, Timer::Walk] {
            cx.set_timer(Actor::Node, timer, None);
        }
        // The rumour that it is the end goes out to neighbours when it is signed: these are let go then.
        return own::end(cx);
    }
    match cx.state.config.gossip.presence {
        Presence::Discoverable => own::publish(cx),
        _ => own::end(cx),
    }
    members::start(cx);
    exchange::schedule(cx);
}

/// A peer with whom gossip has to do, as far as it may speak.
fn hears(from: u16, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let now = cx.now();
    let is_on = is_on(cx);
    let slot = cx.peer(from);
    if !is_on || slot.is_foreign || now < slot.gossip.muted_until {
        return Err(Dropped::GossipIgnored);
    }
    match slot.gossip.messages.take(MESSAGES, now) {
        true => Ok(()),
        false => Err(Dropped::GossipLimited),
    }
}

/// A message about third parties, of so many bytes.
pub(crate) fn on_message(
    from: u16,
    message: &GossipMessage<'_>,
    len: usize,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    hears(from, cx)?;
    cx.state.counters.count(Counter::GossipReceived);
    match message {
        GossipMessage::Neighbour { is_urgent } => {
            members::on_neighbour(from, *is_urgent, cx);
            Ok(None)
        }
        GossipMessage::NeighbourAnswer(answer) => Ok(members::on_answer(from, *answer, cx)),
        GossipMessage::Announcement(told) => {
            verify::on_told(from, told, members::after_announcement(told.hops), cx)
        }
        GossipMessage::Update(told) => {
            verify::on_told(from, told, members::after_update(told.hops), cx)
        }
        GossipMessage::Shuffle(shuffle) => {
            may_ask(from, len, cx)?;
            exchange::on_shuffle(from, shuffle, cx);
            Ok(None)
        }
        GossipMessage::PeerRequest(request) => {
            may_ask(from, len, cx)?;
            search::on_request(from, request, cx);
            Ok(None)
        }
        GossipMessage::PeerList(list) => verify::on_list(from, list, cx),
        GossipMessage::Rumour(rumour) => {
            rumour::on_rumour(from, rumour, cx)?;
            Ok(None)
        }
    }
}

/// Whether a peer may ask something that takes looking up.
fn may_ask(from: u16, len: usize, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let now = cx.now();
    let may = cx.peer(from).gossip.questions.take(QUESTIONS, now);
    may.then(|| cx.state.counters.add(Counter::QuestionBytes, len)).ok_or(Dropped::GossipLimited)
}

pub(crate) fn on_timer(timer: Timer, cx: &mut Cx<'_>) -> Option<Turn> {
    match timer {
        Timer::Membership => members::on_timer(cx),
        Timer::Shuffle => {
            exchange::on_timer(cx);
            None
        }
        Timer::Publish => {
            own::publish(cx);
            None
        }
        Timer::Walk => {
            search::on_timer(cx);
            None
        }
        _ => unreachable!("not a timer of gossip"),
    }
}

/// This node's own record has its signature.
pub(crate) fn on_signed(number: u64, outcome: &Outcome, cx: &mut Cx<'_>) -> Result<(), Stale> {
    own::on_signed(number, outcome, cx)
}

/// A broadcast has its signature, or that of another node has been checked.
pub(crate) fn on_rumour_done(
    slot: u16,
    number: u64,
    outcome: &Outcome,
    cx: &mut Cx<'_>,
) -> Result<(), Stale> {
    rumour::on_done(slot, number, outcome, cx)
}

/// What a node that restarts had known: its own sequence goes on.
pub(crate) fn restore_sequence(sequence: u32, cx: &mut Cx<'_>) {
    own::go_on(sequence, cx);
}

/// A record that this node had before it restarted, and had checked.
pub(crate) fn restore_record(age_s: u16, signed: &[u8], cx: &mut Cx<'_>) -> Option<()> {
    let told = Record::decode(signed).ok()?;
    PeerId::from_bytes(told.peer).ok()?;
    let heard = Heard {
        at: cx.now(),
        age_s,
        source: 0,
        from: Peer { slot: 0, generation: 0 },
        is_first_hand: false,
        onward: Onward::Stay,
        is_asked_for: true,
        may_wait: true,
    };
    // What finds no room was the least of it.
    if let Offered::Unproven(slot) = records(cx).offer(signed, &told, &heard) {
        records(cx).prove(slot);
    }
    Some(())
}

/// Forgets records that are older than their time, and what was not checked in time.
fn expire(cx: &mut Cx<'_>) {
    let (now, lifetime) = (cx.now(), lifetime(cx));
    for slot in 0..cx.records.len() as u16 {
        let place = &cx.records[usize::from(slot)];
        if place.is_held() && place.entry.age(now) >= lifetime {
            let (id, sequence) = (place.peer(), place.entry.sequence);
            rumour::note_forgotten(&id, sequence, cx);
            records(cx).remove(slot);
        }
    }
    records(cx).expire_unproven(now);
}

/// How long a record is kept.
fn lifetime(cx: &Cx<'_>) -> Duration {
    if cx.state.config.gossip.is_bootstrap { BOOTSTRAP_LIFETIME } else { LIFETIME }
}

/// The record in a slot, for those who ask what the node knows.
pub(crate) fn known(slots: &[RecordSlot], number: usize, now: Instant) -> Option<Known> {
    let slot = slots.get(number).filter(|slot| slot.is_held())?;
    let record = table::parsed(slots, number as u16).ok()?;
    let Record { sequence, flags, addresses, tags, .. } = record;
    let mut known = Known {
        id: slot.peer(),
        sequence,
        age: slot.entry.age(now),
        is_bootstrap: flags.is_bootstrap(),
        is_relay: flags.is_relay(),
        is_ended: flags.is_end(),
        has_answered: slot.entry.has_answered,
        addresses: [None; record::ADDRESSES],
        tags: [None; TAGS],
    };
    known.addresses.iter_mut().zip(addresses).for_each(|(place, it)| *place = Some(it));
    known.tags.iter_mut().zip(tags).for_each(|(place, it)| *place = Some(it));
    Some(known)
}

/// Whose record is in each slot, and whether it is the last.
#[cfg(feature = "inspect")]
pub(crate) fn owners(
    slots: &[RecordSlot],
) -> impl ExactSizeIterator<Item = Option<(PeerId, bool)>> + '_ {
    slots.iter().map(|slot| slot.is_held().then(|| (slot.peer(), slot.entry.is_end)))
}

/// The records as they are saved: their ages, and their bytes.
pub(crate) fn each_saved(
    slots: &[RecordSlot],
    now: Instant,
    mut save: impl FnMut(u16, &[u8]) -> Option<()>,
) -> Option<()> {
    for (number, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.is_held()) {
        let mut signed = [0; Record::LEN_MAX];
        let len = table::read(slots, number as u16, &mut signed);
        save(slot.entry.age_s(now), &signed[..len])?;
    }
    Some(())
}

/// Bytes of a record at most.
pub(crate) const RECORD_LEN_MAX: usize = Record::LEN_MAX;
