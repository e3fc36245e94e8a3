//! A node that is reached through relays, or reaches others through them.

use super::{Attested, foreign};
use crate::access::{self, Standing, Use, Whom};
use crate::counters::Dropped;
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::identity::PeerId;
use crate::lifecycle::Turn;
use crate::paths::{self, Known, Ways};
use crate::peer::{Peer, PeerSlot, PeerState};
use crate::time::{Duration, Instant};
use crate::timer::{ATTEMPT, Timer, retry_gap};
use crate::way::{Circuit, Way};
use crate::wire::{CAN_RELAY, Named, Offer, Open, RelayMessage, Reserved};

/// Relays at which a node can be reached.
pub(crate) const OWN_RELAYS: usize = 2;
/// And one that it visits, to find somebody there.
pub(crate) const RELAYS: usize = OWN_RELAYS + 1;
/// After a relay has refused, it is asked again.
const REFUSED_AGAIN: Duration = Duration::from_secs(600);
/// A reservation is renewed before it ends, and never more often than this.
const RENEWED_AT_LEAST: Duration = Duration::from_secs(30);
/// A peer that was dialled at its address and has not answered for so long is looked for at relays, too.
const LATER: Duration = Duration::from_millis(500);
/// After so many attempts in a row that it has not answered, a relay may lose its place to another.
const IN_VAIN_MAX: u8 = 3;
/// A relay that has not answered in an attempt's time is asked again; doubled for each one after it.
const UNANSWERED_AGAIN: Duration = Duration::from_secs(1);
const UNANSWERED_AGAIN_MAX: Duration = Duration::from_secs(60);
/// A peer that is reached directly keeps a circuit for bad times; if it is lost, another is asked for.
const SPARE_AGAIN: Duration = Duration::from_secs(60);
/// A peer that nothing leads to any more is looked for again, until it counts as gone.
const LOST_AGAIN: Duration = Duration::from_secs(1);
/// Offers remembered until the peer has shown itself.
pub(crate) const OFFERS: usize = 4;

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

/// What relays have said of a peer: the one by which it is reached, and another.
pub(super) const SAID: usize = 2;

/// Where the peer at a circuit's other end is, as its relay has said.
#[derive(Clone, Copy)]
pub(super) struct Said {
    circuit: Circuit,
    attested: Attested,
}

