//! Relays that this node is reached through, or visits to find somebody there.

use super::foreign;
use super::said::{circuit_to, give_back};
use super::search::stop_search;
use crate::access::{Standing, Whom};
use crate::counters::Dropped;
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::paths::{self, Known};
use crate::peer::PeerState;
use crate::time::{Duration, Instant};
use crate::timer::{ATTEMPT, Timer, retry_gap};
use crate::way::Way;
use crate::wire::{CAN_RELAY, Named, RelayMessage, Reserved};

/// Relays at which a node can be reached.
pub(crate) const OWN_RELAYS: usize = 2;
/// And one that it visits, to find somebody there.
pub(crate) const RELAYS: usize = OWN_RELAYS + 1;
/// After a relay has refused, it is asked again.
const REFUSED_AGAIN: Duration = Duration::from_secs(600);
/// A reservation is renewed before it ends, and never more often than this.
const RENEWED_AT_LEAST: Duration = Duration::from_secs(30);
/// After so many attempts in a row that it has not answered, a relay may lose its place to another.
const IN_VAIN_MAX: u8 = 3;
/// A relay that has not answered in an attempt's time is asked again; doubled for each one after it.
const UNANSWERED_AGAIN: Duration = Duration::from_secs(1);
const UNANSWERED_AGAIN_MAX: Duration = Duration::from_secs(60);

/// What a node wants of a peer that relays.
#[derive(Clone, Copy)]
pub(super) struct Relay {
    stage: Stage,
    tries: u8,
    /// Attempts in a row that it has not answered.
    in_vain: u8,
    begun: Instant,
    ask_owed: bool,
    /// The answer to an offer: which circuit, and whether it is welcome.
    answer_owed: Held<(u32, bool)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    None,
    Asked,
    Reserved,
    /// It has no place for us. Others can be looked for there all the same.
    Refused,
}

impl Relay {
    pub(super) const NONE: Self = Self {
        stage: Stage::None,
        tries: 0,
        in_vain: 0,
        begun: Instant::ORIGIN,
        ask_owed: false,
        answer_owed: Held::Nothing,
    };

    fn is_in_vain(&self) -> bool {
        self.stage == Stage::Asked && self.in_vain >= IN_VAIN_MAX
    }

    pub(super) fn owes(&self) -> bool {
        self.ask_owed || self.answer_owed.as_ref().is_some()
    }
}

/// A peer that offers to relay has become active: it may be one that we are reached through.
pub(super) fn on_alive(peer: u16, cx: &mut Cx<'_>) {
    let handle = cx.handle(peer);
    let slot = cx.peer(peer);
    let is_pinned = slot.standing == Standing::Pinned;
    if !slot.channel.can_relay() || !(is_pinned || is_ours(peer, cx)) {
        return;
    }
    // Through another relay it is of no use.
    if cx.peer(peer).ways.course.primary().and_then(Way::direct).is_none() {
        return;
    }
    if !is_ours(peer, cx) {
        let Some(place) = (0..OWN_RELAYS).find(|place| is_free(*place, cx)) else { return };
        let before = cx.state.relays[place].get().and_then(|relay| cx.resolve(relay));
        cx.state.relays[place] = Held::This(handle);
        if let Some(before) = before {
            // It is asked no more, until there is a place again.
            dismiss(before, cx);
        }
    }
    leave_circuits(peer, cx);
    ask(peer, cx);
}

/// No circuit leads to a relay of ours: through another it would carry nothing, and seem to be there.
fn leave_circuits(relay: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    stop_search(relay, cx);
    while let Some(circuit) = circuit_to(&cx.peer(relay).ways) {
        give_back(relay, cx);
        cx.peer(relay).ways.remove(Way::Relayed(circuit), now);
    }
    paths::after_change(relay, cx);
}

/// A relay is visited once there is a session with it: somebody may be found there. `false` if another one
/// is, by whom somebody is reached.
pub(crate) fn visit(relay: u16, cx: &mut Cx<'_>) -> bool {
    let handle = cx.handle(relay);
    if is_ours(relay, cx) {
        return true;
    }
    let before = cx.state.relays[OWN_RELAYS].get();
    let is_through = |known: &Known| match known.way {
        Way::Relayed(circuit) => Some(circuit.relay) == before,
        Way::Direct(_) => false,
    };
    if cx.peers.iter().any(|peer| peer.is_taken && peer.ways.iter().any(is_through)) {
        return false;
    }
    cx.state.relays[OWN_RELAYS] = Held::This(handle);
    if cx.peer(relay).state == PeerState::Active {
        on_alive(relay, cx);
    }
    true
}

