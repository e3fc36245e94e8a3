//! Messages that wait for room in the node, in the order in which they came.

use std::collections::VecDeque;

use underpass_core::{Config, Duration, Instant, Peer};

use super::Parcel;
use super::load::{Load, Loads};
use crate::driver::long::LONG_MAX;

/// When there is as much, nothing more is taken from the application, so that it waits too.
const OWN_MAX: Load = Load { messages: 256, bytes: 8 * LONG_MAX };
/// Answers in all, and to one peer: more are dropped.
const ANSWERS_MAX: Load = Load { messages: 1024, bytes: 4 * LONG_MAX };
const PEER_ANSWERS_MAX: Load = Load { messages: 256, bytes: LONG_MAX };
/// A peer that takes its answers so slowly is to ask no more for now.
const PEER_ANSWERS_MANY: Load = Load { messages: 64, bytes: LONG_MAX / 4 };
/// None waits for longer than a message can live.
const WAITS_MAX: Duration = Config::MESSAGE_LIFETIME_MAX;

/// A message in the line, and since when.
pub(super) struct Waiting {
    pub(super) parcel: Parcel,
    pub(super) since: Instant,
}

#[derive(Default)]
pub(super) struct Line {
    waiting: VecDeque<Waiting>,
    loads: Loads,
}

impl Waiting {
    pub(super) fn is_late(&self, now: Instant) -> bool {
        now.saturating_since(self.since) > WAITS_MAX
    }
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the application may hand over more: answers, which others cause, do not keep it from that.
    pub(super) fn has_room(&self) -> bool {
        self.loads.own().is_below(OWN_MAX, 1)
    }

    /// How many wait for a peer.
    pub(super) fn count(&self, to: Peer) -> usize {
        self.loads.all_to(to).messages
    }

    /// Whether somebody waits for what becomes of one of them.
    pub(super) fn has_awaited(&self, to: Peer) -> bool {
        let parcels = self.waiting.iter().map(|waiting| &waiting.parcel);
        let mut to_peer = parcels.filter(|parcel| parcel.to == to);
        to_peer.any(|parcel| parcel.ended.as_ref().is_some_and(|ended| !ended.is_closed()))
    }

    /// Whether an answer to this peer may wait.
    pub(super) fn takes_answer(&self, to: Peer, bytes: usize) -> bool {
        self.loads.answers().has_room(bytes, ANSWERS_MAX)
            && self.loads.answers_to(to).has_room(bytes, PEER_ANSWERS_MAX)
    }

    /// Whether so many answers wait for a peer that it is to ask no more.
    pub(super) fn has_many_answers(&self, to: Peer) -> bool {
        !self.loads.answers_to(to).is_below(PEER_ANSWERS_MANY, 1)
    }

    /// Whether so few wait that it may ask again.
    pub(super) fn has_few_answers(&self, to: Peer) -> bool {
        self.loads.answers_to(to).is_below(PEER_ANSWERS_MANY, 2)
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        let Parcel { to, payload, .. } = &waiting.parcel;
        self.loads.add(*to, waiting.parcel.is_answer(), payload.len());
        self.waiting.push_back(waiting);
    }

    /// All of it, first come first.
    pub(super) fn take(&mut self) -> VecDeque<Waiting> {
        self.loads = Loads::default();
        std::mem::take(&mut self.waiting)
    }
}
