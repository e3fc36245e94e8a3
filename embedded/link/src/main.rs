//! The core, linked for a bare-metal target without an allocator.
//!
//! Nobody runs this image. That it links proves two things: the library needs no more than `core`,
//! and nothing in it allocates, as there is no global allocator here. Its sections say what the
//! library costs in flash and RAM (`cargo xtask bare`).
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use underpass_core::{Duration, Instant};

/// Where the linker starts from: what cannot be reached from here is not in the image.
// SAFETY: nothing else linked here defines a symbol of this name, which is the entry point's.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    drive();
    halt()
}

/// Calls what a driver calls.
///
/// Arguments and results pass through `black_box`, or the optimiser would work the calls out and
/// drop them.
fn drive() {
    let now = Instant::from_micros(black_box(0));
    black_box(now + Duration::from_millis(black_box(1)));
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    halt()
}

fn halt() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
