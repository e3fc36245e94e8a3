//! The path by which a peer is sent its messages, and how much it bears.

use super::flights::Packet;
use super::newreno::{Growth, NewReno};
use super::pacing::Pacer;
use super::rtt::Rtt;
use crate::held::Held;
use crate::time::{Duration, Instant};
use crate::way::Way;

/// What is known of a peer's path. Another path begins anew (RFC 9000, section 9.4).
pub(crate) struct Route {
    way: Held<Way>,
    /// Counts the paths: a packet sent on an earlier one says nothing of this.
    number: u32,
    pub(crate) rtt: Rtt,
    pub(crate) congestion: NewReno,
    pacer: Pacer,
}

/// Why a packet must wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// For others to arrive.
    ForRoom,
    Until(Instant),
}

impl Route {
    pub(crate) const NONE: Self = Self {
        way: Held::Nothing,
        number: 0,
        rtt: Rtt::UNKNOWN,
        congestion: NewReno::NONE,
        pacer: Pacer::IDLE,
    };

    /// From now on packets take this way, on which a `Ping` was answered after `measured`. Whether
    /// it is another one than before.
    pub(crate) fn follow(&mut self, way: Way, measured: Option<Duration>) -> bool {
        if self.way.get() == Some(way) {
            return false;
        }
        let number = self.number.wrapping_add(1);
        let (rtt, congestion) = (Rtt::new(measured), NewReno::new());
        *self = Self { way: Held::This(way), number, rtt, congestion, pacer: Pacer::IDLE };
        true
    }

    /// Its number, for packets that are to take it.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Whether a packet of this size may be sent now.
    pub(crate) fn admit(&mut self, bytes: u32, now: Instant) -> Result<(), Wait> {
        let ready_at = self.pacer.ready_at(bytes, &self.rtt, &self.congestion);
        let wait = if !self.congestion.has_room(bytes) {
            Wait::ForRoom
        } else if ready_at > now {
            Wait::Until(ready_at)
        } else {
            return Ok(());
        };
        self.congestion.held_back();
        Err(wait)
    }

    pub(crate) fn on_sent(&mut self, bytes: u32, now: Instant) {
        self.congestion.on_sent(bytes);
        self.pacer.on_sent(bytes, &self.rtt, &self.congestion, now);
    }

    pub(crate) fn on_acked(&mut self, packet: &Packet, growth: &mut Growth) {
        if self.took(packet) {
            self.congestion.on_acked(packet.bytes.into(), packet.sent_at, growth);
        }
    }

    /// A packet is no longer under way, whatever became of it.
    pub(crate) fn on_forgotten(&mut self, packet: &Packet) {
        if self.took(packet) {
            self.congestion.on_forgotten(packet.bytes.into());
        }
    }

    pub(crate) fn took(&self, packet: &Packet) -> bool {
        packet.route == self.number
    }
}

#[cfg(test)]
mod tests;
