//! The engine seen from outside: worlds of machines of a few lines each.

mod clocks;
mod compare;
mod determinism;
mod faults;
mod hostile;
mod network;
pub(crate) mod setup;
mod stops;
mod time;
