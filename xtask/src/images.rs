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

/// A program of a package, as one board's.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) package: &'static str,
    pub(crate) target: &'static str,
    /// Instead of the package's default ones, if any.
    pub(crate) features: &'static [&'static str],
    /// Of the compiler's libraries, what it takes beyond `core`.
    pub(crate) needs_alloc: bool,
}

impl Program {
    /// One with the default features, that needs nothing but `core`.
    pub(crate) const fn new(package: &'static str, target: &'static str) -> Self {
        Self { package, target, features: &[], needs_alloc: false }
    }
}

/// Builds a program, and returns where it is.
///
/// One target at a time: cargo would turn on the features that either wants for both.
pub(crate) fn build(route: &Route, program: Program) -> Result<PathBuf> {
    let Program { package, target, features, needs_alloc } = program;
    let mut command = cargo();
    command.args(["build", "--quiet", "--release", "--locked", "--manifest-path", MANIFEST]);
    command.args(["--package", package, "--target", target]);
    if !features.is_empty() {
        command.args(["--no-default-features", "--features", &features.join(",")]);
    }
    route.prepare(&mut command, &[target], needs_alloc);
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if !status.success() {
        return Err(format!("{package} does not build for {target}"));
    }
    Ok(target_directory()?.join(target).join("release").join(package))
}
