//! Instructions since the start. QEMU is told to count them (`-icount shift=0`): one is a nanosecond.

/// Instructions between two readings that may go uncounted.
#[cfg(target_arch = "arm")]
pub(crate) const GRAIN: u32 = 40;
#[cfg(target_arch = "riscv32")]
pub(crate) const GRAIN: u32 = 1;

/// The timer 0 of an mps2-an385 (Arm application note AN385, section 3.6), at 25 MHz, counts down.
#[cfg(target_arch = "arm")]
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;

/// Starts the clock.
pub(crate) fn start() {
    #[cfg(target_arch = "arm")]
    // SAFETY: they are the timer's value, its first value again, and its switch.
    unsafe {
        TIMER.wrapping_add(1).write_volatile(u32::MAX);
        TIMER.wrapping_add(2).write_volatile(u32::MAX);
        TIMER.write_volatile(1);
    }
}

/// What it shows; after three minutes from 0 again.
pub(crate) fn now() -> u64 {
    #[cfg(target_arch = "arm")]
    // SAFETY: it is the timer's value.
    let value = u64::from(!unsafe { TIMER.wrapping_add(1).read_volatile() }) * u64::from(GRAIN);
    #[cfg(target_arch = "riscv32")]
    let value = riscv::register::mcycle::read64();
    value
}
