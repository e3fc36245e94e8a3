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

/// A neighbour tells a rumour that is known: it need not be told.
pub(super) fn on_repeated(place: usize, from: u16, cx: &mut Cx<'_>) {
    if cx.rumours[place].stage == Stage::Held {
        cx.peer(from).gossip.owed.rumours &= !(1 << place);
    }
}
