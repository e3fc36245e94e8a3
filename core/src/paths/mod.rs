//! The ways to a peer: which there are, which have answered, and which its packets take.
//!
//! Two things are kept apart: whether a way is proven ([`Proof`]), and which one the packets take
//! ([`Course`]). Whoever has a session can write any sender's address on its packets, and whoever sees
//! one can send a copy from elsewhere: so to a way that has not answered goes nothing but pings and
//! their answers, less than three times what came from there.
//!
//! A peer's packets move from one way to another through a stretch on both: each is sealed once and
//! sent twice, and the peer's replay window keeps one of the two.

mod choice;
mod hold;
mod known;

pub(crate) use choice::Course;
pub(crate) use hold::Hold;
pub(crate) use known::{Balance, Exchange, Known, Proof};

use crate::cx::{Actor, Cx};
use crate::heartbeat::Via;
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::peer::PeerSlot;
use crate::time::{Duration, Instant};
use crate::timer::{ATTEMPT, Timer};
use crate::way::Way;
use crate::wire::Probe;

/// Ways that are known at once: through a relay, directly by IPv4 and IPv6, and one to be proven.
pub(crate) const WAYS: usize = 4;
/// How long a way is left alone by which packets went that nobody acknowledged; doubled each time, up to
/// half an hour.
const DISTRUSTED: Duration = Duration::from_secs(60);
const DISTRUSTS_MAX: u8 = 5;
/// Between two ways that a peer seems to have come to: each gets its packets' answers, and makes the others
/// be asked as well.
const MOVES_APART: Duration = Duration::from_secs(1);
/// The same while none answers, on the average: then the peer is sought, and comes by several at once.
const LOST_MOVES_APART: Duration = Duration::from_millis(250);
/// So many of them at once.
const LOST_MOVES: u64 = 4;

/// All ways to one peer.
pub(crate) struct Ways {
    known: [Held<Known>; WAYS],
    pub(crate) course: Course,
    /// The place of the way that packets take: nothing is looked up for a payload.
    primary: u8,
    /// When the next may be added on the word of a packet.
    seems_from: Instant,
    /// The session's next counter, as far as payloads have told.
    next_counter: u64,
}

/// How a peer is reached, and whether it could be directly.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) primary: Option<Way>,
    /// A direct way answers, good or bad.
    pub(crate) has_direct: bool,
}

