//! Whoever can be in touch once nothing goes wrong any more, is.
//!
//! [`Connections`](crate::oracle::Connections) says who can, and by when: up to then, and after all
//! has settled, both ends must have measured a round trip, which takes an answer of the other end. A
//! run that ends before is not judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::oracle::Connection;
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};

pub(super) struct Liveness {
    names: Arc<[String]>,
    settled: Instant,
    /// Who dials whom and has not been seen in touch since, and until when that is in time.
    missing: BTreeMap<(NodeId, NodeId), Instant>,
    /// The same in the order of these times.
    due: BTreeSet<(Instant, (NodeId, NodeId))>,
    /// Who has had an answer of whom since it settled.
    answered: BTreeSet<(NodeId, NodeId)>,
    complaint: Complaint,
}

impl Liveness {
    pub(super) fn new(setting: &Setting) -> Self {
        let missing = setting.connections.due.iter();
        let missing: BTreeMap<_, _> =
            missing.map(|&Connection { from, to, by }| ((from, to), by)).collect();
        Self {
            names: Arc::clone(&setting.names),
            settled: setting.connections.settled,
            due: missing.iter().map(|(pair, due)| (*due, *pair)).collect(),
            missing,
            answered: BTreeSet::new(),
            complaint: Complaint::default(),
        }
    }

    fn pass(&mut self, now: Instant) {
        if self.due.first().is_some_and(|(due, _)| now > *due) {
            self.complain(now);
        }
    }

    fn complain(&mut self, now: Instant) {
        let overdue = self.missing.iter().find(|(_, due)| now > **due);
        let Some((&(from, to), due)) = overdue else { return };
        let name = |node: NodeId| &self.names[node.0 as usize];
        let heard = |one, other| match self.answered.contains(&(one, other)) {
            true => "has",
            false => "has not",
        };
        self.complaint.raise(format!(
            "liveness: {} dials {}, and nothing has been in the way since {}, but by \
             {due} they are not in touch: {} {} had an answer, {} {}",
            name(from),
            name(to),
            self.settled,
            name(from),
            heard(from, to),
            name(to),
            heard(to, from)
        ));
    }

    fn answered(&mut self, node: NodeId, peer: NodeId) {
        if !self.answered.insert((node, peer)) || !self.answered.contains(&(peer, node)) {
            return;
        }
        for pair in [(node, peer), (peer, node)] {
            if let Some(due) = self.missing.remove(&pair) {
                self.due.remove(&(due, pair));
            }
        }
    }
}

impl Watch for Liveness {
    fn transmitted(&mut self, at: Instant, _: &PacketInfo<'_>) {
        self.pass(at);
    }

    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.pass(at);
        match *observation {
            Observation::Rtt { peer, .. } if at >= self.settled && !self.due.is_empty() => {
                self.answered(node, peer);
            }
            _ => {}
        }
    }

    fn passed(&mut self, at: Instant) {
        // What is to come about by now has had its time.
        self.pass(Instant::from_micros(at.as_micros().saturating_add(1)));
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
