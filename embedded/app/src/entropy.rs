//! Secret randomness out of a noisy circuit.
//!
//! Bits of a ring oscillator hang together, and lean to one side; a broken one always says the same.
//! So many more are taken than are needed, tests of NIST SP 800-90B watch over them while they come, and a
//! hash makes 32 bytes of them (SP 800-90B, section 3.1.5.1.2).

use blake2::{Blake2s256, Digest};

/// Bits of noise for each bit that comes out: an oscillator that is right 19 times out of 20 is good enough.
const OVERSAMPLING: usize = 16;

/// Bytes of noise for 32.
const NOISE_LEN: usize = 32 * OVERSAMPLING;

/// So many equal bytes one after the other are no noise: with half a bit of entropy in a byte, one time
/// in 2^30 (SP 800-90B, section 4.4.1: 1 + 30 / H).
const REPEATED_MAX: u32 = 61;

/// Of so many bytes from one on (SP 800-90B, section 4.4.2)
const WINDOW: u32 = 512;
/// no more may be equal to that one: as above, 1 + critbinom(512, 2^-0.5, 1 - 2^-30).
const EQUAL_MAX: u32 = 422;

/// The circuit has failed: what it says is no noise. **Nothing secret may be made of it.**
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stuck;

/// 32 bytes that nobody else has, of bytes as a circuit makes them.
///
/// # Errors
/// [`Stuck`]; asking again asks the same circuit.
pub fn draw(mut noise: impl FnMut() -> u8) -> Result<[u8; 32], Stuck> {
    let mut hash = Blake2s256::new();
    let mut health = Health::default();
    for _ in 0..NOISE_LEN {
        let byte = noise();
        health.take(byte)?;
        hash.update([byte]);
    }
    Ok(hash.finalize().into())
}

/// The two tests that run while noise is taken.
#[derive(Default)]
struct Health {
    last: Option<u8>,
    repeated: u32,
    first: u8,
    seen: u32,
    equal: u32,
}

impl Health {
    fn take(&mut self, byte: u8) -> Result<(), Stuck> {
        self.repeated = if self.last == Some(byte) { self.repeated + 1 } else { 1 };
        self.last = Some(byte);
        if self.seen == 0 {
            (self.first, self.equal) = (byte, 0);
        }
        self.equal += u32::from(byte == self.first);
        self.seen = (self.seen + 1) % WINDOW;
        if self.repeated >= REPEATED_MAX || self.equal >= EQUAL_MAX { Err(Stuck) } else { Ok(()) }
    }
}
