//! `cargo xtask bare`: the core in an image for each bare-metal target, and what the images weigh.

use crate::Result;
use crate::images::{Program, TARGETS, build};
use crate::sizes::{Sizes, table};
use crate::toolchain::Route;

/// Has neither std nor an allocator, so that it builds only as long as the core needs neither.
const PACKAGE: &str = "underpass-link";

/// Builds, weighs and prints.
pub(crate) fn run() -> Result {
    let route = Route::find(&TARGETS)?;
    println!("Building with {route}.");
    let mut images = Vec::new();
    for target in TARGETS {
        images.push((target, Sizes::of_file(&build(&route, Program::new(PACKAGE, target))?)?));
    }
    print!("{}", table(&images));
    // An empty storage is all zeros: what lies in `.data` is paid for in flash too.
    if images.iter().any(|(_, sizes)| sizes.data > 0) {
        return Err("variables lie in .data: in flash as well as in RAM, not in .bss".into());
    }
    Ok(())
}
