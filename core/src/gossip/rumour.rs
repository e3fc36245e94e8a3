//! What everybody must hear: an application's broadcast, and that a node is to be found no more.
//!
//! A rumour is known by the hash of its bytes, so that one that was heard before is recognised before
//! anything is checked ([`seen`]). Whom it goes on to is said in [`spread`] alone.

mod seen;
mod spread;

pub use seen::Seen;
pub(super) use seen::{is_forgotten, note_forgotten, recent};

use serde::{Deserialize, Serialize};

use super::record::{self, Record};
use super::signed::{Digest, SIGNATURE_LEN, Signature};
use super::table::{Heard, LIFETIME, Offered, Onward};
use super::tokens::Rate;
use super::{Presence, RECORD_LEN_MAX, records, verify};
use crate::counters::{Counter, Dropped};
use crate::crypto::hash;
use crate::cx::Cx;
use crate::identity::PeerId;
use crate::job::{Outcome, Stale, Waiting, Work};
use crate::peer::Peer;
use crate::time::{Duration, Instant};
use crate::wire::{GossipWriter, Rumour, RumourId, Rumoured, Shuffle};

/// The longest payload of a broadcast.
pub const MAX_BROADCAST: usize = 512;

/// Rumours that are known to have been heard, for each that is kept.
pub(crate) const SEEN_PER_RUMOUR: usize = 16;
/// A rumour is handed on so often at most: a network of 100,000 with five neighbours each is eleven wide.
const HOPS_MAX: u8 = 24;
/// Rumours whose signature may be checked, and that go on: of strangers, and of origins that are known by their
/// records, so that neither starves the other, nor records. More would be more than the next node takes of this one.
const CHECKS: Rate = Rate { at_once: 16, interval: Duration::from_secs(1) };
/// Of these what one peer may tell: whoever has many names can say much under each.
const TOLD: Rate = Rate { at_once: 12, interval: Duration::from_secs(2) };
/// A rumour that is so old when it comes was missed: whoever tells it in answer to a shuffle may have more.
const MISSED: Duration = Duration::from_secs(5);

const LABEL: &[u8] = b"underpass/1 broadcast";

/// Origin, sequence, number, kind, and the payload with its length before it; then the signature.
pub(crate) const LEN_MAX: usize = 32 + 5 + 5 + 3 + (2 + MAX_BROADCAST) + SIGNATURE_LEN;
/// What a message adds to it: type, variant, hops, age, and its length.
const AROUND: usize = 1 + 1 + 1 + 3 + 2;

const _: () = assert!(LEN_MAX >= RECORD_LEN_MAX);

/// A rumour that is kept for a while.
#[derive(Clone)]
pub struct RumourSlot {
    stage: Stage,
    what: Rumoured,
    id: RumourId,
    hops: u8,
    /// When it came, and how old it was then.
    at: Instant,
    age_s: u16,
    /// Who told it.
    from: Peer,
    ticket: Option<u64>,
    /// The application has not been told.
    is_unread: bool,
    /// Its origin was known by its record.
    is_known: bool,
    len: u16,
    bytes: [u8; LEN_MAX],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Free,
    /// Of this node, and not signed yet.
    Unsigned,
    Unproven,
    Held,
}

/// A message of an application to everybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Broadcast<'a> {
    /// Who sent it, and signed it.
    pub origin: PeerId,
    /// The handler that it is for.
    pub kind: u16,
    /// What it says.
    pub payload: &'a [u8],
}

/// What its origin signs, as it is written.
#[derive(Serialize, Deserialize)]
struct Body<'a> {
    origin: [u8; 32],
    /// That of its record then, which never goes back: no life of a node says what another has said.
    sequence: u32,
    /// One higher for each.
    number: u32,
    kind: u16,
    payload: &'a [u8],
}

