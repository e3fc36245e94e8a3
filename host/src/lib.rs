//! Underpass on a host: the daemon, its command line, and a library for programs of one's own.
//!
//! ```text
//!   command line   ----->  HTTP API    scripts    handlers in Rust
//!   (program, client)       (api)     (script)      (handler)
//!                              |          |             |
//!                              '----------'------.------'
//!                                              handle          the only way in
//!                                                |
//!                                              driver          one task, which owns the node
//!                                                |
//!                          sockets, store, interfaces, pool    the operating system
//! ```
//!
//! [`start`] starts a node from [`Settings`], which `config` makes of a file, the environment and flags.
//! A [`Handle`] sends, asks and watches; [`Handlers`] say what is done with what arrives.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is where the clock, the randomness and the threads are: no simulated run passes here"
)]

mod api;
mod capacity;
mod client;
mod clock;
mod config;
mod driver;
mod event;
mod files;
mod handle;
mod handler;
mod kind;
mod log;
mod message;
mod peer_address;
mod program;
mod proof;
mod script;
mod sparing;
mod view;
mod why;

pub use capacity::{BOARD, HOST};
#[cfg(fuzzing)]
pub use config::check_text as check_config;
pub use driver::{LONG_MAX, Settings, StartError, start};
pub use event::Event;
pub use files::{SecretFileError, SecretFileErrorKind};
pub use handle::{Handle, To};
pub use handler::{Answer, Handler, Handlers};
pub use kind::RESERVED;
pub use message::{Incoming, Reply, SendError};
pub use peer_address::{HostPort, PORT, PeerAddress, PeerAddressError};
pub use program::main;
pub use underpass_core::Capacity;
pub use view::{PeerStatus, Status};
pub use why::Why;
