//! The sending end of a link of limited rate: one packet at a time, the others wait.

use std::collections::VecDeque;

use underpass_core::{Duration, Instant};

use crate::units::Rate;

const BITS_PER_BYTE: u128 = 8;
const MICROS_PER_SECOND: u128 = 1_000_000;

#[derive(Debug)]
pub(super) struct Transmitter {
    rate: Rate,
    /// When the last bit of each packet that waits or is being sent has gone out, rounded up.
    done: VecDeque<Instant>,
    /// When the last bit of the last packet has gone out, rounded down, and what that leaves out,
    /// in microseconds times the rate: `0 <= remainder < rate`. Without it, rounding would add up
    /// over a long queue.
    free_at: Instant,
    remainder: u128,
    /// When the last packet arrives at the other end.
    last_exit: Instant,
}

impl Transmitter {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            done: VecDeque::new(),
            free_at: Instant::ORIGIN,
            remainder: 0,
            last_exit: Instant::ORIGIN,
        }
    }

    /// Sends at another rate from now on. What waits already keeps its times.
    pub(super) fn set_rate(&mut self, rate: Rate) {
        if rate != self.rate {
            // The remainder counts in terms of the old rate: the microsecond is filled up.
            self.free_at = self.free_at + Duration::from_micros(u64::from(self.remainder > 0));
            (self.rate, self.remainder) = (rate, 0);
        }
    }

    /// When a packet that comes at `at` arrives at the other end: `latency` after its last bit has
    /// gone out, but no sooner after the packet before it than its own bits take. So packets that
    /// jitter holds back come out at the link's rate, and not all at once. `None` if `limit` packets
    /// wait already.
    pub(super) fn send(
        &mut self,
        at: Instant,
        bytes: u64,
        latency: Duration,
        limit: u32,
    ) -> Option<Instant> {
        while self.done.front().is_some_and(|&done| done <= at) {
            self.done.pop_front();
        }
        if self.done.len() >= limit as usize {
            return None;
        }
        if self.done.is_empty() {
            (self.free_at, self.remainder) = (at, 0);
        }
        let done = self.occupy(bytes);
        self.done.push_back(done);
        self.last_exit = (done + latency).max(self.last_exit + self.duration(bytes));
        Some(self.last_exit)
    }

    /// How long these bytes take, rounded down: without jitter it is `done` that spaces the exits.
    fn duration(&self, bytes: u64) -> Duration {
        let rate = u128::from(self.rate.bits_per_second());
        let whole = u128::from(bytes) * BITS_PER_BYTE * MICROS_PER_SECOND / rate;
        Duration::from_micros(u64::try_from(whole).unwrap_or(u64::MAX))
    }

    /// Adds a packet's bits to the work; says when it is done, rounded up to the microsecond.
    fn occupy(&mut self, bytes: u64) -> Instant {
        let rate = u128::from(self.rate.bits_per_second());
        let work = self.remainder + u128::from(bytes) * BITS_PER_BYTE * MICROS_PER_SECOND;
        let whole = u64::try_from(work / rate).unwrap_or(u64::MAX);
        self.free_at = self.free_at + Duration::from_micros(whole);
        self.remainder = work % rate;
        self.free_at + Duration::from_micros(u64::from(self.remainder > 0))
    }
}
