//! When a direct way to a peer is looked for: who begins, how soon, and what makes another attempt
//! worth while.

use super::observed::Observed;
use super::{LOCAL_ADDRESSES, Local, Punching, Role, attempt, end, finish, review};
use crate::cx::{Actor, Cx};
use crate::heartbeat::Via;
use crate::held::Held;
use crate::peer::{PeerSlot, PeerState};
use crate::relay;
use crate::time::{Duration, Instant};
use crate::timer::Timer;
use crate::wire::Seen;

/// From one attempt to the next; doubled for each one after it.
const BACKOFF_MIN: Duration = Duration::from_secs(60);
const BACKOFF_MAX: Duration = Duration::from_secs(30 * 60);
/// After an attempt, whatever has changed since.
const APART: Duration = Duration::from_secs(10);
/// After a change: until relays have seen where both are now.
const SETTLED: Duration = Duration::from_secs(1);
/// A direct way that stood for so long was a good one: the next is tried at once.
const STOOD: Duration = Duration::from_secs(5 * 60);
/// By how much the larger of two peers lets the smaller go first.
const SECOND: Duration = Duration::from_secs(1);

/// Whether a direct way to a peer is to be looked for.
pub(super) fn is_wanted(peer: &PeerSlot) -> bool {
    let is_somewhere = peer.relaying.attested.iter().next().is_some();
    peer.state == PeerState::Active && is_somewhere && !peer.ways.outline().has_direct
}

/// A peer's packets may take another way than before. Returns whether a direct way was lost: then it may
/// be this node that is elsewhere.
pub(crate) fn on_course(peer: u16, cx: &mut Cx<'_>) -> bool {
    let now = cx.now();
    let is_direct = cx.peer(peer).ways.outline().has_direct;
    if is_direct && !core::mem::replace(&mut cx.state.punch.is_heard, true) {
        (0..cx.peers.len() as u16).for_each(|peer| review(peer, cx));
    }
    let punching = &mut cx.peer(peer).punch;
    let mut is_lost = false;
    if is_direct {
        if punching.direct_since.as_ref().is_none() {
            punching.direct_since = Held::This(now);
            punching.lost_at = Held::Nothing;
        }
        finish(peer, cx);
    } else if let Some(since) = punching.direct_since.take() {
        is_lost = true;
        punching.lost_at = Held::This(now);
        if now.saturating_since(since) >= STOOD {
            punching.begin_anew();
        }
        schedule(peer, cx);
    } else if punching.next_at.as_ref().is_none() {
        schedule(peer, cx);
    }
    review(peer, cx);
    is_lost
}

/// A relay has said where a peer is.
pub(crate) fn on_attested(peer: u16, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    if slot.punch.told != slot.relaying.attested {
        slot.punch.told = slot.relaying.attested;
        slot.punch.begin_anew();
        // What is under way goes to where it was.
        if attempt(peer, cx).is_some_and(|attempt| attempt.role == Role::Offers) {
            end(peer, cx);
        }
        schedule(peer, cx);
        review(peer, cx);
    }
}

/// A peer that was asked says where it sees this node.
pub(crate) fn on_seen(from: u16, via: Via, seen: Option<Seen>, cx: &mut Cx<'_>) {
    // What others say, who were asked for nothing, is not taken.
    let is_asked = relay::is_ours(from, cx);
    let address = seen.and_then(|seen| seen.from).filter(|_| is_asked);
    if let (Some(address), Some(path)) = (address, via.way.direct()) {
        let (vantage, now) = (cx.handle(from), cx.now());
        if cx.state.punch.observed.note(vantage, path.socket, address, now) {
            begin_all_anew(cx);
        }
    }
}

/// The driver says which addresses this host has.
pub(crate) fn set_local_addresses(local: &[Local], cx: &mut Cx<'_>) {
    let local: heapless::Vec<_, LOCAL_ADDRESSES> =
        local.iter().copied().take(LOCAL_ADDRESSES).collect();
    if cx.state.punch.local != local {
        cx.state.punch.local = local;
        begin_all_anew(cx);
    }
}

/// The driver says that this host is elsewhere now.
pub(crate) fn on_network_change(cx: &mut Cx<'_>) {
    cx.state.punch.observed = Observed::NOTHING;
    cx.state.punch.is_heard = false;
    begin_all_anew(cx);
}

fn begin_all_anew(cx: &mut Cx<'_>) {
    for peer in 0..cx.peers.len() as u16 {
        cx.peer(peer).punch.begin_anew();
        if is_wanted(cx.peer(peer)) {
            schedule(peer, cx);
        }
    }
}

/// Plans the next attempt, unless one is under way.
pub(super) fn schedule(peer: u16, cx: &mut Cx<'_>) {
    let Punching { attempt, tries, tried_at, .. } = cx.peer(peer).punch;
    if attempt.slot().is_some() {
        return;
    }
    if !is_wanted(cx.peer(peer)) {
        plan(peer, None, cx);
        return;
    }
    let gap = match tries {
        0 => APART,
        tries => BACKOFF_MIN.saturating_mul(1 << (tries - 1).min(5)).min(BACKOFF_MAX),
    };
    // The smaller of the two will have begun before, unless only this one has a reason.
    let (gap, wait) = if goes_first(peer, cx) {
        (gap, Duration::ZERO)
    } else {
        (gap + Duration::from_micros(gap.as_micros() / 2), SECOND)
    };
    let soonest = cx.now() + wait;
    let at = match tried_at.get() {
        None => soonest,
        Some(tried_at) => (tried_at + cx.state.public.jitter(gap)).max(soonest + SETTLED),
    };
    plan(peer, Some(at), cx);
}

/// Of two that both have a reason the smaller begins.
pub(super) fn goes_first(peer: u16, cx: &Cx<'_>) -> bool {
    cx.peers[usize::from(peer)].contact.is_some_and(|contact| cx.state.id < contact.id)
}

pub(super) fn plan(peer: u16, at: Option<Instant>, cx: &mut Cx<'_>) {
    cx.peer(peer).punch.next_at = at.map_or(Held::Nothing, Held::This);
    cx.set_timer(Actor::Peer(peer), Timer::Punch, at);
}
