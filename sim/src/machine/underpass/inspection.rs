//! The inside of a node, for checkers.

use underpass_core::Counter;
use underpass_core::inspect::{Usage, peers_digest, usage};

use super::Underpass;
use std::net::SocketAddr;

use crate::machine::{Answers, Copies, HANDSHAKES, Inspect, PEERS, Table};
use crate::scenario::model::NodeId;

/// The names of what [`Underpass::mark`] knows, in metrics.
pub(super) const MARKS: [&str; 4] =
    ["peers.most", "handshakes.most", "sessions.most", "messages.most"];

/// The names of what [`Underpass::gauge`] knows, in metrics.
pub(super) const GAUGES: [&str; 3] = ["records.known", "records.sequence", "neighbours"];

/// Five that a node wants, and two more that it takes (HyParView's active view); where there is room for few peers,
/// half of these.
const NEIGHBOURS_WANTED: usize = 5;
const NEIGHBOURS_MAX: usize = 7;

impl Underpass {
    /// How much it is now.
    pub(super) fn gauge(&self, name: &str) -> Option<u64> {
        let node = self.node()?;
        match name {
            "records.known" => u64::try_from(usage(node).records).ok(),
            "records.sequence" => Some(node.record_sequence().into()),
            "neighbours" => u64::try_from(node.neighbours().len()).ok(),
            _ => None,
        }
    }

    /// How full a table has been at most, after any call.
    pub(super) fn mark(&self, name: &str) -> Option<u64> {
        let Usage { peers, handshakes, sessions, messages, .. } = self.running.as_ref()?.most;
        let marks = [peers, handshakes, sessions, messages];
        let (_, most) = MARKS.iter().zip(marks).find(|(known, _)| **known == name)?;
        u64::try_from(most).ok()
    }
}

/// Of a machine that was started; another one has nothing inside.
impl Inspect for Underpass {
    fn peers_digest(&self) -> u64 {
        self.node().map_or(0, peers_digest)
    }

    fn tables(&self, show: &mut dyn FnMut(Table)) {
        let Some(node) = self.node() else { return };
        let (Usage { peers, handshakes, sessions, messages, records }, capacity) =
            (usage(node), self.setup.capacity);
        let mut table = |name, used, capacity| show(Table { name, used, capacity });
        table(PEERS, peers, capacity.peers);
        table(HANDSHAKES, handshakes, capacity.handshakes);
        table("sessions", sessions, capacity.sessions());
        table("messages", messages, capacity.messages);
        table("records", records, capacity.records);
        table("neighbours", node.neighbours().len(), NEIGHBOURS_MAX);
    }

    fn public_key_operations(&self) -> u64 {
        self.node().map_or(0, |node| node.counters().done(Counter::Jobs))
    }

    fn operation_under_way(&self) -> Option<u64> {
        self.running.as_ref()?.worker.under_way()
    }

    fn copies(&self) -> Copies {
        let done = |counter| self.node().map_or(0, |node| node.counters().done(counter));
        Copies {
            heard: done(Counter::RumoursHeard),
            told: done(Counter::RumoursSent),
            answered: done(Counter::RumoursAnswered),
        }
    }

    fn answers(&self) -> Answers {
        let done = |counter| self.node().map_or(0, |node| node.counters().done(counter));
        Answers { asked: done(Counter::QuestionBytes), answered: done(Counter::AnswerBytes) }
    }

    fn neighbours_wanted(&self) -> usize {
        (self.setup.capacity.peers / 2).clamp(1, NEIGHBOURS_WANTED)
    }

    fn addresses_told(&self, show: &mut dyn FnMut(NodeId, SocketAddr)) {
        for known in self.node().into_iter().flat_map(|node| node.known_peers()) {
            let Some(of) = self.roster.node(&known.id) else { continue };
            known.addresses.into_iter().flatten().for_each(|address| show(of, address));
        }
    }

    fn neighbours(&self, show: &mut dyn FnMut(NodeId)) {
        let Some(node) = self.node() else { return };
        for peer in node.neighbours() {
            let id = node.peer_id(*peer).ok().flatten();
            if let Some(neighbour) = id.and_then(|id| self.roster.node(&id)) {
                show(neighbour);
            }
        }
    }
}
