//! Handshake datagrams: a fixed header, a Noise message, two authenticators.

use super::{Malformed, VERSION, array_at, check_reserved, kind, u32_at};
use crate::crypto::aead::TAG_LEN;
use crate::crypto::hash;
use crate::noise::KEY_LEN;
use crate::time::Duration;

const MAC_LEN: usize = 16;
/// `mac1` and `mac2`.
const MACS_LEN: usize = 2 * MAC_LEN;

/// The first datagram of an IK handshake. 192 bytes, the largest of any handshake, so that no
/// answer is larger than the question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The session index that the initiator wants to be addressed by.
    pub(crate) sender: u32,
    pub(crate) mac1: [u8; MAC_LEN],
}

/// The answer to a [`Hello`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Welcome {
    /// The session index that the responder wants to be addressed by.
    pub(crate) sender: u32,
    /// The index of the `Hello` that this answers.
    pub(crate) receiver: u32,
    pub(crate) mac1: [u8; MAC_LEN],
}

mod hello_field {
    use core::ops::Range;
    pub(super) const SENDER: usize = 4;
    pub(super) const NOISE: Range<usize> = 8..160;
    pub(super) const MAC1: Range<usize> = 160..176;
}

mod welcome_field {
    use core::ops::Range;
    pub(super) const SENDER: usize = 4;
    pub(super) const RECEIVER: usize = 8;
    pub(super) const NOISE: Range<usize> = 12..92;
    pub(super) const MAC1: Range<usize> = 92..108;
}

impl Hello {
    pub(crate) const LEN: usize = hello_field::MAC1.end + MAC_LEN;
    /// Where the sealed payload begins: after the ephemeral key and the sealed static key.
    const PAYLOAD: usize = hello_field::NOISE.start + KEY_LEN + KEY_LEN + TAG_LEN;

    pub(super) fn decode(datagram: &[u8]) -> Result<Self, Malformed> {
        check_header(datagram, Self::LEN)?;
        Ok(Self {
            sender: u32_at(datagram, hello_field::SENDER),
            mac1: array_at(datagram, hello_field::MAC1.start),
        })
    }

    /// The Noise message within the datagram.
    pub(crate) fn noise(datagram: &mut [u8]) -> &mut [u8] {
        &mut datagram[hello_field::NOISE]
    }

    /// Whether `mac1` was made with this key.
    pub(crate) fn is_for(datagram: &[u8], mac1_key: &[u8; 32]) -> bool {
        is_made_with(datagram, hello_field::MAC1.start, mac1_key)
    }

    /// Writes the header and `mac1` around a finished Noise message.
    pub(crate) fn finish(datagram: &mut [u8], sender: u32, mac1_key: &[u8; 32]) {
        datagram[..4].copy_from_slice(&[kind::HELLO_IK, VERSION, 0, 0]);
        datagram[hello_field::SENDER..][..4].copy_from_slice(&sender.to_le_bytes());
        write_macs(datagram, hello_field::MAC1.start, mac1_key);
    }

    /// Places the payload, not yet sealed, where the Noise message will seal it.
    pub(crate) fn put_intro(datagram: &mut [u8], intro: &Intro) {
        datagram[Self::PAYLOAD..hello_field::NOISE.end].fill(0);
        intro.encode(&mut datagram[Self::PAYLOAD..][..Intro::LEN]);
    }

    /// Reads the payload after the Noise message has been opened.
    pub(crate) fn intro(datagram: &[u8]) -> Result<Intro, Malformed> {
        Intro::decode(&datagram[Self::PAYLOAD..])
    }
}

impl Welcome {
    pub(crate) const LEN: usize = welcome_field::MAC1.end + MAC_LEN;
    /// Where the sealed payload begins: after the ephemeral key.
    const PAYLOAD: usize = welcome_field::NOISE.start + KEY_LEN;

    pub(super) fn decode(datagram: &[u8]) -> Result<Self, Malformed> {
        check_header(datagram, Self::LEN)?;
        Ok(Self {
            sender: u32_at(datagram, welcome_field::SENDER),
            receiver: u32_at(datagram, welcome_field::RECEIVER),
            mac1: array_at(datagram, welcome_field::MAC1.start),
        })
    }

    /// The Noise message within the datagram.
    pub(crate) fn noise(datagram: &mut [u8]) -> &mut [u8] {
        &mut datagram[welcome_field::NOISE]
    }

    /// Whether `mac1` was made with this key.
    pub(crate) fn is_for(datagram: &[u8], mac1_key: &[u8; 32]) -> bool {
        is_made_with(datagram, welcome_field::MAC1.start, mac1_key)
    }