/// Why nothing is told to everybody. The node is as before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum BroadcastError {
    /// The node is not discoverable: whoever speaks to everybody is known to everybody.
    NotDiscoverable,
    /// The payload is longer than [`MAX_BROADCAST`].
    TooLong,
    /// Others hand on no more than eight broadcasts a minute of one node.
    TooOften,
    /// The storage keeps no rumours, or all that it keeps wait for a key operation.
    Full,
}

impl RumourSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        stage: Stage::Free,
        what: Rumoured::Broadcast,
        id: [0; 8],
        hops: 0,
        at: Instant::ORIGIN,
        age_s: 0,
        from: Peer { slot: 0, generation: 0 },
        ticket: None,
        is_unread: false,
        is_known: false,
        len: 0,
        bytes: [0; LEN_MAX],
    };

    fn signed(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn age(&self, now: Instant) -> Duration {
        Duration::from_secs(self.age_s.into()) + now.saturating_since(self.at)
    }

    /// The key stands first in either kind.
    fn origin(&self) -> [u8; 32] {
        *self.bytes.first_chunk().expect("a slot is longer")
    }

    fn digest(&self, network: &[u8; 32]) -> Digest {
        match self.what {
            Rumoured::Broadcast => {
                let body = self.signed().len() - SIGNATURE_LEN;
                Digest::of(LABEL, network, &self.signed()[..body])
            }
            Rumoured::End => record::digest(network, self.signed()),
        }
    }

    /// What it says, if it is for the application.
    pub(crate) fn as_broadcast(&self) -> Option<Broadcast<'_>> {
        let body = read(self.signed())?;
        let (origin, kind) = (PeerId::claimed(body.origin), body.kind);
        Some(Broadcast { origin, kind, payload: body.payload })
    }
}

fn read(signed: &[u8]) -> Option<Body<'_>> {
    let body = &signed[..signed.len().checked_sub(SIGNATURE_LEN)?];
    match postcard::take_from_bytes::<Body<'_>>(body) {
        Ok((body, [])) if body.payload.len() <= MAX_BROADCAST => Some(body),
        _ => None,
    }
}

/// Where a rumour stands among those of its origin.
type Order = (u32, u32);

/// An end stands behind all that its owner has said before.
fn order(what: Rumoured, signed: &[u8]) -> Option<Order> {
    match what {
        Rumoured::Broadcast => read(signed).map(|body| (body.sequence, body.number)),
        Rumoured::End => Record::decode(signed).ok().map(|record| (record.sequence, u32::MAX)),
    }
}

fn id_of(signed: &[u8]) -> RumourId {
    *hash::hash(&[signed]).first_chunk().expect("a hash is longer")
}

/// Whether a rumour is well formed, and is what it is said to be.
fn is_sound(what: Rumoured, signed: &[u8]) -> bool {
    match what {
        Rumoured::Broadcast => read(signed).is_some(),
        Rumoured::End => Record::decode(signed).is_ok_and(|record| record.flags.is_end()),
    }
}

/// A broadcast with everything in it given.
#[cfg(feature = "inspect")]
pub(crate) fn signed_broadcast(
    network: &crate::Network,
    keys: &impl crate::Keys,
    broadcast: &Broadcast<'_>,
    (sequence, number): Order,
) -> heapless::Vec<u8, LEN_MAX> {
    let Broadcast { origin, kind, payload } = *broadcast;
    let body = Body { origin: *origin.as_bytes(), sequence, number, kind, payload };
    let mut bytes = [0; LEN_MAX];
    let len = postcard::to_slice(&body, &mut bytes).expect("LEN_MAX holds every body").len();
    let signature = keys.sign(&Digest::of(LABEL, &network.id, &bytes[..len]).message());
    bytes[len..len + SIGNATURE_LEN].copy_from_slice(&signature);
    bytes[..len + SIGNATURE_LEN].iter().copied().collect()
}

