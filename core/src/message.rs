//! What a datagram brought.

use serde::Serialize;

use crate::peer::Peer;

/// What came of a datagram that was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum Received<'d> {
    /// Nothing for the application.
    Nothing,
    /// A payload, opened in place: it lies in the datagram that was handed in.
    Message {
        /// The peer that sealed it.
        from: Peer,
        /// The application's bytes, at most [`MAX_PAYLOAD`](crate::MAX_PAYLOAD).
        payload: &'d [u8],
    },
}
