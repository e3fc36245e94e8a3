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
    ("linux-masquerade", LINUX),
    ("linux-masquerade-random", NatModel { ports: PortAllocation::Random, ..LINUX }),
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

/// A port-restricted cone.
impl Default for NatModel {
    fn default() -> Self {
        cone(AddressAndPortDependent)
    }
}

/// The cones of RFC 3489 section 5, which says nothing but `mapping` and `filtering`.
const fn cone(filtering: Behaviour) -> NatModel {
    NatModel {
        mapping: EndpointIndependent,
        filtering,
        ports: PortAllocation::Preserving,
        port_range: PortRange::REGISTERED_AND_DYNAMIC,
        pooling: Pooling::Paired,
        translate: Translate::Ipv4,
        // The least that RFC 4787 REQ-5 allows.
        timeout: Duration::from_secs(120),
        unreplied_timeout: None,
        stream_after: Duration::ZERO,
        refresh: Refresh::Both,
        // A choice.
        hairpin: Hairpin::Off,
        unsolicited: Unsolicited::Drop,
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

/// `masquerade` of nftables, and `MASQUERADE` of iptables, with input on the outside dropped.
const LINUX: NatModel = NatModel {
    mapping: AddressAndPortDependent,
    ports: PortAllocation::Overlapping,
    // nf_conntrack_udp_timeout_stream and nf_conntrack_udp_timeout.
    timeout: Duration::from_secs(120),
    unreplied_timeout: Some(Duration::from_secs(30)),
    stream_after: Duration::from_secs(2),
    ..cone(AddressAndPortDependent)
};

/// What RFC 6888 asks of a carrier-grade NAT.
const CARRIER_GRADE: NatModel = NatModel {
    ports: PortAllocation::Random,
    hairpin: Hairpin::ExternalSource,
    mappings_per_host: Some(1000),
    ..cone(EndpointIndependent)
};

/// The simple security of an IPv6 router (RFC 6092).
const IPV6_FIREWALL: NatModel =
    NatModel { translate: Translate::Neither, ..cone(AddressAndPortDependent) };
