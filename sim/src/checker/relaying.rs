//! A relay carries what two of its own peers have for each other, within its limits, and nothing of
//! another relay's.
//!
//! Of a circuit nothing is to be seen but its ends: a datagram comes from one, and one as long goes to
//! the other. With both the relay has a session; nobody reaches a relay through another. Each circuit, each peer and the relay itself send on no more in any time than their rate
//! allows, and a second's worth; and so do all ends together that are of another network than the relay. The
//! ends of a circuit are of one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Instant, RelayLimits};

use super::{Complaint, Setting};
use crate::scenario::model::{NodeId, SessionState};
use crate::trace::{Observation, PacketInfo, Watch, Way};
use crate::units::Ppm;

pub(super) struct Relaying {
    names: Arc<[String]>,
    limits: BTreeMap<NodeId, RelayLimits>,
    /// By node.
    networks: Vec<usize>,
    hostile: BTreeSet<NodeId>,
    /// By node, of its present life.
    memories: Vec<Memory>,
    /// Whose ways have changed at the present instant, after which they must make sense.
    changed: BTreeSet<NodeId>,
    now: Instant,
    complaint: Complaint,
}

/// What a node has to do with relays.
#[derive(Default)]
struct Memory {
    active: BTreeSet<NodeId>,
    ways: BTreeMap<NodeId, Way>,
    /// Who wrote last from where, to a relay.
    whose: BTreeMap<SocketAddr, NodeId>,
    /// From where several have written, one after the other: a NAT that forgets gives ports to others, and
    /// a relay cannot know at once.
    contested: BTreeSet<SocketAddr>,
    /// Where the datagram came from that is being handled, and how long it is.
    came: Option<(SocketAddr, u64)>,
    /// Where the last one went.
    went: Option<SocketAddr>,
    meters: BTreeMap<Metered, Meter>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Metered {
    Circuit(NodeId, NodeId),
    Peer(NodeId),
    Strangers,
    All,
}

/// What has passed and is not paid for by time yet, in millionths of a byte.
#[derive(Clone, Copy)]
struct Meter {
    level: u64,
    at: Instant,
}

const MILLION: u64 = 1_000_000;

impl Relaying {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            limits: setting.relays.clone(),
            networks: setting.networks.clone(),
            hostile: setting.hostile.clone(),
            memories: setting.per_node(),
            changed: BTreeSet::new(),
            now: Instant::ORIGIN,
            complaint: Complaint::default(),
        }
    }

    fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize]
    }

    /// When an instant is over, nobody sends through a relay that is reached through another. One that is
    /// gone may still be all that is known.
    fn advance(&mut self, at: Instant) {
        if at == self.now {
            return;
        }
        for node in std::mem::take(&mut self.changed) {
            let ways = &self.memories[node.0 as usize].ways;
            for (peer, way) in ways {
                let Way::Relayed(relay) = way else { continue };
                if !matches!(ways.get(relay), Some(Way::Relayed(_))) {
                    continue;
                }
                let [node, peer, relay] = [node, *peer, *relay].map(|node| self.name(node));
                let complaint = format!(
                    "relaying: {node} sends to {peer} through {relay}, and to that one through \
                     another (at {})",
                    self.now
                );
                self.complaint.raise(complaint);
                break;
            }
        }
        self.now = at;
    }

    fn forwarded(&mut self, at: Instant, relay: NodeId) {
        let memory = &self.memories[relay.0 as usize];
        let (Some((source, len)), Some(destination)) = (memory.came, memory.went) else { return };
        let whose = |address| {
            let is_certain = !memory.contested.contains(&address);
            memory.whose.get(&address).copied().filter(|_| is_certain)
        };
        let ends = [source, destination].map(whose);
        // Who is behind an address that several or only a hostile node wrote from is not known.
        let [Some(from), Some(to)] = ends else { return };
        let network = |node: NodeId| self.networks[node.0 as usize];
        let is_foreign = network(from) != network(relay);
        let wrong = match self.limits.get(&relay) {
            None => Some("does not relay".to_owned()),
            Some(_) if from == to => Some("sent it back".to_owned()),
            Some(_) if network(from) != network(to) => Some("these are strangers".to_owned()),
            Some(limits) => {
                let stranger = [from, to].into_iter().find(|end| !memory.active.contains(end));
                match stranger {
                    Some(end) => Some(format!("has no session with {}", self.name(end))),
                    None => {
                        let memory = &mut self.memories[relay.0 as usize];
                        memory.meter(at, (from, to, is_foreign), len, limits)
                    }
                }
            }
        };
        if let Some(wrong) = wrong {
            let [relay, from, to] = [relay, from, to].map(|node| self.name(node));
            self.complaint.raise(format!(
                "relaying: {relay} sent on {len} bytes of {from} to {to}, and {wrong} (at {at})"
            ));
        }
    }
}

