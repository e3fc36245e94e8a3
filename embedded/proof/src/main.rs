//! `underpass-proof MACHINE IMAGE DIRECTORY`: runs the sensor's firmware in QEMU, with an empty
//! directory for its flash, and a peer on this host that talks to it over UDP. Ends with an error at
//! the first thing that is not as it must be.
//!
//! While a renewal is waited for, the host's clock runs twenty times as fast as the board's; a board must
//! bear with any peer's clock.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a host has a clock of its own: nothing replays what happens here"
)]

mod clock;
mod host;
mod qemu;
mod scenes;
mod wire;

use std::path::Path;
use std::process::ExitCode;

use qemu::Machine;

/// What goes wrong, for the person who started this.
type Result<T = ()> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match &args[..] {
        [machine, image, directory] => Machine::named(machine)
            .and_then(|machine| scenes::run(machine, Path::new(image), Path::new(directory))),
        _ => Err("say underpass-proof mps2|virt IMAGE DIRECTORY".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
