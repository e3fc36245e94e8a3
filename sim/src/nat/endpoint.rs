//! Endpoints as the tables keep them, and what of a remote one makes a difference.

use std::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher13;

use super::model::Behaviour;

/// An address and a port: a `SocketAddr` without what IPv6 adds to it, in 20 bytes for its 32.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Endpoint {
    pub(super) address: IpAddr,
    pub(super) port: u16,
}

/// The remote endpoints among which no difference is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Party {
    Anybody,
    Address(IpAddr),
    Endpoint(Endpoint),
}

/// Bytes that tell an endpoint from others.
const ENDPOINT_BYTES: usize = 19;

impl Endpoint {
    /// An IPv4 address and the IPv6 address that stands for it (RFC 4291 section 2.5.5.2) give the
    /// same bytes: hashes may meet, and whoever compares sees the difference.
    fn bytes(self, tag: u8) -> [u8; ENDPOINT_BYTES] {
        let address = match self.address {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        let mut bytes = [0; ENDPOINT_BYTES];
        bytes[..16].copy_from_slice(&address.octets());
        bytes[16..18].copy_from_slice(&self.port.to_le_bytes());
        bytes[18] = tag;
        bytes
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(socket: SocketAddr) -> Self {
        Self { address: socket.ip(), port: socket.port() }
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(endpoint: Endpoint) -> Self {
        Self::new(endpoint.address, endpoint.port)
    }
}

impl Party {
    /// Those that are the same as this one to that behaviour.
    pub(super) fn of(remote: Endpoint, behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::EndpointIndependent => Self::Anybody,
            Behaviour::AddressDependent => Self::Address(remote.address),
            Behaviour::AddressAndPortDependent => Self::Endpoint(remote),
        }
    }

    fn bytes(self) -> [u8; ENDPOINT_BYTES] {
        match self {
            Self::Anybody => [0; ENDPOINT_BYTES],
            Self::Address(address) => Endpoint { address, port: 0 }.bytes(1),
            Self::Endpoint(endpoint) => endpoint.bytes(2),
        }
    }
}

/// Of an endpoint of ours and its remote party.
pub(super) fn hash_of_endpoint(ours: Endpoint, toward: Party) -> u32 {
    let mut bytes = [0; 2 * ENDPOINT_BYTES];
    bytes[..ENDPOINT_BYTES].copy_from_slice(&ours.bytes(0));
    bytes[ENDPOINT_BYTES..].copy_from_slice(&toward.bytes());
    hash(&bytes)
}

/// Of a numbered thing and its remote party.
pub(super) fn hash_of_number(number: u32, toward: Party) -> u32 {
    let mut bytes = [0; 4 + ENDPOINT_BYTES];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..].copy_from_slice(&toward.bytes());
    hash(&bytes)
}

/// Its key is none: who can choose endpoints in a simulation gains nothing from slow tables.
fn hash(bytes: &[u8]) -> u32 {
    // The upper half is as good as the lower.
    (SipHasher13::new().hash(bytes) >> 32) as u32
}
