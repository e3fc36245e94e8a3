//! How often addresses are dialled that somebody has named and nobody has answered at: whoever signs a
//! record writes into it what it likes, and a network must be of no use against a third party.

use core::hash::Hasher;
use core::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher13;

use super::tokens::{Rate, Tokens};
use crate::time::{Duration, Instant};

/// Dials of all such addresses together: a view is filled within seconds, then a few a minute.
const ALL: Rate = Rate { at_once: 12, interval: Duration::from_secs(10) };
/// To one address.
const PER_ADDRESS: Rate = Rate { at_once: 2, interval: Duration::from_secs(600) };
/// To one /24 or /48.
const PER_NETWORK: Rate = Rate { at_once: 6, interval: Duration::from_secs(120) };
/// Places in which addresses are counted, and as many for networks. Those that share one share what may go
/// to them.
const CELLS: usize = 32;

/// Who wants an address dialled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Gossip, which has others to dial.
    Gossip,
    /// The application, which wants this peer: how many it wants is its own affair.
    Application,
}

type Places = (u64, u64);

pub(super) struct Dials {
    all: Tokens,
    addresses: [Tokens; CELLS],
    networks: [Tokens; CELLS],
}

impl Dials {
    pub(super) const NEW: Self = Self {
        all: Tokens::FULL,
        addresses: [Tokens::FULL; CELLS],
        networks: [Tokens::FULL; CELLS],
    };

    /// Whether an address that nobody has answered at may be dialled.
    pub(super) fn may(&self, (address, network): Places, cause: Cause, now: Instant) -> bool {
        let is_chosen = cause == Cause::Application;
        let may = self.all.has(ALL, now) && self.networks[cell(network)].has(PER_NETWORK, now);
        (is_chosen || may) && self.addresses[cell(address)].has(PER_ADDRESS, now)
    }

    /// It is dialled.
    pub(super) fn note(&mut self, (address, network): Places, cause: Cause, now: Instant) {
        if cause == Cause::Gossip {
            self.all.take(ALL, now);
            self.networks[cell(network)].take(PER_NETWORK, now);
        }
        self.addresses[cell(address)].take(PER_ADDRESS, now);
    }

    /// Whether any may be.
    pub(super) fn has_any(&self, now: Instant) -> bool {
        self.all.has(ALL, now)
    }
}

/// Hashes of an address and of the network that it is in.
pub(super) fn places(to: SocketAddr, hasher: &SipHasher13) -> Places {
    let (octets, network) = match to.ip() {
        IpAddr::V4(ip) => (ip.to_ipv6_mapped().octets(), 15),
        IpAddr::V6(ip) => (ip.octets(), 6),
    };
    let hash = |octets: &[u8]| {
        let mut hasher = *hasher;
        hasher.write(octets);
        // Zero is nowhere.
        hasher.finish() | 1
    };
    (hash(&octets), hash(&octets[..network]))
}

fn cell(hash: u64) -> usize {
    // The lowest bit is always set; the rest is below the number of cells, which fits.
    (hash / 2 % CELLS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialled(addresses: impl Iterator<Item = SocketAddr> + Clone, minutes: u64) -> usize {
        let hasher = SipHasher13::new_with_keys(1, 2);
        let mut dials = Dials::NEW;
        let mut count = 0;
        for second in 0..minutes * 60 {
            let now = Instant::from_micros((1_000 + second) * 1_000_000);
            for address in addresses.clone() {
                let to = places(address, &hasher);
                if dials.may(to, Cause::Gossip, now) {
                    dials.note(to, Cause::Gossip, now);
                    count += 1;
                }
            }
        }
        count
    }

    #[test]
    fn one_address_is_dialled_a_few_times_an_hour_whoever_names_it() {
        let victim: SocketAddr = "203.0.113.7:4747".parse().unwrap();
        assert_eq!(dialled(core::iter::once(victim), 60), 2 + 5);
    }

    #[test]
    fn its_network_is_not_dialled_in_its_place() {
        let network = (0..=255).map(|host| SocketAddr::from(([203, 0, 113, host], 4747)));
        assert!(dialled(network, 60) <= 6 + 30);
    }
}
