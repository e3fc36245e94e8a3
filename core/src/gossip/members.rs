//! Neighbours: whom this node keeps sessions with so that the network hangs together, whom it asks and
//! dials to have enough of them, and what becomes of those that are lost.

use super::candidates::{candidate, lost};
use super::dials::places;
use super::own;
use super::table::Onward;
use super::tokens::Rate;
use super::{
    Gossiping, NEIGHBOURS_MAX, Presence, exchange, expire, is_on, owe, owe_handle, records,
};
use crate::access::Standing;
use crate::counters::Counter;
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::peer::{Peer, PeerSlot, PeerState};
use crate::punch::{Scope, scope};
use crate::time::{Duration, Instant};
use crate::timer::{Timer, retry_gap};
use crate::way::Way;
use crate::wire::NeighbourAnswer;

/// Neighbours that a host wants (HyParView, section 4.2: 5 for 10,000 nodes). It takes two more.
const WANTED: usize = 5;
/// A newcomer's record is handed on so often (HyParView's random walk: 6).
pub(super) const JOIN_HOPS: u8 = 6;
/// A record that has changed goes so far at once; the rest of its way it goes by shuffles.
pub(super) const UPDATE_HOPS: u8 = 3;
/// So often one looks after records and peers that are lost.
const ROUND: Duration = Duration::from_secs(60);
/// Until the next neighbour is asked or dialled, if there are too few.
const SOON: Duration = Duration::from_millis(200);
/// And until one that has too few, though it knows of more nodes, looks again: as often as one that nobody has
/// answered at may be dialled.
const TOO_FEW: Duration = Duration::from_secs(10);
/// Who refused is asked again; sooner by one that nobody has accepted.
const REFUSED_AGAIN: Duration = Duration::from_secs(120);
const REFUSED_ALONE: Duration = Duration::from_secs(15);
/// Between the last word to a peer that is let go, and its end.
const PARTING: Duration = Duration::from_secs(1);
/// So many neighbours of one /24 or /48 that have called here are not too many, when somebody else calls.
const PER_NETWORK: usize = 2;
/// Tries of a question, on the schedule of every control exchange: they take five seconds.
const TRIES: u8 = 6;
/// Where there is no room, somebody who has no neighbour gets one all the same, and so does who is of another network
/// than many: not more often.
const URGENT: Rate = Rate { at_once: 3, interval: Duration::from_secs(10) };
/// A node that is dialled directly, or at a relay that is dialled first, answers within this time or not.
const DIALLED_FOR: Duration = Duration::from_secs(20);

/// A question to a peer.
#[derive(Clone, Copy)]
pub(super) struct Asking {
    peer: Peer,
    is_urgent: bool,
    tries: u8,
    next_at: Instant,
}

/// How a newcomer's record goes on that may be handed on so often: from the one that it came to, to all
/// neighbours, from there to one.
pub(super) fn after_announcement(hops: u8) -> Onward {
    match hops.min(JOIN_HOPS) {
        JOIN_HOPS => Onward::Join(JOIN_HOPS - 1),
        0 | 1 => Onward::Stay,
        hops => Onward::Walk(hops - 1),
    }
}

pub(super) fn after_update(hops: u8) -> Onward {
    match hops.min(UPDATE_HOPS) {
        0 | 1 => Onward::Stay,
        hops => Onward::Spread(hops - 1),
    }
}

/// How many neighbours this node wants, and takes: fewer where there is room for few peers.
fn wanted(cx: &Cx<'_>) -> usize {
    (cx.peers.len() / 2).clamp(1, WANTED)
}

fn taken(cx: &Cx<'_>) -> usize {
    (wanted(cx) + wanted(cx) / 2).min(NEIGHBOURS_MAX)
}

fn has_enough(cx: &Cx<'_>) -> bool {
    cx.state.gossip.neighbours.len() >= wanted(cx)
}

pub(super) fn start(cx: &mut Cx<'_>) {
    let at = cx.now() + cx.state.public.jitter(ROUND);
    cx.set_timer(Actor::Node, Timer::Membership, Some(at));
    for peer in 0..cx.peers.len() as u16 {
        if cx.peer(peer).state == PeerState::Active {
            on_alive(peer, cx);
        }
    }
}

/// This node takes no part any more: neighbours look for others.
pub(super) fn stop(cx: &mut Cx<'_>) {
    for neighbour in core::mem::take(&mut cx.state.gossip.neighbours) {
        if let Some(peer) = cx.resolve(neighbour) {
            refuse(peer, cx);
        }
    }
    cx.state.gossip.asking = Held::Nothing;
}

