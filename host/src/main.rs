//! The `underpass` program; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    underpass_host::main()
}
