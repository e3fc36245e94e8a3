//! Who has a tag: a walk from neighbour to neighbour, until one knows somebody or sixteen have been asked.
//!
//! The answer goes back the way that the question came, and each on the way checks it and keeps it: who it
//! was that asked, only the first one knows.
//!
//! How likely it is that somebody is found follows from how many records nodes hold: of `n` nodes whose
//! views of `r` are drawn at random, `w` steps miss a record with probability `(1 - r/n)^w`. Of 10,000 with
//! 256 each, a walk finds the only one with a tag in 34 % of cases, a search of eight walks in 96 %; with 16
//! each, in 2.5 % and 19 %. Of a tag that one node in a hundred has, a walk misses all with 0.99 to the power
//! of what it passes by: with 256 each, the first neighbour knows somebody in 92 %, with 16 each, sixteen do.
//! (Reckoned, not measured.)

use super::record::Tag;
use super::{List, PASSING, Shared, is_on, members, owe, owe_handle, records};
use crate::counters::Counter;
use crate::cx::{Actor, Cx};
use crate::event::Event;
use crate::held::Held;
use crate::peer::{Peer, PeerState};
use crate::time::Duration;
use crate::timer::Timer;
use crate::wire::{ANSWER_LEN_MAX, ITEMS, PeerRequest};

/// Nodes that one question comes to.
const HOPS: u8 = 16;
/// Questions of one search, each on a walk of its own.
const WALKS: u8 = 8;
/// Until the next one: time for sixteen steps there and back.
const APART: Duration = Duration::from_secs(2);
/// Questions that go on from here at once, of one peer.
const PASSING_EACH: usize = PASSING / 4;
/// So many are enough.
const ENOUGH: u8 = 8;

/// What this node looks for.
#[derive(Clone, Copy)]
pub(super) struct Search {
    tag: Tag,
    /// What the numbers of its questions begin with.
    number: [u8; 7],
    walks: u8,
    found: u8,
}

/// A question of somebody else that went on from here.
#[derive(Clone, Copy)]
pub(super) struct Passing {
    request: [u8; 8],
    tag: Tag,
    from: Peer,
    is_answered: bool,
}

/// Why nothing is looked for. The node is as before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum FindError {
    /// The node takes no part in gossip.
    Off,
}

/// Begins to look for a tag, in place of what was looked for before.
pub(crate) fn begin(tag: Tag, cx: &mut Cx<'_>) -> Result<(), FindError> {
    if !is_on(cx) {
        return Err(FindError::Off);
    }
    for slot in cx.records.iter_mut() {
        (slot.entry.is_found, slot.entry.is_news) = (false, false);
    }
    let draw = cx.state.public.draw_u64().to_le_bytes();
    let number = *draw.first_chunk().expect("seven of eight bytes");
    cx.state.gossip.search = Held::This(Search { tag, number, walks: 0, found: 0 });
    (cx.state.gossip.search_ended, cx.state.gossip.found) = (false, 0);
    for slot in 0..cx.records.len() as u16 {
        if cx.records[usize::from(slot)].is_held() {
            on_record(slot, cx);
        }
    }
    on_timer(cx);
    Ok(())
}

/// Sends the next question, unless enough was found or asked.
pub(super) fn on_timer(cx: &mut Cx<'_>) {
    let Some(search) = cx.state.gossip.search.as_mut() else { return };
    if search.walks == WALKS || search.found >= ENOUGH {
        cx.state.gossip.search = Held::Nothing;
        cx.state.gossip.search_ended = true;
        return;
    }
    let mut request = [search.walks; 8];
    request[1..].copy_from_slice(&search.number);
    search.walks += 1;
    let request = PeerRequest { request, hops: HOPS, tag: search.tag.0 };
    let next = members::random_neighbour(|_| true, cx).or_else(|| anybody(cx));
    if let Some(next) = next {
        owe_handle(next, |owed| owed.request = Held::This(request), cx);
    }
    let at = cx.now() + cx.state.public.jitter(APART);
    cx.set_timer(Actor::Node, Timer::Walk, Some(at));
}

/// A peer that takes part, though it is no neighbour.
fn anybody(cx: &Cx<'_>) -> Option<Peer> {
    let takes_part = |slot: &u16| {
        let peer = &cx.peers[usize::from(*slot)];
        peer.state == PeerState::Active && peer.channel.can_gossip() && !peer.is_foreign
    };
    (0..cx.peers.len() as u16).find(takes_part).map(|slot| cx.handle(slot))
}

/// Somebody asks, or hands on a question.
pub(super) fn on_request(from: u16, asked: &PeerRequest, cx: &mut Cx<'_>) {
    cx.state.counters.count(Counter::RequestsReceived);
    let tag = Tag(asked.tag);
    if let Some(list) = matching(tag, asked.request, Some(from), cx) {
        return owe(from, |owed| owed.list = Held::This(list), cx);
    }
    let Some(hops) = asked.hops.min(HOPS).checked_sub(1).filter(|hops| *hops > 0) else { return };
    let handle = cx.handle(from);
    let Some(next) = members::random_neighbour(|peer| *peer != handle, cx) else { return };
    let gossip = &mut cx.state.gossip;
    let is_known = |held: &Held<Passing>| {
        held.as_ref().is_some_and(|passing| passing.request == asked.request)
    };
    // One that comes by again goes on, but the answer goes to where it came from first.
    if !gossip.passing.iter().any(is_known) {
        let place = place_for(handle, gossip);
        let passing = Passing { request: asked.request, tag, from: handle, is_answered: false };
        gossip.passing[place] = Held::This(passing);
    }
    let request = PeerRequest { hops, ..*asked };
    owe_handle(next, |owed| owed.request = Held::This(request), cx);
}