/// Something may be done about there being too few neighbours.
pub(super) fn hasten(cx: &mut Cx<'_>) {
    if is_on(cx) && !has_enough(cx) && cx.state.gossip.asking.as_ref().is_none() {
        let at = cx.now() + cx.state.public.jitter(SOON);
        cx.set_timer(Actor::Node, Timer::Membership, Some(at));
    }
}

fn is_dialling(peer: Peer, cx: &Cx<'_>) -> bool {
    cx.state.gossip.dialling.as_ref().is_some_and(|(dialled, _)| *dialled == peer)
}

fn is_neighbour(peer: u16, cx: &Cx<'_>) -> bool {
    cx.state.gossip.neighbours.contains(&cx.handle(peer))
}

/// A peer has become active: whether it takes part in gossip, it has said by now.
pub(crate) fn on_alive(peer: u16, cx: &mut Cx<'_>) {
    let round_trip = cx.peer(peer).heartbeat.round_trip;
    let Some(id) = cx.peer(peer).contact.map(|contact| contact.id) else { return };
    let handle = cx.handle(peer);
    if is_dialling(handle, cx) {
        cx.state.gossip.dialling = Held::Nothing;
    }
    if !is_on(cx) || cx.peer(peer).is_foreign || !cx.peer(peer).channel.can_gossip() {
        return;
    }
    let way = cx.peer(peer).ways.course.primary().and_then(Way::direct);
    let answered = way.map(|path| places(path.remote, cx.state.address_hasher()).0);
    let mut was_lost = false;
    if let Some(slot) = records(cx).find(&id) {
        let entry = &mut cx.records[usize::from(slot)].entry;
        was_lost = entry.has_answered && entry.failures > 0;
        (entry.has_answered, entry.failures) = (true, 0);
        entry.answered = answered.unwrap_or(entry.answered);
        let millis = round_trip.unwrap_or_default().as_micros() / 1000;
        entry.round_trip_ms = u16::try_from(millis).unwrap_or(u16::MAX).max(1);
    }
    cx.peer(peer).gossip.is_parted = false;
    own::publish(cx);
    introduce(peer, cx);
    if was_lost && !is_neighbour(peer, cx) && cx.state.gossip.asking.as_ref().is_none() {
        // Whoever was out of reach may have been with others: the two parts are one again.
        ask(peer, true, cx);
    } else {
        hasten(cx);
    }
}

/// Tells a peer who this node is, once for each time that they are in touch.
fn introduce(peer: u16, cx: &mut Cx<'_>) {
    let is_signed = cx.state.gossip.own.signed(cx.state.now).is_some();
    if is_signed && !core::mem::replace(&mut cx.peer(peer).gossip.is_introduced, true) {
        owe(peer, |owed| owed.announcement = true, cx);
    }
}

/// This node's own record has changed, or is the first: neighbours hear of it, and whoever has not heard of
/// this node at all.
pub(super) fn tell_own(cx: &mut Cx<'_>) {
    for peer in 0..cx.peers.len() as u16 {
        let slot = cx.peer(peer);
        let takes_part = slot.state == PeerState::Active && slot.channel.can_gossip();
        if !takes_part || slot.is_foreign {
            continue;
        }
        if cx.peer(peer).gossip.is_introduced && is_neighbour(peer, cx) {
            owe(peer, |owed| owed.update = true, cx);
        } else {
            introduce(peer, cx);
        }
    }
}

/// A record goes on to neighbours, but not to where it came from, nor to its owner.
pub(super) fn pass_on(slot: u16, onward: Onward, from: Peer, cx: &mut Cx<'_>) {
    let id = cx.records[usize::from(slot)].peer();
    let owner = cx.find_peer(&id).map(|peer| cx.handle(peer));
    let is_meant = |peer: &Peer| *peer != from && Some(*peer) != owner;
    let place = |onward: Onward| {
        move |owed: &mut super::Owed| {
            owed.onward.rotate_right(1);
            owed.onward[0] = Held::This((slot, onward));
        }
    };
    match onward {
        Onward::Stay => {}
        Onward::Walk(hops) => {
            if let Some(next) = random_neighbour(is_meant, cx) {
                owe_handle(next, place(Onward::Walk(hops)), cx);
            }
        }
        Onward::Join(hops) | Onward::Spread(hops) => {
            let each = match onward {
                Onward::Join(_) => Onward::Walk(hops),
                _ => Onward::Spread(hops),
            };
            for next in cx.state.gossip.neighbours.clone().into_iter().filter(is_meant) {
                owe_handle(next, place(each), cx);
            }
        }
    }
}

