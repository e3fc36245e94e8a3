//! What is inside a sealed datagram: one type byte, then a payload or a postcard body.

use serde::{Deserialize, Serialize};

use super::MAX_PAYLOAD;

/// The first byte inside the seal.
mod kind {
    pub(super) const DATAGRAM: u8 = 0;
    pub(super) const PING: u8 = 1;
    pub(super) const PONG: u8 = 2;
}

/// The content of a sealed datagram.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// The application's bytes.
    Datagram(&'a [u8]),
    Control(Control),
}

/// What nodes say to each other about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Ping(Probe),
    /// The answer to a `Ping`, with its nonce, on the path by which it came.
    Pong(Probe),
}

/// A nonce that only who receives it can return; fresh for every try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) nonce: [u8; 8],
}

/// Sealed by the peer, and of no type that this version knows or not well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownMessage;

impl Control {
    /// The longest encoding of any control message.
    pub(crate) const LEN_MAX: usize = 9;

    /// Writes the message and returns its length.
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::LEN_MAX`].
    pub(crate) fn encode(&self, out: &mut [u8]) -> usize {
        let (kind, body) = match self {
            Self::Ping(probe) => (kind::PING, probe),
            Self::Pong(probe) => (kind::PONG, probe),
        };
        out[0] = kind;
        1 + postcard::to_slice(body, &mut out[1..]).expect("LEN_MAX holds every message").len()
    }
}

impl<'a> Message<'a> {
    /// Bytes before an application's payload.
    pub(crate) const DATAGRAM_PREFIX: [u8; 1] = [kind::DATAGRAM];

    pub(crate) fn decode(plain: &'a [u8]) -> Result<Self, UnknownMessage> {
        let (kind, body) = plain.split_first().ok_or(UnknownMessage)?;
        let control = match *kind {
            kind::DATAGRAM if body.len() <= MAX_PAYLOAD => return Ok(Self::Datagram(body)),
            kind::PING => Control::Ping(decode_body(body)?),
            kind::PONG => Control::Pong(decode_body(body)?),
            _ => return Err(UnknownMessage),
        };
        Ok(Self::Control(control))
    }
}

fn decode_body<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, UnknownMessage> {
    match postcard::take_from_bytes(body) {
        Ok((message, [])) => Ok(message),
        _ => Err(UnknownMessage),
    }
}
