//! What a node says of where it is, and which of a peer's addresses deserve a probe.

use core::net::SocketAddr;

use super::address::{Scope, may_be_probed, scope};
use super::burst::TARGETS;
use super::{LOCAL_ADDRESSES, Shared};
use crate::path::{Path, Socket};
use crate::time::Instant;
use crate::wire::{Attested, Candidates, Mapping, Punch};

/// An address of this host, and the socket that listens there.
pub(crate) type Local = (Socket, SocketAddr);

/// Where this node may be for a peer that a relay sees at `attested`: within its own network first,
/// then by IPv6, which needs no NAT, then where others see it.
pub(super) fn own(shared: &Shared, attested: &Attested, now: Instant) -> Candidates {
    let seen = shared.observed.addresses(now);
    let all = || {
        let local = shared.local.iter().map(|(_, address)| *address);
        local.chain(shared.observed.predicted()).chain(seen.iter().copied())
    };
    let mut candidates = Candidates::default();
    for class in Class::ALL {
        let of_class = all().filter(|address| Class::of(*address) == Some(class));
        match class {
            // What it is called within says something of it: not to those who are elsewhere.
            Class::Private if !attested.shares_network(&seen) => {}
            _ => of_class.for_each(|address| candidates.add(address)),
        }
    }
    candidates
}

/// Which of a peer's addresses are probed, the best first, and by which sockets.
pub(super) fn targets(
    theirs: &Punch,
    attested: &Attested,
    shared: &Shared,
    relay: Option<Path>,
    now: Instant,
) -> heapless::Vec<Path, TARGETS> {
    let seen = shared.observed.addresses(now);
    let named = theirs.candidates.iter();
    let mut all: heapless::Vec<SocketAddr, { crate::wire::CANDIDATES + 2 }> = heapless::Vec::new();
    // Towards us its port is another one than towards the relay if it varies: guesses are better.
    if theirs.mapping == Mapping::Varies {
        all.extend(named.chain(attested.iter()));
    } else {
        all.extend(attested.iter().chain(named));
    }
    let mut targets = heapless::Vec::new();
    for class in Class::ALL {
        for address in all.iter().filter(|address| Class::of(**address) == Some(class)) {
            let is_own = shared.local.iter().any(|(_, own)| own == address);
            if is_own || !may_be_probed(*address, attested, &seen) {
                continue;
            }
            let Some(socket) = socket_for(*address, shared, relay) else { continue };
            let path = Path { socket, remote: *address };
            if !targets.contains(&path) {
                // Those that find no room are the worst.
                let _ = targets.push(path);
            }
        }
    }
    targets
}

/// By which socket an address is reached: where this node is seen in its family, or listens, or
/// reaches its relay.
fn socket_for(address: SocketAddr, shared: &Shared, relay: Option<Path>) -> Option<Socket> {
    let is_alike = |other: &SocketAddr| other.is_ipv4() == address.is_ipv4();
    let listens = || shared.local.iter().find(|(_, own)| is_alike(own)).map(|(socket, _)| *socket);
    let reaches = || relay.filter(|path| is_alike(&path.remote)).map(|path| path.socket);
    shared.observed.socket_for(address).or_else(listens).or_else(reaches)
}

/// Where this node can be reached, as far as it knows: its own addresses first, then where others see it.
pub(crate) fn own_addresses(shared: &Shared, now: Instant) -> impl Iterator<Item = SocketAddr> {
    let local = shared.local.iter().map(|(_, address)| *address);
    local.chain(shared.observed.addresses(now))
}

/// By which socket an address is reached that somebody has named; `None` if this host has none for it.
pub(crate) fn socket_to(address: SocketAddr, shared: &Shared) -> Option<Socket> {
    socket_for(address, shared, None)
}

/// How good an address is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Private,
    Ipv6,
    Ipv4,
}

impl Class {
    const ALL: [Self; 3] = [Self::Private, Self::Ipv6, Self::Ipv4];

    fn of(address: SocketAddr) -> Option<Self> {
        scope(address.ip()).map(|scope| match (scope, address) {
            (Scope::Private, _) => Self::Private,
            (Scope::Global, SocketAddr::V6(_)) => Self::Ipv6,
            (Scope::Global, SocketAddr::V4(_)) => Self::Ipv4,
        })
    }
}

const _: () = assert!(LOCAL_ADDRESSES < crate::wire::CANDIDATES);

#[cfg(test)]
mod tests;
