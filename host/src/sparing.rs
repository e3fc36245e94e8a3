//! Lines of the log that others can cause: so many a minute, or they would fill it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

const LINES: u64 = 10;
const WITHIN: Duration = Duration::from_secs(60);

/// Counts lines of one sort.
#[derive(Default)]
pub(crate) struct Sparing {
    minute: Mutex<Minute>,
}

#[derive(Default)]
struct Minute {
    since: Option<Instant>,
    lines: u64,
    left_out: u64,
}

impl Sparing {
    /// Whether the next line is to be written; how many were left out since the last one, if so.
    pub(crate) fn next(&self) -> Option<u64> {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Option<u64> {
        let mut minute = self.minute.lock().expect("nothing panics meanwhile");
        if minute.since.is_none_or(|since| now.duration_since(since) >= WITHIN) {
            (minute.since, minute.lines) = (Some(now), 0);
        }
        minute.lines += 1;
        if minute.lines > LINES {
            minute.left_out += 1;
            return None;
        }
        Some(std::mem::take(&mut minute.left_out))
    }
}

#[cfg(test)]
mod tests;
