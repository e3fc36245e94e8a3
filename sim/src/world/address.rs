//! The addresses that nodes have in the public network.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::scenario::model::NodeId;

/// Nodes that the IPv4 range has room for, its first and last address left out.
pub const IPV4_NODES_MAX: u32 = (1 << 17) - 2;

/// 198.18.0.0/15, set aside for the benchmarking of networks (RFC 2544, RFC 6890).
pub(super) const IPV4_BASE: u32 = u32::from_be_bytes([198, 18, 0, 0]);
/// 2001:db8::/32, set aside for documentation (RFC 3849).
pub(super) const IPV6_BASE: u128 = 0x2001_0db8 << 96;

/// The public IPv4 address of a node; `None` if the range has no room for it.
pub fn ipv4_address(node: NodeId) -> Option<Ipv4Addr> {
    (node.0 < IPV4_NODES_MAX).then(|| Ipv4Addr::from_bits(IPV4_BASE + node.0 + 1))
}

/// The public IPv6 address of a node.
pub fn ipv6_address(node: NodeId) -> Ipv6Addr {
    Ipv6Addr::from_bits(IPV6_BASE + u128::from(node.0) + 1)
}
