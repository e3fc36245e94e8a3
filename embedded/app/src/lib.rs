#![no_std]
#![forbid(unsafe_code)]
//! A sensor with a lamp. It finds one peer by its key, sends it a reading every ten seconds as an
//! acknowledged message, and does what that peer asks of it.
//!
//! What differs between boards is a [`Board`]; the rest of their firmware is here: what is sent
//! ([`messages`]), secret randomness out of noise ([`entropy`]), what is kept ([`Settings`]) in flash
//! ([`Keep`]), how it gets there over a serial line ([`Console`]), what is left of a panic
//! ([`LastWords`]), what the sensor does and when ([`Sensor`]), and the task that moves it ([`run`]).

mod board;
mod check;
mod console;
pub mod entropy;
mod keep;
mod last_words;
pub mod messages;
mod run;
mod sensor;
mod settings;
pub mod tape;

pub use board::Board;
pub use console::{Answer, Console, LINE_MAX, Mistake};
pub use keep::{Keep, KeepError};
pub use last_words::LastWords;
pub use run::{Questions, node, run};
pub use sensor::Sensor;
pub use settings::{Membership, NAME_MAX, PASSWORD_MAX, Place, Settings, SettingsError, Wifi};
