//! Randomness drawn by name, not by turn: what is drawn for one purpose depends on the seed, the
//! purpose's name and a number, so that a draw added elsewhere shifts nothing.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128 as _, SipHasher24};

/// All the randomness of one run.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    root: Stream,
}

impl Draws {
    /// The randomness that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { root: Stream { key: [seed, 0] } }
    }

    /// The stream of that name. The parts of a name keep their bounds: `["ab", "c"]` and
    /// `["a", "bc"]` are different streams.
    pub fn stream(&self, names: &[&str]) -> Stream {
        self.root.stream(names)
    }
}

/// Independent uniform draws, each addressed by a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    key: [u64; 2],
}

impl Stream {
    /// The stream of that name within this one.
    pub fn stream(&self, names: &[&str]) -> Self {
        let mut hasher = SipHasher24::new_with_keys(self.key[0], self.key[1]);
        for name in names {
            let length = u64::try_from(name.len()).expect("a name fits in memory");
            // `write` on bytes alone: the integer methods of `Hasher` may follow the byte order
            // of the machine.
            hasher.write(&length.to_le_bytes());
            hasher.write(name.as_bytes());
        }
        let hash = hasher.finish128();
        Self { key: [hash.h1, hash.h2] }
    }

    /// The draw of that number, uniform over 64 bits.
    pub fn draw(&self, number: u64) -> u64 {
        self.hash(&number.to_le_bytes())
    }

    /// The draw of that number, uniform over `0..bound`, to within 2^-64.
    ///
    /// # Panics
    ///
    /// If `bound` is zero.
    pub fn below(&self, number: u64, bound: u64) -> u64 {
        assert!(bound > 0, "no number is below zero");
        let scaled = (u128::from(self.draw(number)) * u128::from(bound)) >> 64;
        u64::try_from(scaled).expect("below a 64-bit bound")
    }

    /// The draw of that number, uniform over 256 bits; independent of [`Self::draw`].
    pub fn bytes(&self, number: u64) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (block, out) in (0u8..).zip(bytes.chunks_exact_mut(8)) {
            // Nine bytes are hashed here and eight for a plain draw: the two never meet.
            let mut input = [block; 9];
            input[..8].copy_from_slice(&number.to_le_bytes());
            out.copy_from_slice(&self.hash(&input).to_le_bytes());
        }
        bytes
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.key[0], self.key[1]).hash(bytes)
    }
}

#[cfg(test)]
mod tests;
