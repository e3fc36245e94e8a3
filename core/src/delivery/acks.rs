//! What a receiver has to acknowledge, and when (RFC 9000, section 13.2).

use super::rtt::ACK_DELAY_MAX;
use crate::time::Instant;
use crate::wire::Ack;

/// Packets after which an acknowledgement waits no longer (section 13.2.2).
const PACKETS: u8 = 2;

/// The transmit numbers that came from a peer: the largest, and which of the 64 before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acks {
    largest: Option<u64>,
    bitmap: u64,
    largest_at: Instant,
    /// Packets since the last acknowledgement.
    pending: u8,
    is_owed: bool,
}

/// When to acknowledge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Urgency {
    Now,
    /// At this time, unless more comes.
    At(Instant),
    /// It is set already.
    AsBefore,
}

impl Acks {
    pub(crate) const NONE: Self =
        Self { largest: None, bitmap: 0, largest_at: Instant::ORIGIN, pending: 0, is_owed: false };

    /// A packet came. At once: every second one, and whatever comes out of order or leaves a gap,
    /// so that the sender hears of a loss (section 13.2.1).
    pub(crate) fn note(&mut self, number: u64, now: Instant) -> Urgency {
        let in_order = self.take(number, now);
        self.pending = self.pending.saturating_add(1);
        if self.is_owed {
            return Urgency::AsBefore;
        }
        if !in_order || self.pending >= PACKETS {
            self.is_owed = true;
            return Urgency::Now;
        }
        Urgency::At(now + ACK_DELAY_MAX)
    }

    /// Remembers a number; whether it is the one that was to be expected.
    fn take(&mut self, number: u64, now: Instant) -> bool {
        let expected = self.largest.map_or(0, |largest| largest.wrapping_add(1));
        match self.largest {
            Some(largest) if number <= largest => {
                // What lies further behind was given up by its sender long ago.
                if let bit @ 1..=64 = largest - number {
                    self.bitmap |= 1 << (bit - 1);
                }
            }
            Some(largest) => {
                let ahead = u32::try_from(number - largest).unwrap_or(u32::MAX);
                // The largest so far goes into the place before the bits that move up.
                let moved = self.bitmap.checked_shl(ahead).unwrap_or(0);
                let before = 1u64.checked_shl(ahead - 1).unwrap_or(0);
                self.bitmap = moved | before;
                (self.largest, self.largest_at) = (Some(number), now);
            }
            None => (self.largest, self.largest_at) = (Some(number), now),
        }
        number == expected
    }

    /// The time to wait is over.
    pub(crate) fn on_timer(&mut self) {
        self.is_owed = self.pending > 0;
    }

    pub(crate) fn is_owed(&self) -> bool {
        self.is_owed
    }

    /// The acknowledgement, if one is owed.
    pub(crate) fn take_owed(&mut self, now: Instant) -> Option<Ack> {
        if !core::mem::take(&mut self.is_owed) {
            return None;
        }
        self.pending = 0;
        let delay_us = now.saturating_since(self.largest_at).as_micros();
        let delay_us = u32::try_from(delay_us).unwrap_or(u32::MAX);
        Some(Ack { largest: self.largest?, bitmap: self.bitmap, delay_us })
    }
}

#[cfg(test)]
mod tests;
