//! What the owner of a node decides.

use crate::access::Access;
use crate::gossip::Gossip;
use crate::network::Network;
use crate::relay::Limits;
use crate::time::Duration;

/// A node's configuration.
#[derive(Clone)]
pub struct Config {
    /// The network it belongs to.
    pub network: Network,
    /// How often it wants to hear from a peer. Of two peers the longer interval counts, so that a
    /// node on a battery is not woken more often than it asked for. Kept within
    /// [`PING_INTERVAL_MIN`](Self::PING_INTERVAL_MIN) and
    /// [`PING_INTERVAL_MAX`](Self::PING_INTERVAL_MAX).
    pub ping_interval: Duration,
    /// Whom the node deals with; [`Node::set_access`](crate::Node::set_access) changes it.
    pub access: Access,
    /// How much it relays for those whom [`access`](Self::access) names.
    pub relay: Limits,
    /// How long a message is tried before it ends without an acknowledgement. Kept within
    /// [`MESSAGE_LIFETIME_MIN`](Self::MESSAGE_LIFETIME_MIN) and
    /// [`MESSAGE_LIFETIME_MAX`](Self::MESSAGE_LIFETIME_MAX).
    pub message_lifetime: Duration,
    /// Whether it finds others by hearsay, and is found; [`Node::set_gossip`](crate::Node::set_gossip)
    /// changes it.
    pub gossip: Gossip,
}

impl Config {
    /// What [`new`](Self::new) sets.
    pub const PING_INTERVAL: Duration = Duration::from_secs(10);
    /// A shorter interval would overlap the retries of one ping.
    pub const PING_INTERVAL_MIN: Duration = Duration::from_secs(5);
    /// A longer one would keep a dead peer for over a quarter of an hour.
    pub const PING_INTERVAL_MAX: Duration = Duration::from_secs(300);

    /// What [`new`](Self::new) sets: long enough to outlive a peer's absence and the way back.
    pub const MESSAGE_LIFETIME: Duration = Duration::from_secs(60);
    /// A shorter one would end what is merely on its way.
    pub const MESSAGE_LIFETIME_MIN: Duration = Duration::from_secs(1);
    /// A longer one would outlive what the receiver keeps of a message that it has in part.
    pub const MESSAGE_LIFETIME_MAX: Duration = Duration::from_secs(120);

    /// The defaults, in this network.
    pub const fn new(network: Network) -> Self {
        Self {
            network,
            ping_interval: Self::PING_INTERVAL,
            access: Access::DEFAULT,
            relay: Limits::DEFAULT,
            message_lifetime: Self::MESSAGE_LIFETIME,
            gossip: Gossip::OFF,
        }
    }
}
