//! Hands the linker its script, by a path that holds from whichever directory cargo is started in.

fn main() {
    let package = std::env::var("CARGO_MANIFEST_DIR")
        .expect("cargo sets CARGO_MANIFEST_DIR for build scripts");
    println!("cargo:rerun-if-changed=link.ld");
    println!("cargo:rustc-link-arg-bins=-T{package}/link.ld");
}
