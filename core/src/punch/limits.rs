//! How many probes go to one address, whoever has named it: the attempts of all peers together must
//! not be of use against a third party.

use core::hash::Hasher;
use core::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher13;

use crate::time::{Duration, Instant};

/// Unanswered probes to one address and port in any such span.
const SPAN: Duration = Duration::from_secs(60);
const PER_PORT: u8 = 16;
/// To all ports of one address.
const PER_ADDRESS: u8 = 64;

/// Cells for each attempt that can be under way.
pub(crate) const CELLS_PER_ATTEMPT: usize = 64;

/// How many probes went to the addresses that share this cell.
#[derive(Clone, Copy, Debug)]
pub struct ProbeCell {
    /// Which span `now` counts, modulo 2^16.
    span: u16,
    now: u8,
    before: u8,
}

impl ProbeCell {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self { span: 0, now: 0, before: 0 };

    fn turn_to(&mut self, span: u16) {
        match span.wrapping_sub(self.span) {
            0 => {}
            1 => (self.before, self.now) = (self.now, 0),
            _ => (self.before, self.now) = (0, 0),
        }
        self.span = span;
    }

    /// Any span lies within two that follow each other.
    fn sum(&self) -> u8 {
        self.now.saturating_add(self.before)
    }
}

/// A view of the cells: those of ports, then those of addresses. Addresses that share a cell share
/// what may go to them, so that the bound holds for each of them.
pub(crate) struct ProbeLimits<'a> {
    pub(crate) hasher: &'a SipHasher13,
    pub(crate) cells: &'a mut [ProbeCell],
}

impl ProbeLimits<'_> {
    /// Whether another probe may go there; if so, it counts.
    pub(crate) fn take(&mut self, to: SocketAddr, at: Instant) -> bool {
        let [port, address] = self.places(to);
        let span = span(at);
        for place in [port, address] {
            self.cells[place].turn_to(span);
        }
        let sum = |place: usize| self.cells[place].sum().saturating_add(1);
        let may = sum(port) <= PER_PORT && sum(address) <= PER_ADDRESS;
        if may {
            self.cells[port].now += 1;
            self.cells[address].now += 1;
        }
        may
    }

    /// A probe that was sent `at` that time is not without an answer.
    pub(crate) fn give_back(&mut self, to: SocketAddr, at: Instant, now: Instant) {
        for place in self.places(to) {
            let cell = &mut self.cells[place];
            cell.turn_to(span(now));
            if span(at) == cell.span {
                cell.now = cell.now.saturating_sub(1);
            }
        }
    }

    fn places(&self, to: SocketAddr) -> [usize; 2] {
        let half = self.cells.len() / 2;
        [self.place(to, to.port(), half), half + self.place(to, 0, half)]
    }

    fn place(&self, to: SocketAddr, port: u16, cells: usize) -> usize {
        let ip = match to.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let mut hasher = *self.hasher;
        hasher.write(&ip.octets());
        hasher.write(&port.to_le_bytes());
        // Below the number of cells, which fits.
        (hasher.finish() % cells as u64) as usize
    }
}

fn span(at: Instant) -> u16 {
    // The low bits: those who differ by a multiple of 45 days count as one.
    (at.as_micros() / SPAN.as_micros()) as u16
}

#[cfg(test)]
mod tests;
