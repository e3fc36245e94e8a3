//! How much of something there is, and of each peer.

use std::collections::BTreeMap;

use underpass_core::Peer;

/// Messages and their bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::driver) struct Load {
    pub(in crate::driver) messages: usize,
    pub(in crate::driver) bytes: usize,
}

/// The messages of an application, and the answers that nobody here waits for.
#[derive(Default)]
pub(super) struct Loads {
    own: Load,
    answers: Load,
    peers: BTreeMap<Peer, OfPeer>,
}

#[derive(Clone, Copy, Default)]
struct OfPeer {
    own: Load,
    answers: Load,
}

impl Load {
    pub(in crate::driver) fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes;
    }

    pub(in crate::driver) fn remove(&mut self, bytes: usize) {
        self.messages -= 1;
        self.bytes -= bytes;
    }

    /// Whether it is less than a part of this, in both.
    pub(in crate::driver) fn is_below(self, most: Self, divided_by: usize) -> bool {
        self.messages < most.messages.div_ceil(divided_by)
            && self.bytes < most.bytes.div_ceil(divided_by)
    }

    /// Whether so much more fits; what is alone does, however long.
    pub(super) fn has_room(self, bytes: usize, most: Self) -> bool {
        self.messages < most.messages && (self.bytes == 0 || self.bytes + bytes <= most.bytes)
    }
}

impl Loads {
    pub(super) fn own(&self) -> Load {
        self.own
    }

    pub(super) fn answers(&self) -> Load {
        self.answers
    }

    pub(super) fn answers_to(&self, peer: Peer) -> Load {
        self.peers.get(&peer).map_or(Load::default(), |of| of.answers)
    }

    /// Both sorts together.
    pub(super) fn all_to(&self, peer: Peer) -> Load {
        let OfPeer { own, answers } = self.peers.get(&peer).copied().unwrap_or_default();
        Load { messages: own.messages + answers.messages, bytes: own.bytes + answers.bytes }
    }

    pub(super) fn add(&mut self, to: Peer, is_answer: bool, bytes: usize) {
        let of = self.peers.entry(to).or_default();
        let both = match is_answer {
            true => [&mut self.answers, &mut of.answers],
            false => [&mut self.own, &mut of.own],
        };
        both.into_iter().for_each(|load| load.add(bytes));
    }

    pub(super) fn remove(&mut self, to: Peer, is_answer: bool, bytes: usize) {
        let Some(of) = self.peers.get_mut(&to) else { return };
        let both = match is_answer {
            true => [&mut self.answers, &mut of.answers],
            false => [&mut self.own, &mut of.own],
        };
        both.into_iter().for_each(|load| load.remove(bytes));
        if of.own.messages + of.answers.messages == 0 {
            self.peers.remove(&to);
        }
    }
}
