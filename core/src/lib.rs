#![no_std]
#![forbid(unsafe_code)]
//! The Underpass protocol: peers behind NATs that talk end to end encrypted.
//!
//! This crate is the protocol and nothing else. It has no clock, no socket, no thread, no allocator
//! (but for `HeapStorage`, a feature) and no ambient randomness, so the same bytes run in a simulator, on a microcontroller and in a
//! daemon. A driver owns those things and moves data between them and a [`Node`].
//!
//! # The drive contract
//!
//! ```text
//!              datagram        timer        application       result of a job
//!                 |              |               |                   |
//!   1. in   handle_datagram handle_timeout connect, close,     complete_job
//!                 |              |         send_datagram,            |
//!                 |              |         send_message              |
//!                 v              v               v                   v
//!            decode, open     the part      .-----------.     the handshake
//!            dispatch ------> it is for --->|   Node    |<--- goes on
//!                                           '-----------'
//!                                                 |
//!   2. out    poll_job      poll_transmit     poll_event,     poll_timeout
//!                 |              |           poll_message           |
//!                 |              |               |                   |
//!            public-key        bytes         application       when to call
//!               work         to send                          handle_timeout
//! ```
//!
//! 1. Hand in what happened, with the time: [`Node::handle_datagram`], [`Node::handle_timeout`],
//!    [`Node::connect`] and the like, [`Node::complete_job`]. A payload, or a message that one
//!    datagram holds, is opened in place and borrowed from the datagram's own buffer.
//! 2. After every such call, until each has nothing more:
//!    1. [`Node::poll_job`]: run the [`Job`] wherever it suits, and hand its result back by
//!       [`Node::complete_job`], now or later. [`Node::run_jobs`] does both at once.
//!    2. [`Node::poll_transmit`]: send each datagram by the [`Path`] given.
//!    3. [`Node::poll_event`] and [`Node::poll_message`]: tell the application.
//!    4. [`Node::poll_timeout`]: call [`Node::handle_timeout`] at that time, if nothing comes first.
//!
//! Polls take no time and decide nothing; only the calls of step 1 do. Whatever a driver leaves for
//! later is late, never lost: what is owed is kept with the peer it is owed to, so it cannot
//! overflow. (Those of whom nothing is remembered are owed one answer between them: who does not get
//! theirs asks again.)
//!
//! # Sessions, restarts, recordings
//!
//! A peer is dialled by its key ([`Node::connect`]) or as whoever is at an address
//! ([`Node::connect_address`]), again and again until it is closed. Its session's keys are updated
//! every two minutes, a handshake renews it every fifteen, all by itself. [`Access`] says whom a
//! node deals with, [`Node::change_secret`] moves it to a new secret of its network while it runs.
//! What may outlive a restart is [saved](Node::save): whom it knows and where, no secret. A
//! [`Recorder`] stands in a node's place and writes down every call; a [`Player`] does the same
//! again, anywhere, and finds the first call that comes out differently.
//!
//! # Datagrams and messages
//!
//! [`Node::send_datagram`] seals at once, keeps nothing, and promises nothing but that a datagram
//! arrives at most once. [`Node::send_message`] keeps a message of up to [`MAX_MESSAGE`] bytes in
//! the storage until it ends, and sends it again as often as that takes, across lost packets,
//! sessions, paths and absences of the peer. It is handed up exactly once while neither end
//! restarts or forgets the other, and at most once otherwise; [`Event::Message`] tells its sender
//! the [`Outcome`], exactly once. A message carries the number of the handler it is for, and may be
//! a request or the [reply](Purpose::Reply) to one. A node may send messages to
//! [itself](Node::oneself). What is full says so: [`SendError::Full`] to a sender, and a receiver
//! without room, of its own or of its [application's](Node::hold_messages), leaves what it cannot
//! take to be sent again.
//!
//! # What holds
//!
//! - **Deterministic**: the same configuration, identity, seed and calls give the same outputs on
//!   every architecture. Nothing iterates in hash order, computes with floats or depends on the
//!   width of `usize`.
//! - **Memory is in the value**: the tables come with the [`Storage`], and their size is their
//!   capacity. A full table is an error with a name. Work per call is bounded, and what a packet of
//!   a session costs does not grow with the number of peers.
//! - **The long-term secret never enters a node**: jobs ask the driver's [`Keys`] for it.
//! - **No error is silent**: whatever is refused is counted under its [`Dropped`] reason.
//!
//! ```
//! # use underpass_core::*;
//! storage! {
//!     struct Board {
//!         peers: 8, handshakes: 4, window_bits: 256,
//!         messages: 16, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 16, rumours: 2,
//!     }
//! }
//!
//! # fn draw() -> [u8; 32] { [7; 32] }
//! # fn now() -> Instant { Instant::ORIGIN }
//! # fn send(_: Path, _: &[u8]) {}
//! # let mut seed = 0;
//! # let mut identity = || SecretIdentity::generate(|| { seed += 1; [seed; 32] }).unwrap().0;
//! # let (keys, friend) = (identity(), identity().id());
//! let config = Config::new(Network::closed("home", draw()));
//! let mut node = Node::new(config, keys.id(), draw(), Board::EMPTY, now())?;
//! let path = Path { socket: Socket(0), remote: "192.0.2.1:4747".parse()? };
//! node.connect(friend, path, now())?;
//!
//! node.run_jobs(&keys, now());
//! let mut buffer = [0; MAX_TRANSMIT];
//! while let Some(transmit) = node.poll_transmit(&mut buffer) {
//!     for (path, datagram) in transmit.datagrams(&buffer) {
//!         send(path, datagram);
//!     }
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # The way of a datagram
//!
//! `receive.rs` decodes, opens and dispatches it; `heartbeat.rs`, `paths/`, `delivery/` and
//! `session/handshake/` are the parts that it is dispatched to: each owns its state within a peer
//! or a handshake, and notes what it owes. What concerns other parts it returns, and `lifecycle.rs`
//! tells them. `transmit.rs` seals what is owed when the driver polls. `cx.rs` holds the tables
//! they all work on, `wire/` the formats (see `docs/wire.md`), `noise/` the handshake's
//! cryptography.

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod access;
mod config;
mod counters;
mod crypto;
mod cx;
mod delivery;
mod error;
mod event;
mod gossip;
#[cfg(feature = "alloc")]
mod heap;
mod heartbeat;
mod held;
mod identity;
#[cfg(feature = "inspect")]
pub mod inspect;
mod job;
mod lifecycle;
mod message;
mod network;
mod node;
mod noise;
mod path;
mod paths;
mod peer;
mod punch;
mod realm;
mod receive;
mod reconnect;
mod record;
mod relay;
mod saved;
mod session;
mod stateless;
mod storage;
mod table;
mod time;
mod timeout;
mod timer;
mod transmit;
mod way;
mod wire;

