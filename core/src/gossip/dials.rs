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
    pub(super) fn may(&self, to: SocketAddr, hasher: &SipHasher13, now: Instant) -> bool {
        let (address, network) = places(to, hasher);
        self.all.has(ALL, now)
            && self.addresses[address].has(PER_ADDRESS, now)
            && self.networks[network].has(PER_NETWORK, now)
    }

    /// It is dialled.
    pub(super) fn note(&mut self, to: SocketAddr, hasher: &SipHasher13, now: Instant) {
        let (address, network) = places(to, hasher);
        self.all.take(ALL, now);
        self.addresses[address].take(PER_ADDRESS, now);
        self.networks[network].take(PER_NETWORK, now);
    }

    /// Whether any may be.
    pub(super) fn has_any(&self, now: Instant) -> bool {
        self.all.has(ALL, now)
    }
}

fn places(to: SocketAddr, hasher: &SipHasher13) -> (usize, usize) {
    let (octets, network) = match to.ip() {
        IpAddr::V4(ip) => (ip.to_ipv6_mapped().octets(), 15),
        IpAddr::V6(ip) => (ip.octets(), 6),
    };
    let place = |octets: &[u8]| {
        let mut hasher = *hasher;
        hasher.write(octets);
        // Below the number of cells, which fits.
        (hasher.finish() % CELLS as u64) as usize
    };
    (place(&octets), place(&octets[..network]))
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
                if dials.may(address, &hasher, now) {
                    dials.note(address, &hasher, now);
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
