//! No ephemeral key is used in two handshakes.
//!
//! Forward secrecy rests on keys that are drawn anew for every handshake. They stand in the clear
//! in its messages, which are repeated byte by byte but for the proof of a cookie: one key is seen
//! only in one node's datagrams, and these are all the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use underpass_core::Instant;

use super::{Complaint, Setting, wire};
use crate::scenario::model::NodeId;
use crate::trace::{PacketInfo, Watch};

pub(super) struct Ephemeral {
    names: Arc<[String]>,
    /// Every key ever shown, of all lives of all nodes.
    shown: BTreeMap<[u8; 32], Shown>,
    complaint: Complaint,
}

/// The datagram that showed a key first.
struct Shown {
    by: NodeId,
    at: Instant,
    /// Of what is repeated.
    hash: [u8; 32],
}

impl Ephemeral {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            shown: BTreeMap::new(),
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Ephemeral {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        let Some(key) = wire::ephemeral(packet.bytes) else { return };
        let hash = Sha256::digest(wire::repeated(packet.bytes)).into();
        let by = packet.from;
        let first = self.shown.entry(key).or_insert(Shown { by, at, hash });
        if (first.by, first.hash) != (by, hash) {
            let name = |node: NodeId| &self.names[node.0 as usize];
            self.complaint.raise(format!(
                "ephemeral: {} used in a handshake at {at} the key that {} used in another at {}",
                name(by),
                name(first.by),
                first.at
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
