//! A node's own clock: what it shows when the world has a time, and when it will show one.

use underpass_core::{Duration, Instant};

use crate::units::Ppm;

/// Parts of a second in which drift is counted.
const MILLION: u128 = 1_000_000;

/// A clock that never goes back and never stands still, and may go too fast or too slow. It is exact
/// at the origin of the world. Its time is a function of the world's, in whole microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Since when it goes as it does.
    since: Instant,
    /// What it showed then.
    shown: Instant,
    drift: Ppm,
}

impl Clock {
    pub(super) fn new(drift: Ppm) -> Self {
        Self { since: Instant::ORIGIN, shown: Instant::ORIGIN, drift }
    }

    /// What it shows at this time of the world, which is not before its last change.
    pub(super) fn at(&self, world: Instant) -> Instant {
        let passed = u128::from(world.saturating_since(self.since).as_micros());
        self.shown + micros(passed * self.rate() / MILLION)
    }

    /// The first time of the world at which it shows this or later; what it has shown already, it
    /// showed at its last change at the latest.
    pub(super) fn when(&self, shown: Instant) -> Instant {
        let to_pass = u128::from(shown.saturating_since(self.shown).as_micros());
        self.since + micros((to_pass * MILLION).div_ceil(self.rate()))
    }

    /// From this time of the world on it drifts like this.
    pub(super) fn set_drift(&mut self, drift: Ppm, now: Instant) {
        *self = Self { since: now, shown: self.at(now), drift };
    }

    /// Of its microseconds, so many pass in a million of the world's.
    fn rate(&self) -> u128 {
        MILLION.saturating_add_signed(self.drift.get().into())
    }
}

fn micros(micros: u128) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
