//! A panic is kept, the board starts again, and says it then.

use core::panic::PanicInfo;

use esp_hal::{Persistable, ram};
use esp_println::println;
use underpass_sensor::LastWords;

struct Words(LastWords);

// SAFETY: all of its fields are numbers, for which any bits do.
unsafe impl Persistable for Words {}

/// In memory that nobody writes to at boot.
#[ram(unstable(rtc_fast, persistent))]
static mut WORDS: Words = Words(LastWords::NONE);

fn last_words() -> &'static mut LastWords {
    let place = &raw mut WORDS;
    // SAFETY: it is used before any task runs, and when none runs any more.
    unsafe { &mut (*place).0 }
}

/// Says what was said last time, if that ended in a panic.
pub(crate) fn report() {
    last_words().take(|words| println!("restarted: {words}"));
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    last_words().say(format_args!("{info}"));
    esp_hal::system::software_reset()
}
