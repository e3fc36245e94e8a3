//! How much stack is used: what was never written still shows the paint.

/// What no program writes by chance, again and again.
const PAINT: u32 = 0x5555_aaaa;

/// Bytes below the caller's frame that are left alone: those of the calls that paint.
const MARGIN: usize = 512;

unsafe extern "C" {
    /// The lowest address that the stack may grow to, and the first above it: by the linker.
    static mut __sheap: u32;
    static mut _stack_start: u32;
}

/// Paints what is free below the caller, whose frame this one must not become a part of.
#[inline(never)]
pub(crate) fn paint() {
    let here = 0_u32;
    let end = ((&raw const here) as usize - MARGIN) as *mut u32;
    let mut place = &raw mut __sheap;
    while place < end {
        // SAFETY: it lies between the last variable and the stack's frames, where nothing is.
        unsafe { place.write_volatile(PAINT) };
        place = place.wrapping_add(1);
    }
}

/// The most bytes that were ever in use.
pub(crate) fn used() -> u32 {
    let (mut place, end) = (&raw const __sheap, &raw const _stack_start);
    // SAFETY: it lies within the memory of the stack, which is there to be read.
    while place < end && unsafe { place.read_volatile() } == PAINT {
        place = place.wrapping_add(1);
    }
    (end as usize - place as usize) as u32
}
