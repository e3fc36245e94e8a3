//! A panic is kept, the board starts again, and says it then.

use core::mem::MaybeUninit;
use core::panic::PanicInfo;

use cortex_m::peripheral::SCB;
use underpass_sensor::LastWords;

use crate::serial::log;

/// In memory that nobody writes to at boot.
// SAFETY: cortex-m-rt has this section for what is to be left alone; nothing else names the static.
#[unsafe(link_section = ".uninit.last_words")]
static mut LAST_WORDS: MaybeUninit<LastWords> = MaybeUninit::uninit();

fn last_words() -> &'static mut LastWords {
    let place = &raw mut LAST_WORDS;
    // SAFETY: it is used before any task runs, and when none runs any more. Any bytes are a `LastWords`.
    unsafe { (*place).assume_init_mut() }
}

/// Says what was said last time, if that ended in a panic.
pub(crate) fn report() {
    last_words().take(|words| log(format_args!("restarted: {words}")));
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    last_words().say(format_args!("{info}"));
    SCB::sys_reset()
}
