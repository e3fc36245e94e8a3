//! NATs after RFC 4787: what one does to the UDP datagrams that cross it.

use std::net::{IpAddr, SocketAddr};

use underpass_core::Instant;

use crate::random::Draws;

mod model;
mod preset;

pub use model::{
    Behaviour, Hairpin, NatModel, Pooling, PortAllocation, PortRange, Refresh, Translate,
    Unsolicited,
};

/// Whence and whither a datagram goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Flow {
    /// Who sent it, as it is written on it.
    pub source: SocketAddr,
    /// To whom.
    pub destination: SocketAddr,
}

/// What becomes of a datagram from inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outbound {
    /// It leaves on the outside, like this.
    Forward(Flow),
    /// It turns back to the inside, like this: its destination is an inside endpoint.
    Hairpin(Flow),
}

/// Why a datagram does not pass.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refused {
    /// No UDP passes.
    UdpBlocked,
    /// There is no external address of its family.
    NoAddress,
    /// The table has no room for one more entry.
    TableFull,
    /// The inside host has as many mappings as one may have.
    HostLimit,
    /// No port is free on the external address that it would get.
    PortsExhausted,
    /// It came to an external endpoint that leads nowhere.
    NoMapping,
    /// It came to a mapping that does not let its sender in.
    Filtered,
    /// It came from inside to an external address, and the NAT does not turn packets back.
    HairpinOff,
}

/// A NAT, with what it remembers.
#[derive(Debug)]
pub struct Nat {
    model: NatModel,
    external: Vec<IpAddr>,
}

impl Nat {
    /// A NAT that no packet has crossed yet, with these external addresses, of either family or of
    /// both. Its draws are named by `name`.
    pub fn new(model: NatModel, external: Vec<IpAddr>, _draws: &Draws, _name: &str) -> Self {
        Self { model, external }
    }

    /// What becomes of a datagram from inside. Calls come in the order of time.
    pub fn outbound(&mut self, flow: Flow, _now: Instant) -> Result<Outbound, Refused> {
        if !self.model.udp {
            return Err(Refused::UdpBlocked);
        }
        Ok(Outbound::Forward(flow))
    }

    /// What becomes of a datagram that comes to the outside: as it goes on inside.
    pub fn inbound(&mut self, flow: Flow, _now: Instant) -> Result<Flow, Refused> {
        if !self.model.udp {
            return Err(Refused::UdpBlocked);
        }
        Ok(flow)
    }

    /// Forgets all that the NAT remembers, as one does that is switched off and on.
    pub fn reboot(&mut self) {}

    /// Gives it other external addresses. What it remembered of the old ones is gone, and the rest
    /// with it.
    pub fn renumber(&mut self, external: Vec<IpAddr>) {
        self.external = external;
        self.reboot();
    }

    /// What it is like.
    pub fn model(&self) -> &NatModel {
        &self.model
    }

    /// Mappings that are alive.
    pub fn mappings(&self, _now: Instant) -> usize {
        0
    }

    /// Bytes that its tables take, their unused parts included.
    pub fn bytes(&self) -> usize {
        0
    }
}

impl Refused {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::UdpBlocked,
        Self::NoAddress,
        Self::TableFull,
        Self::HostLimit,
        Self::PortsExhausted,
        Self::NoMapping,
        Self::Filtered,
        Self::HairpinOff,
    ];

    /// The reason in a word, as traces have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::UdpBlocked => "udp-blocked",
            Self::NoAddress => "no-address",
            Self::TableFull => "table-full",
            Self::HostLimit => "host-limit",
            Self::PortsExhausted => "ports-exhausted",
            Self::NoMapping => "no-mapping",
            Self::Filtered => "filtered",
            Self::HairpinOff => "hairpin-off",
        }
    }
}
