//! Repository chores: `cargo xtask --help` lists them.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a tool for people, outside every simulated run: nothing replays what it does"
)]

mod bare;
mod cargo;
mod figures;
mod firmware;
mod images;
mod kernel_nat;
mod licences;
mod naive;
mod parity;
mod patches;
mod planted;
mod processor;
mod ring;
mod sizes;
#[cfg(test)]
mod tests;
mod toolchain;
mod uf2;

use std::process::ExitCode;

use clap::Parser;

/// What a chore ends with: an error is a message for the person who started it.
type Result<T = ()> = std::result::Result<T, String>;

/// Repository chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Check that deny.toml allows the licence and the source of every dependency
    Licences,
    /// Build the core for bare-metal targets without an allocator, and print what it weighs
    Bare,
    /// Build the boards' firmware into one folder, and print what the images weigh
    Firmware,
    /// Build it, and have emulated boards talk to a peer on this host
    Emulate,
    /// Weigh the core, and count the instructions of its work, on the boards' processors
    Figures,
    /// Play recordings of simulated boards on the boards' processors, and compare what comes out
    Parity,
    /// Make the protocol naive in a copy, one patch of scenarios/naive after the other, and check that
    /// the scenarios which each names fail there
    Naive {
        /// Only patches whose name contains this
        only: Option<String>,
    },
    /// Plant bugs in a copy, one patch of scenarios/planted after the other, and check that exploring
    /// finds each of them and makes it small
    Planted {
        /// Only patches whose name contains this
        only: Option<String>,
    },
    /// Test the daemon behind the kernel's own NAT, in network namespaces
    KernelNat,
    /// Time one workload in this simulator and in others, which it builds apart
    Ring,
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Licences => licences::run(),
        Chore::Bare => bare::run(),
        Chore::Firmware => firmware::build_all(),
        Chore::Emulate => firmware::emulate(),
        Chore::Figures => figures::run(),
        Chore::Parity => parity::run(),
        Chore::Naive { only } => naive::run(only.as_deref()),
        Chore::Planted { only } => planted::run(only.as_deref()),
        Chore::KernelNat => kernel_nat::run(),
        Chore::Ring => ring::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
