//! Whom a node deals with.

use serde::{Deserialize, Serialize};

use crate::cx::Cx;
use crate::paths;
use crate::way::Way;

/// A circle of peers, each within the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Whom {
    /// Nobody.
    Nobody,
    /// Those that the application asked for by [`Node::connect`](crate::Node::connect).
    Pinned,
    /// And those that it named by [`Node::allow`](crate::Node::allow).
    Listed,
    /// Every member of the network.
    Network,
}

/// Whom a node answers, takes messages from and relays for.
///
/// A node that does not answer everybody shows others nothing, neither cookies nor hints. Under load
/// it takes up handshakes only from where it knows somebody to be whom it answers: one of them that
/// has moved may have to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Whose handshakes are answered; whom the node dials, it talks to anyway. Who knows only an address shows last who it is, so that it is
    /// answered only if [everybody](Whom::Network) is.
    pub answers: Whom,
    /// Whose datagrams and messages are handed up. Others are answered and nothing more.
    pub messages: Whom,
    /// Who may be relayed for.
    pub relays: Whom,
}

/// Something that a peer may be allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// To have a session.
    Answers,
    /// To send datagrams and messages.
    Messages,
    /// To be relayed for.
    Relays,
}

/// How a peer came to be known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) enum Standing {
    /// By itself: it makes room for others when it is gone.
    #[default]
    Met,
    /// The application named it.
    Listed,
    /// The application asked for it: it is dialled until it is closed.
    Pinned,
}

impl Access {
    /// Everybody in the network, but relays for nobody: what
    /// [`Config::new`](crate::Config::new) sets.
    pub const DEFAULT: Self =
        Self { answers: Whom::Network, messages: Whom::Network, relays: Whom::Nobody };

    pub(crate) fn allows(&self, what: Use, standing: Standing) -> bool {
        let circle = match what {
            Use::Answers => self.answers,
            Use::Messages => self.messages,
            Use::Relays => self.relays,
        };
        circle
            >= match standing {
                Standing::Met => Whom::Network,
                Standing::Listed => Whom::Listed,
                Standing::Pinned => Whom::Pinned,
            }
    }
}

/// Whether a peer that the node answers is known to be at the other end of this way.
pub(crate) fn allows_at(way: Way, cx: &mut Cx<'_>) -> bool {
    let access = cx.state.config.access;
    cx.peers.iter().any(|peer| {
        let is_there = peer.is_taken && paths::is_at(peer, way);
        is_there && access.allows(Use::Answers, peer.standing)
    })
}

/// Whether a peer, known or not, is allowed something.
pub(crate) fn allows(what: Use, peer: Option<u16>, cx: &mut Cx<'_>) -> bool {
    let standing = peer.map(|peer| cx.peer(peer).standing).unwrap_or_default();
    cx.state.config.access.allows(what, standing)
}
