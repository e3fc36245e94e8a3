//! What a relay and those at the ends of its circuits say to each other, each inside the session
//! between the two.

use core::net::{SocketAddr, SocketAddrV4, SocketAddrV6};

use serde::{Deserialize, Serialize};

/// A message about relaying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelayMessage {
    /// To a relay: others may reach the sender through it. To one of another network with the proof of
    /// the sender's own.
    Reserve(Option<Proof>),
    /// The answer.
    Reserved(Reserved),
    /// To a relay: a circuit to this peer, please.
    Open(Open),
    /// From a relay: somebody wants a circuit.
    Offer(Offer),
    /// The answers to that. To refuse a circuit that is there ends it.
    Accept(Named),
    Refuse(Named),
    /// From a relay: there is a circuit to the peer that was asked for.
    Opened(Offer),
    /// From a relay: it has dropped what the circuit's limit did not allow.
    Limited(Named),
    /// From a relay: the circuit is no more.
    Gone(Named),
}

/// That the sender holds the secret of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// The public half of a key pair that is derived from the secret.
    pub(crate) handle: [u8; 32],
    /// Over the session's handshake hash, by what the pair agrees on with the relay's own key.
    pub(crate) mac: [u8; 16],
}

/// For how long a reservation holds, in seconds; zero if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reserved {
    pub(crate) lifetime_s: u32,
}

/// A peer by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) peer: [u8; 32],
}

/// A circuit by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) circuit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) circuit: u32,
    /// Who wants it; or, if it is there, who is at its other end.
    pub(crate) peer: [u8; 32],
    pub(crate) attested: Attested,
}

/// Where a peer is, as a relay sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Attested {
    v4: Option<([u8; 4], u16)>,
    v6: Option<([u8; 16], u16)>,
}

impl Attested {
    pub(crate) const NOWHERE: Self = Self { v4: None, v6: None };

    pub(crate) fn iter(&self) -> impl Iterator<Item = SocketAddr> {
        let v6 = self.v6.map(SocketAddr::from);
        v6.into_iter().chain(self.v4.map(SocketAddr::from))
    }

    pub(crate) fn new(v4: Option<SocketAddrV4>, v6: Option<SocketAddrV6>) -> Self {
        Self {
            v4: v4.map(|v4| (v4.ip().octets(), v4.port())),
            v6: v6.map(|v6| (v6.ip().octets(), v6.port())),
        }
    }
}

/// The types of these messages.
mod kind {
    pub(super) const RESERVE: u8 = 7;
    pub(super) const RESERVED: u8 = 8;
    pub(super) const OPEN: u8 = 9;
    pub(super) const OFFER: u8 = 10;
    pub(super) const ACCEPT: u8 = 11;
    pub(super) const REFUSE: u8 = 12;
    pub(super) const OPENED: u8 = 13;
    pub(super) const LIMITED: u8 = 15;
    pub(super) const GONE: u8 = 16;
}

impl RelayMessage {
    /// The longest encoding: an offer with both addresses.
    pub(super) const LEN_MAX: usize = 1 + 5 + 32 + (1 + 4 + 3) + (1 + 16 + 3);

    pub(super) fn encode(&self, out: &mut [u8]) -> usize {
        fn put(kind: u8, body: &impl Serialize, out: &mut [u8]) -> usize {
            out[0] = kind;
            1 + postcard::to_slice(body, &mut out[1..]).expect("LEN_MAX holds every message").len()
        }
        match self {
            Self::Reserve(proof) => put(kind::RESERVE, proof, out),
            Self::Reserved(body) => put(kind::RESERVED, body, out),
            Self::Open(body) => put(kind::OPEN, body, out),
            Self::Offer(body) => put(kind::OFFER, body, out),
            Self::Accept(body) => put(kind::ACCEPT, body, out),
            Self::Refuse(body) => put(kind::REFUSE, body, out),
            Self::Opened(body) => put(kind::OPENED, body, out),
            Self::Limited(body) => put(kind::LIMITED, body, out),
            Self::Gone(body) => put(kind::GONE, body, out),
        }
    }

    /// `None` if it is of another type; an error if it is not well formed.
    pub(super) fn decode(kind: u8, body: &[u8]) -> Option<Result<Self, super::UnknownMessage>> {
        use super::control::decode_body as body_of;
        Some(match kind {
            kind::RESERVE => body_of(body).map(Self::Reserve),
            kind::RESERVED => body_of(body).map(Self::Reserved),
            kind::OPEN => body_of(body).map(Self::Open),
            kind::OFFER => body_of(body).map(Self::Offer),
            kind::ACCEPT => body_of(body).map(Self::Accept),
            kind::REFUSE => body_of(body).map(Self::Refuse),
            kind::OPENED => body_of(body).map(Self::Opened),
            kind::LIMITED => body_of(body).map(Self::Limited),
            kind::GONE => body_of(body).map(Self::Gone),
            _ => return None,
        })
    }
}
