//! `cargo xtask bare`: the core in an image for each bare-metal target, and what the images weigh.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use crate::Result;
use crate::cargo::{cargo, metadata};
use crate::sizes::{Sizes, table};
use crate::toolchain::Route;

/// RP2040 (Cortex-M0+) and ESP32-C3.
pub(crate) const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"];

const MANIFEST: &str = "embedded/Cargo.toml";
const PACKAGE: &str = "underpass-link";

/// The part of `cargo metadata` that matters here.
#[derive(Deserialize)]
struct Workspace {
    target_directory: PathBuf,
}

/// Builds, weighs and prints.
pub(crate) fn run() -> Result {
    let route = Route::find(&TARGETS)?;
    println!("Building with {route}.");
    let Workspace { target_directory } = metadata(MANIFEST)?;
    build(&route)?;
    let mut images = Vec::new();
    for target in TARGETS {
        let path = target_directory.join(target).join("release").join(PACKAGE);
        let image =
            fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        images.push((target, Sizes::of_elf(&image)?));
    }
    print!("{}", table(&images));
    // An empty storage is all zeros: what lies in `.data` is paid for in flash too.
    if images.iter().any(|(_, sizes)| sizes.data > 0) {
        return Err("variables lie in .data: in flash as well as in RAM, not in .bss".into());
    }
    Ok(())
}

/// Builds for all targets in one go, as they share build scripts and macros.
fn build(route: &Route) -> Result {
    let mut command = cargo();
    command.args(["build", "--quiet", "--release", "--locked"]);
    command.args(["--manifest-path", MANIFEST, "--package", PACKAGE]);
    command.args(TARGETS.map(|target| format!("--target={target}")));
    route.prepare(&mut command, &TARGETS);
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{PACKAGE} does not build: it must, without std and without an allocator"))
    }
}
