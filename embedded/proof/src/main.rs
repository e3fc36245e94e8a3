//! Runs the sensor's firmware on emulated boards, each with an empty directory for its flash, and the daemon on
//! this host that they talk to over UDP. Ends with an error at the first thing that is not as it must be.
//!
//! ```text
//! underpass-proof alone DAEMON DIRECTORY MACHINE IMAGE                 a board and the daemon
//! underpass-proof pair DAEMON DIRECTORY MACHINE IMAGE MACHINE IMAGE    two boards, and the daemon as their relay
//! ```
//!
//! While a renewal is waited for, the board's clock runs twenty times as fast as the daemon's; whoever is
//! a peer must bear with any clock.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a host has a clock of its own: nothing replays what happens here"
)]

mod alone;
mod api;
mod board;
mod daemon;
mod machine;
mod pair;
mod wire;

use std::path::Path;
use std::process::ExitCode;

use machine::Machine;

/// What goes wrong, for the person who started this.
type Result<T = ()> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match &args[..] {
        ["alone", daemon, directory, machine, image] => image_of(machine, image)
            .and_then(|image| alone::run(Path::new(daemon), Path::new(directory), image)),
        ["pair", daemon, directory, one @ .., machine, image] if one.len() == 2 => {
            let images =
                image_of(one[0], one[1]).and_then(|one| Ok([one, image_of(machine, image)?]));
            images.and_then(|images| pair::run(Path::new(daemon), Path::new(directory), images))
        }
        _ => Err("say alone DAEMON DIRECTORY MACHINE IMAGE, or pair with two of those".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn image_of<'i>(machine: &str, image: &'i str) -> Result<(Machine, &'i Path)> {
    Ok((Machine::named(machine)?, Path::new(image)))
}
