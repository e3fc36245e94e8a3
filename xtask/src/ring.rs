//! `cargo xtask ring`: one workload in several simulators.

use crate::Result;
use crate::cargo::{cargo, root};

/// A workspace of its own, with flags of its own: cargo takes both from where it runs.
const DIRECTORY: &str = "benches/others";

/// Builds and runs what is timed.
pub(crate) fn run() -> Result {
    let mut command = cargo();
    command.current_dir(root().join(DIRECTORY)).args(["run", "--quiet", "--release", "--locked"]);
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{DIRECTORY} failed ({status})")) }
}
