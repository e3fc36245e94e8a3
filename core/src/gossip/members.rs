//! Neighbours: whom this node keeps sessions with so that the network hangs together, whom it asks and
//! dials to have enough of them, and what becomes of those that are lost.

use super::own;
use super::table::Onward;
use super::tokens::Rate;
use super::{NEIGHBOURS_MAX, Presence, exchange, is_on, lifetime, owe, owe_handle, records};
use crate::access::Standing;
use crate::counters::Counter;
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::identity::PeerId;
use crate::lifecycle::Turn;
use crate::path::Path;
use crate::peer::{Peer, PeerState};
use crate::punch;
use crate::relay;
use crate::time::{Duration, Instant};
use crate::timer::{Timer, retry_gap};

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
/// Who refused is asked again.
const REFUSED_AGAIN: Duration = Duration::from_secs(120);
/// Tries of a question, on the schedule of every control exchange: they take five seconds.
const TRIES: u8 = 6;
/// Where there is no room, somebody who has no neighbour gets one all the same: not more often.
const URGENT: Rate = Rate { at_once: 3, interval: Duration::from_secs(10) };
/// Of those who could be dialled so many are compared.
const COMPARED: usize = 8;
/// A node that is dialled directly, or at a relay that is dialled first, answers within this time or not.
const DIALLED_FOR: Duration = Duration::from_secs(20);
/// A peer that was not reached is dialled again after so long, doubled each time.
const DIALLED_AGAIN: Duration = Duration::from_secs(60);

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
        owe_handle(neighbour, |owed| owed.answer = Held::This(false), cx);
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
    let mut was_lost = false;
    if let Some(slot) = records(cx).find(&id) {
        let entry = &mut cx.records[usize::from(slot)].entry;
        was_lost = entry.has_answered && entry.failures > 0;
        (entry.has_answered, entry.failures) = (true, 0);
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
    let is_accepted =
        may && (has_room || is_urgent && cx.state.gossip.urgent.take(URGENT, now) && make_room(cx));
    owe(from, |owed| owed.answer = Held::This(is_accepted), cx);
    if is_accepted {
        add(from, cx);
    } else {
        let slot = cx.peer(from);
        slot.gossip.is_parted = slot.standing == Standing::Met && slot.delivery.is_empty();
    }
}

/// One of the neighbours that the application did not ask for has to go.
fn make_room(cx: &mut Cx<'_>) -> bool {
    let handles = cx.state.gossip.neighbours.clone();
    let is_dispensable = |peer: &Peer| {
        let slot = cx.resolve(*peer).map(|slot| &cx.peers[usize::from(slot)]);
        slot.is_none_or(|slot| slot.standing == Standing::Met)
    };
    let dispensable: heapless::Vec<Peer, NEIGHBOURS_MAX> =
        handles.into_iter().filter(is_dispensable).collect();
    if dispensable.is_empty() {
        return false;
    }
    let draw = cx.state.public.draw_u32() as usize;
    let evicted = dispensable[draw % dispensable.len()];
    remove(evicted, cx);
    if let Some(peer) = cx.resolve(evicted) {
        let slot = cx.peer(peer);
        slot.gossip.is_parted = slot.delivery.is_empty();
        slot.gossip.is_kept = false;
        owe(peer, |owed| owed.answer = Held::This(false), cx);
    }
    true
}

/// A peer says whether it is a neighbour, or is one no longer. One that nobody else wants is let go.
pub(super) fn on_answer(from: u16, is_accepted: bool, cx: &mut Cx<'_>) -> Option<Turn> {
    let now = cx.now();
    let handle = cx.handle(from);
    let was_asked = cx.state.gossip.asking.as_ref().is_some_and(|asking| asking.peer == handle);
    if was_asked {
        cx.state.gossip.asking = Held::Nothing;
    }
    if is_accepted {
        if was_asked || is_neighbour(from, cx) {
            add(from, cx);
        } else {
            owe(from, |owed| owed.answer = Held::This(false), cx);
        }
        return None;
    }
    remove(handle, cx);
    cx.peer(from).gossip.refused_until = now + REFUSED_AGAIN;
    hasten(cx);
    let slot = cx.peer(from);
    let is_ours = slot.gossip.is_kept || slot.gossip.is_parted;
    (is_ours && slot.standing == Standing::Met && slot.delivery.is_empty())
        .then_some(Turn::Part(from))
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
        return owe(peer, |owed| owed.answer = Held::This(false), cx);
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
    is_ours && is_idle && slot.standing == Standing::Met && slot.delivery.is_empty()
}