pub(super) fn random_neighbour(is_meant: impl Fn(&Peer) -> bool, cx: &mut Cx<'_>) -> Option<Peer> {
    let among: heapless::Vec<Peer, NEIGHBOURS_MAX> =
        cx.state.gossip.neighbours.iter().copied().filter(is_meant).collect();
    let draw = cx.state.public.draw_u32() as usize;
    (!among.is_empty()).then(|| among[draw % among.len()])
}

/// A peer wants to be a neighbour.
pub(super) fn on_neighbour(from: u16, is_urgent: bool, cx: &mut Cx<'_>) {
    let now = cx.now();
    let is_wanted = cx.peer(from).standing == Standing::Pinned;
    // Nobody but those whom the application chose hears from a silent node.
    let is_silent = cx.state.config.gossip.presence != Presence::Discoverable;
    let may = is_neighbour(from, cx) || !is_silent || is_wanted;
    let has_room = is_neighbour(from, cx) || cx.state.gossip.neighbours.len() < taken(cx);
    let is_accepted = may
        && (has_room || cx.state.gossip.urgent.has(URGENT, now) && make_room(from, is_urgent, cx));
    if is_accepted {
        owe(from, |owed| owed.answer = Held::This(NeighbourAnswer::ACCEPTED), cx);
        let gossip = &mut cx.peer(from).gossip;
        gossip.is_chosen |= gossip.is_kept;
        gossip.is_urgent |= !has_room;
        add(from, cx);
    } else {
        refuse(from, cx);
    }
}

/// Says that a peer is no neighbour, and lets it go if nobody else wants it.
fn refuse(peer: u16, cx: &mut Cx<'_>) {
    let lets_go = is_dispensable(cx.peer(peer));
    let slot = cx.peer(peer);
    slot.gossip.is_parted = lets_go;
    slot.gossip.is_kept &= !lets_go;
    owe(peer, |owed| owed.answer = Held::This(NeighbourAnswer::refused(lets_go)), cx);
}

/// Whether nobody but gossip wants a peer.
fn is_dispensable(peer: &PeerSlot) -> bool {
    peer.standing == Standing::Met && peer.delivery.is_empty()
}

/// One of the neighbours has to go, if another is to have its place: none that the application has asked for.
/// Where many are of one network, one of these goes; and only for its like who comes from there. Whoever has many
/// names does not have all places then. Else it is one that has called, and none that this node has chosen: one that
/// got its place in the same way, if there are as many of these as there is room for beyond those that are wanted.
fn make_room(by: u16, is_urgent: bool, cx: &mut Cx<'_>) -> bool {
    let own = source(by, cx);
    let is_theirs = |other: u64| other == own;
    let among = match count(is_theirs, cx) >= PER_NETWORK {
        true if is_urgent => replaceable(is_theirs, cx),
        true => return false,
        false => replaceable(|other| count(|it| it == other, cx) > PER_NETWORK, cx),
    };
    let has_called = |peer: &Peer| {
        cx.resolve(*peer).is_none_or(|slot| !cx.peers[usize::from(slot)].gossip.is_chosen)
    };
    let called = |among: &[Peer]| {
        among.iter().copied().filter(has_called).collect::<heapless::Vec<Peer, NEIGHBOURS_MAX>>()
    };
    let mut evictable = called(&among);
    if evictable.is_empty() {
        evictable = among;
    }
    if evictable.is_empty() && is_urgent {
        let all = replaceable(|_| true, cx);
        evictable = called(&all);
        let pushy: heapless::Vec<Peer, NEIGHBOURS_MAX> =
            evictable.iter().copied().filter(|peer| is_pushy(*peer, cx)).collect();
        if pushy.len() >= (taken(cx) - wanted(cx)).max(1) {
            evictable = pushy;
        }
        // Where there is room for no more than this node has chosen, nobody could call.
        if evictable.is_empty() && wanted(cx) == taken(cx) {
            evictable = all;
        }
    }
    if evictable.is_empty() {
        return false;
    }
    let now = cx.now();
    cx.state.gossip.urgent.take(URGENT, now);
    let draw = cx.state.public.draw_u32() as usize;
    let evicted = evictable[draw % evictable.len()];
    remove(evicted, cx);
    if let Some(peer) = cx.resolve(evicted) {
        refuse(peer, cx);
    }
    true
}

