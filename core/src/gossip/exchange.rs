//! Shuffles: neighbours compare what they hold, so that records travel, and that two parts of a network
//! which had lost each other become one again.

use super::record;
use super::tokens::Rate;
use super::{List, Presence, members, owe, records, rumour};
use crate::counters::Counter;
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::time::Duration;
use crate::timer::Timer;
use crate::wire::{ANSWER_LEN_MAX, ENTRIES, Entry, GossipWriter, ITEMS, RUMOUR_IDS, Shuffle};

/// From one to the next (HyParView, as it is configured in the field).
const INTERVAL: Duration = Duration::from_secs(60);
/// Of so many, one is with a peer that is no neighbour, if there is one.
const BEYOND: u32 = 4;
/// Others, as long as they bring something: those of a newcomer, or of one that was gone for long.
const EAGER: Rate = Rate { at_once: 24, interval: Duration::from_secs(15) };
/// Records that are looked through for one answer.
const LOOKED_THROUGH: usize = 256;
/// An answer to a shuffle comes within this time or not.
const ANSWERED_IN: Duration = Duration::from_secs(10);

/// What the other end of a shuffle holds.
type Theirs = heapless::Vec<Entry, ENTRIES>;

/// Sets the time of the next one.
pub(super) fn schedule(cx: &mut Cx<'_>) {
    let at = cx.now() + cx.state.public.jitter(INTERVAL);
    cx.set_timer(Actor::Node, Timer::Shuffle, Some(at));
}

pub(super) fn on_timer(cx: &mut Cx<'_>) {
    schedule(cx);
    members::confirm(cx);
    let is_beyond = cx.state.public.draw_u32().is_multiple_of(BEYOND);
    let beyond = if is_beyond { members::beyond(cx) } else { None };
    if let Some(peer) = beyond.or_else(|| members::random_neighbour(|_| true, cx)) {
        members::shuffle_with(peer, cx);
    }
}

/// Whether one may be held that was not due.
pub(super) fn may_be_eager(cx: &mut Cx<'_>) -> bool {
    let now = cx.now();
    cx.state.gossip.eager.take(EAGER, now)
}

/// Says what this node holds: all of it, or as much as there is room for.
pub(super) fn write_shuffle(to: u16, out: &mut [u8], cx: &mut Cx<'_>) -> usize {
    let mut entries: heapless::Vec<Entry, ENTRIES> = heapless::Vec::new();
    let now = cx.now();
    cx.peer(to).gossip.answers_until = now + ANSWERED_IN;
    if let Some((_, signed)) = cx.state.gossip.own.signed(now) {
        let entry = entry(cx.state.id.as_bytes(), cx.state.gossip.own.sequence, signed);
        // It is the first.
        let _ = entries.push(entry);
    }
    let len = cx.records.len();
    let start = cx.state.public.draw_u32() as usize;
    for offset in 0..len {
        let slot = (start % len + offset) % len;
        if !cx.records[slot].is_held() {
            continue;
        }
        if entries.push(entry_of(slot, cx)).is_err() {
            break;
        }
    }
    let rumours: heapless::Vec<_, RUMOUR_IDS> = rumour::recent(cx).take(RUMOUR_IDS).collect();
    GossipWriter::shuffle(&entries, &rumours, out)
}

fn entry_of(slot: usize, cx: &Cx<'_>) -> Entry {
    let place = &cx.records[slot];
    let peer = *place.peer().as_bytes().first_chunk().expect("a key is longer");
    Entry { peer, sequence: place.entry.sequence, check: place.entry.check }
}

fn entry(peer: &[u8; 32], sequence: u32, signed: &[u8]) -> Entry {
    let peer = *peer.first_chunk().expect("a key is longer");
    Entry { peer, sequence, check: record::check(signed) }
}

/// A neighbour says what it holds: it gets a few records that it lacks, and is asked in turn for what this
/// node lacks.
pub(super) fn on_shuffle(from: u16, shuffle: &Shuffle<'_>, cx: &mut Cx<'_>) {
    let room = rumour::on_recent(from, shuffle, ANSWER_LEN_MAX, cx);
    cx.state.counters.add(Counter::AnswerBytes, ANSWER_LEN_MAX - room);
    let handle = cx.handle(from);
    // Each is compared with all records: they are read once.
    let theirs: Theirs = shuffle.entries().collect();
    if let Some(list) = lacking(from, &theirs, cx) {
        let list = List { room: room as u16, ..list };
        owe(from, |owed| owed.list = Held::This(list), cx);
    }
    if lacks(&theirs, cx) && may_be_eager(cx) {
        members::shuffle_with(handle, cx);
    }
}

