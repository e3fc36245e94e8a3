//! A running hash over outputs.

use blake2::Blake2s256;
use blake2::digest::{Digest as _, FixedOutput};
use serde::Serialize;

/// Of the running hash, what is written after every call.
pub(super) const MARK_LEN: usize = 4;

pub(super) struct Digest(Blake2s256);

impl Digest {
    pub(super) fn new() -> Self {
        Self(Blake2s256::new())
    }

    pub(super) fn absorb(&mut self, output: &impl Serialize) {
        postcard::serialize_with_flavor(output, Absorb(&mut self.0))
            .expect("a hash takes everything");
    }

    pub(super) fn mark(&self) -> [u8; MARK_LEN] {
        *self.value().first_chunk().expect("a hash is longer")
    }

    pub(super) fn value(&self) -> [u8; 32] {
        self.0.clone().finalize_fixed().into()
    }
}

struct Absorb<'a>(&'a mut Blake2s256);

impl postcard::ser_flavors::Flavor for Absorb<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.update(data);
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.try_extend(&[data])
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
