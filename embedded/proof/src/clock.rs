//! The host's clock.

use std::time::Instant as Time;

use underpass_core::{Duration, Instant};

/// A clock that runs faster than others.
pub(crate) struct Clock {
    began: Time,
    /// How fast, and what it showed when that was last changed.
    speed: u64,
    shown: Instant,
}

impl Clock {
    /// One that runs as others do.
    pub(crate) fn new() -> Self {
        Self { began: Time::now(), speed: 1, shown: Instant::ORIGIN }
    }

    /// What it shows.
    pub(crate) fn now(&self) -> Instant {
        let real = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.shown + Duration::from_micros(real).saturating_mul(self.speed)
    }

    /// Goes on from what it shows, so many times as fast as others.
    pub(crate) fn run_at(&mut self, speed: u64) {
        *self = Self { shown: self.now(), began: Time::now(), speed };
    }
}
