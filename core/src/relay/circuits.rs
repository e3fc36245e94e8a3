//! Circuits at this relay: a table of slots, found by a number whose low bits are the slot's.

use crate::cx::Cx;
use crate::peer::Peer;
use crate::relay::bucket::Bucket;
use crate::time::{Duration, Instant};
use crate::timer::ATTEMPT;

/// A circuit that carries nothing for so long may make room: longer than the pings of those who use it
/// are apart.
const IDLE: Duration = Duration::from_secs(330);
/// Between two offers to one of a pair by the other: less than what an asker's first two tries are apart, so
/// that neither jitter nor an insider matters.
const OFFERS_APART: Duration = Duration::from_millis(200);

/// One circuit of the storage.
pub struct CircuitSlot {
    pub(super) stage: Stage,
    number: u32,
    /// Who asked for it, and who was asked.
    pub(super) ends: [Peer; 2],
    /// They are of another network.
    is_foreign: bool,
    /// When it was last of use.
    pub(super) used_at: Instant,
    /// When it was last offered; that outlives it, as long as nobody needs the place.
    offered_at: Instant,
    pub(super) bucket: Bucket,
    /// Short datagrams of each end.
    pub(super) reserves: [Bucket; 2],
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
        is_foreign: false,
        used_at: Instant::ORIGIN,
        offered_at: Instant::ORIGIN,
        bucket: Bucket::FULL,
        reserves: [Bucket::FULL; 2],
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

    /// Offers it, unless that was done just now.
    pub(super) fn offer(&mut self, now: Instant) {
        if !self.is_just_offered(now) {
            (self.offered_at, self.owed[1]) = (now, Owed::Offer);
        }
    }

    fn is_just_offered(&self, now: Instant) -> bool {
        self.offered_at > Instant::ORIGIN && now < self.offered_at + OFFERS_APART
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

/// Whether there was a circuit between two peers just now, which may be over: another has to wait.
pub(super) fn is_too_soon(ends: [Peer; 2], cx: &Cx<'_>) -> bool {
    let now = cx.now();
    let is_of_both = |circuit: &CircuitSlot| ends.iter().all(|end| circuit.end(*end).is_some());
    position(|circuit| circuit.is_just_offered(now) && is_of_both(circuit), cx).is_some()
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

/// And those that peers of other networks may: half of them.
pub(super) fn foreign_share(all: usize) -> usize {
    (all / 2).max(usize::from(all > 0))
}

/// Takes a place: of the free ones that which was free for longest, or that of a circuit that is of no use
/// any more.
pub(super) fn take(
    ends: [Peer; 2],
    is_named: bool,
    is_foreign: bool,
    cx: &mut Cx<'_>,
) -> Option<u16> {
    let (now, all) = (cx.now(), cx.circuits.len());
    let in_use = |circuit: &&CircuitSlot| circuit.stage != Stage::Free && !circuit.is_idle(now);
    let in_use = cx.circuits.iter().filter(in_use);
    let foreign = in_use.clone().filter(|circuit| circuit.is_foreign).count();
    let is_full = in_use.count() >= share(all, is_named);
    if is_full || (is_foreign && foreign >= foreign_share(all)) {
        return None;
    }
    let free = cx.circuits.iter().enumerate().filter(|(_, it)| it.stage == Stage::Free);
    let free = free.min_by_key(|(_, it)| it.offered_at).map(|(slot, _)| slot as u16);
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
        is_foreign,
        used_at: now,
        is_ready,
        ..CircuitSlot::EMPTY
    };
    Some(slot)
}

pub(super) fn release(slot: u16, cx: &mut Cx<'_>) {
    let circuit = cx.circuit(slot);
    let &mut CircuitSlot { is_ready, ends, offered_at, .. } = circuit;
    *circuit = CircuitSlot { is_ready, ends, offered_at, ..CircuitSlot::EMPTY };
}

fn position(is_it: impl Fn(&CircuitSlot) -> bool, cx: &Cx<'_>) -> Option<u16> {
    cx.circuits.iter().position(is_it).map(|position| position as u16)
}

fn mask(cx: &Cx<'_>) -> u32 {
    // At most 16,384.
    (cx.circuits.len() as u32).next_power_of_two() - 1
}
