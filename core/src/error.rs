//! Errors of the public calls. Each says what happened to the node.

use serde::Serialize;

use core::fmt;

/// A storage's tables do not go together. No node was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CapacityError {
    /// Not between 1 and 16,384 peers.
    Peers,
    /// Not between 2 and 4,096 handshakes.
    Handshakes,
    /// Replay windows are not a power of two of words each, or have less than two.
    Windows,
    /// Not between 2 and 16,384 messages.
    Messages,
    /// A message window is not a power of two of bits from 32 to 1,024.
    MessageWindow,
    /// Not between 1,440 and 10,485,600 bytes for messages.
    Buffer,
    /// More than 16,384 circuits.
    Circuits,
    /// Not between 1 and 1,024 attempts to reach peers directly.
    Punches,
    /// More than 16,384 records.
    Records,
    /// More than 64 rumours.
    Rumours,
    /// A table has another length than [`Capacity`](crate::Capacity) gives.
    Tables,
}

/// Why a payload was not sent, or a message not accepted. The node is as before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum SendError {
    /// No peer has this handle (any more).
    UnknownPeer,
    /// There is no proven path to the peer at the moment.
    NotConnected,
    /// The payload is longer than [`MAX_PAYLOAD`](crate::MAX_PAYLOAD), or the message longer than
    /// this node can keep or the peer takes.
    TooLong,
    /// The peer is being moved from one path to another, and packets on the slower one are too far behind:
    /// a moment later there is room.
    Busy,
    /// No room for another message: some must end, and be reported, first.
    Full,
    /// The peer takes no messages.
    Unsupported,
    /// A node sends itself messages, not datagrams.
    Oneself,
}

/// Why a peer cannot be dialled. The node is as before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum ConnectError {
    /// The storage holds no more peers, and none of them is dispensable.
    Full,
    /// It is this node itself.
    OwnIdentity,
}

/// Why a node was not saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaveError {
    /// The buffer is shorter than what there is to be saved;
    /// [`Capacity::saved_len_max`](crate::Capacity::saved_len_max) is always enough.
    TooSmall,
}

/// Why a node was not restored. No node was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreError {
    /// The storage's tables do not go together.
    Capacity(CapacityError),
    /// What was saved is not whole.
    Damaged,
    /// It was saved by a version with another format.
    Version,
    /// It was saved by another identity or in another network.
    OtherNode,
}

/// No peer has this handle (any more). The node is as before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct UnknownPeer;

impl fmt::Display for CapacityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peers => "a storage holds 1 to 16,384 peers",
            Self::Handshakes => "a storage holds 2 to 4,096 handshakes",
            Self::Windows => "a replay window has a power of two of bits, at least 128",
            Self::Messages => "a storage holds 2 to 16,384 messages",
            Self::MessageWindow => "a message window has 32, 64, 128, 256, 512 or 1,024 bits",
            Self::Buffer => "messages need 1,440 to 10,485,600 bytes",
            Self::Circuits => "a storage holds up to 16,384 circuits",
            Self::Punches => "a storage holds 1 to 1,024 attempts to reach peers directly",
            Self::Records => "a storage holds up to 16,384 records",
            Self::Rumours => "a storage holds up to 64 rumours",
            Self::Tables => "the tables of the storage do not have the lengths of its capacity",
        })
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownPeer => "no such peer",
            Self::NotConnected => "not connected",
            Self::Busy => "two paths are too far apart",
            Self::TooLong => "payload too long",
            Self::Full => "no room for another message",
            Self::Unsupported => "the peer takes no messages",
            Self::Oneself => "a node sends itself messages, not datagrams",
        })
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "no room for another peer",
            Self::OwnIdentity => "a node does not dial itself",
        })
    }
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the buffer is too small for what there is to be saved")
    }
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capacity(error) => error.fmt(f),
            Self::Damaged => f.write_str("the saved state is damaged"),
            Self::Version => f.write_str("the saved state has the format of another version"),
            Self::OtherNode => f.write_str("the saved state is of another identity or network"),
        }
    }
}

impl fmt::Display for UnknownPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such peer")
    }
}

impl core::error::Error for CapacityError {}
impl core::error::Error for SendError {}
impl core::error::Error for ConnectError {}
impl core::error::Error for UnknownPeer {}
impl core::error::Error for SaveError {}
impl core::error::Error for RestoreError {}