/// Whether a neighbour got its place from another.
fn is_pushy(peer: Peer, cx: &Cx<'_>) -> bool {
    cx.resolve(peer).is_some_and(|slot| cx.peers[usize::from(slot)].gossip.is_urgent)
}

fn count(is_meant: impl Fn(u64) -> bool, cx: &Cx<'_>) -> usize {
    replaceable(is_meant, cx).len()
}

/// Neighbours that the application did not ask for, and are where is meant.
fn replaceable(is_meant: impl Fn(u64) -> bool, cx: &Cx<'_>) -> heapless::Vec<Peer, NEIGHBOURS_MAX> {
    let may_go = |peer: &&Peer| {
        cx.resolve(**peer).is_none_or(|slot| {
            let is_met = cx.peers[usize::from(slot)].standing == Standing::Met;
            is_met && is_meant(source(slot, cx))
        })
    };
    cx.state.gossip.neighbours.iter().filter(may_go).copied().collect()
}

/// Where a peer is, for those who count how much is of one origin: in a public network, in which it may have as many
/// names as it likes; at a private address; or behind a relay.
pub(super) fn source(peer: u16, cx: &Cx<'_>) -> u64 {
    let slot = &cx.peers[usize::from(peer)];
    match slot.ways.course.primary() {
        Some(Way::Direct(path)) => {
            let (address, network) = places(path.remote, cx.state.address_hasher());
            if scope(path.remote.ip()) == Some(Scope::Global) { network } else { address }
        }
        Some(Way::Relayed(circuit)) => cx.short_hash(&circuit.relay.slot.to_le_bytes()),
        None => slot.contact.map_or(0, |contact| cx.short_hash(contact.id.as_bytes())),
    }
}

/// A peer says whether it is a neighbour, or is one no longer. If nobody wants the session on either side, it
/// ends: at once where that is known of both, and a moment later where it still has to be said.
pub(super) fn on_answer(from: u16, answer: NeighbourAnswer, cx: &mut Cx<'_>) -> Option<Turn> {
    let now = cx.now();
    let handle = cx.handle(from);
    let was_asked = cx.state.gossip.asking.as_ref().is_some_and(|asking| asking.peer == handle);
    if was_asked {
        cx.state.gossip.asking = Held::Nothing;
    }
    if answer.is_accepted {
        cx.peer(from).gossip.is_chosen |= was_asked;
        match was_asked || is_neighbour(from, cx) {
            true => add(from, cx),
            false => refuse(from, cx),
        }
        return None;
    }
    remove(handle, cx);
    let is_alone = cx.state.gossip.neighbours.is_empty();
    let pause = if is_alone { REFUSED_ALONE } else { REFUSED_AGAIN };
    cx.peer(from).gossip.refused_until = now + pause;
    if was_asked && !has_enough(cx) && exchange::may_be_eager(cx) {
        // Whoever has no place for a newcomer can tell it of others, who may.
        shuffle_with(handle, cx);
    }
    hasten(cx);
    if !answer.lets_go || !is_dispensable(cx.peer(from)) {
        return None;
    }
    if cx.peer(from).gossip.is_parted {
        return Some(Turn::Part(from));
    }
    refuse(from, cx);
    cx.set_timer(Actor::Peer(from), Timer::Parting, Some(now + PARTING));
    None
}

/// A peer that is let go has been told.
pub(crate) fn on_parting(peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let slot = cx.peer(peer);
    (slot.gossip.is_parted && is_dispensable(slot)).then_some(Turn::Part(peer))
}

fn add(peer: u16, cx: &mut Cx<'_>) {
    let handle = cx.handle(peer);
    cx.peer(peer).gossip.is_parted = false;
    let neighbours = &mut cx.state.gossip.neighbours;
    if neighbours.contains(&handle) {
        return;
    }
    if neighbours.push(handle).is_err() {
        // It has become one of too many meanwhile.
        remove(handle, cx);
        return refuse(peer, cx);
    }
    cx.state.counters.count(Counter::NeighboursGained);
    // What each has that the other lacks, both find out at once.
    owe(peer, |owed| owed.shuffle = true, cx);
    if has_enough(cx) {
        let at = cx.now() + cx.state.public.jitter(ROUND);
        cx.set_timer(Actor::Node, Timer::Membership, Some(at));
    } else {
        hasten(cx);
    }
}

