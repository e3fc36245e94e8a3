//! `cargo xtask firmware` and `cargo xtask emulate`: the boards' images in one folder, what they weigh,
//! and the proof that they do what they are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::cargo::{cargo, output_of, root};
use crate::images::{
    CORTEX, MANIFEST, Program, RISCV, TARGETS, build, host_directory, target_directory,
};
use crate::sizes::{Sizes, table};
use crate::toolchain::Route;
use crate::uf2;

/// An image of the sensor's firmware.
struct Image {
    /// What its files are called.
    name: &'static str,
    program: Program,
    /// What it is written to flash as.
    form: Form,
    emulation: Option<Emulation>,
}

/// How an image gets into a board.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// It need not: an emulator takes it as it is linked.
    Elf,
    /// Copied to the drive that an RP2040 shows while its button is held.
    Uf2,
    /// Written from the first byte of an ESP32-C3's flash on.
    Esp,
}

/// What an image can be run in.
struct Emulation {
    /// As `underpass-proof` calls it.
    machine: &'static str,
    program: &'static str,
}

const IMAGES: [Image; 5] = [
    Image {
        name: "sensor-mps2",
        program: Program::new("underpass-qemu", CORTEX),
        form: Form::Elf,
        emulation: Some(Emulation { machine: "mps2", program: "qemu-system-arm" }),
    },
    Image {
        name: "sensor-virt",
        program: Program::new("underpass-qemu", RISCV),
        form: Form::Elf,
        emulation: Some(Emulation { machine: "virt", program: "qemu-system-riscv32" }),
    },
    Image {
        name: "sensor-w5500-evb-pico",
        program: Program {
            features: &["w5500-evb-pico", "record"],
            ..Program::new("underpass-rp2040", CORTEX)
        },
        form: Form::Uf2,
        emulation: Some(Emulation { machine: "w5500-evb-pico", program: "node" }),
    },
    Image {
        name: "sensor-pico-w",
        program: Program {
            features: &["pico-w", "record"],
            ..Program::new("underpass-rp2040", CORTEX)
        },
        form: Form::Uf2,
        emulation: None,
    },
    Image {
        name: "sensor-esp32c3",
        program: Program { needs_alloc: true, ..Program::new("underpass-esp32c3", RISCV) },
        form: Form::Esp,
        emulation: None,
    },
];

/// Builds every image into one folder, in the form that it is written to flash as, and prints what they weigh.
pub(crate) fn build_all() -> Result {
    build_into(&folder()?, IMAGES.iter().collect())
}

fn build_into(folder: &Path, images: Vec<&Image>) -> Result {
    let route = Route::find(&TARGETS)?;
    println!("Building with {route}.");
    let mut sizes = Vec::new();
    for image in images {
        let built = build(&route, image.program)?;
        let path = image.elf(folder);
        fs::copy(&built, &path)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        image.convert(folder)?;
        sizes.push((image.name, Sizes::of_file(&path)?));
    }
    print!("{}", table(&sizes));
    println!("The images are in {}.", folder.display());
    Ok(())
}

impl Image {
    fn elf(&self, folder: &Path) -> PathBuf {
        folder.join(self.name).with_extension("elf")
    }

    /// What is written to flash, or given to an emulator.
    fn written(&self, folder: &Path) -> PathBuf {
        self.elf(folder).with_extension(match self.form {
            Form::Elf => "elf",
            Form::Uf2 => "uf2",
            Form::Esp => "bin",
        })
    }

    fn convert(&self, folder: &Path) -> Result {
        let (elf, written) = (self.elf(folder), self.written(folder));
        match self.form {
            Form::Elf => Ok(()),
            Form::Uf2 => {
                let image = fs::read(&elf)
                    .map_err(|error| format!("cannot read {}: {error}", elf.display()))?;
                fs::write(&written, uf2::of_elf(&image)?)
                    .map_err(|error| format!("cannot write {}: {error}", written.display()))
            }
            Form::Esp => {
                let mut command = cargo();
                command.args(["run", "--quiet", "--locked", "--profile", "tool"]);
                command.args(["--manifest-path", MANIFEST, "--package", "underpass-esp-image"]);
                output_of(command.arg("--").arg(elf).arg(written)).map(|_| ())
            }
        }
    }
}

/// Builds every image that can be emulated; has each talk to the daemon, and two of them to each other.
pub(crate) fn emulate() -> Result {
    let emulated: Vec<_> = IMAGES.iter().filter(|image| image.emulation.is_some()).collect();
    for emulation in emulated.iter().filter_map(|image| image.emulation.as_ref()) {
        let found = Command::new(emulation.program).arg("--version").output();
        found.map_err(|error| {
            format!(
                "cannot start {}: {error}. On Debian, run as root:\n  \
                 apt-get install --no-install-recommends qemu-system-arm qemu-system-misc nodejs npm",
                emulation.program
            )
        })?;
    }
    let folder = folder()?;
    fetch_emulator()?;
    build_into(&folder, emulated.clone())?;
    let daemon = build_daemon()?;
    let proof = build_proof()?;
    let alone =
        emulated.iter().map(|image| Proof::start("alone", &proof, &daemon, &folder, &[image]));
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
        let machines = images.iter().filter_map(|image| image.emulation.as_ref());
        let machines: Vec<_> = machines.map(|emulation| emulation.machine).collect();
        let name = format!("{scenes}-{}", machines.join("-"));
        let directory = folder.join(&name);
        // What is not there need not go.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)
            .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
        let mut command = Command::new(proof);
        command.arg(scenes).arg(daemon).arg(&directory);
        for (image, machine) in images.iter().zip(machines) {
            command.arg(machine).arg(image.written(folder));
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

/// The RP2040's emulator, which runs in Node.js.
fn fetch_emulator() -> Result {
    let mut command = Command::new("npm");
    command.args(["ci", "--no-audit", "--no-fund", "--silent"]);
    output_of(command.current_dir(root().join("embedded/rp2040js"))).map(|_| ())
}

/// The program on this host that has boards talk.
fn build_proof() -> Result<PathBuf> {
    let args = ["build", "--quiet", "--locked", "--package", "underpass-proof", "--manifest-path"];
    output_of(cargo().args(args).arg(MANIFEST))?;
    Ok(target_directory()?.join("debug/underpass-proof"))
}

/// The daemon that they talk to.
pub(crate) fn build_daemon() -> Result<PathBuf> {
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
