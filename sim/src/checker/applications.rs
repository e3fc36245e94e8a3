//! What applications say to each other comes out once, and ends once and as is said.
//!
//! The rules of [`Delivery`](super::delivery::Delivery) and [`Messages`](super::messages::Messages), but for
//! how long a message may take, for what no scenario planned.

use std::collections::BTreeMap;
use std::sync::Arc;

use underpass_core::{Instant, Outcome};

use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, Watch};

pub(super) struct Applications {
    names: Arc<[String]>,
    /// By sender, receiver and the sender's name for it.
    sent: BTreeMap<(NodeId, NodeId, u64), Payload>,
    /// The present life of each node.
    lives: Vec<u32>,
    complaint: Complaint,
}

#[derive(Default)]
struct Payload {
    /// In which life of its receiver it came out last.
    received: Option<u32>,
    ended: Option<Outcome>,
}

impl Applications {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            sent: BTreeMap::new(),
            lives: setting.per_node(),
            complaint: Complaint::default(),
        }
    }

    fn received(&mut self, from: NodeId, to: NodeId, number: u64) -> Option<&'static str> {
        let life = self.lives[to.0 as usize];
        let Some(payload) = self.sent.get_mut(&(from, to, number)) else {
            return Some("came out and was not sent there");
        };
        let before = payload.received.replace(life);
        match payload.ended {
            _ if before == Some(life) => Some("came out twice"),
            Some(Outcome::Failed) => Some("came out after it had failed"),
            _ => None,
        }
    }

    fn ended(
        &mut self,
        from: NodeId,
        to: NodeId,
        number: u64,
        outcome: Outcome,
    ) -> Option<&'static str> {
        let Some(payload) = self.sent.get_mut(&(from, to, number)) else {
            return Some("ended and was never accepted");
        };
        let before = payload.ended.replace(outcome);
        match (before, outcome, payload.received) {
            (Some(_), ..) => Some("ended twice"),
            (None, Outcome::Acked, None) => Some("was acked and had not come out"),
            (None, Outcome::Failed, Some(_)) => Some("failed and had come out"),
            _ => None,
        }
    }
}

impl Watch for Applications {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        let (number, from, to, wrong) = match *observation {
            Observation::Started { incarnation } => {
                self.lives[node.0 as usize] = incarnation;
                return;
            }
            Observation::AppSent { number, to } => {
                self.sent.insert((node, to, number), Payload::default());
                return;
            }
            Observation::AppReceived { from, number } => {
                (number, from, node, self.received(from, node, number))
            }
            Observation::AppEnded { number, to, outcome } => {
                (number, node, to, self.ended(node, to, number, outcome))
            }
            _ => return,
        };
        if let Some(wrong) = wrong {
            let (from, to) = (&self.names[from.0 as usize], &self.names[to.0 as usize]);
            self.complaint.raise(format!(
                "applications: payload {number} from {from} to {to} {wrong} (at {at})"
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}

#[cfg(test)]
mod tests;
