//! What applications say to each other.

use serde::{Deserialize, Serialize};

use crate::path::Transmit;
use crate::peer::Peer;

/// What came of a datagram that was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum Received<'d> {
    /// Nothing for the application.
    Nothing,
    /// A payload, opened in place: it lies in the datagram that was handed in.
    Datagram {
        /// The peer that sealed it.
        from: Peer,
        /// The application's bytes, at most [`MAX_PAYLOAD`](crate::MAX_PAYLOAD).
        payload: &'d [u8],
    },
    /// An acknowledged message that one datagram holds: it lies in the one that was handed in.
    /// Longer ones come by [`Node::poll_message`](crate::Node::poll_message).
    Message(Message<'d>),
    /// A packet that this node relays, sealed anew in its place: it is to be sent on.
    Forward {
        /// Where to.
        transmit: Transmit,
        /// What [`Transmit::datagrams`] takes: the datagram that was handed in.
        datagram: &'d [u8],
    },
}

/// An acknowledged message to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outgoing<'a> {
    /// Which of the receiver's handlers it is for: the applications' own numbers.
    pub kind: u16,
    /// Whether an answer is expected, or is this.
    pub purpose: Purpose,
    /// At most [`MAX_MESSAGE`](crate::MAX_MESSAGE) bytes, and no more than the peer takes.
    pub payload: &'a [u8],
}

/// An acknowledged message that has arrived, whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Message<'a> {
    /// The peer that sealed it. If it came by [`Node::poll_message`](crate::Node::poll_message) the
    /// handle may be good no longer.
    pub from: Peer,
    /// The sender's name for it.
    pub id: MessageId,
    /// Which handler it is for.
    pub kind: u16,
    /// Whether an answer is expected, or is this.
    pub purpose: Purpose,
    /// The application's bytes.
    pub payload: &'a [u8],
}

/// What a message is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// No answer is expected.
    Notice,
    /// The receiver is asked to reply, with [`MessageId::request`] of the message.
    Request,
    /// The answer to a request of the message's receiver.
    Reply(RequestNumber),
}

/// A message among those from one node to one peer. No two that a node sends to a peer have the
/// same, until one of them forgets the other or restarts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct MessageId(pub(crate) u64);

/// Which request a reply answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RequestNumber(pub(crate) u64);

impl MessageId {
    /// What a reply to this message carries. The sender of the request finds it equal to that of
    /// its own [`MessageId`].
    pub const fn request(self) -> RequestNumber {
        RequestNumber(self.0)
    }
}

/// How a message that was accepted for sending ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum Outcome {
    /// The peer has it, and hands it up once; unless it restarts before its application has asked
    /// for it.
    Acked,
    /// Part of it was never sent: it has certainly not been delivered.
    Failed,
    /// It was sent, and nobody knows whether it arrived.
    Unknown,
}
