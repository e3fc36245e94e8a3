//! No key is used twice with one counter.
//!
//! A second message under the same key and counter would give both away. Keys cannot be seen from
//! outside, but each belongs to one life of its sender, to one receiver, to the index that this
//! receiver drew for the session, and to an epoch: among datagrams equal in these, the counter
//! only grows. The very same datagram may go out again, which tells nobody anything new: relays that
//! do so with older ones are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::Instant;

use super::wire::Seal;
use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};

pub(super) struct Nonce {
    names: Arc<[String]>,
    repeaters: BTreeSet<NodeId>,
    /// By sender, of its present life.
    highest: Vec<BTreeMap<Key, Highest>>,
    complaint: Complaint,
}

/// What stands for a key: destination, receiver's index, epoch.
type Key = (SocketAddr, u32, u8);

/// The datagram with the highest counter so far.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Highest {
    counter: u64,
    length: usize,
    /// Two contents of one length under one key and counter have different tags.
    tag: [u8; 16],
}

impl Nonce {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            repeaters: setting.repeaters.clone(),
            highest: setting.per_node(),
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Nonce {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        let Some(Seal { epoch, receiver, counter, tag }) = Seal::of(packet.bytes) else { return };
        if self.repeaters.contains(&packet.from) {
            return;
        }
        let (node, to) = (packet.from.0 as usize, packet.destination);
        let this = Highest { counter, length: packet.bytes.len(), tag };
        let highest = self.highest[node].entry((to, receiver, epoch)).or_insert(this);
        if counter > highest.counter {
            *highest = this;
        } else if this != *highest {
            let (from, before) = (&self.names[node], highest.counter);
            let what = match counter == before {
                true => format!("sealed two different datagrams with counter {counter}"),
                false => format!("went back from counter {before} to {counter}"),
            };
            self.complaint.raise(format!(
                "nonce: {from} {what} for {to} (at {at}, session index {receiver:#010x}, epoch \
                 {epoch})"
            ));
        }
    }

    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        // Its keys are gone with its memory.
        if matches!(observation, Observation::Started { .. } | Observation::Stopped) {
            self.highest[node.0 as usize].clear();
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
