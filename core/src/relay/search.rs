//! Looks for peers at relays, one after the other.

use super::client::{RELAYS, is_ours, relay_at};
use super::said::{hear, reached_by};
use crate::counters::Dropped;
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::identity::PeerId;
use crate::lifecycle::Turn;
use crate::paths::Known;
use crate::peer::{Peer, PeerSlot, PeerState};
use crate::time::{Duration, Instant};
use crate::timer::{ATTEMPT, Timer, retry_gap};
use crate::way::{Circuit, Way};
use crate::wire::{Offer, Open, RelayMessage};

/// A peer that was dialled at its address and has not answered for so long is looked for at relays, too.
const LATER: Duration = Duration::from_millis(500);
/// A peer that is reached directly keeps a circuit for bad times; if it is lost, another is asked for.
const SPARE_AGAIN: Duration = Duration::from_secs(60);
/// A peer that nothing leads to any more is looked for again, until it counts as gone.
const LOST_AGAIN: Duration = Duration::from_secs(1);

/// The search for a peer at our relays.
#[derive(Clone, Copy)]
pub(super) struct Search {
    /// Position in the list of our relays of the one being asked, and how many are left after it.
    at: u8,
    left: u8,
    begun: Instant,
    tries: u8,
    ask_owed: bool,
}

impl Search {
    pub(super) fn owes(&self) -> bool {
        self.ask_owed
    }
}

/// Looks for a peer at our relays, unless that is under way: first at those that it is not reached
/// through now. `false` if there is none.
pub(crate) fn search(peer: u16, cx: &mut Cx<'_>) -> bool {
    if cx.peer(peer).relaying.search.as_ref().is_some() {
        return true;
    }
    if is_ours(peer, cx) {
        // Through another it would carry nothing, and seem to be there.
        return false;
    }
    let in_use = |relay: Peer, cx: &mut Cx<'_>| {
        let through = |way: Way| matches!(way, Way::Relayed(circuit) if circuit.relay == relay);
        cx.peer(peer).ways.iter().any(|known| through(known.way))
    };
    let usable =
        |position: &u8, cx: &mut Cx<'_>| relay_at(*position, cx).is_some_and(|relay| relay != peer);
    let first = first_asked(cx.peer(peer).attempts);
    let in_turn = || (0..RELAYS).map(|offset| ((first + offset) % RELAYS) as u8);
    let fresh = in_turn().find(|position| {
        let relay = cx.state.relays[usize::from(*position)].get();
        usable(position, cx) && relay.is_some_and(|relay| !in_use(relay, cx))
    });
    match fresh.or_else(|| in_turn().find(|position| usable(position, cx))) {
        Some(at) => {
            ask_at(peer, at, RELAYS as u8 - 1, cx);
            true
        }
        None => false,
    }
}

/// The position of the relay that is asked first: in turn, since one that says that there is a circuit may be
/// lying. Each has two attempts in a row, for the network's secrets are tried in turn, too; but the very
/// first, so that the second is elsewhere.
pub(super) fn first_asked(attempts: u8) -> usize {
    usize::from(attempts.div_ceil(2)) % RELAYS
}

/// Looks for a peer that was dialled directly, should that have no answer soon.
pub(crate) fn search_later(peer: u16, cx: &mut Cx<'_>) {
    if cx.state.relays.iter().any(|relay| relay.as_ref().is_some()) {
        let at = cx.now() + LATER;
        cx.set_timer(Actor::Peer(peer), Timer::Search, Some(at));
    }
}

fn ask_at(peer: u16, at: u8, left: u8, cx: &mut Cx<'_>) {
    let begun = cx.now();
    let search = Search { at, left, begun, tries: 0, ask_owed: true };
    cx.peer(peer).relaying.search = Held::This(search);
    cx.make_ready(Actor::Peer(peer));
}

pub(super) fn stop_search(peer: u16, cx: &mut Cx<'_>) {
    cx.peer(peer).relaying.search = Held::Nothing;
    cx.set_timer(Actor::Peer(peer), Timer::Search, None);
}

