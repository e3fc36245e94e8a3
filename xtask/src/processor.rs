//! The boards' processors, emulated.

use crate::images::{CORTEX, RISCV};

/// A processor, the machine that QEMU puts it into, and where the player looks for a recording there.
pub(crate) struct Processor {
    pub(crate) target: &'static str,
    pub(crate) emulator: &'static str,
    pub(crate) machine: &'static [&'static str],
    pub(crate) at: u32,
}

pub(crate) const PROCESSORS: [Processor; 2] = [
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
