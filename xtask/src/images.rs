//! Building the packages of `embedded/` for their targets.

use std::path::PathBuf;

use serde::Deserialize;

use crate::Result;
use crate::cargo::{cargo, metadata};
use crate::toolchain::Route;

/// RP2040 (Cortex-M0+).
pub(crate) const CORTEX: &str = "thumbv6m-none-eabi";
/// ESP32-C3.
pub(crate) const RISCV: &str = "riscv32imc-unknown-none-elf";
/// Both.
pub(crate) const TARGETS: [&str; 2] = [CORTEX, RISCV];

/// The firmware's workspace.
pub(crate) const MANIFEST: &str = "embedded/Cargo.toml";

/// The part of `cargo metadata` that matters here.
#[derive(Deserialize)]
struct Workspace {
    target_directory: PathBuf,
}

/// Where cargo puts what it builds of the firmware's workspace.
pub(crate) fn target_directory() -> Result<PathBuf> {
    metadata(MANIFEST).map(|Workspace { target_directory }| target_directory)
}

/// Where it puts what it builds for hosts.
pub(crate) fn host_directory() -> Result<PathBuf> {
    metadata("Cargo.toml").map(|Workspace { target_directory }| target_directory)
}

/// Builds a package's program for a target, and returns where it is.
///
/// One target at a time: cargo would turn on the features that either wants for both.
pub(crate) fn build(route: &Route, package: &str, target: &str) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--release", "--locked", "--manifest-path", MANIFEST]);
    command.args(["--package", package, "--target", target]);
    route.prepare(&mut command, &[target]);
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if !status.success() {
        return Err(format!("{package} does not build for {target}"));
    }
    Ok(target_directory()?.join(target).join("release").join(package))
}
