//! Which way a peer's packets take.

use core::cmp::Ordering;

use super::{Known, Proof, Ways};
use crate::held::Held;
use crate::time::{Duration, Instant};
use crate::way::Way;

/// How long packets go two ways after a planned switch: longer than it takes to notice that the new
/// way loses what it is given.
const STRETCH: Duration = Duration::from_secs(3);
/// How long copies on the way that was left may still be under way.
const DRAIN: Duration = Duration::from_secs(1);
/// A way must be so much faster than one of its kind that is in use (Firezone: the larger of 10 ms
/// and a fifth).
const FASTER_BY: Duration = Duration::from_millis(10);
const FASTER_BY_FRACTION: u64 = 5;
/// IPv6 is taken to be so much faster than it is: no NAT can take it away (iroh does likewise).
const IPV6_AHEAD: Duration = Duration::from_millis(10);

/// The way that a peer's packets take, or two.
#[derive(Clone, Copy)]
pub(crate) struct Course {
    primary: Held<Way>,
    /// When it became that.
    primary_since: Instant,
    also: Held<Way>,
    /// When the second is left; while one of the two is suspect, it is not.
    until: Held<Instant>,
    /// What was left last, and when nothing of it can be under way any more.
    left: Held<(Way, Instant)>,
    /// The session's counter when packets began to go two ways.
    pub(super) since_counter: u64,
}

impl Course {
    pub(crate) const NONE: Self = Self {
        primary: Held::Nothing,
        primary_since: Instant::ORIGIN,
        also: Held::Nothing,
        until: Held::Nothing,
        left: Held::Nothing,
        since_counter: 0,
    };

    pub(crate) fn primary(&self) -> Option<Way> {
        self.primary.get()
    }

    pub(crate) fn also(&self) -> Option<Way> {
        self.also.get()
    }

    pub(crate) fn has(&self, way: Way) -> bool {
        self.primary.get() == Some(way) || self.also.get() == Some(way)
    }

    /// Whether no packet can be under way twice.
    pub(crate) fn is_single(&self) -> bool {
        self.also.as_ref().is_none() && self.left.as_ref().is_none()
    }

    /// The ways by which packets may be under way that went another way as well.
    pub(crate) fn shared(&self) -> impl Iterator<Item = Way> + use<> {
        let left = self.left.get().map(|(way, _)| way);
        let primary = self.primary.get().filter(|_| self.also.as_ref().is_some());
        [primary, self.also.get(), left].into_iter().flatten()
    }

    pub(super) fn next_end(&self) -> Option<Instant> {
        self.until.get().or(self.left.get().map(|(_, until)| until))
    }

    /// Leaves what has had its time.
    pub(super) fn on_time(&mut self, now: Instant) {
        if self.until.get().is_some_and(|until| until <= now) {
            self.left =
                self.also.take().map_or(Held::Nothing, |way| Held::This((way, now + DRAIN)));
            self.until = Held::Nothing;
        }
        if self.left.get().is_some_and(|(_, until)| until <= now) {
            self.left = Held::Nothing;
        }
    }
}

/// How good a way is, beside others of other kinds.
fn rank(known: &Known, now: Instant) -> u8 {
    let is_good = !known.is_lossy && known.distrusted_until <= now;
    match (known.proof, known.way) {
        (Proof::Validated, Way::Direct(_)) if is_good => 6,
        (Proof::Validated, Way::Relayed(_)) if is_good => 5,
        (Proof::Validated, Way::Direct(_)) => 4,
        (Proof::Validated, Way::Relayed(_)) => 3,
        (Proof::Suspect, _) => 2,
        (Proof::Probing, _) if !known.is_hearsay => 1,
        (Proof::Probing, _) => 0,
    }
}