fn remove(peer: Peer, cx: &mut Cx<'_>) {
    let neighbours = &mut cx.state.gossip.neighbours;
    if let Some(place) = neighbours.iter().position(|known| *known == peer) {
        neighbours.swap_remove(place);
    }
    if let Some(peer) = cx.resolve(peer) {
        let gossip = &mut cx.peer(peer).gossip;
        (gossip.is_chosen, gossip.is_urgent) = (false, false);
    }
}

/// A peer is gone, or forgotten: another takes its place.
pub(crate) fn on_gone(peer: u16, cx: &mut Cx<'_>) {
    let handle = cx.handle(peer);
    cx.peer(peer).gossip.owed = super::Owed::NOTHING;
    cx.peer(peer).gossip.is_introduced = false;
    let gossip = &mut cx.state.gossip;
    if gossip.asking.as_ref().is_some_and(|asking| asking.peer == handle) {
        gossip.asking = Held::Nothing;
    }
    if is_dialling(handle, cx) {
        cx.state.gossip.dialling = Held::Nothing;
    }
    remove(handle, cx);
    hasten(cx);
}

/// A peer was not reached, or has fallen silent. Returns whether nobody but gossip wanted it.
pub(crate) fn on_unreached(peer: u16, cx: &mut Cx<'_>) -> bool {
    let id = cx.peer(peer).contact.map(|contact| contact.id);
    if let Some(slot) = id.and_then(|id| records(cx).find(&id)) {
        let now = cx.now();
        let entry = &mut cx.records[usize::from(slot)].entry;
        entry.failures = entry.failures.saturating_add(1);
        entry.tried_at = Some(now);
    }
    // Whether it is dialled again, the application says.
    if is_dialling(cx.handle(peer), cx) {
        cx.state.gossip.dialling = Held::Nothing;
    }
    let slot = cx.peer(peer);
    let is_idle = slot.current.is_none() && slot.initiating.is_none();
    let is_ours = slot.gossip.is_kept || slot.gossip.is_parted;
    is_ours && is_idle && is_dispensable(slot)
}

/// A peer's packets take another way: what this node says of its own place may have to change.
pub(crate) fn on_moved(cx: &mut Cx<'_>) {
    if is_on(cx) {
        own::publish(cx);
    }
}

/// Looks after everything that is not at rest.
pub(super) fn on_timer(cx: &mut Cx<'_>) -> Option<Turn> {
    expire(cx);
    own::publish(cx);
    ask_again(cx);
    if let Some(peer) = overdue(cx) {
        hasten(cx);
        return Some(Turn::Part(peer));
    }
    look_again(cx);
    if cx.state.gossip.asking.as_ref().is_some() {
        let next_at = cx.state.gossip.asking.as_ref().map(|asking| asking.next_at);
        cx.set_timer(Actor::Node, Timer::Membership, next_at);
        return None;
    }
    let has_enough = has_enough(cx);
    if !has_enough && let Some(peer) = askable(cx) {
        let is_urgent = cx.state.gossip.neighbours.is_empty();
        ask(peer, is_urgent, cx);
        return None;
    }
    if cx.state.config.gossip.presence != Presence::Discoverable
        || cx.state.gossip.dialling.as_ref().is_some()
        || cx.free_peers() <= cx.peers.len() / 4
    {
        return None;
    }
    let slot = if has_enough { lost(cx) } else { candidate(cx).or_else(|| lost(cx)) };
    slot.map(Turn::Keep)
}

/// Sets when this node looks after its neighbours again, if nothing happens before.
fn look_again(cx: &mut Cx<'_>) {
    let now = cx.now();
    let dialled_until = cx.state.gossip.dialling.as_ref().map(|(_, until)| *until);
    let is_soon = !has_enough(cx) && knows_others(cx);
    let pause = cx.state.public.jitter(if is_soon { TOO_FEW } else { ROUND });
    let at = dialled_until.map_or(now + pause, |until| until.min(now + pause));
    cx.set_timer(Actor::Node, Timer::Membership, Some(at));
}

/// Whether there are records of more than the neighbours.
fn knows_others(cx: &Cx<'_>) -> bool {
    let neighbours = cx.state.gossip.neighbours.len();
    cx.records.iter().filter(|slot| slot.is_held()).nth(neighbours).is_some()
}

