//! How long a path takes (RFC 9002, section 5), and what follows from it for timers (section 6).

use crate::time::Duration;

/// How long a receiver may wait with an acknowledgement (RFC 9002, section 5.3: `max_ack_delay`;
/// QUIC's default, RFC 9000, section 18.2).
pub(crate) const ACK_DELAY_MAX: Duration = Duration::from_millis(25);
/// The shortest time that a timer tells apart (section 6.1.2: `kGranularity`).
const GRANULARITY: Duration = Duration::from_millis(1);
/// Assumed of a path that was never measured (section 6.2.2: `kInitialRtt`).
const INITIAL: Duration = Duration::from_millis(333);
/// No measurement counts for more: none of the sums below can overflow.
const LONGEST: Duration = Duration::from_secs(600);

/// What is known of a path's round trips.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rtt {
    latest: Duration,
    min: Duration,
    smoothed: Duration,
    variation: Duration,
}

impl Rtt {
    /// What a storage is filled with.
    pub(crate) const UNKNOWN: Self = Self {
        latest: Duration::ZERO,
        min: Duration::ZERO,
        smoothed: Duration::ZERO,
        variation: Duration::ZERO,
    };

    /// Begins with the round trip of the `Ping` that proved the path, if there was one: that is a
    /// sample like any other.
    pub(crate) fn new(measured: Option<Duration>) -> Self {
        let first = measured.unwrap_or(INITIAL).min(LONGEST);
        let variation = Duration::from_micros(first.as_micros() / 2);
        Self { latest: first, min: first, smoothed: first, variation }
    }

    pub(crate) fn smoothed(&self) -> Duration {
        self.smoothed
    }

    /// Takes a sample, of which the peer says that it waited `ack_delay` before it answered.
    pub(crate) fn sample(&mut self, latest: Duration, ack_delay: Duration) {
        self.latest = latest.min(LONGEST);
        self.min = self.min.min(self.latest);
        let ack_delay = ack_delay.min(ACK_DELAY_MAX);
        let is_plausible = self.latest >= self.min + ack_delay;
        let adjusted =
            if is_plausible { self.latest.saturating_sub(ack_delay) } else { self.latest };
        let apart = self.smoothed.max(adjusted).saturating_sub(self.smoothed.min(adjusted));
        self.variation = weighted(self.variation, 3, apart);
        self.smoothed = weighted(self.smoothed, 7, adjusted);
    }

    /// A packet sent this long before one that was acknowledged is lost (section 6.1.2).
    pub(crate) fn loss_delay(&self) -> Duration {
        let longer = self.latest.max(self.smoothed).as_micros();
        Duration::from_micros(longer + longer / 8).max(GRANULARITY)
    }

    /// How long to wait for an acknowledgement before asking for one (section 6.2.1).
    pub(crate) fn probe_timeout(&self) -> Duration {
        let spread = self.variation.saturating_mul(4).max(GRANULARITY);
        self.smoothed + spread + ACK_DELAY_MAX
    }
}

/// `(weight * old + new) / (weight + 1)`.
fn weighted(old: Duration, weight: u64, new: Duration) -> Duration {
    Duration::from_micros((weight * old.as_micros() + new.as_micros()) / (weight + 1))
}

#[cfg(test)]
mod tests;
