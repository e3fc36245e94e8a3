//! BLAKE2s (RFC 7693): plain, keyed, and as the HMAC that Noise builds its key schedule from.

use blake2::digest::consts::U16;
use blake2::digest::{Digest, FixedOutput, KeyInit, Mac};
use blake2::{Blake2s256, Blake2sMac};
use zeroize::Zeroize;

/// Bytes of a hash, and of everything derived with it.
pub(crate) const HASH_LEN: usize = 32;
/// BLAKE2s' block, which HMAC pads its key to.
const BLOCK_LEN: usize = 64;

/// The hash of several pieces as if they were one.
pub(crate) fn hash(pieces: &[&[u8]]) -> [u8; HASH_LEN] {
    let mut hasher = Blake2s256::new();
    for piece in pieces {
        Digest::update(&mut hasher, piece);
    }
    hasher.finalize_fixed().into()
}

/// A 16-byte tag with BLAKE2s' own keyed mode.
///
/// # Panics
/// If the key is longer than 32 bytes.
pub(crate) fn mac16(key: &[u8], message: &[u8]) -> [u8; 16] {
    let mut mac = <Blake2sMac<U16> as KeyInit>::new_from_slice(key).expect("at most 32 bytes");
    Mac::update(&mut mac, message);
    mac.finalize_fixed().into()
}

/// HMAC-BLAKE2s (RFC 2104) with a key as long as a hash, which is all that Noise needs.
struct Hmac {
    inner: Blake2s256,
    outer: Blake2s256,
}

impl Hmac {
    fn new(key: &[u8; HASH_LEN]) -> Self {
        let mut pad = [0x36; BLOCK_LEN];
        xor(&mut pad, key);
        let inner = Blake2s256::new_with_prefix(pad);
        pad.fill(0x5c);
        xor(&mut pad, key);
        let outer = Blake2s256::new_with_prefix(pad);
        pad.zeroize();
        Self { inner, outer }
    }

    fn tag(&self, pieces: &[&[u8]]) -> [u8; HASH_LEN] {
        let mut inner = self.inner.clone();
        for piece in pieces {
            Digest::update(&mut inner, piece);
        }
        let mut outer = self.outer.clone();
        Digest::update(&mut outer, inner.finalize_fixed());
        outer.finalize_fixed().into()
    }
}

fn xor(pad: &mut [u8; BLOCK_LEN], key: &[u8; HASH_LEN]) {
    pad.iter_mut().zip(key).for_each(|(pad, key)| *pad ^= key);
}

/// Noise's HKDF (specification, section 4.3) with `N` outputs; `N` is 2 or 3.
pub(crate) fn hkdf<const N: usize>(
    chaining_key: &[u8; HASH_LEN],
    input: &[u8],
) -> [[u8; HASH_LEN]; N] {
    let mut temporary = Hmac::new(chaining_key).tag(&[input]);
    let expand = Hmac::new(&temporary);
    temporary.zeroize();
    let mut outputs = [[0; HASH_LEN]; N];
    for (position, number) in (0..N).zip(1u8..) {
        let previous = position.checked_sub(1).map_or([0; HASH_LEN], |before| outputs[before]);
        let previous: &[u8] = if position == 0 { &[] } else { &previous };
        outputs[position] = expand.tag(&[previous, &[number]]);
    }
    outputs
}
