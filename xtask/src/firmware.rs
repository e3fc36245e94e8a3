//! `cargo xtask firmware` and `cargo xtask emulate`: the boards' images in one folder, what they weigh,
//! and the proof that they do what they are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::cargo::{cargo, output_of};
use crate::images::{CORTEX, MANIFEST, RISCV, TARGETS, build, host_directory, target_directory};
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

/// Builds every image that can be emulated; has each talk to the daemon, and two of them to each other.
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
    let daemon = build_daemon()?;
    let proof = build_proof()?;
    let alone =
        IMAGES.iter().map(|image| Proof::start("alone", &proof, &daemon, &folder, &[image]));
    let pair = || Proof::start("pair", &proof, &daemon, &folder, &[&IMAGES[0], &IMAGES[1]]);
    // All of them are under way before the first is waited for.
    let runs = alone.chain(std::iter::once_with(pair)).collect::<Result<Vec<_>>>()?;
    let mut failed = Vec::new();
    for run in runs {
        let (name, directory) = (run.name.clone(), run.directory.clone());
        if !run.finish()? {
            failed.push(name);
        } else if let recording = directory.join("board.rec")
            && recording.exists()
        {
            print!("{}", output_of(cargo().args(["sim", "replay"]).arg(&recording))?);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("{} did not pass", failed.join(" and "))) }
}

/// A run of `underpass-proof`.
struct Proof {
    name: String,
    directory: PathBuf,
    child: Child,
}

impl Proof {
    /// With boards whose flash was never written.
    fn start(
        scenes: &str,
        proof: &Path,
        daemon: &Path,
        folder: &Path,
        images: &[&Image],
    ) -> Result<Self> {
        let machines: Vec<_> = images.iter().map(|image| image.machine).collect();
        let name = format!("{scenes}-{}", machines.join("-"));
        let directory = folder.join(&name);
        // What is not there need not go.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)
            .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
        let mut command = Command::new(proof);
        command.arg(scenes).arg(daemon).arg(&directory);
        for image in images {
            command.arg(image.machine).arg(folder.join(image.name));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child =
            command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
        Ok(Self { name, directory, child })
    }

    /// Waits for it, and says whether it passed.
    fn finish(self) -> Result<bool> {
        let output = self.child.wait_with_output();
        let output = output.map_err(|error| format!("{} is not waited for: {error}", self.name))?;
        println!("\n{}:", self.name);
        print!("{}", String::from_utf8_lossy(&output.stdout));
        Ok(output.status.success())
    }
}

/// The program on this host that has boards talk.
fn build_proof() -> Result<PathBuf> {
    let args = ["build", "--quiet", "--locked", "--package", "underpass-proof", "--manifest-path"];
    output_of(cargo().args(args).arg(MANIFEST))?;
    Ok(target_directory()?.join("debug/underpass-proof"))
}

/// The daemon that they talk to.
fn build_daemon() -> Result<PathBuf> {
    output_of(cargo().args(["build", "--quiet", "--locked", "--package", "underpass-host"]))?;
    Ok(host_directory()?.join("debug/underpass"))
}

/// Where the images go.
fn folder() -> Result<PathBuf> {
    let folder = target_directory()?.join("firmware");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}
