//! NATs of well-known kinds. Beside each figure stands its source; where that is no more than a
//! choice, it says so. `docs/nat.md` has what is known of the boxes in people's homes.

use underpass_core::Duration;

use super::model::{
    Behaviour, Hairpin, NatModel, Pooling, PortAllocation, PortRange, Refresh, Translate,
    Unsolicited,
};
use Behaviour::{AddressAndPortDependent, AddressDependent, EndpointIndependent};

/// A name, and what it stands for.
type Entry = (&'static str, NatModel);

const PRESETS: [Entry; 9] = [
    ("full-cone", cone(EndpointIndependent)),
    ("restricted-cone", cone(AddressDependent)),
    ("port-restricted-cone", cone(AddressAndPortDependent)),
    ("symmetric", SYMMETRIC),
    ("linux-masquerade", LINUX_MASQUERADE),
    ("linux-masquerade-random", NatModel { ports: PortAllocation::Random, ..LINUX_MASQUERADE }),
    ("carrier-grade", CARRIER_GRADE),
    ("udp-blocked", NatModel { udp: false, ..cone(AddressAndPortDependent) }),
    ("ipv6-firewall", IPV6_FIREWALL),
];

impl NatModel {
    /// The names of all presets.
    pub fn names() -> [&'static str; PRESETS.len()] {
        PRESETS.map(|(name, _)| name)
    }

    /// The preset of that name.
    pub fn named(name: &str) -> Option<Self> {
        PRESETS.iter().find(|(known, _)| *known == name).map(|(_, model)| *model)
    }
}

/// The preset `port-restricted-cone`.
impl Default for NatModel {
    fn default() -> Self {
        cone(AddressAndPortDependent)
    }
}

/// The cones of RFC 3489 section 5, which says nothing of them but how they map and filter. For the
/// rest they do what RFC 4787 asks, where it asks for something that homes have.
const fn cone(filtering: Behaviour) -> NatModel {
    NatModel {
        mapping: EndpointIndependent,
        filtering,
        ports: PortAllocation::Preserving,
        port_range: PortRange::REGISTERED_AND_DYNAMIC,
        pooling: Pooling::Paired,
        // A router for both families translates where it must (RFC 6092 section 1).
        translate: Translate::Ipv4,
        // The least that RFC 4787 REQ-5 allows.
        timeout: Duration::from_secs(120),
        unreplied_timeout: None,
        stream_after: Duration::ZERO,
        refresh: Refresh::Both,
        // Three in four did not (Ford, Srisuresh and Kegel 2005), though REQ-9 demands it.
        hairpin: Hairpin::Off,
        unsolicited: Unsolicited::Drop,
        // A choice: one for each port, rounded up.
        table: 65_536,
        mappings_per_host: None,
        udp: true,
    }
}

/// The symmetric NAT of RFC 3489 section 5.
const SYMMETRIC: NatModel = NatModel {
    mapping: AddressAndPortDependent,
    ports: PortAllocation::Random,
    ..cone(AddressAndPortDependent)
};

/// `masquerade` of nftables, with input on the outside dropped. Each connection is a mapping of its
/// own, and has the host's port as long as no other has it towards the same remote endpoint: as a
/// rule, that looks endpoint-independent.
pub(super) const LINUX_MASQUERADE: NatModel = NatModel {
    mapping: AddressAndPortDependent,
    ports: PortAllocation::Overlapping,
    // Defaults of nf_conntrack_udp_timeout_stream and nf_conntrack_udp_timeout.
    timeout: Duration::from_secs(120),
    unreplied_timeout: Some(Duration::from_secs(30)),
    // nf_conntrack_udp_packet in net/netfilter/nf_conntrack_proto_udp.c.
    stream_after: Duration::from_secs(2),
    ..cone(AddressAndPortDependent)
};

/// What RFC 6888 asks of a carrier-grade NAT: RFC 4787 to the letter (REQ-1), paired (REQ-2), with a
/// limit for each subscriber (REQ-3), and endpoint-independent filtering (REQ-7).
pub(super) const CARRIER_GRADE: NatModel = NatModel {
    ports: PortAllocation::Random,
    hairpin: Hairpin::ExternalSource,
    // A choice: 64 subscribers to an address.
    mappings_per_host: Some(1000),
    // Another: sixteen addresses' worth.
    table: 1 << 20,
    ..cone(EndpointIndependent)
};

/// The simple security of an IPv6 router (RFC 6092), where connection tracking provides it: stricter
/// than section 3.2.3 wants it. REC-14 asks for two minutes at least, which the cone has.
const IPV6_FIREWALL: NatModel =
    NatModel { translate: Translate::Neither, ..cone(AddressAndPortDependent) };
