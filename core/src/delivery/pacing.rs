//! Spreads what a window lets through over the round trip (RFC 9002, section 7.7).

use super::newreno::{INITIAL, NewReno};
use super::rtt::Rtt;
use crate::time::{Duration, Instant};

/// When all that was sent so far would have been sent at an even pace. A burst runs ahead of it by
/// an initial window at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pacer {
    done_at: Instant,
}

impl Pacer {
    pub(crate) const IDLE: Self = Self { done_at: Instant::ORIGIN };

    /// When so many bytes more may be sent, at the earliest: in the past if they may be now.
    pub(crate) fn ready_at(&self, bytes: u32, rtt: &Rtt, congestion: &NewReno) -> Instant {
        let ahead = INITIAL.saturating_sub(bytes);
        self.done_at - span(ahead, rtt, congestion)
    }

    pub(crate) fn on_sent(&mut self, bytes: u32, rtt: &Rtt, congestion: &NewReno, now: Instant) {
        self.done_at = self.done_at.max(now) + span(bytes, rtt, congestion);
    }
}

/// How long so many bytes take at five windows in four round trips: `N` of the RFC is 1.25, so that
/// a window is used up although acknowledgements come in unevenly.
fn span(bytes: u32, rtt: &Rtt, congestion: &NewReno) -> Duration {
    let window = u64::from(congestion.window()).max(1);
    Duration::from_micros(u64::from(bytes) * rtt.smoothed().as_micros() * 4 / (window * 5))
}

#[cfg(test)]
mod tests;