/// The signed bytes of the broadcasts that are held.
#[cfg(feature = "inspect")]
pub(crate) fn each_broadcast(slots: &[RumourSlot]) -> impl Iterator<Item = &[u8]> {
    let is_meant =
        |slot: &&RumourSlot| slot.stage == Stage::Held && slot.what == Rumoured::Broadcast;
    slots.iter().filter(is_meant).map(RumourSlot::signed)
}

/// Whether this node knows by its record who has said something.
fn is_known(origin: &[u8; 32], cx: &mut Cx<'_>) -> bool {
    let origin = PeerId::claimed(*origin);
    origin == cx.state.id || records(cx).find(&origin).is_some()
}

/// Takes up an application's broadcast.
pub(crate) fn accept(kind: u16, payload: &[u8], cx: &mut Cx<'_>) -> Result<(), BroadcastError> {
    if cx.state.config.gossip.presence != Presence::Discoverable {
        return Err(BroadcastError::NotDiscoverable);
    }
    if payload.len() > MAX_BROADCAST {
        return Err(BroadcastError::TooLong);
    }
    let origin = *cx.state.id.as_bytes();
    if !seen::may_say_more(&origin, cx) {
        return Err(BroadcastError::TooOften);
    }
    let place = make_room(cx).ok_or(BroadcastError::Full)?;
    let (sequence, number) = (cx.state.gossip.own.sequence, cx.state.gossip.broadcasts);
    cx.state.gossip.broadcasts += 1;
    let mut slot =
        RumourSlot { stage: Stage::Unsigned, at: cx.now(), is_known: true, ..RumourSlot::EMPTY };
    let body = Body { origin, sequence, number, kind, payload };
    let len = postcard::to_slice(&body, &mut slot.bytes).expect("LEN_MAX holds every body").len();
    slot.len = (len + SIGNATURE_LEN) as u16;
    put(place, slot, cx);
    Ok(())
}

/// Says to everybody that this node is to be found no more.
pub(super) fn tell_end(signed: &[u8], cx: &mut Cx<'_>) {
    let Some(place) = make_room(cx) else { return };
    let mut slot = RumourSlot {
        stage: Stage::Held,
        what: Rumoured::End,
        is_known: true,
        at: cx.now(),
        id: id_of(signed),
        len: signed.len() as u16,
        ..RumourSlot::EMPTY
    };
    slot.bytes[..signed.len()].copy_from_slice(signed);
    put(place, slot, cx);
    seen::note(place, cx);
    spread::on_first(place, None, cx);
}

fn put(place: usize, slot: RumourSlot, cx: &mut Cx<'_>) {
    if matches!(slot.stage, Stage::Unsigned | Stage::Unproven) {
        cx.state.gossip.unsigned += 1;
    }
    cx.rumours[place] = slot;
}

/// A free place, or that of the oldest rumour that waits for nothing.
fn make_room(cx: &mut Cx<'_>) -> Option<usize> {
    let now = cx.now();
    let place = cx.rumours.iter().position(|slot| slot.stage == Stage::Free).or_else(|| {
        let held = |(_, slot): &(usize, &RumourSlot)| slot.stage == Stage::Held;
        let oldest = cx.rumours.iter().enumerate().filter(held);
        // What the application has not read stays longer, but not for ever, and what strangers say goes first.
        let worth = |slot: &RumourSlot| (!slot.is_unread, !slot.is_known, slot.age(now));
        oldest.max_by_key(|(_, slot)| worth(slot)).map(|(place, _)| place)
    })?;
    for peer in cx.peers.iter_mut() {
        peer.gossip.owed.rumours &= !(1 << place);
    }
    if cx.rumours[place].is_unread {
        cx.state.counters.count(Counter::BroadcastsLost);
    }
    cx.rumours[place] = RumourSlot::EMPTY;
    Some(place)
}

