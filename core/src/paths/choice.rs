//! Which way a peer's packets take.

use super::{Known, Proof, Ways};
use crate::held::Held;
use crate::time::{Duration, Instant};
use crate::way::Way;

/// How long packets go two ways after a planned switch: longer than it takes to notice that the new
/// way loses what it is given.
const STRETCH: Duration = Duration::from_secs(3);
/// A way must be so much faster than one of its kind that is in use (Firezone: the larger of 10 ms
/// and a fifth).
const FASTER_BY: Duration = Duration::from_millis(10);
const FASTER_BY_FRACTION: u64 = 5;

/// The way that a peer's packets take, or two.
#[derive(Clone, Copy)]
pub(crate) struct Course {
    primary: Held<Way>,
    also: Held<Way>,
    /// When the second is left; while the first or the second is suspect, it is not.
    until: Held<Instant>,
}

impl Course {
    pub(crate) const NONE: Self =
        Self { primary: Held::Nothing, also: Held::Nothing, until: Held::Nothing };

    pub(crate) fn primary(&self) -> Option<Way> {
        self.primary.get()
    }

    pub(crate) fn also(&self) -> Option<Way> {
        self.also.get()
    }

    pub(crate) fn has(&self, way: Way) -> bool {
        self.primary.get() == Some(way) || self.also.get() == Some(way)
    }

    pub(super) fn stretch_end(&self) -> Option<Instant> {
        self.until.get()
    }

    pub(super) fn end_stretch(&mut self, now: Instant) {
        if self.until.get().is_some_and(|until| until <= now) {
            (self.also, self.until) = (Held::Nothing, Held::Nothing);
        }
    }
}

/// How good a way is, beside others of other kinds.
fn rank(known: &Known) -> u8 {
    match (known.proof, known.way) {
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
        let Some(best) = self.best() else {
            self.course = Course::NONE;
            return;
        };
        let before = self.course.primary();
        let kept = |way: Option<Way>| way.filter(|way| self.find(*way).is_some());
        if before == Some(best.way) {
            let also = kept(self.course.also());
            self.course.also = also.map_or(Held::Nothing, Held::This);
            if also.is_none() {
                self.course.until = Held::Nothing;
            }
            // One that has answered again, but is no longer the first, is left after a while.
            let is_proven = also.and_then(|way| self.find(way)).is_some_and(Known::is_validated);
            if is_proven && self.course.until.as_ref().is_none() {
                self.course.until = Held::This(now + STRETCH);
            }
            return;
        }
        let best_way = best.way;
        let old = kept(before).filter(|way| self.carried(*way));
        let is_planned = old.and_then(|way| self.find(way)).is_some_and(Known::is_validated);
        self.course = Course {
            primary: Held::This(best_way),
            also: old.map_or(Held::Nothing, Held::This),
            until: if is_planned { Held::This(now + STRETCH) } else { Held::Nothing },
        };
    }

    /// Whether packets can have taken this way.
    fn carried(&self, way: Way) -> bool {
        self.find(way).is_some_and(|known| known.proof != Proof::Probing)
    }

    /// The best way. One that is in use gives way to one of its kind only if that is clearly better.
    fn best(&self) -> Option<&Known> {
        let current = self.course.primary().and_then(|way| self.find(way));
        let rivals = self.iter().filter(|known| current.is_none_or(|c| c.way != known.way));
        let rival = rivals.max_by_key(|known| (rank(known), known.since));
        let (Some(rival), Some(current)) = (rival, current) else { return rival.or(current) };
        let wins = match rank(rival).cmp(&rank(current)) {
            core::cmp::Ordering::Less => false,
            core::cmp::Ordering::Greater => true,
            core::cmp::Ordering::Equal => is_preferred(rival, current),
        };
        Some(if wins { rival } else { current })
    }
}

/// Whether a way is to take the place of one of its kind: the peer itself has come to it since, or it
/// is clearly faster.
fn is_preferred(rival: &Known, current: &Known) -> bool {
    if rival.proof != Proof::Validated {
        return rival.since > current.since;
    }
    if rival.is_hearsay && rival.since > current.since {
        return true;
    }
    let (Some(its), Some(present)) = (rival.round_trip, current.round_trip) else { return false };
    let margin = FASTER_BY.max(Duration::from_micros(present.as_micros() / FASTER_BY_FRACTION));
    its + margin < present
}
