//! What must hold in every run, asked or not: one small file each.
//!
//! A checker sees every datagram as somebody who taps all wires, and what the nodes report. It
//! says the rule that it watches over in its doc, and names itself at the beginning of what it
//! complains of. Rules are for honest nodes of our protocol: of others a checker sees only what these get.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use underpass_core::{Duration, RelayLimits};

use crate::oracle::Connections;
use crate::payload::Canary;
use crate::scenario::model::{Fault, NodeId, Send};
use crate::trace::Watch;
use crate::units::Ppm;
use crate::wire;
use crate::world::Topology;

mod agreement;
mod alive;
mod amplification;
mod answers;
mod applications;
mod copies;
mod delivery;
mod dials;
mod ephemeral;
mod hearing;
mod honest;
mod liveness;
mod memory;
mod messages;
mod networks;
mod nonce;
mod overlay;
mod plaintext;
mod probes;
mod proven;
mod quiet;
mod relaying;
mod retired;
mod silence;
mod timers;
mod unauthenticated;
mod work;

#[cfg(test)]
mod tests;

use agreement::Agreement;
use alive::Alive;
use amplification::Amplification;
use answers::Answers;
use applications::Applications;
use copies::Copies;
use delivery::Delivery;
use dials::Dials;
use ephemeral::Ephemeral;
use hearing::Hearing;
use honest::Honest;
use liveness::Liveness;
use memory::Memory;
use messages::Messages;
use networks::Networks;
use nonce::Nonce;
use overlay::Overlay;
use plaintext::Plaintext;
use probes::Probes;
use proven::Proven;
use quiet::Quiet;
use relaying::Relaying;
use retired::Retired;
use silence::Silence;
use timers::Timers;
use unauthenticated::Unauthenticated;
use work::Work;

/// What checkers know of the run they watch.
pub struct Setting {
    /// The names of the nodes, by `NodeId`.
    pub names: Arc<[String]>,
    /// What marks the run's payloads.
    pub canary: Canary,
    /// Who relays, and how much.
    pub relays: BTreeMap<NodeId, RelayLimits>,
    /// Of which network each node is, by `NodeId`: a number for each.
    pub networks: Vec<usize>,
    /// What applications send, by `SendId`.
    pub sends: Vec<Send>,
    /// How each node's clock goes when it goes slowest, by `NodeId`.
    pub slowest: Vec<Ppm>,
    /// Whom each node dials of its own accord, or looks for, by `NodeId`.
    pub peers: Vec<Vec<NodeId>>,
    /// How often each asks its peers whether they are there, by `NodeId`.
    pub ping_intervals: Vec<Duration>,
    /// Relays that send on again what they have sent on before.
    pub repeaters: BTreeSet<NodeId>,
    /// At whose address another says that it is.
    pub claimed: BTreeSet<NodeId>,
    /// Who takes part in gossip, by `NodeId`.
    pub gossips: Vec<bool>,
    /// Who takes part and wants nobody to be told of it.
    pub silent: BTreeSet<NodeId>,
    /// Who is in the public network all the time.
    pub public: BTreeSet<NodeId>,
    /// Nodes that keep to no rule of our protocol: hostile ones, and those that speak another.
    pub hostile: BTreeSet<NodeId>,
    /// Members of the network who keep to every rule of ours but those of gossip.
    pub insiders: BTreeSet<NodeId>,
    /// Who has which address.
    pub topology: Arc<Topology>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// Whether links lose nothing, and answers come before they are missed.
    pub is_smooth: bool,
    /// Who must be in touch in the end.
    pub connections: Connections,
}

/// Every checker, for one run.
pub fn all(setting: &Setting) -> Vec<Box<dyn Watch>> {
    vec![
        Honest::watched(setting, Plaintext::new(setting)),
        Honest::watched(setting, Probes::new(setting)),
        Honest::watched(setting, Relaying::new(setting)),
        Honest::watched(setting, Nonce::new(setting)),
        Honest::watched(setting, Ephemeral::new(setting)),
        Honest::watched(setting, Retired::new(setting)),
        Honest::watched(setting, Amplification::new(setting)),
        Honest::watched(setting, Agreement::new(setting)),
        Honest::watched(setting, Networks::new(setting)),
        Honest::watched(setting, Delivery::new(setting)),
        Honest::watched(setting, Messages::new(setting)),
        Honest::watched(setting, Applications::new(setting)),
        Honest::watched(setting, Unauthenticated::new(setting)),
        Honest::watched(setting, Proven::new(setting)),
        Honest::watched(setting, Dials::new(setting)),
        Honest::watched(setting, Memory::new(setting)),
        Honest::watched(setting, Work::new(setting)),
        Honest::watched(setting, Timers::new(setting)),
        Honest::watched(setting, Quiet::new(setting)),
        Honest::watched(setting, Liveness::new(setting)),
        Honest::watched(setting, Alive::new(setting)),
        Honest::watched(setting, Silence::new(setting)),
        Honest::watched(setting, Copies::new(setting)),
        Honest::watched(setting, Answers::new(setting)),
        Honest::watched(setting, Hearing::new(setting)),
        Honest::watched(setting, Overlay::new(setting)),
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
