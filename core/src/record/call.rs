//! What is recorded: how the node was made, and every call.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::config::Config;
use crate::gossip::{Gossip, Tag};
use crate::identity::PeerId;
use crate::job::{Outcome, Ticket};
use crate::message::Outgoing;
use crate::network::Network;
use crate::path::{Path, Socket};
use crate::peer::Peer;
use crate::punch::{LOCAL_ADDRESSES, Local};
use crate::relay::Limits;
use crate::storage::Capacity;
use crate::time::{Duration, Instant};

pub(super) const VERSION: u8 = 1;

/// How the node was made.
#[derive(Serialize, Deserialize)]
pub(super) struct Start<'a> {
    pub(super) capacity: Capacity,
    pub(super) config: Settings,
    pub(super) identity: PeerId,
    pub(super) seed: [u8; 32],
    /// What it was restored from.
    pub(super) saved: Option<&'a [u8]>,
    pub(super) now: Instant,
}

/// A [`Config`], secrets and all.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    network: [u8; 32],
    secret: [u8; 32],
    previous_secret: Option<[u8; 32]>,
    ping_interval: Duration,
    access: Access,
    relay: Limits,
    message_lifetime: Duration,
    gossip: Gossip,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let Config { network, ping_interval, access, relay, message_lifetime, gossip } = config;
        Self {
            network: network.id,
            secret: network.secret,
            previous_secret: network.previous_secret,
            ping_interval: *ping_interval,
            access: *access,
            relay: *relay,
            message_lifetime: *message_lifetime,
            gossip: *gossip,
        }
    }
}

impl From<Settings> for Config {
    fn from(settings: Settings) -> Self {
        let Settings { network, secret, previous_secret, .. } = settings;
        Self {
            network: Network { id: network, secret, previous_secret },
            ping_interval: settings.ping_interval,
            access: settings.access,
            relay: settings.relay,
            message_lifetime: settings.message_lifetime,
            gossip: settings.gossip,
        }
    }
}

/// This host's addresses, with their sockets: as many as count.
#[derive(Serialize, Deserialize)]
pub(super) struct Addresses([Option<Path>; LOCAL_ADDRESSES]);

impl Addresses {
    pub(super) fn new(addresses: &[(Socket, SocketAddr)]) -> Self {
        let path = |place: usize| addresses.get(place).copied().map(local_path);
        Self(core::array::from_fn(path))
    }

    pub(super) fn to_locals(&self) -> heapless::Vec<Local, LOCAL_ADDRESSES> {
        self.0.iter().flatten().map(|path| (path.socket, path.remote)).collect()
    }
}

fn local_path((socket, remote): (Socket, SocketAddr)) -> Path {
    Path { socket, remote }
}

/// A call of [`Node`](crate::Node), by its name there. What only asks is not recorded.
#[derive(Serialize, Deserialize)]
pub(super) enum Call<'a> {
    HandleDatagram { path: Path, datagram: &'a [u8], now: Instant },
    HandleTimeout { now: Instant },
    Connect { id: PeerId, path: Option<Path>, now: Instant },
    ConnectForeignRelay { id: PeerId, path: Path, now: Instant },
    ConnectAddress { path: Path, now: Instant },
    Allow { id: PeerId, now: Instant },
    SetAccess { access: Access, now: Instant },
    SetGossip { gossip: Gossip, now: Instant },
    Find { tag: Tag, now: Instant },
    Broadcast { kind: u16, payload: &'a [u8], now: Instant },
    SetLocalAddresses { addresses: Addresses, now: Instant },
    NetworkChanged { now: Instant },
    ChangeSecret { secret: [u8; 32] },
    RetirePreviousSecret,
    Close { peer: Peer, now: Instant },
    SendDatagram { to: Peer, payload: &'a [u8] },
    SendMessage { to: Peer, message: Outgoing<'a>, now: Instant },
    CompleteJob { ticket: Ticket, outcome: Outcome, now: Instant },
    PollJob,
    PollTransmit,
    PollEvent,
    PollMessage,
    HoldMessages { hold: bool },
    PollBroadcast,
    HoldMessagesOf { peer: Peer, hold: bool },
}

impl Call<'_> {
    /// The time that the node was told, if it was.
    pub(super) fn now(&self) -> Option<Instant> {
        match *self {
            Self::HandleDatagram { now, .. }
            | Self::HandleTimeout { now }
            | Self::Connect { now, .. }
            | Self::ConnectForeignRelay { now, .. }
            | Self::ConnectAddress { now, .. }
            | Self::Allow { now, .. }
            | Self::SetAccess { now, .. }
            | Self::SetGossip { now, .. }
            | Self::Find { now, .. }
            | Self::Broadcast { now, .. }
            | Self::SetLocalAddresses { now, .. }
            | Self::NetworkChanged { now }
            | Self::Close { now, .. }
            | Self::SendMessage { now, .. }
            | Self::CompleteJob { now, .. } => Some(now),
            Self::ChangeSecret { .. }
            | Self::RetirePreviousSecret
            | Self::SendDatagram { .. }
            | Self::PollJob
            | Self::PollTransmit
            | Self::PollEvent
            | Self::PollMessage
            | Self::HoldMessages { .. }
            | Self::HoldMessagesOf { .. }
            | Self::PollBroadcast => None,
        }
    }
}
