//! Links after tc-netem: what one direction does to the packets that cross it.

use underpass_core::{Duration, Instant};

use crate::random::{Draws, Stream};
use crate::units::{Probability, Rate};

mod transmitter;

use transmitter::Transmitter;

/// One direction of a link, in tc-netem's terms. The default is ideal: no delay, no loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkModel {
    /// Propagation delay of every packet.
    pub delay: Duration,
    /// Each packet's delay is uniform in `delay - jitter ..= delay + jitter` (never below zero).
    pub jitter: Duration,
    /// Packets lost at random.
    pub loss: Probability,
    /// Bits a second, IP and UDP headers included; `None` for no limit.
    pub rate: Option<Rate>,
    /// Packets that wait for a limited rate, the one being sent included; one more is dropped. Those
    /// that have been sent and are still under way do not count, which in tc-netem they do. The
    /// default is tc-netem's, 1000.
    pub limit: u32,
}

impl LinkModel {
    /// No delay, no loss, no limit of rate.
    pub const IDEAL: Self = Self {
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        loss: Probability::NEVER,
        rate: None,
        limit: 1000,
    };
}

impl Default for LinkModel {
    fn default() -> Self {
        Self::IDEAL
    }
}

/// How a link loses a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// By chance.
    Random,
    /// Its queue was full.
    QueueFull,
}

/// One direction of one link, with what it remembers of earlier packets.
///
/// In the order of a real one: a packet may be lost at the entrance, waits for its turn, is sent
/// at the link's rate, and propagates for the delay and its jitter. Jitter lets packets overtake
/// each other, as in tc-netem, unless the rate is limited: then they leave in order.
#[derive(Debug)]
pub struct Link {
    model: LinkModel,
    loss: Stream,
    jitter: Stream,
    /// `None` without a limit of rate: such a link remembers nothing.
    transmitter: Option<Box<Transmitter>>,
}

impl Link {
    /// A link that no packet has crossed yet. Its draws are named by `name`.
    pub fn new(model: LinkModel, draws: &Draws, name: &str) -> Self {
        let transmitter = model.rate.map(|rate| Box::new(Transmitter::new(rate, model.limit)));
        Self {
            model,
            loss: draws.stream(&["link", name, "loss"]),
            jitter: draws.stream(&["link", name, "jitter"]),
            transmitter,
        }
    }

    /// Whether a packet's fate depends on those that entered before it. If not, packets may be
    /// shown to the link in any order.
    pub fn has_queue(&self) -> bool {
        self.transmitter.is_some()
    }

    /// When a packet of `wire_bytes` (headers included) that enters at `at` leaves the other end.
    /// `number` tells it from all other packets on this link: the draws depend on that alone.
    ///
    /// On a link with a queue, `at` never decreases from call to call.
    pub fn cross(&mut self, at: Instant, number: u64, wire_bytes: u64) -> Result<Instant, Loss> {
        if self.model.loss != Probability::NEVER && self.model.loss.hits(self.loss.draw(number)) {
            return Err(Loss::Random);
        }
        let latency = self.latency(number);
        match &mut self.transmitter {
            None => Ok(at + latency),
            Some(transmitter) => transmitter.send(at, wire_bytes, latency).ok_or(Loss::QueueFull),
        }
    }

    /// The propagation delay of that packet.
    fn latency(&self, number: u64) -> Duration {
        let LinkModel { delay, jitter, .. } = self.model;
        if jitter == Duration::ZERO {
            return delay;
        }
        let choices = jitter.saturating_mul(2).as_micros().saturating_add(1);
        let above_least = Duration::from_micros(self.jitter.below(number, choices));
        delay.saturating_add(above_least).saturating_sub(jitter)
    }
}

#[cfg(test)]
mod tests;
