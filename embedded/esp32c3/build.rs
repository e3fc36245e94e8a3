//! Tells the linker which script lays the image out.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        // The last of them: it takes what the others leave (esp-hal, chapter "Linker script").
        println!("cargo:rustc-link-arg-bins=-Tlinkall.x");
    }
}
