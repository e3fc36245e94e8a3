//! Nobody can have a node knock at an address that does not answer.
//!
//! To an address and port that nothing has come from but hints, a node sends at most so many sealed datagrams
//! in any minute: what it was told by others, a relay or a peer, may be wrong or a lie. Handshakes to
//! where a node is told to dial are bounded elsewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Duration, Instant};

use super::wire::{self, NO_SESSION, SEALED};
use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};

/// In a minute, to one address and port.
const PROBES_MAX: usize = 16;
const MINUTE: Duration = Duration::from_secs(60);

pub(super) struct Probes {
    names: Arc<[String]>,
    /// By node, of its present life.
    memories: Vec<Memory>,
    complaint: Complaint,
}

#[derive(Default)]
struct Memory {
    /// Where something came from.
    heard: BTreeSet<SocketAddr>,
    /// When it sent to where nothing came from, within the last minute.
    sent: BTreeMap<SocketAddr, VecDeque<Instant>>,
}

impl Probes {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            memories: setting.per_node(),
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Probes {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        let to = packet.destination;
        let memory = &mut self.memories[packet.from.0 as usize];
        if wire::kind(packet.bytes) != Some(SEALED) || memory.heard.contains(&to) {
            return;
        }
        let sent = memory.sent.entry(to).or_default();
        while sent.front().is_some_and(|first| *first + MINUTE <= at) {
            sent.pop_front();
        }
        sent.push_back(at);
        if sent.len() > PROBES_MAX {
            let from = &self.names[packet.from.0 as usize];
            self.complaint.raise(format!(
                "probes: {from} has sent {} datagrams to {to} within a minute, and nothing ever \
                 came from there (at {at})",
                sent.len()
            ));
        }
    }

    fn arrived(&mut self, _: Instant, packet: &PacketInfo<'_>) {
        let Some(to) = packet.to else { return };
        if wire::kind(packet.bytes) == Some(NO_SESSION) {
            return;
        }
        let memory = &mut self.memories[to.0 as usize];
        if memory.heard.insert(packet.source) {
            memory.sent.remove(&packet.source);
        }
    }

    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        if let Observation::Started { .. } | Observation::Stopped = observation {
            self.memories[node.0 as usize] = Memory::default();
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
