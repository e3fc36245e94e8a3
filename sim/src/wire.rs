//! As much of the wire format as checkers and hostile machines need. It is written down here once
//! more, and not taken from the core: a mistake there must not hide itself.

use std::ops::Range;

/// Offers a session, to a peer whose key is known or to whoever is at an address.
pub(crate) const HELLOS: [u8; 2] = [1, 3];
/// Answers a `Hello`, of either kind.
pub(crate) const WELCOMES: [u8; 2] = [2, 4];
/// Says that a session is gone, and proves nothing.
pub(crate) const NO_SESSION: u8 = 7;
/// A datagram of a session.
pub(crate) const SEALED: u8 = 16;

const HELLO_LEN: usize = 192;
const WELCOME_LENS: [usize; 2] = [124, 172];
/// At the end of every handshake message; what a cookie proves, and no part of the handshake.
const MAC2_LEN: usize = 16;
const TAG_LEN: usize = 16;
/// A sealed datagram without any content.
pub(crate) const SEALED_LEN_MIN: usize = header::LEN + TAG_LEN;

/// What asks whether a peer is there, or answers that and no more: a type byte, a nonce of eight bytes
/// and a flag.
pub(crate) const PROBE_LEN: usize = SEALED_LEN_MIN + 1 + 8 + 1;
/// How much longer an answer may be that says what was seen of the one who asks: a counter of up to ten
/// bytes, and an address of IPv6 with its port, both after a byte that says that they are there.
pub(crate) const SEEN_LEN_MAX: usize = 10 + 1 + 1 + 16 + 3;

mod hello_field {
    use super::Range;
    pub(super) const EPHEMERAL: Range<usize> = 8..40;
}

mod welcome_field {
    use super::Range;
    pub(super) const EPHEMERAL: Range<usize> = 12..44;
}

/// What datagrams of all kinds begin with.
pub(crate) mod header {
    use super::Range;
    pub(crate) const KIND: usize = 0;
    /// The key epoch of a sealed datagram.
    pub(crate) const VERSION: usize = 1;
    pub(crate) const RESERVED: Range<usize> = 2..4;
    /// The receiver's session index in a sealed datagram, else the sender's.
    pub(crate) const INDEX: Range<usize> = 4..8;
    /// The counter of a sealed datagram; a `Welcome` begins here with the receiver's index.
    pub(crate) const COUNTER: Range<usize> = 8..16;
    pub(crate) const LEN: usize = COUNTER.end;
}

/// Before the datagram that a relay carries, inside its own seal.
pub(crate) const CARRIED_PREFIX_LEN: usize = 8;

/// Where things stand in what a relay says of a circuit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CircuitWord {
    /// To the one who asked for it.
    pub(crate) is_opened: bool,
    /// The first byte of the circuit's number, whose lowest bit is its own.
    pub(crate) circuit: usize,
    /// The IPv4 address at which the other end is seen.
    pub(crate) ipv4: Option<Range<usize>>,
}

const OFFER: u8 = 10;
const OPENED: u8 = 13;

/// `None` if the content of a sealed datagram is something else: type 1, the circuit as a varint, the peer
/// 32, and whether there is an IPv4 address.
pub(crate) fn circuit_word(content: &[u8]) -> Option<CircuitWord> {
    let kind = *content.first()?;
    if ![OFFER, OPENED].contains(&kind) {
        return None;
    }
    let circuit = 1;
    let len = 1 + content[circuit..].iter().position(|byte| byte & 0x80 == 0)?;
    let has_ipv4 = circuit + len + 32;
    let ipv4 = (*content.get(has_ipv4)? == 1).then(|| has_ipv4 + 1..has_ipv4 + 5);
    Some(CircuitWord { is_opened: kind == OPENED, circuit, ipv4 })
}

/// A type of content that this version does not know.
pub(crate) const UNKNOWN: u8 = 127;

/// What members tell each other of third parties: contents of sealed datagrams, in postcard.
pub(crate) mod gossip {
    const NEIGHBOUR: u8 = 24;
    const ANNOUNCEMENT: u8 = 26;
    const UPDATE: u8 = 27;
    const SHUFFLE: u8 = 28;
    const REQUEST: u8 = 29;
    const LIST: u8 = 30;
    const RUMOUR: u8 = 31;
    /// Questions are so long, or not answered.
    const QUESTION_LEN: usize = 340;
    const JOIN_HOPS: u8 = 6;
    const WALK_HOPS: u8 = 16;

