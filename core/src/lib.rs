#![no_std]
//! The Underpass protocol: peers behind NATs that talk end to end encrypted.
#[cfg(test)]
extern crate std;

mod config;
mod counters;
mod crypto;
mod cx;
mod error;
mod event;
mod heartbeat;
mod identity;
#[cfg(feature = "inspect")]
pub mod inspect;
mod job;
mod message;
mod network;
mod node;
mod noise;
mod path;
mod peer;
mod receive;
mod reconnect;
mod session;
mod storage;
mod table;
mod time;
mod timer;
mod transmit;
mod wire;

pub use config::Config;
pub use counters::{Counter, Counters, Dropped};
pub use error::{CapacityError, ConnectError, SendError, UnknownPeer};
pub use event::Event;
pub use identity::{Keys, PeerId, PeerIdError, SecretIdentity};
pub use job::{Done, Job, JobKind, Stale};
pub use message::Received;
pub use network::Network;
pub use node::Node;
pub use path::{Path, Socket, Transmit};
pub use peer::{Peer, PeerSlot, PeerState};
pub use session::SessionSlot;
pub use session::handshake::HandshakeSlot;
pub use storage::{Capacity, Storage, Tables};
pub use table::deadlines::DeadlineSlot;
pub use time::{Duration, Instant};
pub use timer::{Deadline, Timer};
pub use wire::{MAX_DATAGRAM, MAX_PAYLOAD, VERSION};