/// A peer's packets take another way: what this node says of its own place may have to change.
pub(crate) fn on_moved(cx: &mut Cx<'_>) {
    if is_on(cx) {
        own::publish(cx);
    }
}

/// Looks after everything that is not at rest.
pub(super) fn on_timer(cx: &mut Cx<'_>) -> Option<Turn> {
    let now = cx.now();
    let lifetime = lifetime(cx);
    records(cx).expire(lifetime, now);
    own::publish(cx);
    ask_again(cx);
    if let Some(peer) = overdue(cx) {
        hasten(cx);
        return Some(Turn::Part(peer));
    }
    let is_round = cx.now() + cx.state.public.jitter(ROUND);
    cx.set_timer(Actor::Node, Timer::Membership, Some(is_round));
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

/// One of the peers in touch who is no neighbour, at random.
fn askable(cx: &mut Cx<'_>) -> Option<u16> {
    let now = cx.now();
    let is_silent = cx.state.config.gossip.presence != Presence::Discoverable;
    let may = |slot: u16, cx: &Cx<'_>| {
        let peer = &cx.peers[usize::from(slot)];
        let gossip = &peer.gossip;
        peer.state == PeerState::Active
            && peer.channel.can_gossip()
            && !peer.is_foreign
            && (!is_silent || peer.standing == Standing::Pinned)
            && gossip.refused_until <= now
            && gossip.muted_until <= now
            && !gossip.is_parted
            && !is_neighbour(slot, cx)
    };
    let count = (0..cx.peers.len() as u16).filter(|slot| may(*slot, cx)).count();
    if count == 0 {
        return None;
    }
    let draw = cx.state.public.draw_u32() as usize % count;
    (0..cx.peers.len() as u16).filter(|slot| may(*slot, cx)).nth(draw)
}

/// One of the records whose owner could be a neighbour: the best of a few drawn at random, so that neither
/// distance nor whoever tells most decides how the network hangs together.
fn candidate(cx: &mut Cx<'_>) -> Option<u16> {
    let len = cx.records.len();
    let start = cx.state.public.draw_u32() as usize % len;
    let mut best: Option<((u8, bool, u16), u16)> = None;
    let mut compared = 0;
    for offset in 0..len {
        let slot = ((start + offset) % len) as u16;
        if !may_dial(slot, cx) {
            continue;
        }
        let entry = &cx.records[usize::from(slot)].entry;
        let rank = (entry.failures, !entry.has_answered, entry.round_trip_ms / 100);
        if best.is_none_or(|(known, _)| rank < known) {
            best = Some((rank, slot));
        }
        compared += 1;
        if compared == COMPARED {
            break;
        }
    }
    best.map(|(_, slot)| slot)
}

/// Of those who have answered once, and do not now, the one that was tried longest ago.
fn lost(cx: &mut Cx<'_>) -> Option<u16> {
    let mut first: Option<(Option<Instant>, u16)> = None;
    for slot in 0..cx.records.len() as u16 {
        let entry = &cx.records[usize::from(slot)].entry;
        let (is_lost, tried_at) = (entry.has_answered && entry.failures > 0, entry.tried_at);
        let is_sooner = first.is_none_or(|(known, _)| tried_at < known);
        if is_lost && is_sooner && may_dial(slot, cx) {
            first = Some((tried_at, slot));
        }
    }
    first.map(|(_, slot)| slot)
}