impl Memory {
    /// Counts what a relay sends on; says what allows no more, if anything.
    fn meter(
        &mut self,
        at: Instant,
        (from, to, is_foreign): (NodeId, NodeId, bool),
        len: u64,
        limits: &RelayLimits,
    ) -> Option<String> {
        let circuit = Metered::Circuit(from.min(to), from.max(to));
        let all = [
            (circuit, limits.circuit_bytes, "the circuit"),
            (Metered::Peer(from), limits.peer_bytes, "the sender"),
            (Metered::All, limits.all_bytes, "the relay"),
        ];
        let strangers = (Metered::Strangers, limits.foreign_bytes, "strangers together");
        all.into_iter().chain(is_foreign.then_some(strangers)).find_map(|(metered, rate, whose)| {
            let meter = self.meters.entry(metered).or_insert(Meter { level: 0, at });
            // A relay's clock may be as fast as that.
            let fast = u64::from(Ppm::MAX.unsigned_abs());
            let rate_by_its_clock = u64::from(rate) * (MILLION + fast) / MILLION;
            let is_over = meter.add(at, len, rate_by_its_clock);
            is_over.then(|| format!("{whose} may carry {rate} a second"))
        })
    }
}

impl Meter {
    fn add(&mut self, at: Instant, len: u64, rate: u64) -> bool {
        let elapsed_us = at.saturating_since(self.at).as_micros();
        self.level = self.level.saturating_sub(elapsed_us.saturating_mul(rate)) + len * MILLION;
        self.at = at;
        self.level > rate * MILLION
    }
}

impl Watch for Relaying {
    fn transmitted(&mut self, _: Instant, packet: &PacketInfo<'_>) {
        if self.limits.contains_key(&packet.from) {
            self.memories[packet.from.0 as usize].went = Some(packet.destination);
        }
    }

    fn arrived(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.advance(at);
        let Some(to) = packet.to.filter(|to| self.limits.contains_key(to)) else { return };
        let memory = &mut self.memories[to.0 as usize];
        if !self.hostile.contains(&packet.from) {
            let before = memory.whose.insert(packet.source, packet.from);
            if before.is_some_and(|before| before != packet.from) {
                memory.contested.insert(packet.source);
            }
        }
        memory.came = Some((packet.source, packet.bytes.len() as u64));
    }

    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.advance(at);
        let memory = &mut self.memories[node.0 as usize];
        match *observation {
            Observation::Started { .. } | Observation::Stopped => *memory = Memory::default(),
            Observation::Session { peer, state } => {
                match state {
                    SessionState::Active => memory.active.insert(peer),
                    _ => memory.active.remove(&peer),
                };
            }
            Observation::Route { peer, way } => {
                match way {
                    Some(way) => memory.ways.insert(peer, way),
                    None => memory.ways.remove(&peer),
                };
                self.changed.insert(node);
            }
            Observation::Forwarded { .. } => self.forwarded(at, node),
            _ => {}
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
