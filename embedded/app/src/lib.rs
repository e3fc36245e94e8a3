#![no_std]
#![forbid(unsafe_code)]
//! A sensor with a lamp. It finds one peer by its key, sends it a reading every ten seconds as an
//! acknowledged message, and does what that peer asks of it.
//!
//! What differs between boards is a [`Board`]; the rest of their firmware is here: what is sent
//! ([`messages`]), what is kept in flash ([`Settings`]), how it gets there over a serial line
//! ([`Console`]), what the sensor does and when ([`Sensor`]), and the task that moves it
//! ([`run`]).

mod board;
mod console;
pub mod messages;
mod run;
mod sensor;
mod settings;

pub use board::Board;
pub use console::{Answer, Console, LINE_MAX, Mistake};
pub use run::{configure, run};
pub use sensor::Sensor;
pub use settings::{Membership, NAME_MAX, Settings, SettingsError};
