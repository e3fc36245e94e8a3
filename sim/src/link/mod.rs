//! Links after tc-netem(8): what one direction does to the packets that cross it.

use underpass_core::{Duration, Instant};

use crate::fault::Window;
use crate::random::{Draws, Stream};
use crate::units::Probability;

mod distribution;
mod model;
mod preset;
mod transmitter;

pub use distribution::Distribution;
pub use model::{GilbertElliott, LinkModel, LinkPatch, LossModel};
pub use preset::Preset;

use transmitter::Transmitter;

/// How a link loses a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// By chance.
    Random,
    /// Its queue was full.
    QueueFull,
    /// The packet is larger than its MTU.
    TooLarge,
}

/// A packet that comes to a link.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// When. On a link that remembers, never before the packet that came last.
    pub at: Instant,
    /// Tells it from all other packets on this link: the draws depend on that alone.
    pub number: u64,
    /// Bytes of the UDP payload.
    pub payload_bytes: u64,
    /// Bytes of the payload and all headers.
    pub wire_bytes: u64,
    /// Whether this link made it of another. It makes no more of it.
    pub is_duplicate: bool,
}

/// What becomes of a packet that crosses a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crossing {
    /// When it leaves the other end.
    pub exit: Instant,
    /// The bit of the payload that was flipped, counted from the lowest of the first byte.
    pub flipped_bit: Option<u64>,
    /// Whether a second packet like it has come to the link at the same time.
    pub duplicated: bool,
}

/// One direction of one link, with what it remembers of earlier packets.
///
/// In the order of tc-netem: a packet may be duplicated, lost and corrupted at the entrance. Then
/// it waits for its turn, is sent at the link's rate, and propagates for the delay and its jitter;
/// or it is reordered, and is at the other end at once. Jitter lets packets overtake each other,
/// too, unless the rate is limited: then they leave in order.
#[derive(Debug)]
pub struct Link {
    model: LinkModel,
    /// What is different for a time; of several, later ones win.
    changes: Vec<(Window, LinkPatch)>,
    remembers: bool,
    streams: Streams,
    /// The state of a Gilbert-Elliott model.
    is_bad: bool,
    /// Packets that were not reordered since the last that was.
    in_order: u32,
    /// There once the rate has been limited.
    transmitter: Option<Box<Transmitter>>,
}

/// The randomness of a link, by what it decides.
#[derive(Debug)]
struct Streams {
    loss: Stream,
    state: Stream,
    duplicate: Stream,
    corrupt: Stream,
    flipped_bit: Stream,
    reorder: Stream,
    jitter: Stream,
}

impl Link {
    /// A link that no packet has crossed yet. Its draws are named by `name`.
    pub fn new(model: LinkModel, draws: &Draws, name: &str) -> Self {
        let stream = |what| draws.stream(&["link", name, what]);
        Self {
            model,
            changes: Vec::new(),
            remembers: model.remembers(),
            streams: Streams {
                loss: stream("loss"),
                state: stream("state"),
                duplicate: stream("duplicate"),
                corrupt: stream("corrupt"),
                flipped_bit: stream("flipped bit"),
                reorder: stream("reorder"),
                jitter: stream("jitter"),
            },
            is_bad: false,
            in_order: 0,
            transmitter: None,
        }
    }

    /// Makes the link different for a time. What entered before keeps its way.
    pub fn change(&mut self, during: Window, patch: LinkPatch) {
        self.remembers |= LinkModel::IDEAL.with(&patch).remembers();
        self.changes.push((during, patch));
    }

    /// Whether a packet's fate ever depends on those that entered before it. If not, packets may be
    /// shown to the link in any order.
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// What becomes of a packet.
    pub fn cross(&mut self, packet: &Incoming) -> Result<Crossing, Loss> {
        let model = self.model_at(packet.at);
        if model.mtu.is_some_and(|mtu| packet.wire_bytes > u64::from(mtu)) {
            return Err(Loss::TooLarge);
        }
        let number = packet.number;
        let is_lost = self.is_lost(model.loss, number);
        let is_doubled =
            !packet.is_duplicate && hits(model.duplicate, &self.streams.duplicate, number);
        // tc-netem adds one for a duplicate and takes one away for a loss.
        if is_lost && !is_doubled {
            return Err(Loss::Random);
        }
        Ok(Crossing {
            exit: self.exit(&model, packet)?,
            flipped_bit: self.flipped_bit(model.corrupt, packet),
            duplicated: is_doubled && !is_lost,
        })
    }

    fn model_at(&self, at: Instant) -> LinkModel {
        let lasting = self.changes.iter().filter(|(during, _)| during.contains(at));
        lasting.fold(self.model, |model, (_, patch)| model.with(patch))
    }

    fn is_lost(&mut self, model: LossModel, number: u64) -> bool {
        let GilbertElliott { p, r, loss_bad, loss_good } = match model {
            LossModel::Random(loss) => return hits(loss, &self.streams.loss, number),
            LossModel::GilbertElliott(model) => model,
        };
        let (loss, leaves) = if self.is_bad { (loss_bad, r) } else { (loss_good, p) };
        self.is_bad ^= hits(leaves, &self.streams.state, number);
        hits(loss, &self.streams.loss, number)
    }

    fn flipped_bit(&self, corrupt: Probability, packet: &Incoming) -> Option<u64> {
        let bits = 8 * packet.payload_bytes;
        let hits = bits > 0 && hits(corrupt, &self.streams.corrupt, packet.number);
        hits.then(|| self.streams.flipped_bit.below(packet.number, bits))
    }

    /// When the packet leaves the other end.
    fn exit(&mut self, model: &LinkModel, packet: &Incoming) -> Result<Instant, Loss> {
        let &Incoming { at, number, wire_bytes, .. } = packet;
        if self.is_reordered(model, number) {
            return Ok(at);
        }
        let latency = match model.jitter {
            Duration::ZERO => model.delay,
            jitter => model.distribution.latency(model.delay, jitter, &self.streams.jitter, number),
        };
        let Some(rate) = model.rate else { return Ok(at + latency) };
        let transmitter = self.transmitter.get_or_insert_with(|| Box::new(Transmitter::new(rate)));
        transmitter.set_rate(rate);
        transmitter.send(at, wire_bytes, latency, model.limit).ok_or(Loss::QueueFull)
    }

    fn is_reordered(&mut self, model: &LinkModel, number: u64) -> bool {
        let is_reordered = self.in_order >= model.gap.get() - 1
            && hits(model.reorder, &self.streams.reorder, number);
        self.in_order = if is_reordered { 0 } else { self.in_order.saturating_add(1) };
        is_reordered
    }
}

/// Whether something that often is happens to the packet of that number.
fn hits(probability: Probability, draws: &Stream, number: u64) -> bool {
    probability != Probability::NEVER && probability.hits(draws.draw(number))
}

#[cfg(test)]
mod tests;
