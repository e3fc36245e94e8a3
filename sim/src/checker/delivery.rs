//! What an application gets was sent to it, and it gets it once.
//!
//! A payload comes out at most once in each life of the node it is for, and only after the node it
//! is said to be from has sent it there; and it comes out as it was sent.

use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::machine::SendId;
use crate::scenario::model::{NodeId, Send};
use crate::trace::{Observation, Watch};

pub(super) struct Delivery {
    names: Arc<[String]>,
    /// By `SendId`.
    statements: Vec<Statement>,
    /// The present life of each node.
    lives: Vec<u32>,
    complaint: Complaint,
}

/// A `[[send]]`, and how far it has come.
struct Statement {
    send: Send,
    /// By number, as far as it has been sent.
    payloads: Vec<Payload>,
}

#[derive(Clone, Copy)]
enum Payload {
    NotSent,
    Sent,
    /// When, and in which life of the receiver.
    Delivered(Instant, u32),
}

impl Delivery {
    pub(super) fn new(setting: &Setting) -> Self {
        let statement = |send: &Send| Statement { send: send.clone(), payloads: Vec::new() };
        Self {
            names: Arc::clone(&setting.names),
            statements: setting.sends.iter().map(statement).collect(),
            lives: setting.per_node(),
            complaint: Complaint::default(),
        }
    }

    fn sent(&mut self, from: NodeId, to: NodeId, send: SendId, number: u64) {
        let Some(payload) = self.payload(from, to, send, number) else { return };
        if let Payload::NotSent = payload {
            *payload = Payload::Sent;
        }
    }

    fn delivered(&mut self, at: Instant, to: NodeId, from: NodeId, send: SendId, number: u64) {
        let life = self.lives[to.0 as usize];
        let known = match self.is_sent(send, number) {
            true => self.payload(from, to, send, number),
            false => None,
        };
        let found = match known {
            None | Some(Payload::NotSent) => {
                let sender = self.name(from);
                format!("at {at}, which {sender} had not sent there")
            }
            Some(&mut Payload::Delivered(first, earlier)) if earlier == life => {
                format!("twice (at {first} and {at})")
            }
            Some(payload) => {
                *payload = Payload::Delivered(at, life);
                return;
            }
        };
        let statement = self.statements.get(send.0 as usize);
        let statement = statement.map_or("an unknown send", |statement| &statement.send.name);
        let (receiver, sender) = (self.name(to), self.name(from));
        self.complaint.raise(format!(
            "delivery: {receiver} got payload {number} of {statement} from {sender} {found}"
        ));
    }

    /// Whether the number is one of those that the list has come to: what was not sent does not
    /// make it longer.
    fn is_sent(&self, send: SendId, number: u64) -> bool {
        let statement = self.statements.get(send.0 as usize);
        statement.is_some_and(|statement| number < statement.payloads.len() as u64)
    }

    /// The payload of that number between these two; `None` if the scenario has no such.
    fn payload(
        &mut self,
        from: NodeId,
        to: NodeId,
        send: SendId,
        number: u64,
    ) -> Option<&mut Payload> {
        let Statement { send, payloads } = self.statements.get_mut(send.0 as usize)?;
        if (send.from, send.to) != (from, to) || number >= send.count {
            return None;
        }
        let place = usize::try_from(number).ok()?;
        if place >= payloads.len() {
            payloads.resize(place + 1, Payload::NotSent);
        }
        payloads.get_mut(place)
    }

    fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize]
    }
}

impl Watch for Delivery {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        match *observation {
            Observation::Started { incarnation } => self.lives[node.0 as usize] = incarnation,
            Observation::Sent { send, number, to } => self.sent(node, to, send, number),
            Observation::Delivered { from, send, number, .. } => {
                self.delivered(at, node, from, send, number);
            }
            Observation::Garbled { from } => self.complaint.raise(format!(
                "delivery: {} got at {at} what no application sent, from {}",
                self.name(node),
                self.name(from)
            )),
            _ => {}
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
