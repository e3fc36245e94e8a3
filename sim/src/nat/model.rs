//! What a NAT is like: each of its behaviours a setting of its own, with the section of the RFC
//! that names it.

use std::net::IpAddr;

use underpass_core::Duration;

/// What a NAT is like, or a stateful firewall, which is a NAT that leaves addresses alone.
///
/// An *entry* of its table is what it remembers to let packets back in. A mapping has one for each
/// remote party that `filtering` tells apart, and lives as long as any of them: RFC 6146 calls them
/// session table entries, and Linux connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NatModel {
    /// Which destinations share a mapping of an inside endpoint (RFC 4787 section 4.1; REQ-1 wants
    /// it endpoint-independent).
    pub mapping: Behaviour,
    /// From whom a mapping lets packets in: from anybody, or from the addresses or endpoints to
    /// which packets went out through it (RFC 4787 section 5, REQ-8).
    pub filtering: Behaviour,
    /// Which external port a mapping gets (RFC 4787 section 4.2.1, REQ-3).
    pub ports: PortAllocation,
    /// The external ports there are.
    pub port_range: PortRange,
    /// Which external address a mapping gets (RFC 4787 section 4.1, REQ-2).
    pub pooling: Pooling,
    /// Which addresses are translated at all.
    pub translate: Translate,
    /// How long an entry lives after the last packet that refreshed it (RFC 4787 section 4.3; REQ-5
    /// wants two minutes at least, and recommends five).
    pub timeout: Duration,
    /// The same for an entry that is no stream yet; `None` if there is no difference (Linux'
    /// `nf_conntrack_udp_timeout`, where `timeout` is its `nf_conntrack_udp_timeout_stream`).
    ///
    /// An entry is a stream from the first packet on that comes, in either direction, after a reply
    /// has come in, and more than `stream_after` after the entry was made. The reply itself
    /// still counts as the answer to a single question.
    pub unreplied_timeout: Option<Duration>,
    /// See `unreplied_timeout`. Two seconds in Linux.
    pub stream_after: Duration,
    /// Packets of which direction refresh an entry (RFC 4787 section 4.3, REQ-6).
    pub refresh: Refresh,
    /// Whether an inside host reaches another one at its external endpoint (RFC 4787 section 6,
    /// REQ-9).
    pub hairpin: Hairpin,
    /// What becomes of packets from outside that belong to no mapping.
    pub unsolicited: Unsolicited,
    /// Entries at once. When there are so many, what would need one more is dropped (RFC 6888
    /// REQ-4; Linux' `nf_conntrack_max`).
    pub table: u32,
    /// Mappings that one inside address has at once (RFC 6888 REQ-3); `None` for no limit.
    pub mappings_per_host: Option<u32>,
    /// Whether any UDP passes. Where not, a firewall is in the way (out of RFC 4787's scope).
    pub udp: bool,
}

impl NatModel {
    /// The mapping that a test after RFC 5780 section 4.3 finds, as long as no other host wants the
    /// same port: one that is the same to all destinations may be many that overlap.
    pub fn observed_mapping(&self) -> Behaviour {
        let overlaps = self.ports == PortAllocation::Overlapping;
        if overlaps { Behaviour::EndpointIndependent } else { self.mapping }
    }

    /// The filtering that a test after RFC 5780 section 4.4 finds: where mappings overlap, each has
    /// its port only to those whom it was made for.
    pub fn observed_filtering(&self) -> Behaviour {
        let overlaps = self.ports == PortAllocation::Overlapping;
        if overlaps { self.filtering.max(self.mapping) } else { self.filtering }
    }
}

/// What of a remote party makes a difference (RFC 4787 sections 4.1 and 5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Behaviour {
    /// Nothing.
    EndpointIndependent,
    /// Its address.
    AddressDependent,
    /// Its address and its port.
    AddressAndPortDependent,
}

/// Which external port a mapping gets. None is ever given to two mappings that could not be told
/// apart: that would be port overloading, which RFC 4787 section 4.2.1 forbids (REQ-3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PortAllocation {
    /// The inside host's own (port preservation, RFC 4787 section 4.2.1), if it is in the range
    /// and free; otherwise a random one.
    Preserving,
    /// The same, and a port is free to each of the remote parties that `mapping` tells apart (port
    /// overlapping, RFC 7857 section 3): so does Linux. Where it tells none apart, it is the same
    /// as `Preserving`.
    Overlapping,
    /// The next free one after the one that was given out last.
    Sequential,
    /// A free one by chance (RFC 6056 section 3.3.1).
    Random,
}

/// External ports: from the first to the last, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// Which of several external addresses a mapping gets (IP address pooling, RFC 4787 section 4.1,
/// REQ-2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pooling {
    /// All mappings of an inside address have the same one. If it has no free port, there is none.
    Paired,
    /// Each mapping has one by chance, and another if that has no free port.
    Arbitrary,
}

/// Which addresses are translated. Others pass as they are, and are filtered all the same: then the
/// NAT is a stateful firewall (RFC 6092).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Translate {
    /// Those of both families; RFC 4787 knows no other NAT. For IPv6 that is NAT66.
    Both,
    /// IPv4 alone: a router at the edge of a network that has both.
    Ipv4,
    /// None.
    Neither,
}

/// Packets of which direction refresh an entry (RFC 4787 section 4.3). What makes an entry is
/// always a packet that goes out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refresh {
    /// Those that go out, which REQ-6 demands.
    Outbound,
    /// Those that come in.
    Inbound,
    /// All.
    Both,
}

/// What becomes of a packet from inside to an external address of the NAT itself (RFC 4787 section
/// 6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hairpin {
    /// It is dropped.
    Off,
    /// It comes to the inside host that has that endpoint, from the sender's external endpoint
    /// (REQ-9 a).
    ExternalSource,
    /// It comes there from the sender's inside endpoint.
    InternalSource,
}

/// What becomes of a packet from outside that belongs to no mapping. It passes in neither case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsolicited {
    /// It is dropped.
    Drop,
    /// It is taken for the NAT's own, as by connection tracking in front of an input that is not
    /// filtered: an entry is made for it, and as long as that lives, its port is not free.
    Track,
}

impl Translate {
    /// Whether it translates addresses of the family of this one.
    pub(super) fn concerns(self, address: IpAddr) -> bool {
        match self {
            Self::Both => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Neither => false,
        }
    }
}

impl PortRange {
    /// All but the well-known ports: where a host's port is among these, so is the external
    /// one (RFC 4787 REQ-3 a).
    pub const REGISTERED_AND_DYNAMIC: Self = Self { first: 1024, last: u16::MAX };

    /// From `first` to `last`; `None` if that is empty, or has the port zero, which is none (RFC
    /// 768).
    pub fn new(first: u16, last: u16) -> Option<Self> {
        (0 < first && first <= last).then_some(Self { first, last })
    }

    /// The first port.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last port.
    pub fn last(self) -> u16 {
        self.last
    }

    /// How many there are: `1..=65_535`.
    pub fn ports(self) -> u32 {
        u32::from(self.last - self.first) + 1
    }

    /// Whether the port is among them.
    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}
