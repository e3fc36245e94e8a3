//! What is going to happen, in the order in which it will.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use underpass_core::Instant;

use crate::scenario::model::{NatId, NodeId};

/// When an event happens, and its place among those of the same instant: the world's own come
/// first, then those of each node in turn, for each by who caused them.
///
/// A key is made of what its causer knows. No counter is shared, so that nodes could run on
/// several cores and find the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    // The order of the fields is the order of events.
    at: Instant,
    /// 0 is the world itself, `i + 1` is node `i`; NATs come behind all nodes.
    to: u32,
    /// Likewise for a node's event. For the world's own, the rank of its kind.
    from: u32,
    /// The source's own count: what it caused first comes first.
    sequence: u64,
}

impl Key {
    /// An event of the world: of two at one instant, the lower rank comes first, then the lower
    /// position.
    pub(super) fn world(at: Instant, rank: u32, position: u32) -> Self {
        Self { at, to: 0, from: rank, sequence: u64::from(position) }
    }

    /// The wake of a node. It has no more than one at an instant.
    pub(super) fn wake(at: Instant, node: NodeId) -> Self {
        Self { at, to: node.0 + 1, from: node.0 + 1, sequence: 0 }
    }

    /// A packet, with its number among its sender's, and which one of that number it is. It is in
    /// one place at a time.
    pub(super) fn packet(at: Instant, to: NodeId, from: NodeId, number: u64, copy: u8) -> Self {
        let sequence = ((number + 1) << u8::BITS) | u64::from(copy);
        Self { at, to: to.0 + 1, from: from.0 + 1, sequence }
    }

    /// The same key for a packet that is at a NAT, in a world of so many nodes.
    pub(super) fn at_nat(self, nat: NatId, nodes: usize) -> Self {
        let nodes = u32::try_from(nodes).expect("fewer than 2^32 nodes");
        Self { to: nodes + nat.0 + 1, ..self }
    }
}

/// Events by key. No two have the same one.
#[derive(Debug)]
pub(super) struct Queue<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    key: Key,
    event: E,
}

impl<E: Copy> Queue<E> {
    pub(super) fn new() -> Self {
        Self { heap: BinaryHeap::new() }
    }

    pub(super) fn push(&mut self, key: Key, event: E) {
        self.heap.push(Reverse(Entry { key, event }));
    }

    /// When the next event happens.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.key.at)
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, E)> {
        self.heap.pop().map(|Reverse(entry)| (entry.key.at, entry.event))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<E> Eq for Entry<E> {}

#[cfg(test)]
mod tests;
