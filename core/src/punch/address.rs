//! Which addresses may be named, and which may be probed: a peer names what it likes, so that its
//! word alone aims at nobody.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::wire::Attested;

/// Lower ports belong to services (RFC 6335, section 6): nobody's NAT gives them to a node.
const PORT_MIN: u16 = 1024;

impl Attested {
    /// Whether the relay sees the peer at this address, or in the same network of IPv6.
    fn covers(&self, ip: IpAddr) -> bool {
        self.iter().any(|attested| is_same_place(attested.ip(), ip))
    }

    /// Whether an address that means something in one network alone means the same to both: the peer
    /// is where this node is seen itself.
    pub(super) fn shares_network(&self, own: &[SocketAddr]) -> bool {
        own.iter().any(|own| self.covers(own.ip()))
            || own.iter().any(|own| scope(own.ip()) == Some(Scope::Private))
                && self.iter().any(|theirs| scope(theirs.ip()) == Some(Scope::Private))
    }
}

/// How far an address means the same to everybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    Global,
    /// RFC 1918 and RFC 4193.
    Private,
}

/// `None` for an address that is never one of a peer: of this host, of a link, of a group, of nobody.
pub(crate) fn scope(ip: IpAddr) -> Option<Scope> {
    match ip {
        IpAddr::V4(ip) => scope_v4(ip),
        IpAddr::V6(ip) => scope_v6(ip),
    }
}

fn scope_v4(ip: Ipv4Addr) -> Option<Scope> {
    let [first, second, ..] = ip.octets();
    match (first, second) {
        // This network, loopback, groups and all that is reserved (RFC 6890, section 2.2.2).
        (0 | 127 | 224.., _) | (169, 254) => None,
        // Between a carrier's NAT and those behind it (RFC 6598): not of one owner.
        (100, 64..=127) => None,
        _ if ip.is_private() => Some(Scope::Private),
        _ => Some(Scope::Global),
    }
}

fn scope_v6(ip: Ipv6Addr) -> Option<Scope> {
    match ip.segments()[0] {
        // What is assigned for use everywhere (RFC 4291, section 2.4).
        0x2000..=0x3fff => Some(Scope::Global),
        0xfc00..=0xfdff => Some(Scope::Private),
        _ => None,
    }
}

/// The same address of IPv4, or the same network of IPv6, which hosts choose addresses in (RFC 8981).
pub(crate) fn is_same_place(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V6(one), IpAddr::V6(other)) => one.octets()[..8] == other.octets()[..8],
        _ => one == other,
    }
}

/// Whether a peer that a relay sees at `attested` may be probed at `candidate`; `own` is where this node
/// is seen.
pub(crate) fn may_be_probed(
    candidate: SocketAddr,
    attested: &Attested,
    own: &[SocketAddr],
) -> bool {
    if candidate.port() < PORT_MIN {
        return false;
    }
    match scope(candidate.ip()) {
        Some(Scope::Global) => attested.covers(candidate.ip()),
        Some(Scope::Private) => attested.shares_network(own),
        None => false,
    }
}

#[cfg(test)]
mod tests;
