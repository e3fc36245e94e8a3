//! Every message that a node accepts ends once, in time, and as is said.
//!
//! Not later than its lifetime allows its sender learns how it ended, by its own clock, and unless it is
//! suspended: then as it goes on. One that is switched off before never does, and nor does anybody. Acked means that it was delivered, once in all; failed, that it was not
//! and never will be; of an unknown one nothing is said. That none is delivered twice in one life of
//! its receiver, and none that was not sent, [`Delivery`](super::delivery::Delivery) sees to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use underpass_core::{Config, Instant, Outcome};

use super::{Complaint, Setting};
use crate::machine::SendId;
use crate::scenario::model::{Mode, NodeId, Send};
use crate::trace::{Observation, PacketInfo, Watch};
use crate::units::Ppm;

pub(super) struct Messages {
    names: Arc<[String]>,
    /// By `SendId`.
    sends: Vec<Send>,
    /// By node.
    slowest: Vec<Ppm>,
    /// Nodes that do not run, and what of theirs was due meanwhile.
    suspended: BTreeMap<NodeId, Vec<(SendId, u64)>>,
    /// Those that were accepted.
    accepted: BTreeMap<(SendId, u64), Message>,
    /// When those must have ended that were open when this was last looked at; in order.
    due: VecDeque<(Instant, (SendId, u64))>,
    complaint: Complaint,
}

struct Message {
    state: State,
    /// How often it came out, in all lives of its receiver.
    delivered: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended(Outcome),
    /// With its sender, which cannot learn any more how it ended.
    Gone,
}

impl Messages {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            sends: setting.sends.clone(),
            slowest: setting.slowest.clone(),
            suspended: BTreeMap::new(),
            accepted: BTreeMap::new(),
            due: VecDeque::new(),
            complaint: Complaint::default(),
        }
    }

    fn accept(&mut self, at: Instant, send: SendId, number: u64) {
        let message = Message { state: State::Open, delivered: 0 };
        if self.accepted.insert((send, number), message).is_some() {
            self.complain(send, number, &format!("was accepted again (at {at})"));
        }
        let sender = self.sends[send.0 as usize].from;
        let lifetime = self.slowest[sender.0 as usize].at_most(Config::MESSAGE_LIFETIME);
        let (due, place) = (at + lifetime, (send, number));
        let behind = self.due.partition_point(|(earlier, _)| *earlier <= due);
        self.due.insert(behind, (due, place));
    }

    fn end(&mut self, at: Instant, send: SendId, number: u64, outcome: Outcome) {
        let Some(message) = self.accepted.get_mut(&(send, number)) else {
            return self.complain(send, number, &format!("ended and was never accepted (at {at})"));
        };
        let (state, delivered) = (message.state, message.delivered);
        message.state = State::Ended(outcome);
        let wrong = match (state, outcome, delivered) {
            (State::Ended(_) | State::Gone, ..) => "ended, and had ended before".into(),
            (State::Open, Outcome::Acked, 0) => "was acked and had not been delivered".into(),
            (State::Open, Outcome::Acked, 2..) => {
                format!("was acked and had been delivered {delivered} times")
            }
            (State::Open, Outcome::Failed, 1..) => "failed and had been delivered".into(),
            _ => return,
        };
        self.complain(send, number, &format!("{wrong} (at {at})"));
    }

    fn deliver(&mut self, at: Instant, send: SendId, number: u64) {
        // What was never accepted was never sent.
        let Some(message) = self.accepted.get_mut(&(send, number)) else { return };
        message.delivered += 1;
        let wrong = match message.state {
            State::Ended(Outcome::Acked) => "was delivered again after it was acked",
            State::Ended(Outcome::Failed) => "was delivered after it had failed",
            _ => return,
        };
        self.complain(send, number, &format!("{wrong} (at {at})"));
    }

    fn stop(&mut self, node: NodeId) {
        for ((send, _), message) in &mut self.accepted {
            if self.sends[send.0 as usize].from == node && message.state == State::Open {
                message.state = State::Gone;
            }
        }
    }

    /// Looks at those whose time is over.
    fn pass(&mut self, now: Instant) {
        while let Some(&(due, (send, number))) = self.due.front().filter(|(due, _)| *due < now) {
            self.due.pop_front();
            let sender = self.sends[send.0 as usize].from;
            if let Some(late) = self.suspended.get_mut(&sender) {
                late.push((send, number));
            } else if self.accepted[&(send, number)].state == State::Open {
                self.complain(send, number, &format!("should have ended by {due}"));
            }
        }
    }

    /// A node runs again: what was due meanwhile is due now.
    fn resume(&mut self, at: Instant, node: NodeId) {
        let late = self.suspended.remove(&node).unwrap_or_default();
        late.into_iter().for_each(|message| self.due.push_front((at, message)));
    }

    fn is_message(&self, send: SendId) -> bool {
        self.sends.get(send.0 as usize).is_some_and(|send| send.mode == Mode::Message)
    }

    fn complain(&mut self, send: SendId, number: u64, what: &str) {
        let Send { name, from, to, .. } = &self.sends[send.0 as usize];
        let (from, to) = (&self.names[from.0 as usize], &self.names[to.0 as usize]);
        let complaint = format!("messages: {number} of {name} from {from} to {to} {what}");
        self.complaint.raise(complaint);
    }
}

impl Watch for Messages {
    fn transmitted(&mut self, at: Instant, _: &PacketInfo<'_>) {
        self.pass(at);
    }

    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.pass(at);
        match *observation {
            Observation::Sent { send, number, .. } if self.is_message(send) => {
                self.accept(at, send, number);
            }
            Observation::Ended { send, number, outcome, .. } if self.is_message(send) => {
                self.end(at, send, number, outcome);
            }
            Observation::Delivered { send, number, .. } if self.is_message(send) => {
                self.deliver(at, send, number);
            }
            Observation::Suspended => {
                self.suspended.entry(node).or_default();
            }
            Observation::Resumed => self.resume(at, node),
            Observation::Stopped => {
                self.resume(at, node);
                self.stop(node);
            }
            _ => {}
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
