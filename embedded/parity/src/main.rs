//! Plays a recording that QEMU has put into memory, and says the digest over all that came out, as
//! `cargo sim replay` does. The recording itself says after every call what came of it where it was made,
//! and the first call that comes out differently is an error.
#![no_std]
#![no_main]

mod arena;

use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::slice;

// They bring the critical sections.
#[cfg(target_arch = "arm")]
use cortex_m as _;
#[cfg(target_arch = "riscv32")]
use riscv as _;
use semihosting::{eprintln, println, process};
use static_cell::ConstStaticCell;
use underpass_core::{PlayError, Player};

use crate::arena::{Arena, Carved};

/// Where the recording's length lies, in four bytes, and behind it the recording.
#[cfg(target_arch = "arm")]
const RECORDING: *const u32 = 0x2100_0000 as *const u32;
#[cfg(target_arch = "riscv32")]
const RECORDING: *const u32 = 0x8100_0000 as *const u32;

/// Room for the tables of any board.
const ARENA_LEN: usize = 256 * 1024;

static ARENA: ConstStaticCell<[MaybeUninit<u8>; ARENA_LEN]> =
    ConstStaticCell::new([MaybeUninit::uninit(); ARENA_LEN]);

#[allow(missing_docs, reason = "riscv-rt makes a public function of it")]
#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    // SAFETY: QEMU was told to put so many bytes there, before anything ran; nothing changes them.
    let recording = unsafe {
        let len = RECORDING.read_volatile() as usize;
        slice::from_raw_parts(RECORDING.wrapping_add(1).cast(), len)
    };
    match play(recording) {
        Ok((calls, digest)) => {
            println!("{calls} calls");
            for byte in digest {
                semihosting::print!("{byte:02x}");
            }
            println!();
            process::exit(0)
        }
        Err(error) => {
            eprintln!("{error}");
            process::exit(1)
        }
    }
}

fn play(recording: &[u8]) -> Result<(u64, [u8; 32]), PlayError> {
    let capacity = Player::<Carved>::capacity(recording)?;
    let mut player = Player::new(recording, Arena::new(ARENA.take()).tables(&capacity))?;
    let mut calls = 0;
    while player.step()?.is_some() {
        calls += 1;
    }
    Ok((calls, player.finish()?))
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    eprintln!("{info}");
    process::exit(1)
}
