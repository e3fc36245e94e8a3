//! How much may be under way on a path: NewReno as RFC 9002, section 7 has it, in whole bytes.

use crate::MAX_DATAGRAM;
use crate::time::Instant;

/// Congestion control counts in these (RFC 9002, section 7.2: `max_datagram_size`).
pub(crate) const DATAGRAM: u32 = MAX_DATAGRAM as u32;
/// Section 7.2: `kInitialWindow`. It is also the largest burst (section 7.7).
pub(crate) const INITIAL: u32 = 10 * DATAGRAM;
/// Section 7.2: `kMinimumWindow`.
const MINIMUM: u32 = 2 * DATAGRAM;
/// No path needs more, and no sum overflows: 1 GiB.
const MAXIMUM: u32 = 1 << 30;

/// The congestion window of one path, and how full it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewReno {
    window: u32,
    /// Below it the window doubles in a round trip, from there on it grows by a datagram.
    threshold: u32,
    in_flight: u32,
    /// Bytes acknowledged towards the next datagram of growth.
    credit: u32,
    /// Losses of what was sent until then are one and the same event (section 7.3.2).
    recovery: Option<Instant>,
    /// There was more to send than the window and its pace let through (section 7.8).
    is_limit: bool,
}

/// What one acknowledgement says, until it is clear whether it also brings a loss to light.
#[derive(Default)]
pub(crate) struct Growth {
    bytes: u32,
}

impl NewReno {
    /// What a storage is filled with.
    pub(crate) const NONE: Self =
        Self { window: 0, threshold: 0, in_flight: 0, credit: 0, recovery: None, is_limit: false };

    /// For a path of which nothing is known.
    pub(crate) const fn new() -> Self {
        Self { window: INITIAL, threshold: MAXIMUM, ..Self::NONE }
    }

    pub(crate) fn window(&self) -> u32 {
        self.window
    }

    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    pub(crate) fn has_room(&self, bytes: u32) -> bool {
        self.in_flight.saturating_add(bytes) <= self.window
    }

    /// Something had to wait, for the window or its pace.
    pub(crate) fn held_back(&mut self) {
        self.is_limit = true;
    }

    /// Nothing is left to be sent: if there is room, the window is not what holds the sender back.
    pub(crate) fn ran_dry(&mut self) {
        self.is_limit = !self.has_room(DATAGRAM);
    }

    pub(crate) fn on_sent(&mut self, bytes: u32) {
        self.in_flight = self.in_flight.saturating_add(bytes);
    }

    /// Bytes whose fate is of no interest any more.
    pub(crate) fn on_forgotten(&mut self, bytes: u32) {
        self.in_flight = self.in_flight.saturating_sub(bytes);
    }

    pub(crate) fn on_acked(&mut self, bytes: u32, sent_at: Instant, growth: &mut Growth) {
        self.on_forgotten(bytes);
        if self.recovery.is_none_or(|begun| sent_at > begun) {
            growth.bytes = growth.bytes.saturating_add(bytes);
        }
    }

    /// Packets were lost; the newest of them was sent then.
    pub(crate) fn on_congestion(&mut self, newest_sent_at: Instant, now: Instant) {
        if self.recovery.is_some_and(|begun| newest_sent_at <= begun) {
            return;
        }
        self.recovery = Some(now);
        self.threshold = (self.window / 2).max(MINIMUM);
        self.window = self.threshold;
        self.credit = 0;
    }

    /// Nothing came through for several timeouts (section 7.6.2).
    pub(crate) fn on_persistent_congestion(&mut self) {
        self.window = MINIMUM;
        self.recovery = None;
        self.credit = 0;
    }

    /// Grows by what an acknowledgement has said, once its losses are dealt with: a window that was
    /// reduced by them at `now` does not grow.
    pub(crate) fn grow(&mut self, growth: &Growth, now: Instant) {
        if !self.is_limit || self.recovery == Some(now) {
            return;
        }
        if self.window < self.threshold {
            self.window = self.window.saturating_add(growth.bytes).min(MAXIMUM);
            return;
        }
        self.credit = self.credit.saturating_add(growth.bytes);
        if self.credit >= self.window {
            self.credit -= self.window;
            self.window = (self.window + DATAGRAM).min(MAXIMUM);
        }
    }
}

#[cfg(test)]
mod tests;
