//! How many bytes may pass: a token bucket of one second's worth. A part of it is kept for control; whose
//! short datagrams may use that is said by buckets of their own, so that a flood of them takes up no more
//! than its sender's.

use crate::time::Instant;

/// Of a full bucket, what only control may use: so that the ends of a circuit under load can still find
/// their way off the relay.
const CONTROL_FRACTION: u32 = 4;
/// What is as short may be control: every handshake message, every `Ping`, every offer to punch with its
/// seal.
pub(super) const CONTROL_LEN: usize = 400;

/// Bytes that may pass now. Empty of meaning until it is used first.
#[derive(Clone, Copy)]
pub(crate) struct Bucket {
    /// In millionths of a byte, so that nothing is lost to rounding.
    spent: u64,
    at: Instant,
}

/// Millionths of a byte.
const SCALE: u64 = 1_000_000;

impl Bucket {
    /// Nothing of it is used.
    pub(crate) const FULL: Self = Self { spent: 0, at: Instant::ORIGIN };

    /// Whether a datagram of this length may pass, at so many bytes a second.
    pub(crate) fn has(&mut self, len: usize, rate: u32, is_control: bool, now: Instant) -> bool {
        let kept = if is_control { 0 } else { control_share(rate) };
        let (rate, kept) = (u64::from(rate), u64::from(kept));
        let elapsed_us = now.saturating_since(self.at).as_micros().min(1_000_000);
        self.at = now;
        self.spent = self.spent.saturating_sub(elapsed_us * rate);
        self.spent + len as u64 * SCALE <= (rate - kept) * SCALE
    }

    /// It does pass.
    pub(crate) fn take(&mut self, len: usize) {
        self.spent += len as u64 * SCALE;
    }
}

/// What is kept for control of so many bytes a second.
pub(super) fn control_share(rate: u32) -> u32 {
    rate / CONTROL_FRACTION
}

#[cfg(test)]
mod tests;
