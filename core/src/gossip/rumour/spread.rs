//! Whom a rumour goes on to, and what follows when somebody tells it again: all that differs between one
//! way of spreading rumours and another.
//!
//! This one tells every neighbour once. That is complete as long as the neighbours hang together, and
//! costs as many copies a node as it has neighbours, less one. Held against a tree and against a few at
//! random, it is the fastest, and alone misses nobody where much is lost: `docs/gossip.md`.

use super::{HOPS_MAX, Stage};
use crate::cx::Cx;
use crate::gossip::owe_handle;
use crate::peer::Peer;
use crate::time::Duration;
use crate::wire::Rumour;

/// A rumour was heard for the first time, or is this node's own.
pub(super) fn on_first(place: usize, from: Option<Peer>, cx: &mut Cx<'_>) {
    if cx.rumours[place].hops >= HOPS_MAX {
        return;
    }
    for neighbour in cx.state.gossip.neighbours.clone() {
        if Some(neighbour) != from {
            owe_handle(neighbour, |owed| owed.rumours |= 1 << place, cx);
        }
    }
}

/// A neighbour tells a rumour that is known: it need not be told. How far it had come and how old it was nobody
/// has signed: the shorter way and the lesser age count, or whoever is first could say that it is at its end.
pub(super) fn on_repeated(place: usize, from: u16, told: &Rumour<'_>, cx: &mut Cx<'_>) {
    let now = cx.now();
    let slot = &mut cx.rumours[place];
    if Duration::from_secs(told.age_s.into()) < slot.age(now) {
        (slot.at, slot.age_s) = (now, told.age_s);
    }
    let was_at_end = slot.hops >= HOPS_MAX;
    slot.hops = slot.hops.min(told.hops);
    if slot.stage != Stage::Held {
        return;
    }
    if was_at_end {
        let teller = cx.handle(from);
        on_first(place, Some(teller), cx);
    }
    cx.peer(from).gossip.owed.rumours &= !(1 << place);
}
