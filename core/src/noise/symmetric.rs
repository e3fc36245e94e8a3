//! Noise's `CipherState` and `SymmetricState` (specification, sections 5.1 and 5.2).

use zeroize::Zeroize;

use super::{Key, NoiseError};
use crate::crypto::aead::{self, TAG_LEN};
use crate::crypto::hash::{self, HASH_LEN, hkdf};

#[derive(Clone)]
pub(super) struct Symmetric {
    chaining_key: Key,
    hash: [u8; HASH_LEN],
    key: Option<Key>,
    nonce: u64,
}

impl Symmetric {
    /// The state before the first message; the prologue is already mixed in.
    pub(super) fn new(protocol_name: &str, prologue: &[u8]) -> Self {
        let name = protocol_name.as_bytes();
        let hash = if name.len() <= HASH_LEN {
            let mut padded = [0; HASH_LEN];
            padded[..name.len()].copy_from_slice(name);
            padded
        } else {
            hash::hash(&[name])
        };
        let mut symmetric = Self { chaining_key: hash, hash, key: None, nonce: 0 };
        symmetric.mix_hash(prologue);
        symmetric
    }

    #[cfg(feature = "inspect")]
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Key> {
        core::iter::once(&self.chaining_key).chain(&self.key)
    }

    pub(super) fn mix_hash(&mut self, data: &[u8]) {
        self.hash = hash::hash(&[&self.hash, data]);
    }

    pub(super) fn mix_key(&mut self, input: &[u8]) {
        let [chaining_key, key] = hkdf(&self.chaining_key, input);
        self.chaining_key = chaining_key;
        self.set_key(key);
    }

    pub(super) fn mix_key_and_hash(&mut self, input: &[u8]) {
        let [chaining_key, mixed, key] = hkdf(&self.chaining_key, input);
        self.chaining_key = chaining_key;
        self.mix_hash(&mixed);
        self.set_key(key);
    }

    /// What sealing adds at this point: nothing before there is a key.
    pub(super) fn tag_len(&self) -> usize {
        if self.key.is_some() { TAG_LEN } else { 0 }
    }

    /// Seals `field`, whose last [`tag_len`](Self::tag_len) bytes are room for the tag.
    pub(super) fn encrypt_and_hash(&mut self, field: &mut [u8]) {
        if let Some(key) = &self.key {
            aead::seal(key, self.nonce, &self.hash, field);
            self.nonce += 1;
        }
        self.mix_hash(field);
    }

    /// Opens `field` in place; its last [`tag_len`](Self::tag_len) bytes are the tag.
    pub(super) fn decrypt_and_hash(&mut self, field: &mut [u8]) -> Result<(), NoiseError> {
        let hash_after = hash::hash(&[&self.hash, field]);
        if let Some(key) = &self.key {
            aead::open(key, self.nonce, &self.hash, field).map_err(|_| NoiseError::Unauthentic)?;
            self.nonce += 1;
        }
        self.hash = hash_after;
        Ok(())
    }

    pub(super) fn handshake_hash(&self) -> [u8; HASH_LEN] {
        self.hash
    }

    /// The initiator's sending key, then the responder's.
    pub(super) fn split(&self) -> [Key; 2] {
        hkdf(&self.chaining_key, &[])
    }

    fn set_key(&mut self, key: Key) {
        self.key = Some(key);
        self.nonce = 0;
    }
}

impl Drop for Symmetric {
    fn drop(&mut self) {
        self.chaining_key.zeroize();
        self.key.zeroize();
    }
}
