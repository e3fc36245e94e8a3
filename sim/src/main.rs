//! `cargo sim`: runs scenario files from the command line.

mod program;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::main()
}
