//! What is signed: a hash with a label before it, so that a job, and a secure element, has to do with a
//! few bytes whatever they stand for, and so that no signature is good for anything else.

use serde::{Deserialize, Serialize};

use crate::crypto::hash;

/// Before every hash that is signed with a node's long-term key.
const LABEL: &[u8; 18] = b"underpass/1 signed";

/// Bytes of a signature.
pub(crate) const SIGNATURE_LEN: usize = 64;

/// The hash of what is signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Digest([u8; 32]);

/// An Ed25519 signature, in halves: the form that can be written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Signature([u8; 32], [u8; 32]);

impl Digest {
    /// Of `body`, which means something in one network and under one label.
    pub(crate) fn of(label: &[u8], network: &[u8; 32], body: &[u8]) -> Self {
        Self(hash::hash(&[label, network, body]))
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the key signs.
    pub(crate) fn message(&self) -> [u8; 50] {
        let mut message = [0; 50];
        message[..LABEL.len()].copy_from_slice(LABEL);
        message[LABEL.len()..].copy_from_slice(&self.0);
        message
    }
}

impl Signature {
    /// Of the last bytes of `signed`.
    ///
    /// # Panics
    /// If it is shorter than a signature.
    pub(crate) fn at_end_of(signed: &[u8]) -> Self {
        let bytes = signed.last_chunk::<SIGNATURE_LEN>().expect("a signature is part of it");
        Self::from(*bytes)
    }

    pub(crate) fn to_bytes(self) -> [u8; SIGNATURE_LEN] {
        let mut bytes = [0; SIGNATURE_LEN];
        bytes[..32].copy_from_slice(&self.0);
        bytes[32..].copy_from_slice(&self.1);
        bytes
    }

    /// What a secure element returns that has no answer.
    pub(crate) fn is_missing(&self) -> bool {
        self.0 == [0; 32] && self.1 == [0; 32]
    }
}

impl From<[u8; SIGNATURE_LEN]> for Signature {
    fn from(bytes: [u8; SIGNATURE_LEN]) -> Self {
        let (first, second) = bytes.split_at(32);
        let half = |half: &[u8]| half.try_into().expect("it is half of 64 bytes");
        Self(half(first), half(second))
    }
}