pub use access::{Access, Use, Whom};
pub use config::Config;
pub use counters::{Counter, Counters, Dropped};
pub use delivery::{FlightSlot, MessageSlot};
pub use error::{CapacityError, ConnectError, RestoreError, SaveError, SendError, UnknownPeer};
pub use event::Event;
pub use gossip::{
    Broadcast, BroadcastError, FindError, Gossip, Known as KnownPeer, MAX_BROADCAST, Presence,
    RecordSlot, RumourSlot, Seen, TAGS, Tag,
};
#[cfg(feature = "alloc")]
pub use heap::HeapStorage;
pub use identity::{Keys, PeerId, PeerIdError, SecretIdentity};
pub use job::{Done, Job, JobKind, Stale};
pub use message::{Message, MessageId, Outcome, Outgoing, Purpose, Received, RequestNumber};
pub use network::Network;
pub use node::Node;
pub use path::{MAX_TRANSMIT, Path, Route, Socket, Transmit};
pub use peer::{Peer, PeerSlot, PeerState};
pub use punch::{ProbeCell, PunchSlot, RelayReason, Relayed};
pub use record::{Log, PlayError, Played, Player, Recorder};
pub use relay::{CircuitSlot, Limits as RelayLimits};
pub use session::SessionSlot;
pub use session::handshake::HandshakeSlot;
pub use storage::{Capacity, Storage, Tables};
pub use table::deadlines::DeadlineSlot;
pub use time::{Duration, Instant};
pub use timer::{Deadline, Timer};
pub use wire::{MAX_DATAGRAM, MAX_MESSAGE, MAX_PAYLOAD, VERSION};
