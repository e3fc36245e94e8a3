//! The header of every datagram of an established session.

use super::{Malformed, array_at, check_reserved, kind, u32_at};
use crate::crypto::aead::TAG_LEN;

/// Noise keeps this nonce for itself (specification, section 5.1). So one can always be added to a
/// counter that was accepted.
const COUNTER_RESERVED: u64 = u64::MAX;

/// 16 bytes, all of them authenticated: kind 1, key epoch 1, reserved 2, receiver index 4,
/// counter 8 (never truncated).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealedHeader {
    /// Which of a session's keys; zero until keys are updated.
    pub(crate) epoch: u8,
    /// The session index of the receiver's choice.
    pub(crate) receiver: u32,
    pub(crate) counter: u64,
}

impl SealedHeader {
    pub(crate) const LEN: usize = 16;

    pub(super) fn decode(datagram: &[u8]) -> Result<Self, Malformed> {
        if datagram.len() < Self::LEN + TAG_LEN || datagram.len() > super::MAX_DATAGRAM {
            return Err(Malformed::Length);
        }
        check_reserved(datagram)?;
        let counter = u64::from_le_bytes(array_at(datagram, 8));
        if counter == COUNTER_RESERVED {
            return Err(Malformed::Reserved);
        }
        Ok(Self { epoch: datagram[1], receiver: u32_at(datagram, 4), counter })
    }

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut header = [0; Self::LEN];
        header[0] = kind::SEALED;
        header[1] = self.epoch;
        header[4..8].copy_from_slice(&self.receiver.to_le_bytes());
        header[8..].copy_from_slice(&self.counter.to_le_bytes());
        header
    }
}