/// Whether the relay that is visited has been dialled, and has not answered.
pub(crate) fn is_guest_awaited(cx: &Cx<'_>) -> bool {
    let guest = cx.state.relays[OWN_RELAYS].get().and_then(|relay| cx.resolve(relay));
    guest.is_some_and(|guest| cx.peers[usize::from(guest)].initiating.is_some())
}

/// Whether a place for a relay is free, or that of one that is gone, does not want us or does not answer.
fn is_free(place: usize, cx: &mut Cx<'_>) -> bool {
    let Some(slot) = cx.state.relays[place].get().and_then(|relay| cx.resolve(relay)) else {
        return true;
    };
    let peer = cx.peer(slot);
    let relay = &peer.relaying.relay;
    peer.state != PeerState::Active || relay.stage == Stage::Refused || relay.is_in_vain()
}

/// A relay of ours is gone, or has not answered for long: another may be there to take its place.
fn replace(gone: u16, cx: &mut Cx<'_>) {
    for peer in (0..cx.peers.len() as u16).filter(|peer| *peer != gone) {
        let slot = cx.peer(peer);
        if slot.state == PeerState::Active && slot.relaying.relay.stage == Stage::None {
            on_alive(peer, cx);
        }
    }
}

/// There is a newer session with a peer: a relay may have forgotten us meanwhile.
pub(super) fn on_renewed(peer: u16, cx: &mut Cx<'_>) {
    if cx.peer(peer).state == PeerState::Active && is_ours(peer, cx) {
        ask(peer, cx);
    }
}

fn ask(peer: u16, cx: &mut Cx<'_>) {
    let begun = cx.now();
    let relay = &mut cx.peer(peer).relaying.relay;
    if relay.stage == Stage::None {
        relay.stage = Stage::Asked;
    }
    (relay.tries, relay.begun, relay.ask_owed) = (0, begun, true);
    cx.make_ready(Actor::Peer(peer));
}

/// It is time to ask a relay again.
pub(super) fn on_reservation_timer(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let is_active = cx.peer(peer).state == PeerState::Active;
    let relay = &mut cx.peer(peer).relaying.relay;
    if !is_active {
        return;
    }
    let is_under_way = relay.tries > 0 && now < relay.begun + ATTEMPT;
    if is_under_way {
        relay.ask_owed = true;
        cx.make_ready(Actor::Peer(peer));
        return;
    }
    if relay.is_in_vain() {
        replace(peer, cx);
    }
    if cx.peer(peer).relaying.relay.stage != Stage::None {
        ask(peer, cx);
    }
}

/// The proof that a relay wants is there.
pub(super) fn proven(peer: u16, cx: &mut Cx<'_>) {
    cx.peer(peer).relaying.relay.ask_owed = true;
    cx.make_ready(Actor::Peer(peer));
}

/// The proof that a relay wants is being made, or another's is.
fn postpone<T>(peer: u16, cx: &mut Cx<'_>) -> Option<T> {
    let again = cx.now() + retry_gap(u8::MAX);
    cx.peer(peer).relaying.relay.ask_owed = false;
    cx.set_timer(Actor::Peer(peer), Timer::Reservation, Some(again));
    None
}

/// Writes down when the next try is due.
fn asked(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let relay = &mut cx.peer(peer).relaying.relay;
    relay.tries = relay.tries.saturating_add(1);
    let retry = now + retry_gap(relay.tries);
    if retry < relay.begun + ATTEMPT {
        cx.set_timer(Actor::Peer(peer), Timer::Reservation, Some(retry));
        return;
    }
    let again = UNANSWERED_AGAIN.saturating_mul(1 << relay.in_vain.min(6));
    relay.in_vain = relay.in_vain.saturating_add(1);
    let at = now + cx.state.public.jitter(again.min(UNANSWERED_AGAIN_MAX));
    cx.set_timer(Actor::Peer(peer), Timer::Reservation, Some(at));
}

