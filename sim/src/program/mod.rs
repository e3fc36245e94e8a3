//! The program around the simulator: which runs are meant, that they are run, and the exit code.
//!
//! ```text
//! arguments --selection--> cases --execution--> runs in order --report--> what a person sees
//! ```

use std::env;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use underpass_sim::scenario::discover::shown;
use underpass_sim::scenario::schema::schema;

use crate::report::{Screen, quoted};
use arguments::{Arguments, Command};

mod arguments;
mod check;
mod diff;
pub(crate) mod execution;
pub(crate) mod explore;
mod filter;
pub(crate) mod history;
mod list;
mod outputs;
pub(crate) mod panics;
mod replay;
mod run;
mod seeds;
pub(crate) mod selection;
pub(crate) mod stopwatch;

#[cfg(test)]
mod tests;

/// What the program's exit code says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// All that counts has passed.
    Passed = 0,
    /// An expectation or a checker failed, or what was compared differs.
    Failed = 1,
    /// A bad file or bad arguments: nothing was run.
    Refused = 2,
    /// A run panicked or was not deterministic, or something could not be written.
    Broken = 3,
    /// There was nothing to do.
    Nothing = 4,
}

/// The whole program.
pub(crate) fn main() -> ExitCode {
    let invocation = invocation();
    let matches = Arguments::command().bin_name(&invocation).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let mut screen = Screen::of_process();
    let exit = match &arguments.command {
        Command::Run(arguments) => run::run(arguments, &invocation, &mut screen),
        Command::Check(arguments) => check::check(arguments, &mut screen),
        Command::List(arguments) => list::list(arguments, &mut screen),
        Command::Diff(arguments) => diff::diff(arguments, &mut screen),
        Command::Replay(arguments) => replay::replay(arguments, &mut screen),
        Command::Explore(arguments) => explore::explore(arguments, &invocation, &mut screen),
        Command::Shrink(arguments) => explore::shrink(arguments, &invocation, &mut screen),
        Command::Schema => {
            screen.out.line(&format!("{:#}", schema()));
            Exit::Passed
        }
    };
    let exit = match screen.out.error() {
        None => exit,
        Some(error) => {
            screen.err.line(&format!("error: the output cannot be written: {error}"));
            Exit::Broken
        }
    };
    ExitCode::from(exit as u8)
}

/// How this program was started, for commands that a person can repeat: as a shell takes it.
fn invocation() -> String {
    // Cargo tells what it runs about itself.
    let by_cargo = env::var_os("CARGO").is_some();
    let itself = env::args_os().next().filter(|_| !by_cargo);
    itself.map_or("cargo sim".into(), |itself| quoted(&shown(Path::new(&itself))))
}
