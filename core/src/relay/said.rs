//! What relays say of peers: circuits to them, and where they are.

use super::Attested;
use super::client::{answer, is_ours};
use crate::access::{self, Use};
use crate::counters::Dropped;
use crate::cx::Cx;
use crate::held::Held;
use crate::identity::PeerId;
use crate::lifecycle::Turn;
use crate::paths::Ways;
use crate::peer::PeerSlot;
use crate::way::{Circuit, Way};
use crate::wire::{Named, Offer};

/// Offers remembered until the peer has shown itself.
pub(crate) const OFFERS: usize = 4;
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
    answer(from, offer.circuit, is_welcome, cx);
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
pub(super) fn reached_by(circuit: Circuit, cx: &Cx<'_>) -> Option<u16> {
    let has_it = |peer: &PeerSlot| peer.is_taken && peer.ways.find(Way::Relayed(circuit)).is_some();
    cx.peers.iter().position(has_it).map(|position| position as u16)
}

/// The circuits to a peer that is not dealt with any more are of no use.
pub(crate) fn give_back(peer: u16, cx: &mut Cx<'_>) {
    let Some(circuit) = circuit_to(&cx.peer(peer).ways) else { return };
    if let Some(relay) = cx.resolve(circuit.relay) {
        answer(relay, circuit.number, false, cx);
    }
}

pub(super) fn circuit_to(ways: &Ways) -> Option<Circuit> {
    ways.iter().find_map(|known| match known.way {
        Way::Relayed(circuit) => Some(circuit),
        Way::Direct(_) => None,
    })
}