/// A neighbour tells something that everybody must hear.
pub(super) fn on_rumour(from: u16, told: &Rumour<'_>, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let now = cx.now();
    if !is_sound(told.what, told.signed) {
        return Err(Dropped::UnknownMessage);
    }
    let id = id_of(told.signed);
    let known = cx.rumours.iter().position(|slot| slot.stage != Stage::Free && slot.id == id);
    if known.is_some() || seen::has(&id, cx) {
        cx.state.counters.count(Counter::RumoursRepeated);
        if let Some(place) = known {
            spread::on_repeated(place, from, told, cx);
        }
        return Ok(());
    }
    let origin = *told.signed.first_chunk().expect("it has a signature");
    if order(told.what, told.signed).is_none_or(|order| seen::is_old(&origin, order, cx)) {
        cx.state.counters.count(Counter::RumoursOutdated);
        return Ok(());
    }
    let is_over = Duration::from_secs(told.age_s.into()) >= LIFETIME || told.hops > HOPS_MAX;
    let is_known = is_known(&origin, cx);
    let kind = usize::from(is_known);
    // What is to be checked never takes all the places.
    let is_crowded = usize::from(cx.state.gossip.unsigned) >= cx.rumours.len().div_ceil(2);
    let may = !is_over
        && !is_crowded
        && seen::may_say_more(&origin, cx)
        && cx.state.gossip.rumour_checks[kind].has(CHECKS, now)
        && cx.peer(from).gossip.told[kind].take(TOLD, now);
    if !may {
        return Err(Dropped::GossipLimited);
    }
    cx.state.gossip.rumour_checks[kind].take(CHECKS, now);
    let place = make_room(cx).ok_or(Dropped::GossipLimited)?;
    let mut slot = RumourSlot {
        stage: Stage::Unproven,
        what: told.what,
        id,
        hops: told.hops,
        at: now,
        age_s: told.age_s,
        from: cx.handle(from),
        is_known,
        len: told.signed.len() as u16,
        ..RumourSlot::EMPTY
    };
    slot.bytes[..told.signed.len()].copy_from_slice(told.signed);
    put(place, slot, cx);
    Ok(())
}

/// The next signature that a rumour waits for.
pub(super) fn take_work(number: u64, cx: &mut Cx<'_>) -> Option<(Waiting, Work)> {
    if cx.state.gossip.unsigned == 0 {
        return None;
    }
    let network = cx.state.config.network.id;
    let waits = |slot: &RumourSlot| {
        matches!(slot.stage, Stage::Unsigned | Stage::Unproven) && slot.ticket.is_none()
    };
    let place = cx.rumours.iter().position(waits)?;
    let slot = &mut cx.rumours[place];
    slot.ticket = Some(number);
    let digest = slot.digest(&network);
    let work = match slot.stage {
        Stage::Unsigned => Work::Sign(digest),
        _ => Work::Verify {
            signer: slot.origin(),
            digest,
            signature: Signature::at_end_of(slot.signed()),
        },
    };
    Some((Waiting::Rumour(place as u16), work))
}

/// A rumour has its signature, or that was checked.
pub(super) fn on_done(
    place: u16,
    number: u64,
    outcome: &Outcome,
    cx: &mut Cx<'_>,
) -> Result<(), Stale> {
    let place = usize::from(place);
    let slot = cx.rumours.get_mut(place).ok_or(Stale)?;
    match (slot.stage, outcome) {
        (Stage::Unsigned, Outcome::Signature(signature)) if slot.ticket == Some(number) => {
            let len = usize::from(slot.len);
            slot.bytes[len - SIGNATURE_LEN..len].copy_from_slice(&signature.to_bytes());
            slot.id = id_of(slot.signed());
            cx.state.gossip.unsigned -= 1;
            if signature.is_missing() {
                *slot = RumourSlot::EMPTY;
                return Ok(());
            }
            hold(place, None, cx);
        }
        (Stage::Unproven, Outcome::Verdict(is_sound)) if slot.ticket == Some(number) => {
            let from = slot.from;
            cx.state.gossip.unsigned -= 1;
            if !is_sound {
                *slot = RumourSlot::EMPTY;
                verify::mute(from, cx);
                return Ok(());
            }
            slot.is_unread = slot.what == Rumoured::Broadcast;
            hold(place, Some(from), cx);
        }
        _ => return Err(Stale),
    }
    Ok(())
}

