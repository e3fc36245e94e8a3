//! What may happen to packets on the way from one node to another, as a bound.

use underpass_core::{Config, Duration, Instant};

use super::connections::ATTEMPT;
use crate::link::{GilbertElliott, LinkModel, LossModel};
use crate::scenario::model::{Fault, FaultKind, LinkPlace, NodeId, Scenario, Send};
use crate::units::{Probability, Rate};

/// A chance, in units of 10^-18, rounded up.
type Chance = u128;
const UNITS: u64 = 1_000_000_000_000_000_000;
const CERTAIN: Chance = UNITS as Chance;
/// Once in a thousand million.
const NEGLIGIBLE: Chance = 1_000_000_000;
/// Exchanges of an attempt that must each succeed: `Hello` and `Welcome`, `Confirm`, and the ping that
/// shows both ends that it is done.
const EXCHANGES: Chance = 3;
/// Before the second try of any exchange.
const FIRST_GAP: Duration = Duration::from_millis(250);
/// Further than this no distribution of jitter goes, in parts of the jitter (tc-netem's tables end
/// at four).
const SPREAD: u64 = 4;
/// Bits a second below which even a handshake takes long.
const RATE_MIN: u64 = 64_000;
/// Bytes of the largest packet of a handshake: a `Hello`, UDP and IPv6.
const PACKET_MAX: u32 = 192 + 8 + 40;
/// Between two tries of one exchange, at most.
const GAP: Duration = Duration::from_secs(1);

/// The links from one node to another.
pub(super) struct Way {
    /// At most so many packets are lost.
    loss: Chance,
    /// At most this long.
    delay: Duration,
}

impl Way {
    /// `None` if more than chance decides what becomes of a packet.
    pub(super) fn new(scenario: &Scenario, from: NodeId, to: NodeId, at: Instant) -> Option<Self> {
        let mut way = Self { loss: 0, delay: Duration::ZERO };
        for link in links(scenario, from, to, at) {
            let LinkModel { delay, jitter, loss, corrupt, rate, mtu, .. } = link;
            let is_slow = |rate: Rate| rate.bits_per_second() < RATE_MIN || is_busy(scenario, at);
            if rate.is_some_and(is_slow) || mtu.is_some_and(|mtu| mtu < PACKET_MAX) {
                return None;
            }
            way.loss += chance(corrupt)
                + match loss {
                    LossModel::Random(loss) => chance(loss),
                    // In its worst state it may be for long.
                    LossModel::GilbertElliott(GilbertElliott { loss_bad, loss_good, .. }) => {
                        chance(loss_bad.max(loss_good))
                    }
                };
            way.delay = way.delay + delay + jitter.saturating_mul(SPREAD);
        }
        Some(way)
    }

    /// How many attempts there must be so that it is out of the question that all fail, for any of so
    /// many pairs. `back` is the way of the answers.
    pub(super) fn attempts(&self, back: &Self, pairs: u64) -> Option<u64> {
        let round_trip = self.delay + back.delay;
        let left = ATTEMPT.as_micros().checked_sub(round_trip.as_micros())?;
        // A slow path is given two round trips for each try.
        let gap = GAP.as_micros().max(2 * round_trip.as_micros());
        let tries = left / gap + 1;
        let exchange =
            (1..tries).fold(self.loss + back.loss, |all, _| both(all, self.loss + back.loss));
        let attempt = EXCHANGES * exchange;
        if attempt >= CERTAIN {
            return None;
        }
        let (mut attempts, mut all) = (1, attempt);
        while all * Chance::from(pairs) > NEGLIGIBLE {
            (attempts, all) = (attempts + 1, both(all, attempt));
        }
        Some(attempts)
    }
}

/// Whether applications may fill queues at that time or later.
fn is_busy(scenario: &Scenario, at: Instant) -> bool {
    let last = |send: &Send| send.at + send.every.saturating_mul(send.count);
    scenario.sends.iter().any(|send| last(send) + Config::MESSAGE_LIFETIME > at)
}

/// Every link on the way, as it is at that time and from then on.
fn links(scenario: &Scenario, from: NodeId, to: NodeId, at: Instant) -> Vec<LinkModel> {
    let node = |node: NodeId| &scenario.nodes[node.0 as usize];
    let (mut up, mut down) = (node(from).up, node(to).down);
    let mut between = None;
    for pair in &scenario.pairs {
        if (pair.a, pair.b) == (from, to) {
            between = Some(pair.ab);
        } else if (pair.b, pair.a) == (from, to) {
            between = Some(pair.ba);
        }
    }
    for fault in scenario.faults.iter().filter(|fault| fault.lasts.is_none() && fault.at <= at) {
        let FaultKind::Link(changes) = &fault.kind else { continue };
        for change in changes {
            match change.link {
                LinkPlace::Access(node) if node == from => up = up.with(&change.up),
                LinkPlace::Access(node) if node == to => down = down.with(&change.down),
                LinkPlace::Pair(a, b) if (a, b) == (from, to) => {
                    between = Some(between.unwrap_or_default().with(&change.up));
                }
                LinkPlace::Pair(a, b) if (b, a) == (from, to) => {
                    between = Some(between.unwrap_or_default().with(&change.down));
                }
                LinkPlace::Access(_) | LinkPlace::Pair(..) => {}
            }
        }
    }
    [Some(up), between, Some(down)].into_iter().flatten().collect()
}

fn chance(probability: Probability) -> Chance {
    probability.share_of(UNITS).into()
}

/// That both happen, of which neither has to do with the other.
fn both(one: Chance, other: Chance) -> Chance {
    (one.min(CERTAIN) * other.min(CERTAIN)).div_ceil(CERTAIN)
}

/// Whether nothing is ever lost or changed on any link, and no round trip takes so long that a try is
/// repeated before its answer comes.
pub fn is_smooth(scenario: &Scenario) -> bool {
    let access = scenario.nodes.iter().flat_map(|node| [node.up, node.down]);
    let between = scenario.pairs.iter().flat_map(|pair| [pair.ab, pair.ba]);
    // Three links each way, each with a share of the first gap of 250 ms.
    let share = FIRST_GAP.as_micros() / 6;
    let is_smooth = |link: LinkModel| {
        let longest = link.delay + link.jitter.saturating_mul(SPREAD);
        let is_sound = !link.loss.loses() && link.corrupt == Probability::NEVER;
        is_sound && link.rate.is_none() && link.mtu.is_none() && longest.as_micros() < share
    };
    let changes = |fault: &Fault| matches!(fault.kind, FaultKind::Link(_) | FaultKind::Hostile(_));
    scenario.nats.is_empty()
        && !scenario.faults.iter().any(changes)
        && access.chain(between).all(is_smooth)
}
