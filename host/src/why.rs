//! Why a peer is relayed, in words.

use serde::{Deserialize, Serialize};
use underpass_core::{Instant, RelayReason, Relayed};

/// Why packets to a peer take the way through a relay, or do not reach it; with the evidence.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Why {
    /// In a word.
    pub reason: String,
    /// In a sentence.
    pub text: String,
    /// What can be done, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where this node is seen by the peers that were asked last: two addresses, if they differ.
    pub seen_at: Vec<String>,
    /// Probes that the last attempt has sent.
    pub probes: u8,
    /// In how many seconds the next attempt begins, if nothing changes before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_try_secs: Option<f64>,
}

impl Why {
    pub(crate) fn of(relayed: &Relayed, now: Instant) -> Self {
        let (reason, text, help) = words(relayed.reason);
        let next_try = relayed.next_try.map(|at| at.saturating_since(now));
        Self {
            reason: reason.into(),
            text: text.into(),
            help: help.map(str::to_owned),
            seen_at: relayed.seen_at.iter().flatten().map(ToString::to_string).collect(),
            probes: relayed.probes,
            next_try_secs: next_try.map(|span| span.as_micros() as f64 / 1e6),
        }
    }
}

/// A reason in a word.
pub(crate) fn word(reason: RelayReason) -> &'static str {
    words(reason).0
}

fn words(reason: RelayReason) -> (&'static str, &'static str, Option<&'static str>) {
    const VARY: &str = "an endpoint-independent NAT (RFC 4787), or a forwarded UDP port, makes a direct path possible";
    match reason {
        RelayReason::NotTried => ("not-tried", "a direct path has not been tried yet", None),
        RelayReason::Trying => ("trying", "a direct path is being tried", None),
        RelayReason::NoAddress => {
            ("no-address", "no relay says where the peer is", Some("have both reach one relay"))
        }
        RelayReason::OwnPortsVary => (
            "own-ports-vary",
            "the NAT in front of this node gives it another port towards every address",
            Some(VARY),
        ),
        RelayReason::PeerPortsVary => (
            "peer-ports-vary",
            "the NAT in front of the peer gives it another port towards every address",
            Some(VARY),
        ),
        RelayReason::BothPortsVary => (
            "both-ports-vary",
            "the NATs in front of both give other ports towards every address",
            Some(VARY),
        ),
        RelayReason::NoAnswer => {
            ("no-answer", "nothing came back from where the peer should be", None)
        }
        RelayReason::Lost { .. } => ("lost", "there was a direct path, which failed then", None),
        RelayReason::Lossy => ("lossy", "there is a direct path, which loses too much", None),
        RelayReason::UdpBlocked => (
            "udp-blocked",
            "nobody has ever answered by UDP in this place: the network seems to block it",
            Some("let UDP out of this network, or listen on a port that it lets through"),
        ),
        _ => ("other", "this version does not know why", None),
    }
}