impl Ways {
    pub(crate) const NONE: Self = Self {
        known: [const { Held::Nothing }; WAYS],
        course: Course::NONE,
        primary: 0,
        seems_from: Instant::ORIGIN,
        next_counter: 0,
    };

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Known> + Clone {
        self.known.iter().filter_map(Held::as_ref)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Known> {
        self.known.iter_mut().filter_map(Held::as_mut)
    }

    pub(crate) fn find(&self, way: Way) -> Option<&Known> {
        self.iter().find(|known| known.way == way)
    }

    pub(crate) fn find_mut(&mut self, way: Way) -> Option<&mut Known> {
        self.iter_mut().find(|known| known.way == way)
    }

    /// Another way to be proven, or one that is known already.
    pub(crate) fn add(&mut self, way: Way, balance: Balance, now: Instant) -> &mut Known {
        let is_it = |held: &Held<Known>| held.as_ref().is_some_and(|known| known.way == way);
        let (place, is_new) = match self.known.iter().position(is_it) {
            Some(place) => (place, false),
            None => (self.place(), true),
        };
        if is_new {
            self.known[place] = Held::This(Known::new(way, balance, now));
        }
        let known = self.known[place].as_mut().expect("it was there, or was put there");
        if !is_new {
            known.trust(balance);
        }
        known
    }

    /// Whether another way may be added now on the word of a packet; if so, it counts.
    fn may_seem(&mut self, now: Instant) -> bool {
        let (gap, ahead) = match self.iter().any(Known::is_validated) {
            true => (MOVES_APART, Duration::ZERO),
            false => (LOST_MOVES_APART, LOST_MOVES_APART.saturating_mul(LOST_MOVES - 1)),
        };
        let may = self.seems_from <= now + ahead;
        if may {
            self.seems_from = self.seems_from.max(now) + gap;
        }
        may
    }

    /// Whether there is a place for a way of which there is nothing but a packet: none that has answered
    /// makes room for it.
    fn has_place(&self) -> bool {
        let is_dispensable = |known: &Known| !known.is_validated() && !self.course.has(known.way);
        self.known.iter().any(|held| held.as_ref().is_none_or(is_dispensable))
    }

    /// A free place, or that of the way that is worth least: one on the course never is.
    fn place(&self) -> usize {
        let worth = |held: &Held<Known>| match held.as_ref() {
            None => (0, Instant::ORIGIN),
            Some(known) if self.course.has(known.way) => (5, known.since),
            Some(known) => match known.proof {
                Proof::Probing if known.is_hearsay => (1, known.since),
                Proof::Probing => (3, known.since),
                Proof::Suspect => (2, known.since),
                Proof::Validated => (4, known.since),
            },
        };
        let places = self.known.iter().enumerate().min_by_key(|(_, held)| worth(held));
        places.map(|(place, _)| place).expect("there are places")
    }

    /// Validates a way, as a test needs it.
    #[cfg(test)]
    pub(crate) fn take(&mut self, way: Way) {
        self.add(way, Balance::OWN_CHOICE, Instant::ORIGIN).proof = Proof::Validated;
        self.choose(Instant::ORIGIN);
    }

    pub(crate) fn remove(&mut self, way: Way, now: Instant) {
        for held in &mut self.known {
            if held.as_ref().is_some_and(|known| known.way == way) {
                *held = Held::Nothing;
            }
        }
        self.choose(now);
    }

    /// Takes an answer that came by this way, and returns the round trip if it is one.
    pub(crate) fn answered(&mut self, way: Way, probe: &Probe, now: Instant) -> Option<Duration> {
        let known = self.find_mut(way)?;
        let is_new = known.is_hearsay && known.proof == Proof::Probing;
        let round_trip = known.answered(probe, now)?;
        self.choose(now);
        if is_new {
            self.go_along(way, now);
        }
        Some(round_trip)
    }

    /// Whether the way that packets take has answered.
    pub(crate) fn is_proven(&self) -> bool {
        let is_there = self.course.primary().is_some();
        self.primary().is_some_and(|known| is_there && known.proof != Proof::Probing)
    }

    /// The way that packets take, if they take any.
    fn primary(&self) -> Option<&Known> {
        self.known[usize::from(self.primary)].as_ref()
    }

    /// The same, to be changed.
    pub(crate) fn primary_mut(&mut self) -> Option<&mut Known> {
        self.known[usize::from(self.primary)].as_mut()
    }

    /// What other parts need to know of them.
    pub(crate) fn outline(&self) -> Outline {
        let is_direct = |known: &Known| known.way.direct().is_some() && known.is_validated();
        Outline { primary: self.course.primary(), has_direct: self.iter().any(is_direct) }
    }

    /// Another part has asked on this way, and it was answered.
    pub(crate) fn prove(&mut self, way: Way, round_trip: Duration, now: Instant) {
        self.add(way, Balance::OWN_CHOICE, now).prove(round_trip, now);
        self.choose(now);
    }

    /// An attempt on this way has had its time, and no answer has come. Whether it is kept, as there is
    /// no better one.
    pub(crate) fn expired(&mut self, way: Way, now: Instant) -> bool {
        let others = self.iter().filter(|known| known.way != way);
        let has_better = others.clone().any(Known::is_validated);
        let has_other = others.count() > 0;
        let Some(known) = self.find_mut(way) else { return false };
        known.give_up();
        if has_better || (has_other && known.proof == Proof::Probing) {
            self.remove(way, now);
            return false;
        }
        if known.proof == Proof::Validated {
            known.proof = Proof::Suspect;
        }
        self.choose(now);
        true
    }

    /// The next packet has this counter: one on its way by a slower way must not fall out of the peer's
    /// replay window, of so many bits, while others overtake it. Whether it may go.
    pub(crate) fn admit(&mut self, counter: u64, window: u16) -> bool {
        self.next_counter = counter;
        let most = u64::from(window / 2);
        if most == 0 {
            return true;
        }
        if self.course.is_single() {
            return true;
        }
        let since = self.course.since_counter;
        let ahead = |known: &Known| counter.saturating_sub(known.arrived.max(since));
        let shared = self.course.shared().filter_map(|way| self.find(way));
        shared.filter(|known| known.is_validated()).all(|known| ahead(known) < most)
    }

    /// The session is another one: it counts from the beginning.
    pub(crate) fn restart_counters(&mut self) {
        for known in self.iter_mut() {
            (known.heard, known.arrived) = (0, 0);
        }
        (self.course.since_counter, self.next_counter) = (0, 0);
    }

    /// Pings are answered on the way that packets take, and the packets are not acknowledged: there are
    /// networks that let pass what is short. Another way is better for a while, if there is one; if there
    /// is none, nothing was tried that could tell the way from the peer, and the while does not grow.
    fn distrust(&mut self, now: Instant) {
        let Some(primary) = self.course.primary() else { return };
        let has_other = self.iter().any(|known| known.way != primary && known.is_validated());
        let Some(known) = self.find_mut(primary) else { return };
        if has_other && known.distrusted_until <= now {
            known.distrusted_until = now + DISTRUSTED.saturating_mul(1 << known.distrusts);
            known.distrusts = (known.distrusts + 1).min(DISTRUSTS_MAX);
        } else {
            known.distrusted_until = known.distrusted_until.max(now + DISTRUSTED);
        }
        self.choose(now);
    }

    /// A packet as long as any is acknowledged. If it can have taken no other way than packets take now,
    /// that one bears them all.
    pub(crate) fn bears_all(&mut self) {
        let way = self.course.primary().filter(|_| self.course.is_single());
        if let Some(known) = way.and_then(|way| self.find_mut(way)) {
            known.distrusts = 0;
        }
    }

    /// The peer has begun anew: whether it is still where it was is to be seen.
    pub(crate) fn doubt(&mut self, now: Instant) {
        for known in self.iter_mut().filter(|known| known.is_validated()) {
            known.proof = Proof::Suspect;
        }
        self.choose(now);
    }

    /// This way is late with an answer.
    pub(crate) fn suspect(&mut self, way: Way, now: Instant) {
        if let Some(known) = self.find_mut(way).filter(|known| known.is_validated()) {
            known.proof = Proof::Suspect;
            self.choose(now);
        }
    }
}

/// An authentic packet of a peer has come; `is_newest` if none has that was sealed later.
pub(crate) fn on_packet(
    peer: u16,
    via: Via,
    len: usize,
    counter: u64,
    is_newest: bool,
    cx: &mut Cx<'_>,
) -> Option<Turn> {
    let now = cx.now();
    let slot = cx.peer(peer);
    let is_current = slot.current == Some(via.session);
    if let Some(known) = slot.ways.find_mut(via.way) {
        known.heard_at = now;
        if is_current {
            known.heard = known.heard.max(counter + 1);
        }
        if known.proof != Proof::Probing || !known.is_hearsay {
            return None;
        }
        known.trust(Balance::of(len, 0));
        return known.ping_owed.then_some(Turn::MayBePinged(peer));
    }
    if !is_current || !is_newest || !slot.ways.has_place() || !slot.ways.may_seem(now) {
        return None;
    }
    let known = slot.ways.add(via.way, Balance::of(len, 0), now);
    known.heard = counter + 1;
    Some(Turn::SeemsAt(peer))
}

/// The stretch on two ways is over.
pub(crate) fn on_timer(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    cx.peer(peer).ways.course.on_time(now);
    cx.make_ready(Actor::Peer(peer));
    arm(peer, cx);
}

/// What follows from another course: its timer, the news of it, and where the peer is dialled next time.
pub(crate) fn after_change(peer: u16, cx: &mut Cx<'_>) {
    arm(peer, cx);
    let slot = cx.peer(peer);
    if let Some(path) = slot.ways.course.primary().and_then(Way::direct)
        && slot.ways.find(path.into()).is_some_and(Known::is_validated)
    {
        slot.known = Held::This(path);
    }
    if slot.has_news() {
        cx.make_news(peer);
    }
}

fn arm(peer: u16, cx: &mut Cx<'_>) {
    let until = cx.peer(peer).ways.course.next_end();
    cx.set_timer(Actor::Peer(peer), Timer::Stretch, until);
}

/// Nothing that went by the way that a peer's packets take was acknowledged for long.
pub(crate) fn distrust(peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let now = cx.now();
    let ways = &mut cx.peer(peer).ways;
    let before = ways.outline();
    ways.distrust(now);
    let is_rerouted = ways.outline() != before;
    after_change(peer, cx);
    is_rerouted.then_some(Turn::Rerouted(peer))
}

/// Whether a peer is dialled, pinged or sent to this way.
pub(crate) fn is_at(slot: &PeerSlot, way: Way) -> bool {
    slot.known.get().map(Way::Direct) == Some(way) || slot.ways.find(way).is_some()
}

const _: () = assert!(MOVES_APART.as_micros() < ATTEMPT.as_micros());

#[cfg(test)]
mod tests;