/// Where a question is noted that goes on: the next place, or that of another of the same peer if it has as many
/// as one may.
fn place_for(from: Peer, gossip: &mut Shared) -> usize {
    let is_theirs =
        |place: &usize| gossip.passing[*place].as_ref().is_some_and(|it| it.from == from);
    let next = usize::from(gossip.next_passing) % PASSING;
    let mut theirs = (next..PASSING).chain(0..next).filter(is_theirs);
    if let Some(oldest) = theirs.next()
        && theirs.count() + 1 >= PASSING_EACH
    {
        return oldest;
    }
    gossip.next_passing = gossip.next_passing.wrapping_add(1);
    next
}

/// Some of those who have a tag, as far as this node knows; not the one who asks.
fn matching(tag: Tag, request: [u8; 8], but: Option<u16>, cx: &mut Cx<'_>) -> Option<List> {
    let asker = but.and_then(|peer| cx.peer(peer).contact).map(|contact| contact.id);
    let mut slots = [None; ITEMS];
    let mut free = slots.iter_mut();
    let own = cx.state.gossip.own.signed(cx.state.now);
    let own = own.and_then(|(_, signed)| super::Record::decode(signed).ok());
    if own.is_some_and(|own| own.tags.contains(&tag))
        && let Some(place) = free.next()
    {
        *place = Some(List::OWN);
    }
    let len = cx.records.len();
    let start = cx.state.public.draw_u32() as usize;
    for offset in 0..len {
        let slot = (start % len + offset) % len;
        let place = &cx.records[slot];
        let is_other = place.is_held() && Some(place.peer()) != asker;
        if !is_other || place.entry.failures > 0 {
            continue;
        }
        let has_it = records(cx).record(slot as u16).is_ok_and(|record| record.tags.contains(&tag));
        if has_it {
            let Some(place) = free.next() else { break };
            *place = Some(slot as u16);
        }
    }
    slots[0].map(|_| List { request, slots, room: ANSWER_LEN_MAX as u16 })
}

/// The tag that an answer is about, if it is to a question of this node, or to one that went on from here.
pub(super) fn wanted_by(request: &[u8; 8], cx: &Cx<'_>) -> Option<Tag> {
    let gossip = &cx.state.gossip;
    let own = gossip.search.as_ref().filter(|search| search.number == request[1..]);
    let passing = || {
        let mut passing = gossip.passing.iter().filter_map(Held::as_ref);
        passing.find(|passing| passing.request == *request).map(|passing| passing.tag)
    };
    own.map(|search| search.tag).or_else(passing)
}

/// Whether an answer is to a question of this node, which has not found enough.
pub(super) fn wants_more(request: &[u8; 8], cx: &Cx<'_>) -> bool {
    let search = cx.state.gossip.search.as_ref();
    search.is_some_and(|search| search.number == request[1..] && search.found < ENOUGH)
}

/// A record is known: perhaps somebody looks for its owner.
pub(super) fn on_record(slot: u16, cx: &mut Cx<'_>) {
    let Ok(record) = records(cx).record(slot) else { return };
    if record.flags.is_end() {
        return;
    }
    if let Some(search) = cx.state.gossip.search.as_mut()
        && record.tags.contains(&search.tag)
    {
        let entry = &mut cx.records[usize::from(slot)].entry;
        if !core::mem::replace(&mut entry.is_found, true) {
            entry.is_news = true;
            search.found = search.found.saturating_add(1);
            cx.state.gossip.found = cx.state.gossip.found.saturating_add(1);
        }
    }
    for place in 0..PASSING {
        let Some(passing) = cx.state.gossip.passing[place].get() else { continue };
        if passing.is_answered || !record.tags.contains(&passing.tag) {
            continue;
        }
        let but = cx.resolve(passing.from);
        if let Some(list) = matching(passing.tag, passing.request, but, cx) {
            let answered = Passing { is_answered: true, ..passing };
            cx.state.gossip.passing[place] = Held::This(answered);
            owe_handle(passing.from, |owed| owed.list = Held::This(list), cx);
        }
    }
}

/// The next thing to be told of the search.
pub(crate) fn take_event(cx: &mut Cx<'_>) -> Option<Event> {
    if cx.state.gossip.found > 0 {
        let is_news = |slot: &&mut super::RecordSlot| slot.is_held() && slot.entry.is_news;
        if let Some(slot) = cx.records.iter_mut().find(is_news) {
            slot.entry.is_news = false;
            cx.state.gossip.found -= 1;
            return Some(Event::Found(slot.peer()));
        }
        // What was found is forgotten again.
        cx.state.gossip.found = 0;
    }
    core::mem::take(&mut cx.state.gossip.search_ended).then_some(Event::SearchEnded)
}
