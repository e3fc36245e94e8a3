//! Whom to dial because of its record, and where.
//!
//! An address that somebody else has named is dialled as [`Dials`](super::dials::Dials) allows, whoever
//! wants the peer. One that its owner has answered at is free of that, and no other of the same owner: or
//! whoever has answered once could aim at others what is dialled for him.

use super::dials::{Cause, places};
use super::record::Record;
use super::{Presence, records};
use crate::access::Standing;
use crate::counters::Counter;
use crate::cx::Cx;
use crate::identity::PeerId;
use crate::path::Path;
use crate::punch;
use crate::relay;
use crate::time::{Duration, Instant};

/// Of those who could be dialled so many are compared.
const COMPARED: usize = 8;
/// A peer that was not reached is dialled again after so long, doubled each time.
const DIALLED_AGAIN: Duration = Duration::from_secs(60);

/// One of the records whose owner could be a neighbour: the best of a few drawn at random, so that neither
/// distance nor whoever tells most decides how the network hangs together.
pub(super) fn candidate(cx: &mut Cx<'_>) -> Option<u16> {
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
pub(super) fn lost(cx: &mut Cx<'_>) -> Option<u16> {
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
    match path_in(&record, entry.failures, cx) {
        Some(path) => may_go(path, entry.answered, Cause::Gossip, cx),
        // It may be found at a relay.
        None => !record.relays.is_empty() && cx.state.gossip.dials.has_any(now),
    }
}

/// Whether an address may be dialled: its owner has answered there, or it is not too often.
fn may_go(path: Path, answered: u64, cause: Cause, cx: &Cx<'_>) -> bool {
    let to = places(path.remote, cx.state.address_hasher());
    to.0 == answered || cx.state.gossip.dials.may(to, cause, cx.now())
}

/// It is dialled.
fn note(path: Path, answered: u64, cause: Cause, cx: &mut Cx<'_>) {
    let to = places(path.remote, cx.state.address_hasher());
    if to.0 != answered {
        let now = cx.now();
        cx.state.gossip.dials.note(to, cause, now);
    }
}

/// The owner of a record is to be dialled: who it is, and where.
pub(crate) fn dial_target(slot: u16, cx: &mut Cx<'_>) -> Option<(PeerId, Option<Path>)> {
    let now = cx.now();
    let id = cx.records[usize::from(slot)].peer();
    let record = records(cx).record(slot).ok()?;
    let entry = &mut cx.records[usize::from(slot)].entry;
    entry.tried_at = Some(now);
    let (failures, answered) = (entry.failures, entry.answered);
    let path = path_in(&record, failures, cx);
    if let Some(path) = path {
        note(path, answered, Cause::Gossip, cx);
    }
    cx.state.counters.count(Counter::GossipDials);
    Some((id, path))
}

/// Where a peer can be dialled now by what its record says; each time at the next of its addresses.
pub(crate) fn path_to(peer: u16, cx: &mut Cx<'_>) -> Option<Path> {
    if cx.records.is_empty() {
        return None;
    }
    let id = cx.peer(peer).contact?.id;
    let slot = cx.peer(peer);
    // In turn with where it last answered: so each second attempt is one of these.
    let attempts = if slot.known.get().is_some() { slot.attempts / 2 } else { slot.attempts };
    whereabouts(&id, attempts, cx)
}

fn whereabouts(id: &PeerId, attempts: u8, cx: &mut Cx<'_>) -> Option<Path> {
    let slot = records(cx).find(id)?;
    let record = records(cx).record(slot).ok()?;
    let answered = cx.records[usize::from(slot)].entry.answered;
    let path = path_in(&record, attempts, cx)?;
    let may = may_go(path, answered, Cause::Application, cx);
    if may {
        note(path, answered, Cause::Application, cx);
    }
    may.then_some(path)
}

fn path_in(record: &Record, attempts: u8, cx: &Cx<'_>) -> Option<Path> {
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
    // Nobody hears of a silent node but whom its application chose, and relays are no exception.
    if cx.state.config.gossip.presence != Presence::Discoverable || cx.records.is_empty() {
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
    let is_relay = records(cx).record(slot).is_ok_and(|record| record.flags.is_relay());
    let failures = cx.records[usize::from(slot)].entry.failures;
    let path = is_relay.then(|| whereabouts(&relay, failures, cx))??;
    Some((relay, Some(path)))
}