/// Whether the owner of a record may be dialled now.
fn may_dial(slot: u16, cx: &mut Cx<'_>) -> bool {
    let now = cx.now();
    let place = &cx.records[usize::from(slot)];
    if !place.is_held() {
        return false;
    }
    let (id, entry) = (place.peer(), place.entry);
    if let Some(tried_at) = entry.tried_at {
        let doublings = if entry.has_answered { 0 } else { entry.failures.min(6) };
        if now < tried_at + DIALLED_AGAIN.saturating_mul(1 << doublings) {
            return false;
        }
    }
    if let Some(peer) = cx.find_peer(&id) {
        // The application sees to it, or there is a session.
        let peer = cx.peer(peer);
        if peer.current.is_some() || peer.initiating.is_some() || peer.standing == Standing::Pinned
        {
            return false;
        }
    }
    let Ok(record) = records(cx).record(slot) else { return false };
    if record.flags.is_end() {
        return false;
    }
    if entry.has_answered {
        return true;
    }
    let hasher = *cx.state.address_hasher();
    match record.addresses.first() {
        Some(address) => cx.state.gossip.dials.may(*address, &hasher, now),
        // It may be found at a relay of ours.
        None => !record.relays.is_empty() && cx.state.gossip.dials.has_any(now),
    }
}

/// The owner of a record is to be dialled: who it is, and where.
pub(crate) fn dial_target(
    slot: u16,
    cx: &mut Cx<'_>,
) -> Option<(crate::identity::PeerId, Option<Path>)> {
    let now = cx.now();
    let id = cx.records[usize::from(slot)].peer();
    let record = records(cx).record(slot).ok()?;
    let entry = &mut cx.records[usize::from(slot)].entry;
    entry.tried_at = Some(now);
    let (failures, has_answered) = (entry.failures, entry.has_answered);
    let path = path_in(&record, failures, cx);
    if let Some(path) = path.filter(|_| !has_answered) {
        let hasher = *cx.state.address_hasher();
        cx.state.gossip.dials.note(path.remote, &hasher, now);
    }
    cx.state.counters.count(Counter::GossipDials);
    Some((id, path))
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
}

/// Where a peer can be dialled by what its record says; each time at the next of its addresses.
pub(crate) fn path_to(peer: u16, cx: &mut Cx<'_>) -> Option<Path> {
    if cx.records.is_empty() {
        return None;
    }
    let id = cx.peer(peer).contact?.id;
    let slot = records(cx).find(&id)?;
    let record = records(cx).record(slot).ok()?;
    let attempts = cx.peer(peer).attempts;
    path_in(&record, attempts, cx)
}

fn path_in(record: &super::Record, attempts: u8, cx: &Cx<'_>) -> Option<Path> {
    let count = record.addresses.len();
    let turn = usize::from(attempts).checked_rem(count)?;
    // One that this host has no socket for leads nowhere.
    let mut in_turn = (0..count).map(|offset| record.addresses[(turn + offset) % count]);
    in_turn.find_map(|remote| {
        let socket = punch::socket_to(remote, &cx.state.punch)?;
        Some(Path { socket, remote })
    })
}

/// A relay at which a peer says that it is found, and that this node knows how to reach: it is another one each
/// time. `None` if it names one of this node's own.
pub(crate) fn relay_of(peer: u16, cx: &mut Cx<'_>) -> Option<(PeerId, Option<Path>)> {
    if cx.records.is_empty() {
        return None;
    }
    // One relay is not reached through another.
    if relay::is_ours(peer, cx) {
        return None;
    }
    let id = cx.peer(peer).contact?.id;
    let slot = records(cx).find(&id)?;
    let record = records(cx).record(slot).ok()?;
    let turn = usize::from(cx.peer(peer).attempts).checked_rem(record.relays.len())?;
    let relay = PeerId::claimed(record.relays[turn]);
    let known = cx.find_peer(&relay);
    if relay == cx.state.id || known.is_some_and(|known| relay::is_ours(known, cx)) {
        return None;
    }
    // Its own record says where it is; and that it is a key at all.
    let slot = records(cx).find(&relay)?;
    let found = records(cx).record(slot).ok().filter(|record| record.flags.is_relay())?;
    let failures = cx.records[usize::from(slot)].entry.failures;
    Some((relay, Some(path_in(&found, failures, cx)?)))
}

/// A neighbour with whom there is something to be compared.
pub(super) fn shuffle_with(peer: Peer, cx: &mut Cx<'_>) {
    owe_handle(peer, |owed| owed.shuffle = true, cx);
    exchange::schedule(cx);
}
