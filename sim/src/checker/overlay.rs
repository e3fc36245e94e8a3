//! Once nothing goes wrong any more, those who can be found hang together, and nobody has too few neighbours.
//!
//! Looked at where everybody who is discoverable is in public and of one network, and the nodes that they call
//! join them all: [`JOINED_IN`] after the last fault, for each that is gone for good a round longer, a way
//! leads from neighbour to neighbour between any two that are on, and each has half of the neighbours that it wants, or
//! as many as there are others. What insiders tell of their neighbours counts for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use underpass_core::{Duration, Instant};

use super::{Complaint, Setting};
use crate::machine::Machine;
use crate::scenario::model::NodeId;
use crate::trace::{Observation, Watch};

/// A round in which one peer that was lost is tried: a minute, and a quarter of it for jitter.
const ROUND: Duration = Duration::from_secs(75);
/// Three pings that are missed, a pause between two calls at the entrance, a round in which lost peers are
/// retried, one in which a neighbour on one side only finds out, and one for each refusal on the way.
const JOINED_IN: Duration = Duration::from_secs(35 + 4 * 75);
/// All are called within the longest interval between two pings.
const LOOKED_AT_FOR: Duration = Duration::from_secs(30);

/// Those of whom something follows.
pub(super) struct Members {
    pub(super) all: BTreeSet<NodeId>,
    settled: Instant,
    is_on: BTreeSet<NodeId>,
    /// How many of them are not on.
    gone: u64,
}

impl Members {
    /// When they must hang together.
    pub(super) fn due(&self) -> Instant {
        self.settled + JOINED_IN + ROUND.saturating_mul(self.gone)
    }

    pub(super) fn observed(&mut self, node: NodeId, observation: &Observation) {
        match observation {
            Observation::Started { .. } => {
                let has_come = self.is_on.insert(node) && self.all.contains(&node);
                self.gone -= u64::from(has_come);
            }
            Observation::Stopped => {
                let has_gone = self.is_on.remove(&node) && self.all.contains(&node);
                self.gone += u64::from(has_gone);
            }
            _ => {}
        }
    }
}

/// Nobody, if nothing follows of them.
pub(super) fn members(setting: &Setting) -> Members {
    let nodes = (0..setting.names.len() as u32).map(NodeId);
    let takes_part = |node: &NodeId| {
        let is_open = setting.gossips[node.0 as usize] && !setting.silent.contains(node);
        is_open && !setting.hostile.contains(node) && !setting.insiders.contains(node)
    };
    let members: BTreeSet<NodeId> = nodes.filter(takes_part).collect();
    let calls =
        members.iter().map(|node| (*node, setting.peers[node.0 as usize].clone())).collect();
    let networks: BTreeSet<usize> =
        members.iter().map(|node| setting.networks[node.0 as usize]).collect();
    // Faults that do not end leave no time at which all is well.
    let never_settles =
        !setting.faults.is_empty() && setting.connections.settled == Instant::ORIGIN;
    let is_public = members.iter().all(|node| setting.public.contains(node));
    let all =
        match never_settles || !is_public || networks.len() != 1 || !setting.hostile.is_empty() {
            false if joined(&members, &calls) == members => members,
            _ => BTreeSet::new(),
        };
    let (settled, gone) = (setting.connections.settled, all.len() as u64);
    Members { all, settled, is_on: BTreeSet::new(), gone }
}

pub(super) struct Overlay {
    names: Arc<[String]>,
    members: Members,
    /// What was seen of each since it is due: its neighbours, and how many it wants.
    neighbours: BTreeMap<NodeId, (Vec<NodeId>, usize)>,
    is_judged: bool,
    complaint: Complaint,
}

impl Overlay {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            members: members(setting),
            neighbours: BTreeMap::new(),
            is_judged: false,
            complaint: Complaint::default(),
        }
    }

    fn pass(&mut self, now: Instant) {
        let members = &self.members;
        if self.is_judged || members.all.is_empty() || now < members.due() + LOOKED_AT_FOR {
            return;
        }
        self.is_judged = true;
        let all: BTreeSet<NodeId> = members.all.intersection(&members.is_on).copied().collect();
        let since = members.settled;
        let ways =
            self.neighbours.iter().map(|(node, (others, _))| (*node, others.clone())).collect();
        let joined = joined(&all, &ways);
        if let (Some(first), Some(other)) = (all.first(), all.difference(&joined).next()) {
            let [first, other] = [first, other].map(|node| &self.names[node.0 as usize]);
            self.complaint.raise(format!(
                "overlay: no way leads from {first} to {other} by neighbours, though nothing has been in \
                 the way since {since} (at {now})"
            ));
        }
        for node in &all {
            let Some((others, wanted)) = self.neighbours.get(node) else { continue };
            let least = wanted.div_ceil(2).min(all.len() - 1);
            if others.len() < least {
                self.complaint.raise(format!(
                    "overlay: {} has {} neighbours, not {least} at least, though nothing has been in the way \
                     since {since} (at {now})",
                    self.names[node.0 as usize],
                    others.len(),
                ));
            }
        }
    }
}

/// Whoever hangs together with the first of all.
fn joined(all: &BTreeSet<NodeId>, neighbours: &BTreeMap<NodeId, Vec<NodeId>>) -> BTreeSet<NodeId> {
    let mut both: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    for (&node, others) in neighbours {
        for &other in others {
            both.entry(node).or_default().push(other);
            both.entry(other).or_default().push(node);
        }
    }
    let mut joined = BTreeSet::new();
    let mut reached: Vec<NodeId> = all.first().copied().into_iter().collect();
    while let Some(node) = reached.pop() {
        if all.contains(&node) && joined.insert(node) {
            reached.extend(both.get(&node).into_iter().flatten());
        }
    }
    joined
}

impl Watch for Overlay {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.pass(at);
        self.members.observed(node, observation);
    }

    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        self.pass(at);
        if self.is_judged || at < self.members.due() || !self.members.all.contains(&node) {
            return;
        }
        let Some(inside) = machine.inspect() else { return };
        let mut neighbours = Vec::new();
        inside.neighbours(&mut |other| neighbours.push(other));
        self.neighbours.insert(node, (neighbours, inside.neighbours_wanted()));
    }

    fn passed(&mut self, at: Instant) {
        self.pass(at);
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
