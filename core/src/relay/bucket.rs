//! How many bytes may pass: a token bucket of one second's worth.

use crate::time::Instant;

/// Of a full bucket, what only short datagrams may use: so that the ends of a circuit under load can
/// still find their way off the relay.
const CONTROL_FRACTION: u64 = 4;
/// Short ones: every handshake message, every `Ping`, every offer to punch with its seal.
const CONTROL_LEN: u64 = 400;

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
    pub(crate) fn has(&mut self, len: usize, rate: u32, now: Instant) -> bool {
        let rate = u64::from(rate);
        let elapsed_us = now.saturating_since(self.at).as_micros().min(1_000_000);
        self.at = now;
        self.spent = self.spent.saturating_sub(elapsed_us * rate);
        let len = len as u64;
        let kept = if len > CONTROL_LEN { rate / CONTROL_FRACTION } else { 0 };
        self.spent + len * SCALE <= (rate - kept) * SCALE
    }

    /// It does pass.
    pub(crate) fn take(&mut self, len: usize) {
        self.spent += len as u64 * SCALE;
    }
}

#[cfg(test)]
mod tests;
