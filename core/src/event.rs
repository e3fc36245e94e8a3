//! What a node tells its application. Small, and at most one waiting of each kind and peer, so that
//! events cannot overflow: the latest state is reported, not every change on the way to it.

use serde::Serialize;

use crate::peer::Peer;
use crate::time::Duration;

/// Something the application may want to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum Event {
    /// A path to the peer has been proven: payloads can be sent.
    Connected(Peer),
    /// The peer has not answered for three ping intervals, the last `Ping` included.
    Disconnected(Peer),
    /// A ping was answered.
    RoundTrip(Peer, Duration),
}
