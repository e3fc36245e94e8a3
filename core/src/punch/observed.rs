//! Where this node is seen, and what that tells of the NATs in front of it (RFC 5780, without its
//! servers: every relay of ours, all of which are asked, is a vantage point).

use core::net::SocketAddr;

use super::address::{Scope, scope};
use crate::held::Held;
use crate::path::Socket;
use crate::peer::Peer;
use crate::time::{Duration, Instant};
use crate::wire::Mapping;

/// What is kept: what the relays of ours that were asked last see, by their families of addresses.
const VANTAGE_POINTS: usize = 4;
/// Two observations tell of one mapping if they were made within so long.
const TOGETHER: Duration = Duration::from_secs(60);
/// Older observations may be of another place: more than two of the longest ping intervals.
const FRESH: Duration = Duration::from_secs(660);
/// A NAT that counts up leaves no larger gap between two ports that it gives in a row.
const STEP_MAX: u16 = 16;
/// Ports that are guessed.
pub(super) const PREDICTED: u16 = 4;

/// What the vantage points see.
pub(crate) struct Observed {
    seen: [Held<Observation>; VANTAGE_POINTS],
    /// Mappings that probes have made since the NAT last showed a port that it had not shown.
    mapped_since: u16,
}

#[derive(Clone, Copy)]
struct Observation {
    vantage: Peer,
    socket: Socket,
    address: SocketAddr,
    at: Instant,
}

impl Observed {
    pub(crate) const NOTHING: Self =
        Self { seen: [Held::Nothing; VANTAGE_POINTS], mapped_since: 0 };

    /// A peer sees what comes from this socket at `address`. Whether it had seen it elsewhere, or
    /// nobody sees it there: whether that is news.
    pub(crate) fn note(
        &mut self,
        vantage: Peer,
        socket: Socket,
        address: SocketAddr,
        at: Instant,
    ) -> bool {
        for held in &mut self.seen {
            if held.as_ref().is_some_and(|seen| seen.at + FRESH < at) {
                *held = Held::Nothing;
            }
        }
        let is_known = self.iter().any(|seen| seen.socket == socket && seen.address == address);
        let place = self.place(vantage, socket, address);
        self.seen[place] = Held::This(Observation { vantage, socket, address, at });
        if !is_known {
            self.mapped_since = 0;
        }
        !is_known
    }

    /// So many others get probes from this node.
    pub(crate) fn probed(&mut self, others: u16) {
        self.mapped_since = self.mapped_since.saturating_add(others);
    }

    /// Where this node is seen, the newest observation first.
    pub(crate) fn addresses(&self, now: Instant) -> heapless::Vec<SocketAddr, VANTAGE_POINTS> {
        let mut seen: heapless::Vec<_, VANTAGE_POINTS> =
            self.iter().copied().filter(|seen| now <= seen.at + FRESH).collect();
        seen.sort_unstable_by_key(|seen| (core::cmp::Reverse(seen.at), seen.address));
        let mut addresses = heapless::Vec::new();
        for Observation { address, .. } in seen {
            if !addresses.contains(&address) {
                // There are no more than observations.
                let _ = addresses.push(address);
            }
        }
        addresses
    }

    /// The socket by which this node is seen in the family of an address.
    pub(crate) fn socket_for(&self, address: SocketAddr) -> Option<Socket> {
        let of_family = self.iter().filter(|seen| seen.address.is_ipv4() == address.is_ipv4());
        of_family.max_by_key(|seen| seen.at).map(|seen| seen.socket)
    }

    /// What two vantage points tell at about the same time.
    pub(crate) fn mapping(&self) -> Mapping {
        let mut mapping = Mapping::Unknown;
        for (one, other) in self.pairs() {
            if one.address != other.address {
                return Mapping::Varies;
            }
            mapping = Mapping::EndpointIndependent;
        }
        mapping
    }

    /// The ports that a NAT which counts up gives next, as far as two in a row tell.
    pub(crate) fn predicted(&self) -> impl Iterator<Item = SocketAddr> {
        let steps = self.pairs().filter_map(|(one, other)| {
            let (low, high) = if one.address.port() < other.address.port() {
                (one.address, other.address)
            } else {
                (other.address, one.address)
            };
            let step = high.port() - low.port();
            (low.ip() == high.ip() && (1..=STEP_MAX).contains(&step)).then_some((high, step))
        });
        let last = steps.max_by_key(|(high, _)| high.port());
        let mapped_since = self.mapped_since;
        last.into_iter().flat_map(move |(high, step)| {
            (1..=PREDICTED).filter_map(move |ahead| {
                let ahead = step.checked_mul(mapped_since.checked_add(ahead)?)?;
                Some(SocketAddr::new(high.ip(), high.port().checked_add(ahead)?))
            })
        })
    }

    /// Observations of different vantage points about one socket, which tell of the same mapping or of
    /// two. An address within a private network says nothing of the NAT at its edge.
    fn pairs(&self) -> impl Iterator<Item = (&Observation, &Observation)> {
        let public = || self.iter().filter(|seen| scope(seen.address.ip()) == Some(Scope::Global));
        public().enumerate().flat_map(move |(number, one)| {
            let others = public().skip(number + 1);
            others.filter_map(move |other| {
                let is_pair = one.vantage != other.vantage
                    && one.socket == other.socket
                    && one.address.is_ipv4() == other.address.is_ipv4()
                    && one.at <= other.at + TOGETHER
                    && other.at <= one.at + TOGETHER;
                is_pair.then_some((one, other))
            })
        })
    }

    fn iter(&self) -> impl Iterator<Item = &Observation> + Clone {
        self.seen.iter().filter_map(Held::as_ref)
    }

    /// The place of what the same vantage point has seen before, a free one, or the oldest.
    fn place(&self, vantage: Peer, socket: Socket, address: SocketAddr) -> usize {
        let age = |held: &Held<Observation>| match held.as_ref() {
            Some(seen)
                if seen.vantage == vantage
                    && seen.socket == socket
                    && seen.address.is_ipv4() == address.is_ipv4() =>
            {
                (0, Instant::ORIGIN)
            }
            None => (1, Instant::ORIGIN),
            Some(seen) => (2, seen.at),
        };
        let places = self.seen.iter().enumerate().min_by_key(|(_, held)| age(held));
        places.map(|(place, _)| place).expect("there are places")
    }
}

#[cfg(test)]
mod tests;
