//! The time that a node is told, and the seed that it gets.

use rustix::time::{ClockId, clock_gettime};
use underpass_core::{Duration, Instant};

/// Time since the program's start that goes on while the computer sleeps, so that a session which is
/// too old then is known to be. Nobody can set it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin_micros: u64,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const AWAKE_OR_NOT: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const AWAKE_OR_NOT: ClockId = ClockId::Monotonic;

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin_micros: micros(AWAKE_OR_NOT) }
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_micros(micros(AWAKE_OR_NOT).saturating_sub(self.origin_micros))
    }

    /// How long the computer has slept since it was started.
    pub(crate) fn asleep() -> Duration {
        let asleep = micros(AWAKE_OR_NOT).saturating_sub(micros(ClockId::Monotonic));
        Duration::from_micros(asleep)
    }
}

fn micros(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let (secs, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    secs.saturating_mul(1_000_000).saturating_add(nanos / 1_000)
}

/// The same span for the runtime's timers.
pub(crate) fn std_duration(span: Duration) -> std::time::Duration {
    std::time::Duration::from_micros(span.as_micros())
}

/// 32 fresh bytes of the operating system.
///
/// # Errors
/// If it has none: nothing must be done then that needs a secret.
pub(crate) fn fresh_bytes() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}
