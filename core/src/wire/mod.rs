//! Bytes to types and back, nothing else: what a datagram looks like before any key is tried.
//!
//! `docs/wire.md` describes the same byte by byte, with test vectors. Integers are little-endian.
//! A decoder never panics, whatever it is given.

mod carried;
mod control;
mod fragment;
mod gossip;
mod handshake;
mod intro;
mod punch;
mod relay;
mod sealed;
mod stateless;

pub(crate) use carried::{Carried, Direction};
pub(crate) use control::{Ack, Control, Message, Ping, Pong, Probe, Seen, UnknownMessage};
pub use fragment::MAX_MESSAGE;
pub(crate) use fragment::{FRAGMENT_LEN, FRAGMENTS_MAX, Fragment, fragment_len, fragments};
pub(crate) use gossip::{
    ANSWER_LEN_MAX, ENTRIES, Entry, GossipMessage, GossipWriter, ITEMS, NeighbourAnswer, PeerList,
    PeerRequest, RUMOUR_IDS, Rumour, RumourId, Rumoured, Shuffle, Telling, Told,
};
pub(crate) use handshake::{Confirm, Hello, MAC_LEN, Pattern, Welcome, is_for};
pub(crate) use intro::{CAN_GOSSIP, CAN_RELAY, Intro};
pub(crate) use punch::{CANDIDATES, Candidates, Mapping, Punch, PunchKind};
pub(crate) use relay::{Attested, Named, Offer, Open, Proof, RelayMessage, Reserved};
pub(crate) use sealed::SealedHeader;
pub(crate) use stateless::{Cookie, NoSession};

#[cfg(test)]
mod tests;

/// The protocol's version, in the prologue and in every handshake message.
pub const VERSION: u8 = 1;

/// The largest datagram ever sent: what fits the smallest IPv6 link (1280 bytes, RFC 8200 section
/// 5) after the IPv6 and UDP headers.
pub const MAX_DATAGRAM: usize = 1232;

/// The largest payload of one datagram. It is the same on every path: room is left for a relay's
/// own layer, so that moving to a relay makes no message undeliverable.
pub const MAX_PAYLOAD: usize = 1152;

/// The longest content of any sealed datagram, its type included: what is left of [`MAX_DATAGRAM`]
/// after a header and a tag, and after a relay's own header, tag, kind and circuit.
pub(crate) const MAX_CONTENT: usize = MAX_DATAGRAM - (16 + 16) - (16 + 16 + 8);

const _: () = assert!(MAX_CONTENT == 1160 && MAX_PAYLOAD < MAX_CONTENT);

/// The first byte of every datagram.
mod kind {
    pub(super) const HELLO_IK: u8 = 1;
    pub(super) const WELCOME_IK: u8 = 2;
    pub(super) const HELLO_XX: u8 = 3;
    pub(super) const WELCOME_XX: u8 = 4;
    pub(super) const CONFIRM: u8 = 5;
    pub(super) const COOKIE: u8 = 6;
    pub(super) const NO_SESSION: u8 = 7;
    pub(super) const SEALED: u8 = 16;
}

/// A datagram's header, decoded; the rest of the datagram stays where it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Hello(Hello),
    Welcome(Welcome),
    Confirm(Confirm),
    Cookie(Cookie),
    NoSession(NoSession),
    Sealed(SealedHeader),
}

/// Why bytes are not a datagram of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Length,
    Kind,
    Version,
    Reserved,
}

/// Reads the header of a datagram.
pub(crate) fn decode(datagram: &[u8]) -> Result<Frame, Malformed> {
    match *datagram.first().ok_or(Malformed::Length)? {
        kind::HELLO_IK => Hello::decode(Pattern::Ik, datagram).map(Frame::Hello),
        kind::HELLO_XX => Hello::decode(Pattern::Xx, datagram).map(Frame::Hello),
        kind::WELCOME_IK => Welcome::decode(Pattern::Ik, datagram).map(Frame::Welcome),
        kind::WELCOME_XX => Welcome::decode(Pattern::Xx, datagram).map(Frame::Welcome),
        kind::CONFIRM => Confirm::decode(datagram).map(Frame::Confirm),
        kind::COOKIE => Cookie::decode(datagram).map(Frame::Cookie),
        kind::NO_SESSION => NoSession::decode(datagram).map(Frame::NoSession),
        kind::SEALED => SealedHeader::decode(datagram).map(Frame::Sealed),
        _ => Err(Malformed::Kind),
    }
}

/// The `N` bytes at `offset`.
///
/// # Panics
/// If `bytes` is shorter than `offset + N`: a decoder checks the length first.
fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    bytes[offset..offset + N].try_into().expect("the slice has this length")
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, offset))
}

/// Bytes 2 and 3 are zero in version 1 in every kind of datagram.
fn check_reserved(datagram: &[u8]) -> Result<(), Malformed> {
    if datagram[2..4] == [0; 2] { Ok(()) } else { Err(Malformed::Reserved) }
}
