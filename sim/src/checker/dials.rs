//! Nobody is dialled without end.
//!
//! What a node sends to an address without an answer is bounded, however many of its peers are said
//! to be there: `Hello`s here, and whatever else goes to an unproven address by
//! [`Amplification`](super::amplification::Amplification).

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Duration, Instant};

use super::wire::{self, HELLOS};
use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};
use crate::world::Topology;

const MINUTE: Duration = Duration::from_secs(60);
/// In the five seconds of an attempt: at once, after 250 ms and 500 ms more, then every second; and
/// once more with a cookie.
pub(super) const HELLOS_PER_ATTEMPT: usize = 7 + 1;
/// An attempt of 5 s, and a pause that doubles from 1 s and may be a quarter shorter: a seventh
/// begins 61.5 s after the second, and none lasts longer than to the next.
pub(super) const ATTEMPTS_PER_MINUTE: usize = 7;

pub(super) struct Dials {
    names: Arc<[String]>,
    /// By node: whom it dials of its own accord.
    peers: Vec<Vec<NodeId>>,
    topology: Arc<Topology>,
    /// By node, of its present life: when it called where, in the last minute.
    hellos: Vec<BTreeMap<SocketAddr, VecDeque<Instant>>>,
    complaint: Complaint,
}

impl Dials {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            peers: setting.peers.clone(),
            topology: Arc::clone(&setting.topology),
            hellos: setting.per_node(),
            complaint: Complaint::default(),
        }
    }

    /// Attempts that a node may make there at once: one for each record that it may have of who is
    /// there, by key and by address alone.
    fn records(&self, from: NodeId, to: SocketAddr) -> usize {
        let there = self.topology.node_of(to.ip());
        let peers = self.peers[from.0 as usize].iter();
        peers.filter(|peer| Some(**peer) == there).count().max(1)
    }
}

impl Watch for Dials {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        if !wire::kind(packet.bytes).is_some_and(|kind| HELLOS.contains(&kind)) {
            return;
        }
        let (from, to) = (packet.from, packet.destination);
        let hellos = self.hellos[from.0 as usize].entry(to).or_default();
        while hellos.front().is_some_and(|first| at.saturating_since(*first) >= MINUTE) {
            hellos.pop_front();
        }
        hellos.push_back(at);
        let count = hellos.len();
        let most = HELLOS_PER_ATTEMPT * ATTEMPTS_PER_MINUTE;
        if count > most && count > most * self.records(from, to) {
            self.complaint.raise(format!(
                "dials: {} sent {count} Hellos to {to} within a minute (at {at})",
                self.names[from.0 as usize]
            ));
        }
    }

    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        if let Observation::Started { .. } = observation {
            self.hellos[node.0 as usize].clear();
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
