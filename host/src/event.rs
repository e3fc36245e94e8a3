//! What happens, for those who watch.

use serde::Serialize;
use serde_json::Value;

/// Something that happened.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// From here on nothing is missed: the first of all events that a watcher gets.
    Watching {
        /// Of the node that is watched.
        id: String,
    },
    /// A path to the peer has been proven.
    Connected {
        /// Its id; as the configuration calls it, if it has shown none.
        peer: String,
    },
    /// The peer does not answer any more.
    Disconnected {
        /// Who.
        peer: String,
    },
    /// The peer has said that it is about to be gone.
    Left {
        /// Who.
        peer: String,
    },
    /// Packets to the peer take another way.
    Path {
        /// Who.
        peer: String,
        /// `direct` or `relayed`.
        path: String,
        /// The address, or the relay's id.
        via: String,
    },
    /// Why packets go through a relay, or do not get through, has changed.
    Why {
        /// Who.
        peer: String,
        /// In a word; `GET /peers/ID` has the evidence.
        reason: String,
    },
    /// A ping was answered.
    RoundTrip {
        /// Who.
        peer: String,
        /// How long it took.
        round_trip_ms: f64,
    },
    /// A message has arrived.
    Message {
        /// Who sent it.
        peer: String,
        /// Which handler it is for.
        kind: u16,
        /// Whether a reply is expected.
        is_request: bool,
        /// How many bytes it is.
        len: usize,
        /// Its bytes, in base64; not those of one longer than 16 KiB, as many events may wait to be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
    },
    /// Somebody has told everybody something.
    Broadcast {
        /// Who has said and signed it; not always a peer.
        peer: String,
        /// Which handler it is for.
        kind: u16,
        /// How many bytes it is.
        len: usize,
        /// Its bytes, in base64.
        payload: String,
    },
    /// A search by tag has found a node.
    Found {
        /// Its id.
        id: String,
    },
    /// The host has other addresses, or has slept.
    NetworkChanged,
    /// Whoever watches was too slow for so many events.
    Missed {
        /// How many.
        events: u64,
    },
    /// Something newer than this program's words for it.
    Other {
        /// As the node says it.
        what: Value,
    },
}

impl Event {
    /// Its name, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Watching { .. } => "watching",
            Self::Connected { .. } => "connected",
            Self::Disconnected { .. } => "disconnected",
            Self::Left { .. } => "left",
            Self::Path { .. } => "path",
            Self::Why { .. } => "why",
            Self::RoundTrip { .. } => "round-trip",
            Self::Message { .. } => "message",
            Self::Broadcast { .. } => "broadcast",
            Self::Found { .. } => "found",
            Self::NetworkChanged => "network-changed",
            Self::Missed { .. } => "missed",
            Self::Other { .. } => "other",
        }
    }
}
