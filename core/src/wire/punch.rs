//! What two peers tell each other, inside their own session, to meet without a relay.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::control::kind;

/// Addresses named at once.
pub(crate) const CANDIDATES: usize = 8;

/// Where a peer may be, as it says itself; those that it thinks best come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates(heapless::Vec<Candidate, CANDIDATES>);

/// An address in little room: of IPv4 mapped (RFC 4291, section 2.5.5.2), and the port.
type Candidate = (Ipv6Addr, u16);

/// What a node knows of the ports that the NATs in front of it give it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mapping {
    /// Not told from two places at about the same time.
    #[default]
    Unknown,
    /// The same towards everybody (RFC 4787, section 4.1).
    EndpointIndependent,
    /// Another towards others.
    Varies,
}

/// The body of a `Punch`, and of the `PunchAck` that answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Punch {
    /// Which attempt it belongs to: a number drawn for each.
    pub(crate) attempt: u32,
    /// The round trip that the sender has measured on the way that this takes, in microseconds.
    pub(crate) round_trip_us: u32,
    pub(crate) mapping: Mapping,
    pub(crate) candidates: Candidates,
}

/// Whether a node asks for an attempt, or takes part in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PunchKind {
    Offer,
    Answer,
}

impl Punch {
    /// The longest encoding: the type, two numbers in postcard's variable length, the mapping, and
    /// the candidates, each of which has a variant, an IPv6 address and a port.
    pub(crate) const LEN_MAX: usize = 1 + 5 + 5 + 1 + 1 + CANDIDATES * (1 + 16 + 3);

    /// Writes the message and returns its length.
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::LEN_MAX`].
    pub(crate) fn encode(&self, kind: PunchKind, out: &mut [u8]) -> usize {
        out[0] = match kind {
            PunchKind::Offer => kind::PUNCH,
            PunchKind::Answer => kind::PUNCH_ACK,
        };
        1 + postcard::to_slice(self, &mut out[1..Self::LEN_MAX]).expect("LEN_MAX holds it").len()
    }
}

impl Candidates {
    /// Adds an address at the end, unless it is there or there is no room.
    pub(crate) fn add(&mut self, address: SocketAddr) {
        if !self.iter().any(|named| named == address) {
            // The first ones are the best.
            let _ = self.push(address);
        }
    }

    /// An error if there is no room.
    fn push(&mut self, address: SocketAddr) -> Result<(), Candidate> {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        self.0.push((ip, address.port()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().map(|(ip, port)| SocketAddr::new(ip.to_canonical(), *port))
    }
}

impl Serialize for Candidates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Candidates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Candidates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {CANDIDATES} addresses")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Candidates, A::Error> {
        let mut candidates = Candidates::default();
        while let Some(address) = seq.next_element()? {
            candidates
                .push(address)
                .map_err(|_| A::Error::invalid_length(CANDIDATES + 1, &self))?;
        }
        Ok(candidates)
    }
}

const _: () = assert!(Punch::LEN_MAX <= super::MAX_CONTENT);
