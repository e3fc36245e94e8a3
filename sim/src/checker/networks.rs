//! Networks have nothing to do with each other.
//!
//! A node has sessions with members of its own network, and beside these only with relays for strangers, or
//! as one: and what comes out of it is from its own network alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, Watch};

pub(super) struct Networks {
    names: Arc<[String]>,
    /// By node.
    networks: Vec<usize>,
    /// Who relays for others.
    open: BTreeSet<NodeId>,
    complaint: Complaint,
}

impl Networks {
    pub(super) fn new(setting: &Setting) -> Self {
        let open = setting.relays.iter().filter(|(_, limits)| limits.foreign_bytes > 0);
        Self {
            names: Arc::clone(&setting.names),
            networks: setting.networks.clone(),
            open: open.map(|(node, _)| *node).collect(),
            complaint: Complaint::default(),
        }
    }

    fn complain(&mut self, at: Instant, node: NodeId, what: &str, other: NodeId) {
        let [node, other] = [node, other].map(|node| &self.names[node.0 as usize]);
        self.complaint
            .raise(format!("networks: {node} {what} {other}, of another network (at {at})"));
    }
}

impl Watch for Networks {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        let (other, what) = match *observation {
            Observation::Established { peer, .. }
                if ![node, peer].iter().any(|end| self.open.contains(end)) =>
            {
                (peer, "has a session with")
            }
            Observation::Delivered { from, .. } | Observation::AppReceived { from, .. } => {
                (from, "was handed something of")
            }
            _ => return,
        };
        if self.networks[node.0 as usize] != self.networks[other.0 as usize] {
            self.complain(at, node, what, other);
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}

#[cfg(test)]
mod tests;
