//! Whether losses are a dead path's rather than a full queue's (RFC 9002, section 7.6).

use crate::time::{Duration, Instant};

/// The lost packets of one look at what is under way: an unbroken series of them that lasts long
/// enough is persistent congestion. Whatever was acknowledged in between is missing in the numbers.
#[derive(Default)]
pub(crate) struct Series {
    begun: Instant,
    newest: Option<(u64, Instant)>,
    longest: Duration,
}

impl Series {
    /// Takes the next lost packet, in the order in which they were sent.
    pub(crate) fn add(&mut self, number: u64, sent_at: Instant) {
        let goes_on = self.newest.is_some_and(|(before, _)| before.checked_add(1) == Some(number));
        if !goes_on {
            self.begun = sent_at;
        }
        self.newest = Some((number, sent_at));
        self.longest = self.longest.max(sent_at.saturating_since(self.begun));
    }

    /// When the newest of them was sent.
    pub(crate) fn newest(&self) -> Option<Instant> {
        self.newest.map(|(_, sent_at)| sent_at)
    }

    /// Section 7.6.1: longer than three probe timeouts (`kPersistentCongestionThreshold`).
    pub(crate) fn is_persistent(&self, probe_timeout: Duration) -> bool {
        self.longest > probe_timeout.saturating_mul(3)
    }
}

#[cfg(test)]
mod tests;
