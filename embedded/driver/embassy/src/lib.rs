#![no_std]
#![forbid(unsafe_code)]
//! An Underpass node among the tasks of an embassy program.
//!
//! - A [`Runner`] moves datagrams, in a task of its own.
//! - A [`Handle`] is the application's: it sends, receives and watches, from any task of the same
//!   executor.
//! - A [`Bench`] does the public-key work, a tenth of a second at a time on a small processor. Its
//!   task belongs on an executor of lower priority (or the second core): then whatever has a
//!   deadline keeps it while peers shake hands.
//!
//! Runner and handles share a [`State`], which only tasks of one executor can: nothing is locked, and
//! no interrupt is held up. Jobs and their results alone cross over, by value.
//!
//! ```no_run
//! # use embassy_net::udp::UdpSocket;
//! # use static_cell::{ConstStaticCell, StaticCell};
//! # use underpass_core::{Keys, Node, SecretIdentity};
//! use underpass_embassy::{Bench, Handle, Runner, State};
//!
//! underpass_core::storage! {
//!     struct Board {
//!         peers: 8, handshakes: 4, window_bits: 256,
//!         messages: 16, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 16, rumours: 2,
//!     }
//! }
//! type Storage = &'static mut Board;
//!
//! static BENCH: Bench = Bench::new();
//! static STATE: StaticCell<State<Storage, 2>> = StaticCell::new();
//!
//! # fn make() -> Node<Storage> { unimplemented!() }
//! # fn example(socket: UdpSocket<'static>) {
//! let state: &'static State<Storage, 2> = STATE.init_with(|| State::new(make(), &BENCH));
//! let handle = Handle::new(state);
//! let runner = Runner::new(state, socket);
//! // Tasks: `runner.run().await`; the application with `handle`; and, where it disturbs nobody,
//! // `BENCH.work(&keys).await`.
//! # }
//! ```

mod bench;
mod handle;
mod inbox;
mod runner;
mod state;

pub use bench::Bench;
pub use handle::{Handle, Incoming, What};
pub use runner::Runner;
pub use state::State;
pub use underpass_driver::Node;
