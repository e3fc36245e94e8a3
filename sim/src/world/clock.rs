//! A node's own clock: what it shows when the world has a time, and when it will show one.

use underpass_core::{Duration, Instant};

use crate::units::Ppm;

/// Drift is counted in millionths.
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
        let passed = world.saturating_since(self.since);
        // Nearly every clock is right, and is asked with every packet.
        if self.drift == Ppm::ZERO {
            return self.shown + passed;
        }
        self.shown + micros(u128::from(passed.as_micros()) * self.rate() / MILLION)
    }

    /// The first time of the world, from its last change on, at which it shows this or later.
    pub(super) fn when(&self, shown: Instant) -> Instant {
        let to_pass = shown.saturating_since(self.shown);
        if self.drift == Ppm::ZERO {
            return self.since + to_pass;
        }
        self.since + micros((u128::from(to_pass.as_micros()) * MILLION).div_ceil(self.rate()))
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
