//! Data goes only over proven paths.
//!
//! A sealed datagram that is longer than a probe carries what belongs to an application, or
//! acknowledges it. It goes only to an address that has answered the node in its present life: from
//! which something sealed came that the node did not drop, after the node had sent something there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::Instant;

use super::wire::{self, PROBE_LEN, SEALED, WELCOMES};
use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};

pub(super) struct Proven {
    names: Arc<[String]>,
    /// By node, of its present life: where it has sent anything, and whether that has answered.
    addresses: Vec<BTreeMap<SocketAddr, bool>>,
    /// Whose turn it is to drop the answer that it was handed last, and from where that came.
    answer: Option<(NodeId, SocketAddr)>,
    complaint: Complaint,
}

impl Proven {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            addresses: setting.per_node(),
            answer: None,
            complaint: Complaint::default(),
        }
    }

    /// A node reports a drop before it does anything else: what it was handed before was good.
    fn settle(&mut self) {
        let Some((node, address)) = self.answer.take() else { return };
        if let Some(has_answered) = self.addresses[node.0 as usize].get_mut(&address) {
            *has_answered = true;
        }
    }
}

impl Watch for Proven {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.settle();
        let (node, to) = (packet.from.0 as usize, packet.destination);
        let has_answered = *self.addresses[node].entry(to).or_insert(false);
        let is_data = wire::kind(packet.bytes) == Some(SEALED) && packet.bytes.len() > PROBE_LEN;
        if is_data && !has_answered && packet.to != Some(packet.from) {
            self.complaint.raise(format!(
                "proven: {} sent data to {to}, from where nobody has answered it (at {at}, {} \
                 bytes)",
                self.names[node],
                packet.bytes.len()
            ));
        }
    }

    fn arrived(&mut self, _: Instant, packet: &PacketInfo<'_>) {
        self.settle();
        let Some(to) = packet.to else { return };
        let kind = wire::kind(packet.bytes);
        if kind.is_some_and(|kind| kind == SEALED || WELCOMES.contains(&kind)) {
            self.answer = Some((to, packet.source));
        }
    }

    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        match observation {
            Observation::Dropped { .. } => self.answer = None,
            Observation::Started { .. } | Observation::Stopped => {
                self.settle();
                self.addresses[node.0 as usize].clear();
            }
            _ => self.settle(),
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