fn ask(peer: u16, is_urgent: bool, cx: &mut Cx<'_>) {
    let next_at = cx.now() + retry_gap(1);
    let peer_handle = cx.handle(peer);
    cx.state.gossip.asking = Held::This(Asking { peer: peer_handle, is_urgent, tries: 1, next_at });
    owe(peer, |owed| owed.ask = Held::This(is_urgent), cx);
    cx.set_timer(Actor::Node, Timer::Membership, Some(next_at));
}

/// A node that was dialled and has had its time, if nobody else wants it.
fn overdue(cx: &mut Cx<'_>) -> Option<u16> {
    let now = cx.now();
    let (peer, _) = cx.state.gossip.dialling.get().filter(|(_, until)| *until <= now)?;
    cx.state.gossip.dialling = Held::Nothing;
    cx.resolve(peer).filter(|peer| on_unreached(*peer, cx))
}

/// The question that is under way is asked once more, or has had its time.
fn ask_again(cx: &mut Cx<'_>) {
    let now = cx.now();
    let asking = cx.state.gossip.asking.get().filter(|asking| asking.next_at <= now);
    let Some(asking) = asking else { return };
    let Some(peer) = cx.resolve(asking.peer).filter(|_| asking.tries < TRIES) else {
        cx.state.gossip.asking = Held::Nothing;
        if let Some(peer) = cx.resolve(asking.peer) {
            cx.peer(peer).gossip.refused_until = now + REFUSED_AGAIN;
        }
        return;
    };
    let tries = asking.tries + 1;
    let next_at = now + retry_gap(tries);
    cx.state.gossip.asking = Held::This(Asking { tries, next_at, ..asking });
    owe(peer, |owed| owed.ask = Held::This(asking.is_urgent), cx);
}

/// One of the peers in touch who is no neighbour and may be asked to be one, at random.
fn askable(cx: &mut Cx<'_>) -> Option<u16> {
    let now = cx.now();
    in_touch(|gossip| gossip.refused_until <= now && !gossip.is_parted, cx)
}

/// One of the peers in touch who is no neighbour, at random: neighbours may all be of one mind.
pub(super) fn beyond(cx: &mut Cx<'_>) -> Option<Peer> {
    in_touch(|gossip| !gossip.is_parted, cx).map(|peer| cx.handle(peer))
}

fn in_touch(may: impl Fn(&Gossiping) -> bool, cx: &mut Cx<'_>) -> Option<u16> {
    let now = cx.now();
    let is_silent = cx.state.config.gossip.presence != Presence::Discoverable;
    let is_meant = |slot: &u16, cx: &Cx<'_>| {
        let peer = &cx.peers[usize::from(*slot)];
        peer.state == PeerState::Active
            && peer.channel.can_gossip()
            && !peer.is_foreign
            && (!is_silent || peer.standing == Standing::Pinned)
            && peer.gossip.muted_until <= now
            && may(&peer.gossip)
            && !is_neighbour(*slot, cx)
    };
    let count = (0..cx.peers.len() as u16).filter(|slot| is_meant(slot, cx)).count();
    if count == 0 {
        return None;
    }
    let draw = cx.state.public.draw_u32() as usize % count;
    (0..cx.peers.len() as u16).filter(|slot| is_meant(slot, cx)).nth(draw)
}

/// The peer that was to be dialled is, or there was no room for it.
pub(crate) fn on_dialled(peer: Option<u16>, cx: &mut Cx<'_>) {
    cx.state.gossip.dialling = match peer {
        Some(peer) => {
            let handle = cx.handle(peer);
            cx.peer(peer).gossip.is_kept = true;
            Held::This((handle, cx.now() + DIALLED_FOR))
        }
        None => Held::Nothing,
    };
    look_again(cx);
}

/// Asks the neighbours whether they are: one that parted may not have been heard. Whoever has this node for
/// none takes it, if there is room, or says so.
pub(super) fn confirm(cx: &mut Cx<'_>) {
    for neighbour in cx.state.gossip.neighbours.clone() {
        owe_handle(neighbour, |owed| owed.ask = Held::This(false), cx);
    }
}

/// A neighbour with whom there is something to be compared.
pub(super) fn shuffle_with(peer: Peer, cx: &mut Cx<'_>) {
    owe_handle(peer, |owed| owed.shuffle = true, cx);
    exchange::schedule(cx);
}
