//! What a node tells its application. Small, and at most one waiting of each kind and peer, so that
//! events cannot overflow: the latest state is reported, not every change on the way to it. How a
//! message ended is kept in the message's own place until it is reported.

use serde::Serialize;

use crate::identity::PeerId;
use crate::message::{MessageId, Outcome};
use crate::path::Route;
use crate::peer::Peer;
use crate::punch::RelayReason;
use crate::time::Duration;

/// Something the application may want to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum Event {
    /// A path to the peer has been proven: payloads can be sent.
    Connected(Peer),
    /// The peer has not answered for three ping intervals, the last `Ping` included.
    Disconnected(Peer),
    /// Packets to an active peer take another way from now on. After a planned change the one before is
    /// used as well for a while.
    Route(Peer, Route),
    /// Why packets to a peer go through a relay, or it is not reached at all; another reason than the
    /// one told before. [`Node::relayed`](crate::Node::relayed) has the evidence.
    Relayed(Peer, RelayReason),
    /// A ping was answered.
    RoundTrip(Peer, Duration),
    /// A message has ended. The handle is the one that it was sent to, even if that is good no
    /// longer.
    Message(Peer, MessageId, Outcome),
    /// A search by [`Node::find`](crate::Node::find) has found a node, which
    /// [`Node::connect`](crate::Node::connect) reaches by its id alone.
    Found(PeerId),
    /// The search is over.
    SearchEnded,
}
