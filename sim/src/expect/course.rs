//! How one expectation fares while time goes on.

use std::ops::Range;

use underpass_core::Instant;

use super::words::Found;
use crate::scenario::model::Time;

/// What has become of an expectation so far.
pub(super) struct Course {
    pub(super) time: Time,
    /// Positions of its facts.
    pub(super) facts: Range<usize>,
    /// How many of them do not hold now.
    pub(super) failing: usize,
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
    /// None of its facts holds.
    pub(super) fn new(time: Time, facts: Range<usize>) -> Self {
        let failing = facts.len();
        Self { time, facts, failing, has_turned: false, verdict: Verdict::Open, later: None }
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
        let holds = self.failing == 0;
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
            Time::Never => (false, self.failing < self.facts.len()),
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
                Time::AtEnd => self.failing > 0,
                Time::By(until) | Time::Within { until, .. } => at < until,
                Time::During(..) | Time::Never => false,
            },
        }
    }
}