    fn varint(value: usize) -> Vec<u8> {
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        match value >> 7 {
            0 => vec![low],
            high => [vec![low | 0x80], varint(high)].concat(),
        }
    }

    fn bytes(bytes: &[u8]) -> Vec<u8> {
        [&varint(bytes.len()), bytes].concat()
    }

    /// A question to no purpose but the first bytes.
    fn padded(mut question: Vec<u8>) -> Vec<u8> {
        // A length of two bytes stands before it.
        let padding = QUESTION_LEN.saturating_sub(question.len() + 2);
        question.extend(bytes(&vec![0; padding]));
        question
    }

    /// Wants to be a neighbour, and says that it has no other.
    pub(crate) fn neighbour() -> Vec<u8> {
        vec![NEIGHBOUR, 1]
    }

    /// A record as a newcomer's, signed this moment.
    pub(crate) fn announcement(signed: &[u8]) -> Vec<u8> {
        [&[ANNOUNCEMENT, JOIN_HOPS, 0][..], &bytes(signed)].concat()
    }

    /// A broadcast that has just been made.
    pub(crate) fn rumour(signed: &[u8]) -> Vec<u8> {
        [&[RUMOUR, 0, 0, 0][..], &bytes(signed)].concat()
    }

    /// Who has this tag?
    pub(crate) fn request(number: &[u8], tag: &[u8]) -> Vec<u8> {
        padded([&[REQUEST][..], number, &[WALK_HOPS], tag].concat())
    }

    /// The sender holds nothing at all.
    pub(crate) fn empty_shuffle() -> Vec<u8> {
        padded(vec![SHUFFLE, 0, 0])
    }

    /// Whether this tells one record of its sender's own accord.
    pub(crate) fn is_telling(content: &[u8]) -> bool {
        matches!(content.first(), Some(&(ANNOUNCEMENT | UPDATE)))
    }

    /// Whether this tells of others than the holder of this key.
    pub(crate) fn is_of_others(content: &[u8], own: &[u8; 32]) -> bool {
        match content.first() {
            Some(&(LIST | RUMOUR)) => true,
            _ => is_telling(content) && !content.windows(32).any(|it| it == own),
        }
    }
}

/// The hint that a session is gone: what a datagram for it said of itself.
pub(crate) fn no_session(receiver: u32, counter: u64) -> Vec<u8> {
    let mut hint = vec![0; header::LEN];
    (hint[header::KIND], hint[header::VERSION]) = (NO_SESSION, 1);
    hint[header::INDEX].copy_from_slice(&receiver.to_le_bytes());
    hint[header::COUNTER].copy_from_slice(&counter.to_le_bytes());
    hint
}

/// The first byte, which says what a datagram is; `None` for an empty one.
pub(crate) fn kind(datagram: &[u8]) -> Option<u8> {
    datagram.first().copied()
}

/// The ephemeral key that a handshake message shows in the clear.
pub(crate) fn ephemeral(datagram: &[u8]) -> Option<[u8; 32]> {
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
pub(crate) fn repeated(datagram: &[u8]) -> &[u8] {
    &datagram[..datagram.len() - MAC2_LEN]
}

/// What stands in the clear around the content of a sealed datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seal {
    pub(crate) epoch: u8,
    /// The session index of the receiver's choice.
    pub(crate) receiver: u32,
    pub(crate) counter: u64,
    pub(crate) tag: [u8; TAG_LEN],
}

impl Seal {
    pub(crate) fn of(datagram: &[u8]) -> Option<Self> {
        if kind(datagram)? != SEALED || datagram.len() < SEALED_LEN_MIN {
            return None;
        }
        Some(Self {
            epoch: datagram[header::VERSION],
            receiver: u32::from_le_bytes(datagram[header::INDEX].try_into().ok()?),
            counter: u64::from_le_bytes(datagram[header::COUNTER].try_into().ok()?),
            tag: *datagram.last_chunk()?,
        })
    }
}
