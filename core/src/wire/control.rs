//! What is inside a sealed datagram: one type byte, then a payload or a postcard body.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{Fragment, GossipMessage, MAX_PAYLOAD, Punch, PunchKind, RelayMessage};

/// The first byte inside the seal.
pub(super) mod kind {
    pub(in crate::wire) const DATAGRAM: u8 = 0;
    pub(in crate::wire) const PING: u8 = 1;
    pub(in crate::wire) const PONG: u8 = 2;
    pub(in crate::wire) const FRAGMENT: u8 = 3;
    pub(in crate::wire) const ACK: u8 = 4;
    pub(in crate::wire) const TO_RELAY: u8 = 5;
    pub(in crate::wire) const FROM_RELAY: u8 = 6;
    pub(in crate::wire) const PUNCH: u8 = 20;
    pub(in crate::wire) const PUNCH_ACK: u8 = 21;
}

/// The content of a sealed datagram.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// The application's bytes.
    Datagram(&'a [u8]),
    /// A packet of an acknowledged message.
    Fragment(Fragment<'a>),
    Ack(Ack),
    Punch(PunchKind, Punch),
    Gossip(GossipMessage<'a>),
    Control(Control),
}

/// What nodes say to each other about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Ping(Ping),
    /// The answer to a `Ping`, with its nonce, on the way by which it came.
    Pong(Pong),
    Relay(RelayMessage),
}

/// The question whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ping {
    pub(crate) probe: Probe,
    /// Whether it wants to know what is [`Seen`], too.
    pub(crate) asks: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pong {
    pub(crate) probe: Probe,
    /// Said only on a way that has answered.
    pub(crate) seen: Option<Seen>,
}

/// What the one who was asked has seen of the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// One more than the highest counter that came this way.
    pub(crate) next: u64,
    /// From which address, if it came directly.
    pub(crate) from: Option<SocketAddr>,
}

/// A nonce that only who receives it can return; fresh for every try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) nonce: [u8; 8],
}

/// Which packets of acknowledged messages have arrived, by their transmit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ack {
    pub(crate) largest: u64,
    /// Bit `n` stands for `largest - 1 - n`.
    pub(crate) bitmap: u64,
    /// How long ago the largest came, in microseconds.
    pub(crate) delay_us: u32,
}

/// Sealed by the peer, and of no type that this version knows or not well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownMessage;

impl Control {
    /// The longest encoding of any control message.
    pub(crate) const LEN_MAX: usize = RelayMessage::LEN_MAX;

    /// Writes the message and returns its length.
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::LEN_MAX`].
    pub(crate) fn encode(&self, out: &mut [u8]) -> usize {
        let (kind, body) = out.split_first_mut().expect("LEN_MAX is not zero");
        let written = match self {
            Self::Ping(ping) => {
                *kind = kind::PING;
                postcard::to_slice(ping, body)
            }
            Self::Pong(pong) => {
                *kind = kind::PONG;
                postcard::to_slice(pong, body)
            }
            Self::Relay(message) => return message.encode(out),
        };
        1 + written.expect("LEN_MAX holds every message").len()
    }
}

impl Ping {
    /// Bytes of the message, its type included.
    pub(crate) const LEN: usize = 1 + 8 + 1;
}

impl Ack {
    /// The longest encoding: the type, and each number in postcard's variable length.
    pub(crate) const LEN_MAX: usize = 1 + 10 + 10 + 5;

    /// Writes the message and returns its length.
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::LEN_MAX`].
    pub(crate) fn encode(&self, out: &mut [u8]) -> usize {
        out[0] = kind::ACK;
        1 + postcard::to_slice(self, &mut out[1..Self::LEN_MAX]).expect("LEN_MAX holds it").len()
    }

    pub(crate) fn covers(&self, number: u64) -> bool {
        match self.largest.checked_sub(number) {
            Some(0) => true,
            Some(behind @ 1..=64) => self.bitmap >> (behind - 1) & 1 == 1,
            _ => false,
        }
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
            kind::FRAGMENT => return Fragment::decode(plain).map(Self::Fragment),
            kind::ACK => return decode_body(body).map(Self::Ack),
            kind::PUNCH => return decode_punch(PunchKind::Offer, body),
            kind::PUNCH_ACK => return decode_punch(PunchKind::Answer, body),
            kind => match GossipMessage::decode(kind, body) {
                Some(message) => return message.map(Self::Gossip),
                None => Control::Relay(RelayMessage::decode(kind, body).ok_or(UnknownMessage)??),
            },
        };
        Ok(Self::Control(control))
    }
}

fn decode_punch<'a>(kind: PunchKind, body: &[u8]) -> Result<Message<'a>, UnknownMessage> {
    decode_body(body).map(|punch| Message::Punch(kind, punch))
}

pub(super) fn decode_body<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, UnknownMessage> {
    match postcard::take_from_bytes(body) {
        Ok((message, [])) => Ok(message),
        _ => Err(UnknownMessage),
    }
}
