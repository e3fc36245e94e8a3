//! `cargo xtask parity`: what a simulated board was told is told to the core on the boards' processors, and all
//! that comes out must be the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::cargo::{cargo, output_of};
use crate::images::{CORTEX, RISCV, TARGETS, build, target_directory};
use crate::toolchain::Route;

const PACKAGE: &str = "underpass-parity";

/// Runs, and of each a node that holds what a board does.
const RECORDED: [(&str, &str); 2] = [
    ("security/a-board-without-a-clock@1", "board"),
    ("clocks/boards-with-slow-keys@1", "board-3"),
];

/// A processor, the machine that QEMU puts it into, and where the player looks for a recording there.
struct Processor {
    target: &'static str,
    emulator: &'static str,
    machine: &'static [&'static str],
    at: u32,
}

const PROCESSORS: [Processor; 2] = [
    Processor {
        target: CORTEX,
        emulator: "qemu-system-arm",
        machine: &["-M", "mps2-an385"],
        at: 0x2100_0000,
    },
    Processor {
        target: RISCV,
        emulator: "qemu-system-riscv32",
        machine: &[
            "-M",
            "virt",
            "-cpu",
            "rv32,a=false,f=false,d=false",
            "-m",
            "32M",
            "-bios",
            "none",
        ],
        at: 0x8100_0000,
    },
];

/// Records, plays everywhere, compares.
pub(crate) fn run() -> Result {
    let route = Route::find(&TARGETS)?;
    let folder = target_directory()?.join("parity");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let images = PROCESSORS.iter().map(|processor| build(&route, PACKAGE, processor.target));
    let images = images.collect::<Result<Vec<_>>>()?;
    for (number, (run, node)) in RECORDED.iter().enumerate() {
        let recording = folder.join(format!("{number}.rec"));
        let here = record(run, node, &recording)?;
        println!("{node} of {run}: {here}");
        for (processor, image) in PROCESSORS.iter().zip(&images) {
            let there = play(processor, image, &recording)?;
            if there != here {
                return Err(format!("{} says {there}", processor.target));
            }
            println!("  the same on {}", processor.target);
        }
    }
    Ok(())
}

/// Writes a recording, and returns the digest that its player has on this machine.
fn record(run: &str, node: &str, recording: &Path) -> Result<String> {
    let path = recording.to_str().ok_or("the target directory's name is no text")?;
    output_of(cargo().args(["sim", "run", run, "--record", &format!("{node}={path}")]))?;
    let said = output_of(cargo().args(["sim", "replay", path]))?;
    let digest = said.lines().find_map(|line| line.strip_prefix("digest over what came out: "));
    digest.map(str::to_owned).ok_or_else(|| format!("the player said no digest:\n{said}"))
}

/// Plays a recording on a processor, and returns the digest.
fn play(processor: &Processor, image: &Path, recording: &Path) -> Result<String> {
    let Processor { emulator, machine, at, .. } = processor;
    let len = fs::metadata(recording)
        .map_err(|error| format!("cannot read {}: {error}", recording.display()))?
        .len();
    let (path, behind) = (recording.display(), at + 4);
    let mut command = Command::new(emulator);
    command.args(*machine).args(["-nographic", "-monitor", "none", "-serial", "none"]);
    command.args(["-semihosting-config", "enable=on,target=native"]).arg("-kernel").arg(image);
    command.args(["-device", &format!("loader,addr={at},data={len},data-len=4")]);
    command.args(["-device", &format!("loader,addr={behind},file={path},force-raw=on")]);
    let said = output_of(&mut command)?;
    said.lines().last().map(str::to_owned).ok_or_else(|| format!("{emulator} said nothing"))
}
