//! The two generators of a node: one for secrets, one for everything that an observer may guess.

use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_chacha::{ChaCha8Rng, ChaCha20Rng};
use zeroize::Zeroize;

use crate::crypto::hash;
use crate::time::Duration;

/// Draws secrets, with key erasure: whoever reads it later learns nothing of earlier draws.
pub(crate) struct SecretGenerator {
    key: [u8; 32],
}

impl SecretGenerator {
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        Self { key: hash::hash(&[b"underpass/1 secrets", seed]) }
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// 32 fresh secret bytes; the key that made them is replaced before they are returned.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        let mut output = [0; 32];
        let mut stream = ChaCha20Rng::from_seed(self.key);
        stream.fill_bytes(&mut self.key);
        stream.fill_bytes(&mut output);
        output
    }
}

impl Drop for SecretGenerator {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// Draws what need not stay secret: jitter, nonces of probes, session indices.
pub(crate) struct PublicGenerator(ChaCha8Rng);

impl PublicGenerator {
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(hash::hash(&[b"underpass/1 public draws", seed])))
    }

    pub(crate) fn draw_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    pub(crate) fn draw_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in three quarters to five quarters of `span`, so that peers that lost each other
    /// at the same instant do not knock at the same instants ever after.
    pub(crate) fn jitter(&mut self, span: Duration) -> Duration {
        let micros = span.as_micros();
        let offset = (u128::from(self.draw_u64()) * u128::from(micros / 2 + 1)) >> 64;
        let offset = u64::try_from(offset).expect("below micros / 2 + 1");
        Duration::from_micros(micros - micros / 4 + offset)
    }
}
