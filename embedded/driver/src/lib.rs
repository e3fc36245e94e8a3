#![no_std]
#![forbid(unsafe_code)]
//! A driver for Underpass on boards: the short loop between a [`Node`](underpass_core::Node), a
//! clock and a socket.
//!
//! [`Pump`] is that loop, for whatever [`Wire`] there is. Over plain smoltcp a program without an
//! executor calls [`Pump::step`] whenever it has polled its interface, and [`Pump::run_job`] when
//! it has nothing else to do; `underpass-embassy` calls the same from an async task.
//!
//! ```no_run
//! # use smoltcp::{iface::{Interface, SocketHandle, SocketSet}, phy::Device, socket::udp};
//! # use underpass_core::{Keys, Storage};
//! # use underpass_driver::{Inbox, Next, Pump, Udp, instant};
//! # fn example<S: Storage>(mut pump: Pump<S>, keys: impl Keys, mut inbox: impl Inbox,
//! #     interface: &mut Interface, device: &mut impl Device, sockets: &mut SocketSet<'_>,
//! #     handle: SocketHandle, clock: impl Fn() -> smoltcp::time::Instant) {
//! loop {
//!     let now = clock();
//!     interface.poll(now, device, sockets);
//!     let wire = &mut Udp(sockets.get_mut::<udp::Socket>(handle));
//!     let next = pump.step(instant(now), wire, &mut inbox);
//!     // One public-key operation at a time: what else is to be done, is done in between.
//!     let has_worked = pump.run_job(&keys, instant(clock()));
//!     if let (Next::At(_), false) = (next, has_worked) {
//!         // Sleep until then, until a frame comes, or until the interface wants to be polled.
//!     }
//! }
//! # }
//! ```
//!
//! With the feature `record` the node is a [`Recorder`](underpass_core::Recorder): what it was told can be
//! played again elsewhere.

mod pump;
mod udp;

pub use pump::{Inbox, Next, Node, Pump, Wire};
pub use udp::{Udp, instant};
