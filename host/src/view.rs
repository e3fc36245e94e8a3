//! What people and programs are shown of a node.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::why::Why;

/// A daemon as it is now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Its id.
    pub id: String,
    /// Of this program.
    pub version: String,
    /// Since it was started.
    pub uptime_secs: f64,
    /// Where it listens.
    pub listen: Vec<String>,
    /// The addresses by which others may reach it.
    pub addresses: Vec<String>,
    /// Whether it relays for others.
    pub relays: bool,
    /// Peers that answer.
    pub active: usize,
    /// Of those, how many are reached through a relay.
    pub relayed: usize,
    /// Every peer that it knows.
    pub peers: Vec<PeerStatus>,
}

/// A peer as it is now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PeerStatus {
    /// Its id, if it has shown one.
    pub id: Option<String>,
    /// As the configuration calls it, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_as: Option<String>,
    /// `init`, `active` or `disconnected`.
    pub state: String,
    /// Whether it has said that it is about to be gone.
    pub has_left: bool,
    /// `direct`, `relayed` or `none`.
    pub path: String,
    /// Where packets to it go, if directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The relay's id, if through one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
    /// The last round trip measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<f64>,
    /// Why it is relayed or not reached, if it is and that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

/// A node that is known by its record.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct KnownNode {
    /// Its id.
    pub id: String,
    /// How long ago it has said so.
    pub age_secs: f64,
    /// Where it says that it can be called.
    pub addresses: Vec<String>,
    /// Whether it relays.
    pub is_relay: bool,
    /// Whether newcomers are sent to it.
    pub is_bootstrap: bool,
    /// Whether it has answered this node.
    pub has_answered: bool,
}

/// Every number that is counted, by name.
pub(crate) type Metrics = BTreeMap<&'static str, u64>;
