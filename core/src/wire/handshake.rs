//! Handshake datagrams: a fixed header, a Noise message, two authenticators.

use core::ops::Range;

use super::intro::Intro;
use super::{Malformed, VERSION, array_at, check_reserved, kind, u32_at};
use crate::crypto::aead::TAG_LEN;
use crate::crypto::hash;
use crate::noise::{self, KEY_LEN};

pub(crate) const MAC_LEN: usize = 16;

/// Which handshake a datagram belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// The initiator knows the responder's key.
    Ik,
    /// The initiator knows an address and nothing else.
    Xx,
}

impl Pattern {
    pub(crate) fn noise(self) -> &'static noise::Pattern {
        match self {
            Self::Ik => &noise::IK_PSK0_PSK2,
            Self::Xx => &noise::XX_PSK0_PSK3,
        }
    }
}

/// The first datagram of a handshake. 192 bytes, the largest of any handshake, so that no answer is
/// larger than the question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) pattern: Pattern,
    /// The session index that the initiator wants to be addressed by.
    pub(crate) sender: u32,
    pub(crate) mac1: [u8; MAC_LEN],
}

/// The answer to a [`Hello`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Welcome {
    pub(crate) pattern: Pattern,
    /// The session index that the responder wants to be addressed by.
    pub(crate) sender: u32,
    /// The index of the `Hello` that this answers.
    pub(crate) receiver: u32,
}

/// The third datagram of an XX handshake: who the initiator is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Confirm {
    /// The index of the `Welcome` that this answers.
    pub(crate) receiver: u32,
}

mod hello_field {
    use core::ops::Range;
    pub(super) const SENDER: usize = 4;
    pub(super) const NOISE: Range<usize> = 8..160;
    pub(super) const MAC1: Range<usize> = 160..176;
}

mod welcome_field {
    pub(super) const SENDER: usize = 4;
    pub(super) const RECEIVER: usize = 8;
    pub(super) const NOISE: usize = 12;
}

mod confirm_field {
    use core::ops::Range;
    pub(super) const RECEIVER: usize = 4;
    pub(super) const NOISE: Range<usize> = 8..104;
}

/// A static key, sealed.
const SEALED_KEY_LEN: usize = KEY_LEN + TAG_LEN;

impl Hello {
    pub(crate) const LEN: usize = hello_field::MAC1.end + MAC_LEN;

    pub(super) fn decode(pattern: Pattern, datagram: &[u8]) -> Result<Self, Malformed> {
        check_header(datagram, Self::LEN)?;
        Ok(Self {
            pattern,
            sender: u32_at(datagram, hello_field::SENDER),
            mac1: Self::mac1(datagram),
        })
    }

    /// The Noise message within the datagram.
    pub(crate) fn noise(datagram: &mut [u8]) -> &mut [u8] {
        &mut datagram[hello_field::NOISE]
    }

    /// Where the sealed payload begins: after the ephemeral key, and in IK the static one.
    fn payload(pattern: Pattern) -> usize {
        let keys = match pattern {
            Pattern::Ik => KEY_LEN + SEALED_KEY_LEN,
            Pattern::Xx => KEY_LEN,
        };
        hello_field::NOISE.start + keys
    }

    /// Writes the header and `mac1` around a finished Noise message, and a `mac2` of zeros.
    pub(crate) fn finish(datagram: &mut [u8], pattern: Pattern, sender: u32, mac1_key: &[u8; 32]) {
        let kind = match pattern {
            Pattern::Ik => kind::HELLO_IK,
            Pattern::Xx => kind::HELLO_XX,
        };
        datagram[..4].copy_from_slice(&[kind, VERSION, 0, 0]);
        datagram[hello_field::SENDER..][..4].copy_from_slice(&sender.to_le_bytes());
        write_mac1(datagram, mac1_key);
    }

    /// Places the payload, not yet sealed, where the Noise message will seal it.
    pub(crate) fn put_intro(datagram: &mut [u8], pattern: Pattern, intro: &Intro) {
        let payload = &mut datagram[Self::payload(pattern)..hello_field::NOISE.end];
        payload.fill(0);
        intro.encode(&mut payload[..Intro::LEN]);
    }

    /// Reads the payload after the Noise message has been opened.
    pub(crate) fn intro(datagram: &[u8], pattern: Pattern) -> Result<Intro, Malformed> {
        Intro::decode(&datagram[Self::payload(pattern)..])
    }

    pub(crate) fn mac1(datagram: &[u8]) -> [u8; MAC_LEN] {
        array_at(datagram, hello_field::MAC1.start)
    }

    /// Writes the `mac2` that a cookie allows.
    pub(crate) fn put_mac2(datagram: &mut [u8], cookie: &[u8; MAC_LEN]) {
        let (front, mac2) = datagram.split_at_mut(hello_field::MAC1.end);
        mac2.copy_from_slice(&hash::mac16(cookie, front));
    }

    /// Whether `mac2` was made with this cookie.
    pub(crate) fn shows_cookie(datagram: &[u8], cookie: &[u8; MAC_LEN]) -> bool {
        is_mac(datagram, hello_field::MAC1.end, cookie)
    }
}