/// A rumour is what it seems: it is kept, and goes on.
fn hold(place: usize, from: Option<Peer>, cx: &mut Cx<'_>) {
    cx.state.counters.count(Counter::RumoursHeard);
    let slot = &mut cx.rumours[place];
    (slot.stage, slot.ticket) = (Stage::Held, None);
    let (what, was_missed) = (slot.what, Duration::from_secs(slot.age_s.into()) >= MISSED);
    seen::note(place, cx);
    if what == Rumoured::End {
        apply_end(place, cx);
    }
    spread::on_first(place, from, cx);
    if let Some(from) = from.filter(|_| was_missed) {
        verify::ask_again(from, cx);
    }
}

/// Whoever knew the node that is gone knows it as one that is.
fn apply_end(place: usize, cx: &mut Cx<'_>) {
    let slot = cx.rumours[place].clone();
    let owner = PeerId::claimed(slot.origin());
    let Ok(told) = Record::decode(slot.signed()) else { return };
    if owner == cx.state.id || records(cx).find(&owner).is_none() {
        return;
    }
    let heard = Heard {
        at: slot.at,
        age_s: slot.age_s,
        source: 0,
        from: slot.from,
        is_first_hand: false,
        onward: Onward::Stay,
        is_asked_for: true,
        may_wait: true,
    };
    if let Offered::Unproven(record) = records(cx).offer(slot.signed(), &told, &heard) {
        records(cx).prove(record);
    }
}

/// A neighbour says what it has heard: what it has missed it is told, the newest first and as much as an answer
/// has room for. Returns what room is left.
pub(super) fn on_recent(
    from: u16,
    shuffle: &Shuffle<'_>,
    mut room: usize,
    cx: &mut Cx<'_>,
) -> usize {
    let now = cx.now();
    let is_missed = |slot: &RumourSlot| {
        let is_young = slot.stage == Stage::Held && slot.age(now) < LIFETIME;
        is_young && !shuffle.rumours().any(|id| id == slot.id)
    };
    let owed = cx.peer(from).gossip.owed.rumours;
    let missed = (0..cx.rumours.len()).filter(|place| is_missed(&cx.rumours[*place]));
    let mut missed: heapless::Vec<usize, 64> =
        missed.filter(|place| owed & 1 << place == 0).collect();
    missed.sort_unstable_by_key(|place| cx.rumours[*place].age(now));
    for place in missed {
        if let Some(left) = room.checked_sub(AROUND + usize::from(cx.rumours[place].len)) {
            super::owe(from, |owed| owed.rumours |= 1 << place, cx);
            cx.state.counters.count(Counter::RumoursAnswered);
            room = left;
        }
    }
    room
}

/// Writes a rumour as it goes to a neighbour.
pub(super) fn write(place: usize, out: &mut [u8], cx: &mut Cx<'_>) -> Option<usize> {
    let now = cx.now();
    let slot = cx.rumours.get(place).filter(|slot| slot.stage == Stage::Held)?;
    let age_s = u16::try_from(slot.age(now).as_micros() / 1_000_000).unwrap_or(u16::MAX);
    let rumour = Rumour {
        what: slot.what,
        hops: (slot.hops + 1).min(HOPS_MAX),
        age_s,
        signed: slot.signed(),
    };
    let len = GossipWriter::rumour(&rumour, out);
    cx.state.counters.count(Counter::RumoursSent);
    Some(len)
}

/// The next broadcast that the application has not been told of.
pub(crate) fn take_unread(cx: &mut Cx<'_>) -> Option<usize> {
    let place = cx.rumours.iter().position(|slot| slot.is_unread && slot.stage == Stage::Held)?;
    cx.rumours[place].is_unread = false;
    Some(place)
}
