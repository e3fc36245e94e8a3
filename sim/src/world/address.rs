//! The addresses that nodes have in the public network.
//!
//! Nodes that are numbered one after the other are in networks of their own, a /24 and a /48 each: whoever
//! limits what one network may do (and nodes do) would otherwise take a crowd for one person.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::scenario::model::NodeId;

/// The /24 networks in the IPv4 range.
const IPV4_NETWORKS: u32 = 1 << (24 - 15);
/// Addresses in each that a node may have: not the first, which names the network, nor the last, to which
/// broadcasts go.
const IPV4_HOSTS: u32 = 254;
/// Nodes that the IPv4 range has room for.
pub const IPV4_NODES_MAX: u32 = IPV4_NETWORKS * IPV4_HOSTS;

/// 198.18.0.0/15, set aside for the benchmarking of networks (RFC 2544, RFC 6890).
pub(super) const IPV4_BASE: u32 = u32::from_be_bytes([198, 18, 0, 0]);
/// Addresses in it.
pub(super) const IPV4_SIZE: u32 = 1 << (32 - 15);
/// 2001:db8::/32, set aside for documentation (RFC 3849).
const IPV6_BASE: u128 = 0x2001_0db8 << 96;

/// The public IPv4 address of a node; `None` if the range has no room for it.
pub fn ipv4_address(node: NodeId) -> Option<Ipv4Addr> {
    let (network, host) = (node.0 % IPV4_NETWORKS, node.0 / IPV4_NETWORKS);
    let offset = network << 8 | (host + 1);
    (node.0 < IPV4_NODES_MAX).then(|| Ipv4Addr::from_bits(IPV4_BASE + offset))
}

/// The position at which an address of the IPv4 range is given out, by its distance from the first.
pub(super) fn ipv4_position(offset: u32) -> Option<u32> {
    let (network, host) = (offset >> 8, (offset & 0xff).checked_sub(1)?);
    (host < IPV4_HOSTS).then_some(host * IPV4_NETWORKS + network)
}

/// The public IPv6 address of a node.
pub fn ipv6_address(node: NodeId) -> Ipv6Addr {
    let (network, host) = (node.0 & 0xffff, node.0 >> 16);
    ipv6(network, 0, u64::from(host) + 1)
}

/// An IPv6 address in a realm behind a NAT, whose network is a /64 in a /48 of its own.
pub(super) fn ipv6_inside(realm: u32, offset: u64) -> Ipv6Addr {
    ipv6(realm & 0xffff, (realm >> 16) + 1, offset)
}

fn ipv6(site: u32, subnet: u32, host: u64) -> Ipv6Addr {
    Ipv6Addr::from_bits(
        IPV6_BASE | u128::from(site) << 80 | u128::from(subnet) << 64 | u128::from(host),
    )
}

/// The realm that an IPv6 address is in, and the offset there; in the public network, which is realm zero, the
/// position at which it is given out.
pub(super) fn ipv6_place(address: Ipv6Addr) -> Option<(u32, u32)> {
    let bits = address.to_bits();
    if bits >> 96 != IPV6_BASE >> 96 {
        return None;
    }
    let [_, _, site, subnet, ..] = address.segments();
    let host = u32::try_from(bits & u128::from(u64::MAX)).ok()?;
    let number = |above: u16| u32::from(above) << 16 | u32::from(site);
    match subnet.checked_sub(1) {
        None => Some((0, number(u16::try_from(host.checked_sub(1)?).ok()?))),
        Some(above) => Some((number(above), host)).filter(|(realm, _)| *realm > 0),
    }
}