impl Welcome {
    /// The length of the longest.
    pub(crate) const LEN_MAX: usize = Self::len(Pattern::Xx);

    pub(crate) const fn len(pattern: Pattern) -> usize {
        Self::noise_range(pattern).end + 2 * MAC_LEN
    }

    pub(super) fn decode(pattern: Pattern, datagram: &[u8]) -> Result<Self, Malformed> {
        check_header(datagram, Self::len(pattern))?;
        Ok(Self {
            pattern,
            sender: u32_at(datagram, welcome_field::SENDER),
            receiver: u32_at(datagram, welcome_field::RECEIVER),
        })
    }

    const fn noise_range(pattern: Pattern) -> Range<usize> {
        welcome_field::NOISE..Self::payload(pattern) + Intro::LEN + TAG_LEN
    }

    /// The Noise message within the datagram.
    pub(crate) fn noise(datagram: &mut [u8], pattern: Pattern) -> &mut [u8] {
        &mut datagram[Self::noise_range(pattern)]
    }

    /// Where the sealed payload begins: after the ephemeral key, and in XX the static one.
    const fn payload(pattern: Pattern) -> usize {
        let keys = match pattern {
            Pattern::Ik => KEY_LEN,
            Pattern::Xx => KEY_LEN + SEALED_KEY_LEN,
        };
        welcome_field::NOISE + keys
    }

    /// Writes the header and `mac1` around a finished Noise message.
    pub(crate) fn finish(
        datagram: &mut [u8],
        pattern: Pattern,
        sender: u32,
        receiver: u32,
        mac1_key: &[u8; 32],
    ) {
        let kind = match pattern {
            Pattern::Ik => kind::WELCOME_IK,
            Pattern::Xx => kind::WELCOME_XX,
        };
        datagram[..4].copy_from_slice(&[kind, VERSION, 0, 0]);
        datagram[welcome_field::SENDER..][..4].copy_from_slice(&sender.to_le_bytes());
        datagram[welcome_field::RECEIVER..][..4].copy_from_slice(&receiver.to_le_bytes());
        write_mac1(datagram, mac1_key);
    }

    /// Places the payload, not yet sealed, where the Noise message will seal it.
    pub(crate) fn put_intro(datagram: &mut [u8], pattern: Pattern, intro: &Intro) {
        intro.encode(&mut datagram[Self::payload(pattern)..][..Intro::LEN]);
    }

    /// Reads the payload after the Noise message has been opened.
    pub(crate) fn intro(datagram: &[u8], pattern: Pattern) -> Result<Intro, Malformed> {
        Intro::decode(&datagram[Self::payload(pattern)..])
    }
}

impl Confirm {
    pub(crate) const LEN: usize = confirm_field::NOISE.end + 2 * MAC_LEN;
    /// Where the sealed payload begins: after the static key.
    const PAYLOAD: usize = confirm_field::NOISE.start + SEALED_KEY_LEN;

    pub(super) fn decode(datagram: &[u8]) -> Result<Self, Malformed> {
        check_header(datagram, Self::LEN)?;
        Ok(Self { receiver: u32_at(datagram, confirm_field::RECEIVER) })
    }

    /// The Noise message within the datagram.
    pub(crate) fn noise(datagram: &mut [u8]) -> &mut [u8] {
        &mut datagram[confirm_field::NOISE]
    }

    /// Writes the header and `mac1` around a finished Noise message.
    pub(crate) fn finish(datagram: &mut [u8], receiver: u32, mac1_key: &[u8; 32]) {
        datagram[..4].copy_from_slice(&[kind::CONFIRM, VERSION, 0, 0]);
        datagram[confirm_field::RECEIVER..][..4].copy_from_slice(&receiver.to_le_bytes());
        write_mac1(datagram, mac1_key);
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

/// Whether a handshake message's `mac1` was made with this key.
pub(crate) fn is_for(datagram: &[u8], mac1_key: &[u8; 32]) -> bool {
    is_mac(datagram, datagram.len() - 2 * MAC_LEN, mac1_key)
}

fn is_mac(datagram: &[u8], at: usize, key: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    hash::mac16(key, &datagram[..at]).ct_eq(&datagram[at..][..MAC_LEN]).into()
}

/// Writes `mac1`, and a `mac2` of zeros: no cookie is at hand.
fn write_mac1(datagram: &mut [u8], mac1_key: &[u8; 32]) {
    let at = datagram.len() - 2 * MAC_LEN;
    let mac1 = hash::mac16(mac1_key, &datagram[..at]);
    datagram[at..][..MAC_LEN].copy_from_slice(&mac1);
    datagram[at + MAC_LEN..].fill(0);
}

pub(super) fn check_header(datagram: &[u8], len: usize) -> Result<(), Malformed> {
    if datagram.len() != len {
        return Err(Malformed::Length);
    }
    if datagram[1] != VERSION {
        return Err(Malformed::Version);
    }
    check_reserved(datagram)
}
