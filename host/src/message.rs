//! Messages as a host's application sees them.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use underpass_core::{BroadcastError, PeerId, SendError as NodeError};

/// A message that has arrived, whole.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Who sealed it.
    pub from: PeerId,
    /// Which handler it is for.
    pub kind: u16,
    /// Whether a reply is expected.
    pub is_request: bool,
    /// The application's bytes.
    pub payload: Arc<[u8]>,
}

/// What came of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The kind of the reply, as the handler's own.
    pub kind: u16,
    /// The handler's bytes.
    pub payload: Vec<u8>,
}

/// Why a message was not delivered, or no reply came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SendError {
    /// There is no such peer, and no room or no way to ask for it.
    UnknownPeer,
    /// The name in its address is not found.
    UnknownName,
    /// Longer than messages can be, or than the peer takes.
    TooLong,
    /// The peer takes no messages.
    Unsupported,
    /// There is no room for it: others must end first.
    Full,
    /// The peer has no room for it, or has restarted meanwhile. It was not delivered.
    Refused,
    /// It certainly was not delivered.
    Failed,
    /// It was sent, and nobody knows whether it arrived.
    Unknown,
    /// The peer has it, and did not reply in time.
    NoReply,
    /// The time was up before anything was known.
    TimedOut,
    /// Nobody handles this kind at the peer.
    NoHandler,
    /// The peer's handler has failed.
    HandlerFailed {
        /// What the peer says of it.
        message: String,
    },
    /// The peer does not let this node use this kind.
    NotAllowed,
    /// This kind is not for applications.
    ReservedKind,
    /// Only a node that is discoverable may speak to everybody.
    NotDiscoverable,
    /// It speaks to everybody too often: others would not hand it on.
    TooOften,
    /// The daemon is about to end.
    ShuttingDown,
}

impl From<BroadcastError> for SendError {
    fn from(error: BroadcastError) -> Self {
        match error {
            BroadcastError::NotDiscoverable => Self::NotDiscoverable,
            BroadcastError::TooLong => Self::TooLong,
            BroadcastError::TooOften => Self::TooOften,
            BroadcastError::Full => Self::Full,
        }
    }
}

impl From<NodeError> for SendError {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::UnknownPeer | NodeError::NotConnected | NodeError::Oneself => {
                Self::UnknownPeer
            }
            NodeError::TooLong => Self::TooLong,
            NodeError::Unsupported => Self::Unsupported,
            NodeError::Busy | NodeError::Full => Self::Full,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownPeer => "it is not known, and there is no way or room to call it",
            Self::UnknownName => "the name in its address is not found",
            Self::TooLong => "the message is longer than this node or the peer takes",
            Self::Unsupported => "the peer takes no messages",
            Self::Full => "no room for another message: others must end first",
            Self::Refused => "the peer has no room for it; it was not delivered",
            Self::Failed => "it was not delivered",
            Self::Unknown => "it was sent, and nobody knows whether it arrived",
            Self::NoReply => "the peer has it, and did not reply in time",
            Self::TimedOut => "the time was up before the peer had it",
            Self::NoHandler => "nobody handles this kind at the peer",
            Self::HandlerFailed { message } => {
                return write!(f, "the peer's handler has failed: {message}");
            }
            Self::NotAllowed => "the peer does not allow this node to use this kind",
            Self::ReservedKind => "kinds from 65504 on are not for applications",
            Self::NotDiscoverable => {
                "only a node that is discoverable may speak to everybody: `discoverable = true`"
            }
            Self::TooOften => "others hand on no more than eight a minute of one node",
            Self::ShuttingDown => "the daemon is about to end",
        })
    }
}

impl std::error::Error for SendError {}