impl Ways {
    /// Looks again which way is best. A switch from one that works goes through a stretch on both; a
    /// way that is suspect is used beside the one that takes its place until it is given up.
    pub(super) fn choose(&mut self, now: Instant) {
        let before = self.course.primary();
        let kept = |way: Option<Way>| way.filter(|way| self.find(*way).is_some());
        let Some(best) = self.best(now).map(|best| best.way) else {
            self.course = Course::NONE;
            return;
        };
        let is_switch = before != Some(best);
        let also = kept(if is_switch { before } else { self.course.also() });
        let also = also.filter(|way| self.carried(*way));
        let is_proven = also.and_then(|way| self.find(way)).is_some_and(Known::is_validated);
        let is_best = |held: &Held<Known>| held.as_ref().is_some_and(|known| known.way == best);
        let place = self.known.iter().position(is_best).unwrap_or_default();
        self.primary = place as u8;
        let course = &mut self.course;
        if also.is_some() && (is_switch || course.also.as_ref().is_none()) {
            course.since_counter = self.next_counter;
        }
        course.primary = Held::This(best);
        if is_switch {
            course.primary_since = now;
        }
        course.also = also.map_or(Held::Nothing, Held::This);
        course.until = match course.until.get().filter(|_| !is_switch) {
            Some(until) if also.is_some() => Held::This(until),
            // One that has answered again, but is no longer the first, is left after a while.
            None if is_proven => Held::This(now + STRETCH),
            _ => Held::Nothing,
        };
    }

    /// The peer has come to this way, which has just answered: should it be that it has left the one in
    /// use, nothing is lost until that shows.
    pub(super) fn go_along(&mut self, way: Way, now: Instant) {
        let is_alone = self.course.also.as_ref().is_none();
        let is_direct = |way: Option<Way>| way.is_some_and(|way| way.direct().is_some());
        if is_alone
            && !self.course.has(way)
            && is_direct(self.course.primary())
            && is_direct(Some(way))
        {
            self.course.also = Held::This(way);
            self.course.until = Held::This(now + STRETCH);
            self.course.since_counter = self.next_counter;
        }
    }

    /// Whether packets can have taken this way.
    fn carried(&self, way: Way) -> bool {
        self.find(way).is_some_and(|known| known.proof != Proof::Probing)
    }

    /// The best way. One that is in use gives way to one of its kind only if that is clearly better.
    fn best(&self, now: Instant) -> Option<&Known> {
        let current = self.course.primary().and_then(|way| self.find(way));
        let rivals = self.iter().filter(|known| current.is_none_or(|c| c.way != known.way));
        // Where a packet only came from, none goes by choice.
        let rivals = rivals.filter(|known| known.proof != Proof::Probing || !known.is_hearsay);
        rivals.fold(current, |best, rival| match best {
            Some(best) if !self.beats(rival, best, now) => Some(best),
            _ => Some(rival),
        })
    }

    /// Whether a way is to take another's place.
    fn beats(&self, rival: &Known, best: &Known, now: Instant) -> bool {
        match rank(rival, now).cmp(&rank(best, now)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal if rival.proof != Proof::Validated => rival.since > best.since,
            Ordering::Equal if rival.is_hearsay && rival.added_at > self.taken_at(best) => {
                !is_clearly_faster(best, rival)
            }
            Ordering::Equal => is_clearly_faster(rival, best),
        }
    }

    /// From when on a way to which the peer comes by itself is a newer one: one that had failed and answers
    /// again is none.
    fn taken_at(&self, known: &Known) -> Instant {
        let is_primary = self.course.primary() == Some(known.way);
        if is_primary { self.course.primary_since } else { known.added_at }
    }
}

fn is_clearly_faster(one: &Known, other: &Known) -> bool {
    let (Some(its), Some(present)) = (round_trip(one), round_trip(other)) else { return false };
    let margin = FASTER_BY.max(Duration::from_micros(present.as_micros() / FASTER_BY_FRACTION));
    its + margin <= present
}

/// The round trip as ways are compared.
fn round_trip(known: &Known) -> Option<Duration> {
    let is_ipv6 = known.way.direct().is_some_and(|path| path.remote.is_ipv6());
    let behind = if is_ipv6 { Duration::ZERO } else { IPV6_AHEAD };
    known.round_trip.map(|round_trip| round_trip + behind)
}