/// A relay has not answered, or it is time to look for a peer.
pub(super) fn on_search_timer(peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let now = cx.now();
    let slot = cx.peer(peer);
    let is_needed = needs_circuit(slot);
    match slot.relaying.search.as_mut() {
        None => {
            if is_needed {
                search(peer, cx);
            }
            None
        }
        Some(search) if now < search.begun + ATTEMPT => {
            search.ask_owed = true;
            cx.make_ready(Actor::Peer(peer));
            None
        }
        Some(search) => {
            let search = *search;
            next_relay(peer, search, cx)
        }
    }
}

/// Whether nothing leads to a peer through a relay.
fn needs_circuit(peer: &PeerSlot) -> bool {
    let is_connected = peer.state == PeerState::Active;
    let is_waiting = peer.is_wanted() && peer.current.is_none();
    // One that does not answer leads nowhere.
    let leads = |known: &Known| known.way.direct().is_none() && known.is_validated();
    (is_connected || is_waiting) && !peer.ways.iter().any(leads)
}

/// One relay knows no way: perhaps the next.
fn next_relay(peer: u16, asked: Search, cx: &mut Cx<'_>) -> Option<Turn> {
    for further in 1..=asked.left {
        let next = (asked.at + further) % RELAYS as u8;
        if relay_at(next, cx).is_some_and(|relay| relay != peer) {
            ask_at(peer, next, asked.left - further, cx);
            return None;
        }
    }
    stop_search(peer, cx);
    if cx.peer(peer).current.is_some() {
        let is_reached = cx.peer(peer).ways.iter().any(Known::is_validated);
        let again = if is_reached { SPARE_AGAIN } else { LOST_AGAIN };
        let at = cx.now() + cx.state.public.jitter(again);
        cx.set_timer(Actor::Peer(peer), Timer::Search, Some(at));
        return None;
    }
    Some(Turn::NotFound(peer))
}

/// The peer that a relay speaks of, if we look for it there.
fn searched(from: u16, id: [u8; 32], cx: &mut Cx<'_>) -> Option<u16> {
    let peer = cx.find_peer(&PeerId::claimed(id))?;
    let at = cx.peer(peer).relaying.search.as_ref()?.at;
    (relay_at(at, cx) == Some(from)).then_some(peer)
}

pub(super) fn on_opened(
    from: u16,
    opened: &Offer,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let circuit = Circuit { relay: cx.handle(from), number: opened.circuit };
    let Some(peer) = searched(from, opened.peer, cx) else {
        // The peer at its other end is elsewhere now.
        let peer = reached_by(circuit, cx).ok_or(Dropped::UnknownCircuit)?;
        hear(peer, circuit, opened.attested, cx);
        return Ok(Some(Turn::Attested(peer)));
    };
    stop_search(peer, cx);
    hear(peer, circuit, opened.attested, cx);
    Ok(Some(Turn::CircuitOpened(peer, circuit)))
}

/// Looks for another circuit after a while, as long as the peer is reached.
pub(crate) fn search_spare(peer: u16, cx: &mut Cx<'_>) {
    if cx.peer(peer).relaying.search.as_ref().is_none() {
        let at = cx.now() + cx.state.public.jitter(SPARE_AGAIN);
        cx.set_timer(Actor::Peer(peer), Timer::Search, Some(at));
    }
}

/// The question after a peer that goes to a relay: to which, and what.
pub(super) fn take_search(peer: u16, cx: &mut Cx<'_>) -> Option<(u16, RelayMessage)> {
    let now = cx.now();
    let id = *cx.peer(peer).contact.as_ref()?.id.as_bytes();
    let search = cx.peer(peer).relaying.search.as_mut()?;
    if !core::mem::take(&mut search.ask_owed) {
        return None;
    }
    search.tries = search.tries.saturating_add(1);
    let retry = (now + retry_gap(search.tries)).min(search.begun + ATTEMPT);
    let at = search.at;
    cx.set_timer(Actor::Peer(peer), Timer::Search, Some(retry));
    let relay = relay_at(at, cx)?;
    Some((relay, RelayMessage::Open(Open { peer: id })))
}
