//! Nobody can have a node flood somebody else.
//!
//! The sender's address of a datagram may be forged. Until a node has proof that who writes from
//! an address also reads there, no answer to it is larger than its question, and all that goes
//! there stays under three times what came from there. Proof is a sealed datagram that came from
//! where it says and that the node did not drop, or a session that the node reports. An address
//! that it wrote to before anything came from there was its own choice, and so is every `Hello` to
//! a peer that it is told to dial, or of one that knows others by their records. A probe is no answer where
//! only hints came from: [`Probes`](super::probes::Probes) counts these.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::Instant;

use super::wire::{self, HELLOS, NO_SESSION, PROBE_LEN, SEALED};
use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};
use crate::world::Topology;

pub(super) struct Amplification {
    names: Arc<[String]>,
    /// By node: whom it dials of its own accord.
    peers: Vec<Vec<NodeId>>,
    hostile: BTreeSet<NodeId>,
    topology: Arc<Topology>,
    /// By node, of its present life.
    memories: Vec<Memory>,
    complaint: Complaint,
}

/// What has passed between one node and everybody else.
#[derive(Default)]
struct Memory {
    standings: BTreeMap<SocketAddr, Standing>,
    /// Whom it knows by their records.
    known: BTreeSet<NodeId>,
    /// Where NATs have let nodes write from, that wrote from addresses of their own.
    translated: BTreeSet<(NodeId, SocketAddr)>,
    /// Where the sealed datagram came from that the node was handed last, unless it dropped it.
    opened: Option<SocketAddr>,
}

/// How a node stands to an address.
#[derive(Clone, Copy)]
enum Standing {
    Trusted,
    Unproven(Balance),
}

#[derive(Clone, Copy, Default)]
struct Balance {
    /// Bytes that came from there.
    came: usize,
    /// The largest datagram of these.
    largest: usize,
    /// Something else than hints came from there.
    has_asked: bool,
    /// Bytes that went there.
    went: usize,
}

impl Amplification {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            peers: setting.peers.clone(),
            hostile: setting.hostile.clone(),
            topology: Arc::clone(&setting.topology),
            memories: setting.per_node(),
            complaint: Complaint::default(),
        }
    }

    fn is_dial(&self, packet: &PacketInfo<'_>) -> bool {
        let peers = &self.peers[packet.from.0 as usize];
        let knows_others = !self.memories[packet.from.0 as usize].known.is_empty();
        let to = self.topology.node_of(packet.destination.ip());
        let is_hello = wire::kind(packet.bytes).is_some_and(|kind| HELLOS.contains(&kind));
        is_hello && (knows_others || to.is_some_and(|to| peers.contains(&to)))
    }
}

impl Watch for Amplification {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        let memory = &mut self.memories[packet.from.0 as usize];
        memory.settle();
        let to = packet.destination;
        let standing = *memory.standings.entry(to).or_insert(Standing::Trusted);
        let Standing::Unproven(mut balance) = standing else { return };
        let length = packet.bytes.len();
        let is_probe = wire::kind(packet.bytes) == Some(SEALED) && length == PROBE_LEN;
        if self.is_dial(packet) || (is_probe && !balance.has_asked) {
            return;
        }
        balance.went += length;
        let Balance { came, largest, went, .. } = balance;
        let from = &self.names[packet.from.0 as usize];
        if length > largest {
            self.complaint.raise(format!(
                "amplification: {from} answered {to} with {length} bytes, though nothing longer \
                 than {largest} came from there and nobody has proved to be there (at {at})"
            ));
        } else if went >= 3 * came {
            self.complaint.raise(format!(
                "amplification: {from} has sent {went} bytes to {to}, where nobody has proved to \
                 be, for the {came} that came from there (at {at})"
            ));
        }
        let memory = &mut self.memories[packet.from.0 as usize];
        memory.standings.insert(to, Standing::Unproven(balance));
    }

    fn arrived(&mut self, _: Instant, packet: &PacketInfo<'_>) {
        let Some(to) = packet.to else { return };
        let is_own = self.topology.node_of(packet.origin.ip()) == Some(packet.from);
        let memory = &mut self.memories[to.0 as usize];
        memory.settle();
        if is_own && packet.source != packet.origin {
            memory.translated.insert((packet.from, packet.source));
        }
        let unproven = Standing::Unproven(Balance::default());
        let standing = memory.standings.entry(packet.source).or_insert(unproven);
        let Standing::Unproven(balance) = standing else { return };
        balance.has_asked |= wire::kind(packet.bytes) != Some(NO_SESSION);
        balance.came += packet.bytes.len();
        balance.largest = balance.largest.max(packet.bytes.len());
        if (is_own || !self.hostile.contains(&packet.from))
            && wire::kind(packet.bytes) == Some(SEALED)
        {
            memory.opened = Some(packet.source);
        }
    }

    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        let memory = &mut self.memories[node.0 as usize];
        match observation {
            Observation::Started { .. } | Observation::Stopped => *memory = Memory::default(),
            Observation::Dropped { .. } => memory.opened = None,
            Observation::Known { peer, is: true } => _ = memory.known.insert(*peer),
            Observation::Known { peer, is: false } => _ = memory.known.remove(peer),
            Observation::Session { peer, .. }
            | Observation::Established { peer, .. }
            | Observation::Rtt { peer, .. } => memory.trust(*peer, &self.topology),
            _ => {}
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}

impl Memory {
    /// A node reports a drop before it does anything else: what it was handed before was good.
    fn settle(&mut self) {
        if let Some(address) = self.opened.take() {
            self.standings.insert(address, Standing::Trusted);
        }
    }

    /// Takes every address of a node as its own, and where it wrote from through NATs.
    fn trust(&mut self, peer: NodeId, topology: &Topology) {
        for ip in topology.own_addresses(peer) {
            let all_ports = SocketAddr::new(ip, 0)..=SocketAddr::new(ip, u16::MAX);
            for (_, standing) in self.standings.range_mut(all_ports) {
                *standing = Standing::Trusted;
            }
        }
        let nowhere = SocketAddr::from(([0; 4], 0));
        let of_peer = self.translated.range((peer, nowhere)..);
        for (_, address) in of_peer.take_while(|(node, _)| *node == peer) {
            self.standings.insert(*address, Standing::Trusted);
        }
    }
}