    /// Writes the header and `mac1` around a finished Noise message.
    pub(crate) fn finish(datagram: &mut [u8], sender: u32, receiver: u32, mac1_key: &[u8; 32]) {
        datagram[..4].copy_from_slice(&[kind::WELCOME_IK, VERSION, 0, 0]);
        datagram[welcome_field::SENDER..][..4].copy_from_slice(&sender.to_le_bytes());
        datagram[welcome_field::RECEIVER..][..4].copy_from_slice(&receiver.to_le_bytes());
        write_macs(datagram, welcome_field::MAC1.start, mac1_key);
    }

    /// Places the payload, not yet sealed, where the Noise message will seal it.
    pub(crate) fn put_intro(datagram: &mut [u8], intro: &Intro) {
        intro.encode(&mut datagram[Self::PAYLOAD..][..Intro::LEN]);
    }

    /// Reads the payload after the Noise message has been opened.
    pub(crate) fn intro(datagram: &[u8]) -> Result<Intro, Malformed> {
        Intro::decode(&datagram[Self::PAYLOAD..])
    }
}

/// What each side says of itself in its sealed handshake payload.
///
/// 32 bytes: version 1, fragments of the longest message it takes 1, message window 2, capabilities
/// 4, ping interval in milliseconds 4, channel 8, hello number 8, replay window in bits 2,
/// reserved 2. A reader ignores what it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intro {
    pub(crate) version: u8,
    /// Fragments of the longest message that it takes; zero if it takes none.
    pub(crate) fragments_max: u8,
    /// Messages under way towards it at once.
    pub(crate) message_window: u16,
    /// None is defined yet.
    pub(crate) capabilities: u32,
    pub(crate) ping_interval: Duration,
    /// Drawn with its record of the other: a new one means that what it knew of the other is lost.
    pub(crate) channel: u64,
    /// Counts the handshakes that it has begun in this channel; zero from a responder.
    pub(crate) hello: u64,
    /// How far packets towards it may overtake each other.
    pub(crate) replay_window: u16,
}

impl Intro {
    pub(crate) const LEN: usize = 32;

    fn encode(&self, out: &mut [u8]) {
        let interval_ms = self.ping_interval.as_micros() / 1000;
        let interval_ms = u32::try_from(interval_ms).unwrap_or(u32::MAX);
        out.fill(0);
        (out[0], out[1]) = (self.version, self.fragments_max);
        out[2..4].copy_from_slice(&self.message_window.to_le_bytes());
        out[4..8].copy_from_slice(&self.capabilities.to_le_bytes());
        out[8..12].copy_from_slice(&interval_ms.to_le_bytes());
        out[12..20].copy_from_slice(&self.channel.to_le_bytes());
        out[20..28].copy_from_slice(&self.hello.to_le_bytes());
        out[28..30].copy_from_slice(&self.replay_window.to_le_bytes());
    }

    fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        if payload.len() < Self::LEN {
            return Err(Malformed::Length);
        }
        if payload[0] != VERSION {
            return Err(Malformed::Version);
        }
        Ok(Self {
            version: payload[0],
            fragments_max: payload[1],
            message_window: u16::from_le_bytes(array_at(payload, 2)),
            capabilities: u32_at(payload, 4),
            ping_interval: Duration::from_millis(u32_at(payload, 8).into()),
            channel: u64::from_le_bytes(array_at(payload, 12)),
            hello: u64::from_le_bytes(array_at(payload, 20)),
            replay_window: u16::from_le_bytes(array_at(payload, 28)),
        })
    }
}

fn check_header(datagram: &[u8], len: usize) -> Result<(), Malformed> {
    if datagram.len() != len {
        return Err(Malformed::Length);
    }
    if datagram[1] != VERSION {
        return Err(Malformed::Version);
    }
    check_reserved(datagram)
}

fn is_made_with(datagram: &[u8], mac1_at: usize, mac1_key: &[u8; 32]) -> bool {
    use subtle::ConstantTimeEq;
    let made = hash::mac16(mac1_key, &datagram[..mac1_at]);
    made.ct_eq(&datagram[mac1_at..][..MAC_LEN]).into()
}

/// Writes `mac1`, and a `mac2` of zeros: no cookie is at hand.
fn write_macs(datagram: &mut [u8], mac1_at: usize, mac1_key: &[u8; 32]) {
    let mac1 = hash::mac16(mac1_key, &datagram[..mac1_at]);
    let macs = &mut datagram[mac1_at..][..MACS_LEN];
    macs[..MAC_LEN].copy_from_slice(&mac1);
    macs[MAC_LEN..].fill(0);
}
