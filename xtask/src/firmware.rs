//! `cargo xtask firmware` and `cargo xtask emulate`: the boards' images in one folder, what they weigh,
//! and the proof that they do what they are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::cargo::cargo;
use crate::images::{CORTEX, MANIFEST, RISCV, TARGETS, build, target_directory};
use crate::sizes::{Sizes, table};
use crate::toolchain::Route;

/// An image of the sensor's firmware.
struct Image {
    /// What its file is called.
    name: &'static str,
    package: &'static str,
    target: &'static str,
    /// The emulated machine that it is for, as `underpass-proof` calls it, and what emulates it.
    machine: &'static str,
    emulator: &'static str,
}

const IMAGES: [Image; 2] = [
    Image {
        name: "sensor-mps2.elf",
        package: "underpass-qemu",
        target: CORTEX,
        machine: "mps2",
        emulator: "qemu-system-arm",
    },
    Image {
        name: "sensor-virt.elf",
        package: "underpass-qemu",
        target: RISCV,
        machine: "virt",
        emulator: "qemu-system-riscv32",
    },
];

/// Builds every image into one folder, and prints what they weigh.
pub(crate) fn build_all() -> Result {
    let route = Route::find(&TARGETS)?;
    println!("Building with {route}.");
    let folder = folder()?;
    let mut sizes = Vec::new();
    for image in &IMAGES {
        let built = build(&route, image.package, image.target)?;
        let path = folder.join(image.name);
        fs::copy(&built, &path)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        sizes.push((image.name, Sizes::of_file(&path)?));
    }
    print!("{}", table(&sizes));
    println!("The images are in {}.", folder.display());
    Ok(())
}

/// Builds every image, and has each talk to a peer on this host.
pub(crate) fn emulate() -> Result {
    for image in &IMAGES {
        let found = Command::new(image.emulator).arg("--version").output();
        found.map_err(|error| {
            format!(
                "cannot start {}: {error}. On Debian, run as root:\n  \
                 apt-get install --no-install-recommends qemu-system-arm qemu-system-misc",
                image.emulator
            )
        })?;
    }
    build_all()?;
    for image in &IMAGES {
        prove(image, &folder()?)?;
    }
    Ok(())
}

/// Runs an image with flash that was never written.
fn prove(image: &Image, folder: &Path) -> Result {
    println!("\n{}:", image.name);
    let flash = folder.join(image.machine);
    // What is not there need not go.
    let _ = fs::remove_dir_all(&flash);
    fs::create_dir_all(&flash)
        .map_err(|error| format!("cannot make {}: {error}", flash.display()))?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--manifest-path", MANIFEST]);
    command.args(["--package", "underpass-proof", "--", image.machine]);
    command.arg(folder.join(image.name)).arg(&flash);
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{} did not pass", image.name)) }
}

/// Where the images go.
fn folder() -> Result<PathBuf> {
    let folder = target_directory()?.join("firmware");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}