/// What the sender of a shuffle lacks: what it holds in an older form first.
fn lacking(from: u16, theirs: &Theirs, cx: &mut Cx<'_>) -> Option<List> {
    let own = cx.peer(from).contact.map(|contact| *contact.id.as_bytes())?;
    let mut older: heapless::Vec<u16, ITEMS> = heapless::Vec::new();
    let mut others: heapless::Vec<u16, ITEMS> = heapless::Vec::new();
    let now = cx.now();
    let signed = cx.state.gossip.own.signed(now);
    let mine =
        signed.map(|(_, it)| entry(cx.state.id.as_bytes(), cx.state.gossip.own.sequence, it));
    if let Some(mine) = mine
        && is_lacking(&mine, theirs).is_some()
    {
        let _ = older.push(List::OWN);
    }
    let len = cx.records.len();
    let start = cx.state.public.draw_u32() as usize;
    let in_turn = (0..len).map(|offset| (start % len + offset) % len);
    // Of a table that is nearly empty most places are nobody's.
    let held = in_turn.filter(|slot| cx.records[*slot].is_held());
    for slot in held.take(LOOKED_THROUGH) {
        let place = &cx.records[slot];
        // Nobody is sent where nobody was found.
        let is_stale = !place.entry.has_answered && place.entry.failures > 0;
        if is_stale || *place.peer().as_bytes() == own {
            continue;
        }
        match is_lacking(&entry_of(slot, cx), theirs) {
            // What finds no room, the next shuffle brings.
            Some(true) => drop(older.push(slot as u16)),
            Some(false) => drop(others.push(slot as u16)),
            None => {}
        }
    }
    let mut slots = [None; ITEMS];
    let chosen = older.into_iter().chain(others);
    slots.iter_mut().zip(chosen).for_each(|(place, slot)| *place = Some(slot));
    slots[0].map(|_| List { request: [0; 8], slots, room: ANSWER_LEN_MAX as u16 })
}

/// Whether a shuffle lacks this record, and if so, whether it has another of the same owner.
fn is_lacking(entry: &Entry, theirs: &Theirs) -> Option<bool> {
    match theirs.iter().find(|theirs| theirs.peer == entry.peer) {
        None => Some(false),
        Some(theirs) => {
            let is_other = theirs.sequence == entry.sequence && theirs.check != entry.check;
            (theirs.sequence < entry.sequence || is_other).then_some(true)
        }
    }
}

/// Whether this node lacks something that a neighbour holds, and has room for it.
fn lacks(theirs: &Theirs, cx: &mut Cx<'_>) -> bool {
    let mut free = cx.records.iter().filter(|slot| slot.is_free());
    let has_room = free.nth(1).is_some();
    let own = *cx.state.id.as_bytes();
    let is_public = cx.state.config.gossip.presence == Presence::Discoverable;
    let mut known = [None; ENTRIES];
    for place in cx.records.iter().filter(|place| place.is_held() || place.is_unproven()) {
        let peer = place.peer();
        for (theirs, known) in theirs.iter().zip(&mut known) {
            if theirs.peer == peer.as_bytes()[..8] {
                known.get_or_insert(place.entry.sequence);
            }
        }
    }
    theirs.iter().zip(known).any(|(theirs, known)| match known {
        // It knows a later record of this node than this node does.
        _ if theirs.peer == own[..8] => is_public && theirs.sequence > cx.state.gossip.own.sequence,
        None => has_room,
        Some(sequence) => sequence < theirs.sequence,
    })
}

/// Writes the records of a list that are still there.
pub(super) fn write_list(list: &List, out: &mut [u8], cx: &mut Cx<'_>) -> Option<usize> {
    let now = cx.now();
    let mut writer = GossipWriter::list(list.request, list.room.into(), out);
    let mut len = None;
    for slot in list.slots.into_iter().flatten() {
        if slot == List::OWN {
            if let Some((age_s, signed)) = cx.state.gossip.own.signed(now) {
                len = writer.add(age_s, signed).or(len);
            }
            continue;
        }
        let Some(place) = cx.records.get(usize::from(slot)).filter(|place| place.is_held()) else {
            continue;
        };
        let age_s = place.entry.age_s(now);
        let mut signed = [0; super::RECORD_LEN_MAX];
        let signed_len = records(cx).read(slot, &mut signed);
        len = writer.add(age_s, &signed[..signed_len]).or(len);
    }
    cx.state.counters.add(Counter::AnswerBytes, len.unwrap_or_default());
    len
}
