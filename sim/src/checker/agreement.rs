//! Both ends agree on what session they have.
//!
//! The hash over a handshake covers everything in it: both identities, the network, every message.
//! So one hash is reported by two nodes at most, and each names the other; and two nodes that hear
//! from each other do not go on in different sessions. For a while they may: an end learns of the
//! newest session from the first packet sent on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use underpass_core::{Duration, Instant};

use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, Watch};

/// How long a session that was replaced is still listened to. Two ends that differ for longer have
/// lost each other for good, and only do not know it yet.
const DIFFER_MAX: Duration = Duration::from_secs(30);

pub(super) struct Agreement {
    names: Arc<[String]>,
    /// Who reported a hash first, and whom it named.
    sessions: BTreeMap<[u8; 32], (NodeId, NodeId)>,
    /// What each node last reported of each peer, and when.
    newest: BTreeMap<(NodeId, NodeId), ([u8; 32], Instant)>,
    /// When each node last heard from each peer: only then it reports in which session.
    heard: BTreeMap<(NodeId, NodeId), Instant>,
    complaint: Complaint,
}

impl Agreement {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            sessions: BTreeMap::new(),
            newest: BTreeMap::new(),
            heard: BTreeMap::new(),
            complaint: Complaint::default(),
        }
    }

    fn established(&mut self, at: Instant, node: NodeId, peer: NodeId, hash: [u8; 32]) {
        self.newest.insert((node, peer), (hash, at));
        let (first, its_peer) = *self.sessions.entry(hash).or_insert((node, peer));
        if (node, peer) != (first, its_peer) && (node, peer) != (its_peer, first) {
            self.complaint.raise(format!(
                "agreement: {} reported a session with {} (at {at}) that {} reported as one with \
                 {}",
                self.name(node),
                self.name(peer),
                self.name(first),
                self.name(its_peer)
            ));
        }
    }

    /// `node` has heard from `peer`: by now both should be in one session, if `peer` has heard from `node`
    /// since, too.
    fn heard(&mut self, at: Instant, node: NodeId, peer: NodeId) {
        self.heard.insert((node, peer), at);
        let ours = self.newest.get(&(node, peer));
        let theirs = self.newest.get(&(peer, node));
        let (Some((ours, since)), Some((theirs, their_since))) = (ours, theirs) else { return };
        let since = *since.max(their_since);
        let has_heard = self.heard.get(&(peer, node)).is_some_and(|heard| *heard > since);
        if ours != theirs && has_heard && at.saturating_since(since) > DIFFER_MAX {
            self.complaint.raise(format!(
                "agreement: {} and {} have been in different sessions since {since} (at {at})",
                self.name(node),
                self.name(peer)
            ));
        }
    }

    /// A node that is off, or starts anew, has no session; what others think of it is out of date.
    fn forget(&mut self, node: NodeId) {
        self.newest.retain(|(one, other), _| *one != node && *other != node);
        self.heard.retain(|(one, other), _| *one != node && *other != node);
    }

    fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize]
    }
}

impl Watch for Agreement {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        match *observation {
            Observation::Established { peer, handshake_hash } => {
                self.established(at, node, peer, handshake_hash);
            }
            Observation::Rtt { peer, .. } => self.heard(at, node, peer),
            Observation::Stopped => self.forget(node),
            _ => {}
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
