//! Tells the linker where memory is, and which scripts lay it out.

use std::path::PathBuf;
use std::{env, fs};

const MPS2: &str = "MEMORY {
    FLASH : ORIGIN = 0x00000000, LENGTH = 2M
    RAM   : ORIGIN = 0x20000000, LENGTH = 2M
}
";

const VIRT: &str = r#"MEMORY {
    FLASH : ORIGIN = 0x80000000, LENGTH = 2M
    RAM   : ORIGIN = 0x80200000, LENGTH = 2M
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
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets it for build scripts");
    let (memory, scripts): (_, &[&str]) = match arch.as_str() {
        "arm" => (MPS2, &["link.x"]),
        "riscv32" => (VIRT, &["memory.x", "link.x"]),
        _ => ("", &[]),
    };
    fs::write(out.join("memory.x"), memory).expect("cargo's own directory can be written to");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-search={}", out.display());
    for script in scripts {
        println!("cargo:rustc-link-arg-bins=-T{script}");
    }
}
