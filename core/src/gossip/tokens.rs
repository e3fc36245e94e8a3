//! How often something may be done: so many times at once, then once in an interval.

use crate::time::{Duration, Instant};

/// What is used up, as the moment at which nothing of it would be (the generic cell rate algorithm, ITU-T
/// I.371).
#[derive(Clone, Copy)]
pub(super) struct Tokens {
    free_at: Instant,
}

/// How often.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    pub(super) at_once: u64,
    pub(super) interval: Duration,
}

impl Tokens {
    /// Nothing is used up.
    pub(super) const FULL: Self = Self { free_at: Instant::ORIGIN };

    pub(super) fn has(&self, rate: Rate, now: Instant) -> bool {
        let used = self.free_at.saturating_since(now).as_micros();
        used <= rate.interval.as_micros().saturating_mul(rate.at_once.saturating_sub(1))
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let has = self.has(rate, now);
        if has {
            self.free_at = self.free_at.max(now) + rate.interval;
        }
        has
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_then_one_in_an_interval() {
        let rate = Rate { at_once: 3, interval: Duration::from_secs(10) };
        let mut tokens = Tokens::FULL;
        let mut taken = 0;
        for second in 1_000..1_100 {
            let now = Instant::from_micros(second * 1_000_000);
            while tokens.take(rate, now) {
                taken += 1;
            }
        }
        assert_eq!(taken, 3 + 9);
    }
}
