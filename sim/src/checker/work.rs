//! Nobody can have a node do much public-key work by little.
//!
//! Every public-key operation is a job of its own, and what one call can ask for is bounded: a
//! datagram moves one handshake on, and may have another one begin; everything else only begins
//! handshakes, at most as many as there are places for. Who takes part in gossip checks signatures
//! besides, within a budget.

use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::machine::{HANDSHAKES, Machine, Table};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};

/// Operations between two waits for the other end, at most: a responder in IK reads `e, es, s, ss`
/// and writes `e, ee, se` (Noise specification, section 7.5), with a key pair of its own to make.
const BETWEEN_WAITS: u64 = 5;
/// Operations to begin a handshake by: a key pair, `es` and `ss` in IK.
const TO_BEGIN: u64 = 3;
/// Signatures that gossip may have checked at once: of records, and of rumours.
const SIGNATURES: u64 = 64 + 16;

pub(super) struct Work {
    names: Arc<[String]>,
    /// By node: whether it takes part in gossip.
    gossips: Vec<bool>,
    /// By node: operations that its present life had asked for when it was called last.
    before: Vec<u64>,
    /// The call under way brings a datagram.
    is_datagram: bool,
    complaint: Complaint,
}

impl Work {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            gossips: setting.gossips.clone(),
            before: setting.per_node(),
            is_datagram: false,
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Work {
    fn receiving(&mut self, _: Instant, _: NodeId, _: &dyn Machine, _: &PacketInfo<'_>, _: bool) {
        self.is_datagram = true;
    }

    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        if let Observation::Started { .. } = observation {
            self.before[node.0 as usize] = 0;
        }
    }

    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        let is_datagram = std::mem::take(&mut self.is_datagram);
        let Some(inside) = machine.inspect() else { return };
        let asked = inside.public_key_operations();
        let before = std::mem::replace(&mut self.before[node.0 as usize], asked);
        let in_call = asked.saturating_sub(before);
        if in_call <= TO_BEGIN {
            return;
        }
        let mut most = BETWEEN_WAITS + TO_BEGIN;
        if !is_datagram {
            inside.tables(&mut |Table { name, capacity, .. }| {
                if name == HANDSHAKES {
                    most = TO_BEGIN * u64::try_from(capacity).expect("a table fits in memory");
                }
            });
        }
        if self.gossips[node.0 as usize] {
            most += SIGNATURES;
        }
        if in_call > most {
            self.complaint.raise(format!(
                "work: {} asked for {in_call} public-key operations in one call, not {most} at \
                 most (at {at})",
                self.names[node.0 as usize]
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