pub(super) fn on_reserved(
    from: u16,
    reserved: Reserved,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let now = cx.now();
    let relay = &mut cx.peer(from).relaying.relay;
    if relay.stage == Stage::None {
        return Err(Dropped::UnknownCircuit);
    }
    let is_first = relay.stage == Stage::Asked;
    (relay.tries, relay.in_vain, relay.ask_owed) = (0, 0, false);
    let lifetime = Duration::from_secs(reserved.lifetime_s.into());
    let is_granted = lifetime > Duration::ZERO;
    relay.stage = if is_granted { Stage::Reserved } else { Stage::Refused };
    let half = Duration::from_micros(lifetime.as_micros() / 2).max(RENEWED_AT_LEAST);
    let at = now + if is_granted { half } else { REFUSED_AGAIN };
    cx.set_timer(Actor::Peer(from), Timer::Reservation, Some(at));
    Ok(is_first.then_some(Turn::RelayReady(from)))
}

/// Whether a peer is a relay that we are reached through.
pub(crate) fn is_ours(peer: u16, cx: &Cx<'_>) -> bool {
    let handle = cx.handle(peer);
    cx.state.relays.iter().any(|relay| relay.get() == Some(handle))
}

/// Whether a relay keeps a place for us.
pub(crate) fn is_reserved(peer: u16, cx: &Cx<'_>) -> bool {
    cx.peers[usize::from(peer)].relaying.relay.stage == Stage::Reserved
}

/// The relay at this position, if peers can be looked for there.
pub(super) fn relay_at(position: u8, cx: &mut Cx<'_>) -> Option<u16> {
    let relay = cx.state.relays.get(usize::from(position))?.get()?;
    let slot = cx.resolve(relay)?;
    let peer = cx.peer(slot);
    let has_answered = matches!(peer.relaying.relay.stage, Stage::Reserved | Stage::Refused);
    (peer.state == PeerState::Active && has_answered).then_some(slot)
}

/// A relay is gone, or forgotten; it stays on our list as long as it has its place.
pub(super) fn on_relay_gone(peer: u16, cx: &mut Cx<'_>) {
    dismiss(peer, cx);
    if is_ours(peer, cx) {
        replace(peer, cx);
    }
}

fn dismiss(relay: u16, cx: &mut Cx<'_>) {
    cx.peer(relay).relaying.relay = Relay::NONE;
    cx.set_timer(Actor::Peer(relay), Timer::Reservation, None);
}

/// A peer is reached directly now: it may be a relay for us.
pub(super) fn on_moved(peer: u16, cx: &mut Cx<'_>) {
    if cx.peer(peer).relaying.relay.stage == Stage::None {
        on_alive(peer, cx);
    }
}

/// The network has another secret: relays of other networks are shown what follows from it.
pub(crate) fn on_secret_change(cx: &mut Cx<'_>) {
    for relay in cx.state.relays {
        if let Some(relay) = relay.get().and_then(|relay| cx.resolve(relay))
            && cx.peer(relay).is_foreign
        {
            on_renewed(relay, cx);
        }
    }
}

pub(super) fn forget(peer: u16, cx: &mut Cx<'_>) {
    let (handle, was_ours) = (cx.handle(peer), is_ours(peer, cx));
    for relay in &mut cx.state.relays {
        if relay.get() == Some(handle) {
            *relay = Held::Nothing;
        }
    }
    if was_ours {
        replace(peer, cx);
    }
}

/// A relay is to hear whether a circuit is welcome.
pub(super) fn answer(relay: u16, circuit: u32, is_welcome: bool, cx: &mut Cx<'_>) {
    cx.peer(relay).relaying.relay.answer_owed = Held::This((circuit, is_welcome));
    cx.make_ready(Actor::Peer(relay));
}

/// What is owed to a relay of ours.
pub(super) fn take_owed(relay: u16, cx: &mut Cx<'_>) -> Option<RelayMessage> {
    let state = &mut cx.peer(relay).relaying.relay;
    if let Some((circuit, is_welcome)) = state.answer_owed.take() {
        let named = Named { circuit };
        return Some(match is_welcome {
            true => RelayMessage::Accept(named),
            false => RelayMessage::Refuse(named),
        });
    }
    if !state.ask_owed {
        return None;
    }
    let proof = match cx.peer(relay).is_foreign {
        // When it is made, there will be a turn.
        true => Some(foreign::prove(relay, cx).or_else(|| postpone(relay, cx))?),
        false => None,
    };
    cx.peer(relay).relaying.relay.ask_owed = false;
    asked(relay, cx);
    Some(RelayMessage::Reserve(proof))
}

/// What a node says of itself: whether it relays.
pub(crate) fn capabilities(cx: &Cx<'_>) -> u32 {
    let relays = cx.state.config.access.relays > Whom::Nobody || foreign::is_welcome(cx);
    if relays && !cx.circuits.is_empty() { CAN_RELAY } else { 0 }
}
