//! Whoever counts as there has answered lately.
//!
//! A node says that its session with a peer is active only as long as that has answered it: a ping, with the
//! nonce that it drew for it, or a handshake. What else comes from there, pings above all, shows only one half of
//! the way. After three intervals without an answer, and the time that the last question has, the session is not
//! active any more. Of peers that are reached through a relay nothing is said: their handshakes do not show. Nor of
//! those that gossip alone has brought: they are forgotten with their sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use underpass_core::{Duration, Instant};

use super::wire::Seal;
use super::{Complaint, Setting};
use crate::scenario::model::{NodeId, SessionState};
use crate::trace::{Observation, PacketInfo, Watch, Way};
use crate::units::Ppm;

/// Intervals without an answer.
const SILENT_INTERVALS: u64 = 3;
/// From the first try of a ping to the end of its time.
const ATTEMPT: Duration = Duration::from_secs(5);

pub(super) struct Alive {
    names: Arc<[String]>,
    slowest: Vec<Ppm>,
    ping_intervals: Vec<Duration>,
    /// By node: whom it is told to be in touch with, if it takes part in gossip.
    kept: Vec<Option<Vec<NodeId>>>,
    /// Who says that a session is active, with whom.
    active: BTreeMap<(NodeId, NodeId), Waiting>,
    /// Not after the first of their times.
    next: Instant,
    /// By node, of its present life: the sessions of which it has opened something.
    opened: Vec<BTreeSet<u32>>,
    /// The first of a session that a node was handed, unless it dropped it: its initiator has answered then.
    confirms: Option<(Instant, NodeId, NodeId, u32)>,
    /// Who does not run at the moment.
    suspended: Vec<bool>,
    complaint: Complaint,
}

/// What a node knows of a peer.
struct Waiting {
    /// By when it must have answered.
    due: Instant,
    is_direct: bool,
}

impl Alive {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            slowest: setting.slowest.clone(),
            ping_intervals: setting.ping_intervals.clone(),
            kept: kept(setting),
            active: BTreeMap::new(),
            next: Instant::ORIGIN,
            opened: setting.per_node(),
            confirms: None,
            suspended: setting.per_node(),
            complaint: Complaint::default(),
        }
    }

    /// How long a peer may be silent.
    fn patience(&self, node: NodeId, peer: NodeId) -> Duration {
        let [own, other] = [node, peer].map(|node| self.ping_intervals[node.0 as usize]);
        let patience = own.max(other).saturating_mul(SILENT_INTERVALS) + ATTEMPT;
        self.slowest[node.0 as usize].at_most(patience)
    }

    fn is_kept(&self, node: NodeId, peer: NodeId) -> bool {
        self.kept[node.0 as usize].as_ref().is_none_or(|kept| kept.contains(&peer))
    }

    fn pass(&mut self, now: Instant) {
        if now <= self.next {
            return;
        }
        let is_judged = |((node, _), waiting): &(&(NodeId, NodeId), &Waiting)| {
            waiting.is_direct && !self.suspended[node.0 as usize]
        };
        let first = self.active.iter().filter(is_judged).min_by_key(|(_, waiting)| waiting.due);
        let Some((&(node, peer), &Waiting { due, .. })) = first else {
            self.next = now;
            return;
        };
        self.next = due;
        if now > due {
            let [node, peer] = [node, peer].map(|node| &self.names[node.0 as usize]);
            self.complaint.raise(format!(
                "alive: {node} has had no answer of {peer} that it would not have missed by {due}, and \
                 takes it for there (at {now})"
            ));
        }
    }

    fn answered(&mut self, at: Instant, node: NodeId, peer: NodeId) {
        let due = at + self.patience(node, peer);
        if let Some(waiting) = self.active.get_mut(&(node, peer)) {
            waiting.due = due;
        }
    }

    /// A node reports a drop before it does anything else: what it was handed before was opened.
    fn settle(&mut self) {
        if let Some((at, node, peer, index)) = self.confirms.take() {
            self.opened[node.0 as usize].insert(index);
            self.answered(at, node, peer);
        }
    }
}

fn kept(setting: &Setting) -> Vec<Option<Vec<NodeId>>> {
    let all = setting.gossips.iter().zip(&setting.peers);
    all.map(|(gossips, peers)| gossips.then(|| peers.clone())).collect()
}

impl Watch for Alive {
    fn transmitted(&mut self, at: Instant, _: &PacketInfo<'_>) {
        self.settle();
        self.pass(at);
    }

    fn arrived(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.settle();
        let Some((to, seal)) = packet.to.zip(Seal::of(packet.bytes)) else { return };
        if !self.opened[to.0 as usize].contains(&seal.receiver) {
            self.confirms = Some((at, to, packet.from, seal.receiver));
        }
    }

    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        if matches!(observation, Observation::Dropped { .. }) {
            self.confirms = None;
        }
        self.settle();
        match *observation {
            Observation::Session { peer, .. } if !self.is_kept(node, peer) => {}
            Observation::Session { peer, state: SessionState::Active } => {
                let due = at + self.patience(node, peer);
                self.active.insert((node, peer), Waiting { due, is_direct: false });
            }
            Observation::Session { peer, .. } => _ = self.active.remove(&(node, peer)),
            Observation::Route { peer, way } => {
                let is_direct = matches!(way, Some(Way::Direct(_)));
                let due = at + self.patience(node, peer);
                if let Some(waiting) = self.active.get_mut(&(node, peer)) {
                    if is_direct && !waiting.is_direct {
                        waiting.due = due;
                    }
                    waiting.is_direct = is_direct;
                }
            }
            Observation::Rtt { peer, .. } | Observation::Established { peer, .. } => {
                self.answered(at, node, peer);
            }
            Observation::Started { .. } | Observation::Stopped => {
                self.active.retain(|(one, _), _| *one != node);
                self.opened[node.0 as usize].clear();
                self.suspended[node.0 as usize] = false;
            }
            Observation::Suspended => self.suspended[node.0 as usize] = true,
            Observation::Resumed => {
                self.suspended[node.0 as usize] = false;
                // What was due meanwhile has its time now.
                let of_node = self.active.iter_mut().filter(|((one, _), _)| *one == node);
                of_node.for_each(|(_, waiting)| waiting.due = waiting.due.max(at + ATTEMPT));
            }
            _ => {}
        }
        self.pass(at);
    }

    fn passed(&mut self, at: Instant) {
        self.settle();
        self.pass(at);
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
