//! Answers for which nothing is remembered: a cookie, and the hint that a session is not there.

use super::handshake::{MAC_LEN, check_header};
use super::{Malformed, SealedHeader, VERSION, array_at, kind, u32_at};
use crate::crypto::aead::{self, TAG_LEN, Unauthentic};

/// The answer to a `Hello` under load: it comes back as `mac2`, and so proves the address.
///
/// 56 bytes: kind 1, version 1, reserved 2, receiver 4, nonce 16, the cookie sealed 32.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cookie {
    /// The index of the `Hello` that this answers.
    pub(crate) receiver: u32,
    /// Makes the key that it is sealed with, used for this one only.
    pub(crate) nonce: [u8; MAC_LEN],
}

mod cookie_field {
    use core::ops::Range;
    pub(super) const RECEIVER: usize = 4;
    pub(super) const NONCE: Range<usize> = 8..24;
}

impl Cookie {
    pub(crate) const LEN: usize = cookie_field::NONCE.end + MAC_LEN + TAG_LEN;

    pub(super) fn decode(datagram: &[u8]) -> Result<Self, Malformed> {
        check_header(datagram, Self::LEN)?;
        Ok(Self {
            receiver: u32_at(datagram, cookie_field::RECEIVER),
            nonce: array_at(datagram, cookie_field::NONCE.start),
        })
    }

    /// The datagram that carries `cookie`, sealed under `key`.
    pub(crate) fn encode(&self, key: &[u8; 32], cookie: &[u8; MAC_LEN]) -> [u8; Self::LEN] {
        let mut datagram = [0; Self::LEN];
        datagram[..2].copy_from_slice(&[kind::COOKIE, VERSION]);
        datagram[cookie_field::RECEIVER..][..4].copy_from_slice(&self.receiver.to_le_bytes());
        datagram[cookie_field::NONCE].copy_from_slice(&self.nonce);
        let (front, sealed) = datagram.split_at_mut(cookie_field::NONCE.end);
        sealed[..MAC_LEN].copy_from_slice(cookie);
        aead::seal(key, 0, front, sealed);
        datagram
    }

    /// The cookie in a datagram.
    pub(crate) fn open(datagram: &mut [u8], key: &[u8; 32]) -> Result<[u8; MAC_LEN], Unauthentic> {
        let (front, sealed) = datagram.split_at_mut(cookie_field::NONCE.end);
        aead::open(key, 0, front, sealed)?;
        Ok(array_at(sealed, 0))
    }
}

/// The answer to a sealed datagram for a session that is not there. A mere hint: anybody on the
/// path could have made it.
///
/// 16 bytes: kind 1, version 1, reserved 2, and of the datagram's header the receiver index 4 and
/// the counter 8, which who has not seen it cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoSession {
    pub(crate) receiver: u32,
    pub(crate) counter: u64,
}

impl NoSession {
    /// Half of the shortest datagram that it answers.
    pub(crate) const LEN: usize = SealedHeader::LEN;

    pub(super) fn decode(datagram: &[u8]) -> Result<Self, Malformed> {
        check_header(datagram, Self::LEN)?;
        Ok(Self {
            receiver: u32_at(datagram, 4),
            counter: u64::from_le_bytes(array_at(datagram, 8)),
        })
    }

    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut datagram = [0; Self::LEN];
        datagram[..2].copy_from_slice(&[kind::NO_SESSION, VERSION]);
        datagram[4..8].copy_from_slice(&self.receiver.to_le_bytes());
        datagram[8..].copy_from_slice(&self.counter.to_le_bytes());
        datagram
    }
}
