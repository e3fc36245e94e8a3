//! Whoever can be in touch once nothing goes wrong any more, is.
//!
//! [`Connections`](crate::oracle::Connections) says who can, and by when: both ends must see their
//! session active at one instant up to then. A run that ends before is not judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::oracle::Connection;
use crate::scenario::model::{NodeId, SessionState};
use crate::trace::{Observation, PacketInfo, Watch};

pub(super) struct Liveness {
    names: Arc<[String]>,
    settled: Instant,
    /// Whether it is settled by now.
    is_settled: bool,
    /// Who dials whom and has not been seen in touch since, and until when that is in time.
    missing: BTreeMap<(NodeId, NodeId), Instant>,
    /// The first of these times.
    due: Option<Instant>,
    /// Who sees whom active.
    active: BTreeSet<(NodeId, NodeId)>,
    complaint: Complaint,
}

impl Liveness {
    pub(super) fn new(setting: &Setting) -> Self {
        let missing = setting.connections.due.iter();
        let mut liveness = Self {
            names: Arc::clone(&setting.names),
            settled: setting.connections.settled,
            is_settled: false,
            missing: missing.map(|&Connection { from, to, by }| ((from, to), by)).collect(),
            due: None,
            active: BTreeSet::new(),
            complaint: Complaint::default(),
        };
        liveness.due = liveness.missing.values().min().copied();
        liveness
    }

    fn are_in_touch(active: &BTreeSet<(NodeId, NodeId)>, from: NodeId, to: NodeId) -> bool {
        active.contains(&(from, to)) && active.contains(&(to, from))
    }

    /// What was true until now has been true from the time before on.
    fn pass(&mut self, now: Instant) {
        if now > self.settled && !self.is_settled {
            self.is_settled = true;
            let active = &self.active;
            self.missing.retain(|&(from, to), _| !Self::are_in_touch(active, from, to));
            self.due = self.missing.values().min().copied();
        }
        if self.due.is_some_and(|due| now > due) {
            self.complain(now);
        }
    }

    fn complain(&mut self, now: Instant) {
        let overdue = self.missing.iter().find(|(_, due)| now > **due);
        let Some((&(from, to), due)) = overdue else { return };
        let name = |node: NodeId| &self.names[node.0 as usize];
        let sees = |one, other| match self.active.contains(&(one, other)) {
            true => "active",
            false => "not active",
        };
        self.complaint.raise(format!(
            "liveness: {} dials {}, and nothing has been in the way since {} at the latest, but by \
             {due} they are not in touch: to {} the session is {}, to {} {}",
            name(from),
            name(to),
            self.settled,
            name(from),
            sees(from, to),
            name(to),
            sees(to, from)
        ));
    }

    fn is_active(&mut self, node: NodeId, peer: NodeId) {
        self.active.insert((node, peer));
        if !self.is_settled {
            return;
        }
        for (from, to) in [(node, peer), (peer, node)] {
            if Self::are_in_touch(&self.active, from, to)
                && self.missing.remove(&(from, to)) == self.due
            {
                self.due = self.missing.values().min().copied();
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
            Observation::Session { peer, state: SessionState::Active } => {
                self.is_active(node, peer);
            }
            Observation::Session { peer, .. } => {
                self.active.remove(&(node, peer));
            }
            Observation::Stopped => self.active.retain(|(one, _)| *one != node),
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
