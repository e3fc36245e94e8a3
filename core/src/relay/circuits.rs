//! Circuits at this relay: a table of slots, found by a number whose low bits are the slot's.

use crate::cx::Cx;
use crate::peer::Peer;
use crate::relay::bucket::Bucket;
use crate::time::{Duration, Instant};
use crate::timer::ATTEMPT;

/// A circuit that carries nothing for so long may make room: longer than the pings of those who use it
/// are apart.
const IDLE: Duration = Duration::from_secs(330);

/// One circuit of the storage.
pub struct CircuitSlot {
    pub(super) stage: Stage,
    number: u32,
    /// Who asked for it, and who was asked.
    pub(super) ends: [Peer; 2],
    /// When it was last of use.
    pub(super) used_at: Instant,
    pub(super) bucket: Bucket,
    /// What its ends are to be told.
    pub(super) owed: [Owed; 2],
    /// When they were last told of its limit.
    pub(super) limited_at: Instant,
    /// In the queue of those with something to send.
    pub(crate) is_ready: bool,
}

/// How far a circuit is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Free,
    /// One end has been asked.
    Offered,
    /// Both have agreed.
    Open,
    /// It is over, and one end is to hear of it.
    Closing,
}

/// What an end of a circuit is to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owed {
    Nothing,
    Offer,
    Opened,
    Limited,
    Gone,
}

const NOBODY: Peer = Peer { slot: 0, generation: 0 };

impl CircuitSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        stage: Stage::Free,
        number: 0,
        ends: [NOBODY; 2],
        used_at: Instant::ORIGIN,
        bucket: Bucket::FULL,
        owed: [Owed::Nothing; 2],
        limited_at: Instant::ORIGIN,
        is_ready: false,
    };

    /// By which both ends name it.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Which of its ends this peer is.
    pub(super) fn end(&self, peer: Peer) -> Option<usize> {
        self.ends.iter().position(|end| *end == peer)
    }

    fn is_idle(&self, now: Instant) -> bool {
        let patience = match self.stage {
            Stage::Free => return false,
            Stage::Offered | Stage::Closing => ATTEMPT,
            Stage::Open => IDLE,
        };
        now.saturating_since(self.used_at) > patience
    }
}

/// The circuit of this number.
pub(super) fn find(number: u32, cx: &Cx<'_>) -> Option<u16> {
    let slot = (number & mask(cx)) as u16;
    let circuit = cx.circuits.get(usize::from(slot))?;
    (circuit.stage != Stage::Free && circuit.number == number).then_some(slot)
}

/// The circuit between two peers, whoever asked for it.
pub(super) fn between(ends: [Peer; 2], cx: &Cx<'_>) -> Option<u16> {
    let is_it = |circuit: &CircuitSlot| {
        matches!(circuit.stage, Stage::Offered | Stage::Open)
            && ends.iter().all(|end| circuit.end(*end).is_some())
    };
    position(is_it, cx)
}

/// How many circuits a peer is an end of, but for those that are of no use any more.
pub(super) fn count_of(peer: Peer, cx: &Cx<'_>) -> usize {
    let now = cx.now();
    let is_its = |circuit: &&CircuitSlot| {
        circuit.stage != Stage::Free && !circuit.is_idle(now) && circuit.end(peer).is_some()
    };
    cx.circuits.iter().filter(is_its).count()
}

/// Of so many places those that peers may take up: all, if they are named.
pub(super) fn share(all: usize, is_named: bool) -> usize {
    // Of a single one there is no part to be had.
    let kept = (all / 4).max(usize::from(all > 1));
    if is_named { all } else { all - kept }
}

/// Takes a place: a free one, or that of a circuit that is of no use any more.
pub(super) fn take(ends: [Peer; 2], is_named: bool, cx: &mut Cx<'_>) -> Option<u16> {
    let now = cx.now();
    let in_use = |circuit: &&CircuitSlot| circuit.stage != Stage::Free && !circuit.is_idle(now);
    if cx.circuits.iter().filter(in_use).count() >= share(cx.circuits.len(), is_named) {
        return None;
    }
    let free = position(|circuit| circuit.stage == Stage::Free, cx);
    let slot = free.or_else(|| position(|circuit| circuit.is_idle(now), cx))?;
    let mask = mask(cx);
    let number = (cx.state.public.draw_u32() & !mask) | u32::from(slot);
    let circuit = cx.circuit(slot);
    // Still queued, perhaps.
    let is_ready = circuit.is_ready;
    *circuit = CircuitSlot {
        stage: Stage::Offered,
        number,
        ends,
        used_at: now,
        is_ready,
        ..CircuitSlot::EMPTY
    };
    Some(slot)
}

pub(super) fn release(slot: u16, cx: &mut Cx<'_>) {
    let circuit = cx.circuit(slot);
    *circuit = CircuitSlot { is_ready: circuit.is_ready, ..CircuitSlot::EMPTY };
}

fn position(is_it: impl Fn(&CircuitSlot) -> bool, cx: &Cx<'_>) -> Option<u16> {
    cx.circuits.iter().position(is_it).map(|position| position as u16)
}

fn mask(cx: &Cx<'_>) -> u32 {
    // At most 16,384.
    (cx.circuits.len() as u32).next_power_of_two() - 1
}
