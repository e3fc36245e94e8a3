//! External addresses and ports, and which of them a mapping gets.

use std::net::IpAddr;

use super::endpoint::{Endpoint, Party};
use super::model::{NatModel, Pooling, PortAllocation, PortRange};
use super::table::{Mapping, Table};
use crate::random::{Draws, Stream};

/// The external addresses of a NAT.
#[derive(Debug)]
pub(super) struct Pool {
    /// In ascending order, which puts those of IPv4 first.
    addresses: Vec<Address>,
    /// Mappings for which something has been drawn, ever: after a reboot, other things are drawn.
    drawn: u64,
    streams: Streams,
}

#[derive(Clone, Copy, Debug)]
struct Address {
    address: IpAddr,
    /// Mappings that have a port of the range.
    taken: u32,
    /// Where `Sequential` looks next.
    next: u16,
}

/// The randomness of a NAT, by what it decides.
#[derive(Debug)]
struct Streams {
    port: Stream,
    paired: Stream,
    arbitrary: Stream,
}

/// Draws for a random port. With nine ports of ten taken, four in five mappings get one by then; the
/// others get the next one that is free after the last draw, as in RFC 6056 section 3.3.1.
const DRAWS: u64 = 16;

impl Pool {
    /// One without addresses.
    pub(super) fn new(draws: &Draws, name: &str) -> Self {
        let stream = |what| draws.stream(&["nat", name, what]);
        let streams = Streams {
            port: stream("port"),
            paired: stream("paired address"),
            arbitrary: stream("arbitrary address"),
        };
        Self { addresses: Vec::new(), drawn: 0, streams }
    }

    /// Has these addresses from now on, with all their ports.
    pub(super) fn renumber(&mut self, addresses: impl Iterator<Item = IpAddr>, range: PortRange) {
        let fresh = |address| Address { address, taken: 0, next: range.first() };
        self.addresses = addresses.map(fresh).collect();
        self.addresses.sort_unstable_by_key(|address| address.address);
        self.addresses.dedup_by_key(|address| address.address);
    }

    /// Has all ports of its addresses again.
    pub(super) fn reset(&mut self, range: PortRange) {
        for address in &mut self.addresses {
            (address.taken, address.next) = (0, range.first());
        }
    }

    /// Whether it is one of the external addresses.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.position(address).is_some()
    }

    /// Whether there is an address of the family of this one.
    pub(super) fn has_family_of(&self, address: IpAddr) -> bool {
        !self.family(address).is_empty()
    }

    /// A free endpoint for what that inside endpoint sends, to parties to whom it is to be taken;
    /// `None` if no port is free.
    pub(super) fn choose(
        &mut self,
        model: &NatModel,
        table: &Table,
        inside: Endpoint,
        taken_to: Party,
    ) -> Option<Endpoint> {
        let family = self.family(inside.address);
        let count = family.len();
        self.drawn += 1;
        let (first, tries) = match model.pooling {
            Pooling::Paired => (self.paired(inside.address, count)?, 1),
            Pooling::Arbitrary => (below(&self.streams.arbitrary, self.drawn, count)?, count),
        };
        (0..tries).find_map(|step| {
            let at = family.start + (first + step) % count;
            self.choose_port(at, model, table, inside.port, taken_to)
        })
    }

    /// Notes that a mapping was made.
    pub(super) fn take(&mut self, outside: Endpoint, range: PortRange) {
        if let Some(address) = self.address_mut(outside, range) {
            address.taken += 1;
        }
    }

    /// Notes that a mapping has ended.
    pub(super) fn give_back(&mut self, mapping: &Mapping, range: PortRange) {
        if let Some(address) = self.address_mut(mapping.outside, range) {
            address.taken -= 1;
        }
    }

    /// Bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.addresses.capacity() * size_of::<Address>()
    }

    fn position(&self, address: IpAddr) -> Option<usize> {
        self.addresses.binary_search_by_key(&address, |address| address.address).ok()
    }

    fn address_mut(&mut self, outside: Endpoint, range: PortRange) -> Option<&mut Address> {
        let position = self.position(outside.address).filter(|_| range.contains(outside.port))?;
        Some(&mut self.addresses[position])
    }

    fn family(&self, address: IpAddr) -> std::ops::Range<usize> {
        let of_ipv4 = self.addresses.partition_point(|address| address.address.is_ipv4());
        match address {
            IpAddr::V4(_) => 0..of_ipv4,
            IpAddr::V6(_) => of_ipv4..self.addresses.len(),
        }
    }

    /// A function of the inside address, so that nothing has to be remembered for it to stay. Linux
    /// does it like that, too, with a hash of its own.
    fn paired(&self, inside: IpAddr, count: usize) -> Option<usize> {
        let bits = match inside {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        let (upper, lower) = ((bits >> 64) as u64, bits as u64);
        below(&self.streams.paired, self.streams.paired.draw(upper) ^ lower, count)
    }

    fn choose_port(
        &mut self,
        at: usize,
        model: &NatModel,
        table: &Table,
        inside: u16,
        taken_to: Party,
    ) -> Option<Endpoint> {
        let Address { address, taken, next } = self.addresses[at];
        let range = model.port_range;
        // Ports that are shared may be free though there are as many mappings.
        if model.ports != PortAllocation::Overlapping && taken == range.ports() {
            return None;
        }
        let free = |port: u16| {
            let endpoint = Endpoint { address, port };
            table.mapping_outside(endpoint, taken_to).is_none().then_some(endpoint)
        };
        match model.ports {
            PortAllocation::Preserving | PortAllocation::Overlapping => {
                let own = range.contains(inside).then(|| free(inside)).flatten();
                own.or_else(|| self.random(range, free))
            }
            PortAllocation::Sequential => {
                let endpoint = from(range, next).find_map(free)?;
                self.addresses[at].next = after(range, endpoint.port);
                Some(endpoint)
            }
            PortAllocation::Random => self.random(range, free),
        }
    }

    fn random(&self, range: PortRange, free: impl Fn(u16) -> Option<Endpoint>) -> Option<Endpoint> {
        let draw = |number| {
            let place = self.streams.port.below(number, u64::from(range.ports()));
            range.first() + u16::try_from(place).expect("below the number of ports")
        };
        let numbers = DRAWS * self.drawn..DRAWS * (self.drawn + 1);
        let last = numbers.end - 1;
        numbers.map(draw).find_map(&free).or_else(|| from(range, draw(last)).find_map(free))
    }
}

/// A draw below a bound; `None` if nothing is.
fn below(stream: &Stream, number: u64, bound: usize) -> Option<usize> {
    let bound = u64::try_from(bound).ok().filter(|&bound| bound > 0)?;
    usize::try_from(stream.below(number, bound)).ok()
}

/// All ports, from one on.
fn from(range: PortRange, port: u16) -> impl Iterator<Item = u16> {
    (port..=range.last()).chain(range.first()..port)
}

fn after(range: PortRange, port: u16) -> u16 {
    if port == range.last() { range.first() } else { port + 1 }
}
