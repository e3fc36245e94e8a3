//! Tells the linker where memory is, and which scripts lay it out.

use std::path::PathBuf;
use std::{env, fs};

/// The machine has 4 MiB of each. So much is used as an RP2040 has.
const MPS2: &str = "MEMORY {
    FLASH : ORIGIN = 0x00000000, LENGTH = 2M
    RAM   : ORIGIN = 0x20000000, LENGTH = 256K
}
";

/// cortex-m-rt wants the interrupts' names here, and finds their handlers by them.
const MPS2_DEVICE: &str = "PROVIDE(ETHERNET = DefaultHandler);
PROVIDE(TASKS = DefaultHandler);
";

/// All is RAM. So much is used as an ESP32-C3 has, and what the emulated card reads and writes.
const VIRT: &str = r#"MEMORY {
    FLASH : ORIGIN = 0x80000000, LENGTH = 2M
    RAM   : ORIGIN = 0x80200000, LENGTH = 512K
}
REGION_ALIAS("REGION_TEXT", FLASH);
REGION_ALIAS("REGION_RODATA", FLASH);
REGION_ALIAS("REGION_DATA", RAM);
REGION_ALIAS("REGION_BSS", RAM);
REGION_ALIAS("REGION_HEAP", RAM);
REGION_ALIAS("REGION_STACK", RAM);
"#;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    let write = |name: &str, text| {
        fs::write(out.join(name), text).expect("cargo's own directory can be written to");
    };
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets it for build scripts");
    let scripts: &[&str] = match arch.as_str() {
        "arm" => {
            write("memory.x", MPS2);
            write("device.x", MPS2_DEVICE);
            &["link.x"]
        }
        "riscv32" => {
            write("memory.x", VIRT);
            &["memory.x", "link.x"]
        }
        _ => &[],
    };
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-search={}", out.display());
    for script in scripts {
        println!("cargo:rustc-link-arg-bins=-T{script}");
    }
}
