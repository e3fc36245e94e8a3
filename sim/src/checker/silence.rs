//! Nobody is told of a node that wants to be silent.
//!
//! No honest node holds a record of it, and none has its address in the record of another: records are all that
//! shuffles, answers and walks carry. Whatever else could tell of its address, candidates, relays, what is seen of packets:
//! nobody sends anything there but who has heard from it, has a session with it, or was told by its own owner to
//! call it. What a node lies of itself is not of this.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::machine::Machine;
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};
use crate::world::Topology;

pub(super) struct Silence {
    names: Arc<[String]>,
    silent: BTreeSet<NodeId>,
    /// Where they are at any time; but for those at whose address a liar says that it is.
    addresses: BTreeSet<IpAddr>,
    topology: Arc<Topology>,
    /// Who may know where a silent node is, first: it has heard from it, or was told by its owner.
    acquainted: BTreeSet<(NodeId, NodeId)>,
    /// Whoever has come to know of somebody, and was not looked at since.
    changed: BTreeSet<NodeId>,
    complaint: Complaint,
}

impl Silence {
    pub(super) fn new(setting: &Setting) -> Self {
        let silent = setting.silent.difference(&setting.claimed);
        let addresses = silent.flat_map(|node| setting.topology.own_addresses(*node)).collect();
        let calls = (0..).map(NodeId).zip(&setting.peers);
        let acquainted =
            calls.flat_map(|(node, peers)| peers.iter().map(move |peer| (node, *peer))).collect();
        Self {
            names: Arc::clone(&setting.names),
            silent: setting.silent.clone(),
            addresses,
            topology: Arc::clone(&setting.topology),
            acquainted,
            changed: BTreeSet::new(),
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Silence {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        let to = packet.destination.ip();
        if !self.addresses.contains(&to) {
            return;
        }
        let there = self.topology.node_of(to).filter(|node| self.silent.contains(node));
        let Some(silent) = there.filter(|silent| *silent != packet.from) else { return };
        if !self.acquainted.contains(&(packet.from, silent)) {
            let [from, silent] = [packet.from, silent].map(|node| &self.names[node.0 as usize]);
            self.complaint.raise(format!(
                "silence: {from} sent something to where {silent} is, which is silent and has not told it (at {at})"
            ));
        }
    }

    fn arrived(&mut self, _: Instant, packet: &PacketInfo<'_>) {
        if let Some(to) = packet.to.filter(|_| self.silent.contains(&packet.from)) {
            self.acquainted.insert((to, packet.from));
        }
    }

    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        if let Observation::Established { peer, .. } = *observation {
            self.acquainted.insert((node, peer));
        }
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
            if self.addresses.contains(&address.ip()) {
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
