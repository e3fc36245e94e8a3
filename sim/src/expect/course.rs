//! How one expectation fares while time goes on.

use std::ops::Range;

use underpass_core::Instant;

use super::words::Found;
use crate::scenario::model::{Need, Time};

/// What has become of an expectation so far.
pub(super) struct Course {
    pub(super) time: Time,
    /// Positions of its facts.
    pub(super) facts: Range<usize>,
    /// How many of them do not hold now.
    failing: usize,
    /// The same for each of what counts as one, by its position.
    failing_of: Vec<usize>,
    /// How many of these hold now.
    whole: usize,
    pub(super) need: Need,
    /// It is listed among those to be looked at when this instant is over.
    pub(super) has_turned: bool,
    pub(super) verdict: Verdict,
    /// When all facts held for the first time after it was found unmet.
    pub(super) later: Option<Instant>,
}

pub(super) enum Verdict {
    Open,
    Met,
    /// Since when, and what was so then.
    Unmet {
        at: Instant,
        found: Found,
    },
}

impl Course {
    /// None of its facts holds. `sizes` has how many facts there are to each that counts as one.
    pub(super) fn new(time: Time, facts: Range<usize>, need: Need, sizes: Vec<usize>) -> Self {
        let failing = facts.len();
        Self {
            time,
            facts,
            failing,
            failing_of: sizes,
            whole: 0,
            need,
            has_turned: false,
            verdict: Verdict::Open,
            later: None,
        }
    }

    /// A fact turned that belongs to this unit.
    pub(super) fn turned(&mut self, unit: usize, holds: bool) {
        let of_unit = &mut self.failing_of[unit];
        if holds {
            self.failing -= 1;
            *of_unit -= 1;
            self.whole += usize::from(*of_unit == 0);
        } else {
            self.failing += 1;
            self.whole -= usize::from(*of_unit == 0);
            *of_unit += 1;
        }
    }

    /// Whether enough of it holds now.
    fn holds(&self) -> bool {
        match self.need {
            Need::All => self.failing == 0,
            Need::AtLeast(count) => self.whole >= count,
        }
    }

    /// Whether something holds that never may.
    fn has_happened(&self) -> bool {
        match self.need {
            Need::All => self.failing < self.facts.len(),
            Need::AtLeast(_) => self.holds(),
        }
    }

    /// When it must be looked at even if nothing happens: where its span begins and ends.
    pub(super) fn dates(&self) -> impl Iterator<Item = Instant> + use<> {
        let (begin, end) = match self.time {
            Time::By(until) => (Some(Instant::ORIGIN), Some(until)),
            Time::Within { from, until } | Time::During(from, until) => (Some(from), Some(until)),
            Time::Never => (Some(Instant::ORIGIN), None),
            Time::AtEnd => (None, None),
        };
        begin.into_iter().chain(end)
    }

    /// Looks at what holds once everything at this instant has happened. Says whether this is
    /// what shows the expectation to be unmet.
    pub(super) fn look(&mut self, at: Instant) -> bool {
        let holds = self.holds();
        match self.verdict {
            Verdict::Open => {}
            Verdict::Met => return false,
            Verdict::Unmet { .. } => {
                if holds && self.later.is_none() {
                    self.later = Some(at);
                }
                return false;
            }
        }
        let (is_met, is_unmet) = match self.time {
            Time::By(until) => (holds, at >= until),
            Time::Within { from, until } => (holds && at >= from, at >= until),
            Time::During(from, until) => (holds && at >= until, !holds && at >= from),
            Time::Never => (false, self.has_happened()),
            Time::AtEnd => (false, false),
        };
        if is_met {
            self.verdict = Verdict::Met;
        }
        is_unmet && !is_met
    }

    /// The run is over. Says whether this is what shows the expectation to be unmet.
    pub(super) fn end(&mut self, at: Instant) -> bool {
        match self.verdict {
            Verdict::Met | Verdict::Unmet { .. } => false,
            Verdict::Open => match self.time {
                Time::AtEnd => !self.holds(),
                Time::By(until) | Time::Within { until, .. } => at < until,
                Time::During(..) | Time::Never => false,
            },
        }
    }
}
