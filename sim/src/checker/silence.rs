//! Nobody is told of a node that wants to be silent.
//!
//! No honest node holds a record of it, and none has its address in the record of another: records are all that
//! shuffles, answers and walks carry. What a node lies of itself is not of this.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::machine::Machine;
use crate::scenario::model::NodeId;
use crate::trace::{Observation, Watch};

pub(super) struct Silence {
    names: Arc<[String]>,
    silent: BTreeSet<NodeId>,
    claimers: BTreeSet<NodeId>,
    /// Where they are at any time.
    addresses: BTreeSet<IpAddr>,
    /// Whoever has come to know of somebody, and was not looked at since.
    changed: BTreeSet<NodeId>,
    complaint: Complaint,
}

impl Silence {
    pub(super) fn new(setting: &Setting) -> Self {
        let silent = setting.silent.iter();
        let addresses = silent.flat_map(|node| setting.topology.own_addresses(*node)).collect();
        Self {
            names: Arc::clone(&setting.names),
            silent: setting.silent.clone(),
            claimers: setting.claimers.clone(),
            addresses,
            changed: BTreeSet::new(),
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Silence {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        let Observation::Known { peer, is: true } = *observation else { return };
        if self.silent.contains(&peer) {
            let [node, peer] = [node, peer].map(|node| &self.names[node.0 as usize]);
            self.complaint.raise(format!(
                "silence: {node} has a record of {peer}, which is silent (at {at})"
            ));
        } else if !self.silent.is_empty() {
            self.changed.insert(node);
        }
    }

    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        if !self.changed.remove(&node) {
            return;
        }
        let Some(inside) = machine.inspect() else { return };
        inside.addresses_told(&mut |of: NodeId, address: SocketAddr| {
            if self.addresses.contains(&address.ip()) && !self.claimers.contains(&of) {
                let [node, of] = [node, of].map(|node| &self.names[node.0 as usize]);
                self.complaint.raise(format!(
                    "silence: {node} was told that {of} is at {address}, where a silent node is (at {at})"
                ));
            }
        });
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
