//! The only clock of the program: it measures for people to see, and decides nothing.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "outside every run: no verdict, hash or order depends on it"
)]

use std::time::{Duration, Instant};

/// Measures how long something takes.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
