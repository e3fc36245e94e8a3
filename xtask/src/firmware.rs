//! `cargo xtask firmware` and `cargo xtask emulate`: the boards' images in one folder, what they weigh,
//! and the proof that they do what they are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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
    let folder = folder()?;
    build_proof()?;
    let runs = IMAGES.iter().map(|image| Ok((image, prove(image, &folder)?)));
    // All of them are under way before the first is waited for.
    let runs: Vec<(&Image, Child)> = runs.collect::<Result<_>>()?;
    let mut failed = Vec::new();
    for (image, run) in runs {
        let output = run
            .wait_with_output()
            .map_err(|error| format!("{} cannot be waited for: {error}", image.name))?;
        println!("\n{}:", image.name);
        print!("{}", String::from_utf8_lossy(&output.stdout));
        if !output.status.success() {
            failed.push(image.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("{} did not pass", failed.join(" and "))) }
}

/// A command about the program on this host that boards talk to.
fn proof(verb: &str) -> Command {
    let mut command = cargo();
    command.args([verb, "--quiet", "--locked", "--manifest-path", MANIFEST]);
    command.args(["--package", "underpass-proof"]);
    command
}

fn build_proof() -> Result {
    let status = proof("build").status();
    let status = status.map_err(|error| format!("cannot start cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err("underpass-proof does not build".into()) }
}

/// Runs an image with flash that was never written.
fn prove(image: &Image, folder: &Path) -> Result<Child> {
    let flash = folder.join(image.machine);
    // What is not there need not go.
    let _ = fs::remove_dir_all(&flash);
    fs::create_dir_all(&flash)
        .map_err(|error| format!("cannot make {}: {error}", flash.display()))?;
    let mut command = proof("run");
    command.args(["--", image.machine]).arg(folder.join(image.name)).arg(&flash);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))
}

/// Where the images go.
fn folder() -> Result<PathBuf> {
    let folder = target_directory()?.join("firmware");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}
