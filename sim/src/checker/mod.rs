//! What must hold in every run, asked or not: one small file each.
//!
//! A checker sees every datagram as somebody who taps all wires, and what the nodes report. It
//! says the rule that it watches over in its doc, and names itself at the beginning of what it
//! complains of. Rules are for honest nodes: of hostile ones a checker sees only what others get.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use underpass_core::RelayLimits;

use crate::payload::Canary;
use crate::scenario::model::{NodeId, Send};
use crate::trace::Watch;
use crate::wire;
use crate::world::Topology;

mod agreement;
mod amplification;
mod delivery;
mod ephemeral;
mod honest;
mod messages;
mod nonce;
mod plaintext;
mod probes;
mod relaying;

#[cfg(test)]
mod tests;

use agreement::Agreement;
use amplification::Amplification;
use delivery::Delivery;
use ephemeral::Ephemeral;
use honest::Honest;
use messages::Messages;
use nonce::Nonce;
use plaintext::Plaintext;
use probes::Probes;
use relaying::Relaying;

/// What checkers know of the run they watch.
pub struct Setting {
    /// The names of the nodes, by `NodeId`.
    pub names: Arc<[String]>,
    /// What marks the run's payloads.
    pub canary: Canary,
    /// Who relays, and how much.
    pub relays: BTreeMap<NodeId, RelayLimits>,
    /// What applications send, by `SendId`.
    pub sends: Vec<Send>,
    /// Whom each node dials of its own accord, by `NodeId`.
    pub peers: Vec<Vec<NodeId>>,
    /// Nodes that keep to no rule.
    pub hostile: BTreeSet<NodeId>,
    /// Who has which address.
    pub topology: Arc<Topology>,
}

/// Every checker, for one run.
pub fn all(setting: &Setting) -> Vec<Box<dyn Watch>> {
    vec![
        Honest::watched(setting, Plaintext::new(setting)),
        Honest::watched(setting, Probes::new(setting)),
        Honest::watched(setting, Relaying::new(setting)),
        Honest::watched(setting, Nonce::new(setting)),
        Honest::watched(setting, Ephemeral::new(setting)),
        Honest::watched(setting, Amplification::new(setting)),
        Honest::watched(setting, Agreement::new(setting)),
        Honest::watched(setting, Delivery::new(setting)),
        Honest::watched(setting, Messages::new(setting)),
    ]
}

impl Setting {
    /// An empty `T` for every node.
    fn per_node<T: Default>(&self) -> Vec<T> {
        self.names.iter().map(|_| T::default()).collect()
    }
}

/// The first thing that a checker found wrong: the run ends with it.
#[derive(Default)]
struct Complaint(Option<String>);

impl Complaint {
    fn raise(&mut self, complaint: String) {
        self.0.get_or_insert(complaint);
    }

    fn text(&self) -> Option<String> {
        self.0.clone()
    }
}
