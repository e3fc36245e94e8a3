//! Whoever is there hears what is said to everybody, once.
//!
//! Nobody hears a broadcast twice in one life. Once the overlay must hang together ([`Overlay`](super::overlay::Overlay)),
//! all who have been on since hear each within [`FLOOD`]; where packets are lost, or it has to wait for shuffles, within
//! [`REPAIR`] more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use underpass_core::{Duration, Instant};

use super::overlay::{Members, members};
use super::{Complaint, Setting};
use crate::machine::SendId;
use crate::scenario::model::{Mode, NodeId};
use crate::trace::{Observation, Watch};

/// Twenty-four steps (PROTOCOL: the hops of a rumour), each of 400 ms on the slowest link.
const FLOOD: Duration = Duration::from_secs(10);
/// Shuffles (every 60 s, and a quarter of it for jitter) with each of seven neighbours in turn.
const REPAIR: Duration = Duration::from_secs(7 * 75);

/// A broadcast.
type Said = (SendId, u64);

pub(super) struct Hearing {
    names: Arc<[String]>,
    members: Members,
    /// Until when one may be late.
    allowance: Duration,
    /// Broadcasts in the order in which they are said, as far as they have not been judged.
    said: Vec<(Instant, NodeId, Said)>,
    refused: BTreeSet<Said>,
    heard: BTreeMap<Said, BTreeSet<NodeId>>,
    on_since: BTreeMap<NodeId, Instant>,
    complaint: Complaint,
}

impl Hearing {
    pub(super) fn new(setting: &Setting) -> Self {
        let sends = (0..).map(SendId).zip(&setting.sends);
        let mut said: Vec<_> = sends
            .filter(|(_, send)| send.mode == Mode::Broadcast)
            .flat_map(|(id, send)| {
                let at = |number| send.at + send.every.saturating_mul(number);
                (0..send.count).map(move |number| (at(number), send.from, (id, number)))
            })
            .collect();
        said.sort_unstable_by_key(|(at, _, said)| std::cmp::Reverse((*at, *said)));
        Self {
            names: Arc::clone(&setting.names),
            members: members(setting),
            allowance: if setting.is_smooth { FLOOD } else { FLOOD + REPAIR },
            said,
            refused: BTreeSet::new(),
            heard: BTreeMap::new(),
            on_since: BTreeMap::new(),
            complaint: Complaint::default(),
        }
    }

    fn hears(&mut self, at: Instant, node: NodeId, from: NodeId, said: Said) {
        if !self.heard.entry(said).or_default().insert(node) {
            let [node, from] = [node, from].map(|node| &self.names[node.0 as usize]);
            let (_, number) = said;
            self.complaint.raise(format!(
                "hearing: {node} heard broadcast {number} of {from} twice (at {at})"
            ));
        }
    }

    /// Judges what everybody must have heard by now.
    fn pass(&mut self, now: Instant) {
        while let Some(&(at, from, said)) = self.said.last() {
            if now < at + self.allowance {
                return;
            }
            self.said.pop();
            let is_due = at >= self.members.due() && !self.refused.contains(&said);
            if !is_due || !self.members.all.contains(&from) {
                continue;
            }
            let heard = self.heard.get(&said);
            let is_deaf = |node: &&NodeId| {
                let has_been_on = self.on_since.get(*node).is_some_and(|since| *since <= at);
                has_been_on && **node != from && !heard.is_some_and(|heard| heard.contains(*node))
            };
            if let Some(deaf) = self.members.all.iter().find(is_deaf) {
                let [deaf, from] = [*deaf, from].map(|node| &self.names[node.0 as usize]);
                let allowance = self.allowance;
                self.complaint.raise(format!(
                    "hearing: {deaf} has not heard what {from} said to everybody at {at}, {allowance} later \
                     (at {now})"
                ));
            }
        }
    }
}

impl Watch for Hearing {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.pass(at);
        self.members.observed(node, observation);
        match *observation {
            Observation::Started { .. } => {
                self.on_since.insert(node, at);
                self.heard.values_mut().for_each(|heard| {
                    heard.remove(&node);
                });
            }
            Observation::Stopped => drop(self.on_since.remove(&node)),
            Observation::Refused { send, number, .. } => drop(self.refused.insert((send, number))),
            Observation::Heard { send, number, from, .. } => {
                self.hears(at, node, from, (send, number));
            }
            _ => {}
        }
    }

    fn passed(&mut self, at: Instant) {
        self.pass(at);
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
