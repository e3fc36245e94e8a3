//! Both ends agree on what session they have.
//!
//! The hash over a handshake covers everything in it: both identities, the network, every message.
//! So one hash is reported by two nodes at most, and each names the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, Watch};

pub(super) struct Agreement {
    names: Arc<[String]>,
    /// Who reported a hash first, and whom it named.
    sessions: BTreeMap<[u8; 32], (NodeId, NodeId)>,
    complaint: Complaint,
}

impl Agreement {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            sessions: BTreeMap::new(),
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Agreement {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        let Observation::Established { peer, handshake_hash } = *observation else { return };
        let (first, its_peer) = *self.sessions.entry(handshake_hash).or_insert((node, peer));
        if (node, peer) != (first, its_peer) && (node, peer) != (its_peer, first) {
            let name = |node: NodeId| &self.names[node.0 as usize];
            self.complaint.raise(format!(
                "agreement: {} reported a session with {} (at {at}) that {} reported as one with \
                 {}",
                name(node),
                name(peer),
                name(first),
                name(its_peer)
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