/// An offer of one of our relays, about a peer that may show itself.
#[derive(Clone, Copy)]
pub(crate) struct Offered {
    circuit: Circuit,
    attested: Attested,
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
fn relay_at(position: u8, cx: &mut Cx<'_>) -> Option<u16> {
    let relay = cx.state.relays.get(usize::from(position))?.get()?;
    let slot = cx.resolve(relay)?;
    let peer = cx.peer(slot);
    let has_answered = matches!(peer.relaying.relay.stage, Stage::Reserved | Stage::Refused);
    (peer.state == PeerState::Active && has_answered).then_some(slot)
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

/// Somebody wants to reach this node through one of its relays.
pub(super) fn on_offer(from: u16, offer: &Offer, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    if !is_ours(from, cx) {
        return Err(Dropped::UnknownCircuit);
    }
    let id = PeerId::claimed(offer.peer);
    let known = cx.find_peer(&id);
    let is_relay = known.is_some_and(|known| is_ours(known, cx));
    let is_welcome = id != cx.state.id && !is_relay && access::allows(Use::Answers, known, cx);
    if is_welcome {
        let circuit = Circuit { relay: cx.handle(from), number: offer.circuit };
        remember(Offered { circuit, attested: offer.attested }, cx);
        if let Some(peer) = known {
            hear(peer, circuit, offer.attested, cx);
        }
    }
    cx.peer(from).relaying.relay.answer_owed = Held::This((offer.circuit, is_welcome));
    cx.make_ready(Actor::Peer(from));
    Ok(known.filter(|_| is_welcome).map(Turn::Attested))
}

fn remember(offered: Offered, cx: &mut Cx<'_>) {
    let offers = &mut cx.state.offers;
    let is_same =
        |held: &Held<Offered>| held.as_ref().is_some_and(|o| o.circuit == offered.circuit);
    if let Some(same) = offers.iter_mut().find(|held| is_same(held)) {
        *same = Held::This(offered);
        return;
    }
    offers.rotate_right(1);
    offers[0] = Held::This(offered);
}

/// A peer has shown itself by a circuit that was offered: where it is, the relay has said.
pub(crate) fn recall(peer: u16, circuit: Circuit, cx: &mut Cx<'_>) {
    let offered = cx.state.offers.iter().filter_map(Held::as_ref);
    let attested = offered.clone().find(|it| it.circuit == circuit).map(|it| it.attested);
    if let Some(attested) = attested {
        hear(peer, circuit, attested, cx);
    }
}

/// A relay says where the peer at the other end of a circuit is.
pub(super) fn hear(peer: u16, circuit: Circuit, attested: Attested, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    let in_use = circuit_in_use(&slot.ways);
    let said = &mut slot.relaying.said;
    let is_of = |held: &Held<Said>, circuit: Option<Circuit>| {
        held.as_ref().is_some_and(|said| Some(said.circuit) == circuit)
    };
    let place = said
        .iter()
        .position(|held| is_of(held, Some(circuit)))
        .or_else(|| said.iter().position(|held| held.as_ref().is_none()))
        .or_else(|| said.iter().position(|held| !is_of(held, in_use)));
    said[place.unwrap_or_default()] = Held::This(Said { circuit, attested });
    let is_contradicted = in_use != Some(circuit) && said.iter().any(|held| is_of(held, in_use));
    if !is_contradicted {
        slot.relaying.attested = attested;
    }
}

/// Where a peer is, the relay says by which it is reached: another may take its place, but not its word.
pub(super) fn review_attested(peer: u16, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    let Some(in_use) = circuit_in_use(&slot.ways) else { return };
    let said = slot.relaying.said.iter().filter_map(Held::as_ref);
    if let Some(said) = said.clone().find(|said| said.circuit == in_use) {
        slot.relaying.attested = said.attested;
    }
}

/// The circuit that packets take, or would if the direct way failed.
fn circuit_in_use(ways: &Ways) -> Option<Circuit> {
    let circuit = |way: Way| match way {
        Way::Relayed(circuit) => Some(circuit),
        Way::Direct(_) => None,
    };
    let proven = ways.iter().filter(|known| known.is_validated());
    let on_course = ways.course.primary().and_then(circuit);
    on_course.or_else(|| proven.filter_map(|known| circuit(known.way)).next())
}

/// A circuit of ours is no more.
pub(super) fn on_gone(from: u16, named: Named, cx: &mut Cx<'_>) -> Option<Turn> {
    let circuit = Circuit { relay: cx.handle(from), number: named.circuit };
    let peer = reached_by(circuit, cx)?;
    Some(Turn::CircuitGone(peer, circuit))
}

/// Whom a circuit of ours leads to.
fn reached_by(circuit: Circuit, cx: &Cx<'_>) -> Option<u16> {
    let has_it = |peer: &PeerSlot| peer.is_taken && peer.ways.find(Way::Relayed(circuit)).is_some();
    cx.peers.iter().position(has_it).map(|position| position as u16)
}

/// Looks for another circuit after a while, as long as the peer is reached.
pub(crate) fn search_spare(peer: u16, cx: &mut Cx<'_>) {
    if cx.peer(peer).relaying.search.as_ref().is_none() {
        let at = cx.now() + cx.state.public.jitter(SPARE_AGAIN);
        cx.set_timer(Actor::Peer(peer), Timer::Search, Some(at));
    }
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

/// The circuits to a peer that is not dealt with any more are of no use.
pub(crate) fn give_back(peer: u16, cx: &mut Cx<'_>) {
    let Some(circuit) = circuit_to(&cx.peer(peer).ways) else { return };
    if let Some(relay) = cx.resolve(circuit.relay) {
        cx.peer(relay).relaying.relay.answer_owed = Held::This((circuit.number, false));
        cx.make_ready(Actor::Peer(relay));
    }
}

fn circuit_to(ways: &Ways) -> Option<Circuit> {
    ways.iter().find_map(|known| match known.way {
        Way::Relayed(circuit) => Some(circuit),
        Way::Direct(_) => None,
    })
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

/// What a node says of itself: whether it relays.
pub(crate) fn capabilities(cx: &Cx<'_>) -> u32 {
    let relays = cx.state.config.access.relays > Whom::Nobody || foreign::is_welcome(cx);
    if relays && !cx.circuits.is_empty() { CAN_RELAY } else { 0 }
}
