//! As much of the wire format as checkers need. It is written down here once more, and not taken
//! from the core: a mistake there must not hide itself.

use std::ops::Range;

/// Offers a session, to a peer whose key is known or to whoever is at an address.
pub(super) const HELLOS: [u8; 2] = [1, 3];
/// Answers a `Hello`, of either kind.
pub(super) const WELCOMES: [u8; 2] = [2, 4];
/// A datagram of a session.
pub(super) const SEALED: u8 = 16;

const HELLO_LEN: usize = 192;
const WELCOME_LENS: [usize; 2] = [124, 172];
/// At the end of every handshake message; what a cookie proves, and no part of the handshake.
const MAC2_LEN: usize = 16;
const TAG_LEN: usize = 16;

mod hello_field {
    use super::Range;
    pub(super) const EPHEMERAL: Range<usize> = 8..40;
}

mod welcome_field {
    use super::Range;
    pub(super) const EPHEMERAL: Range<usize> = 12..44;
}

mod sealed_field {
    use super::Range;
    pub(super) const EPOCH: usize = 1;
    pub(super) const RECEIVER: Range<usize> = 4..8;
    pub(super) const COUNTER: Range<usize> = 8..16;
    pub(super) const CONTENT: usize = 16;
}

/// The first byte, which says what a datagram is; `None` for an empty one.
pub(super) fn kind(datagram: &[u8]) -> Option<u8> {
    datagram.first().copied()
}

/// The ephemeral key that a handshake message shows in the clear.
pub(super) fn ephemeral(datagram: &[u8]) -> Option<[u8; 32]> {
    let (kind, len) = (kind(datagram)?, datagram.len());
    let field = if HELLOS.contains(&kind) && len == HELLO_LEN {
        hello_field::EPHEMERAL
    } else if WELCOMES.contains(&kind) && WELCOME_LENS.contains(&len) {
        welcome_field::EPHEMERAL
    } else {
        return None;
    };
    datagram[field].try_into().ok()
}

/// What is the same whenever a handshake message that shows an ephemeral key is repeated.
pub(super) fn repeated(datagram: &[u8]) -> &[u8] {
    &datagram[..datagram.len() - MAC2_LEN]
}

/// What stands in the clear around the content of a sealed datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seal {
    pub(super) epoch: u8,
    /// The session index of the receiver's choice.
    pub(super) receiver: u32,
    pub(super) counter: u64,
    pub(super) tag: [u8; TAG_LEN],
}

impl Seal {
    pub(super) fn of(datagram: &[u8]) -> Option<Self> {
        if kind(datagram)? != SEALED || datagram.len() < sealed_field::CONTENT + TAG_LEN {
            return None;
        }
        Some(Self {
            epoch: datagram[sealed_field::EPOCH],
            receiver: u32::from_le_bytes(datagram[sealed_field::RECEIVER].try_into().ok()?),
            counter: u64::from_le_bytes(datagram[sealed_field::COUNTER].try_into().ok()?),
            tag: *datagram.last_chunk()?,
        })
    }
}
