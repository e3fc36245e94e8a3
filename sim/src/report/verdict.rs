//! What the runs of a scenario come to.

use std::time::Duration as RealDuration;

use underpass_core::{Duration, Instant};

use crate::program::execution::{Ending, Run};
use crate::program::selection::Case;

/// What a scenario counts as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// All seeds passed.
    Passed,
    /// A seed failed, and in a way that is not known of it.
    Failed,
    /// None failed, but not all were run.
    NotRun,
    /// Known to fail, and does.
    Quarantined,
    /// Known to fail, and yet all seeds passed.
    Recovered,
}

/// The runs of a scenario, added up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) quarantined: bool,
    /// Runs that passed.
    pub(super) passed: usize,
    /// Runs that failed as no quarantine excuses.
    pub(super) failed: usize,
    /// Runs that failed as is known of their scenario.
    pub(super) excused: usize,
    /// Runs that were not begun.
    pub(super) not_run: usize,
    /// A run panicked or was not deterministic: that is no fault of its scenario.
    pub(super) broken: bool,
    pub(super) datagrams: u64,
    pub(super) virtual_time: Duration,
    pub(super) took: RealDuration,
}

impl Outcome {
    pub(super) fn of(case: &Case, runs: &[Run]) -> Self {
        let passed = runs.iter().filter(|run| run.ending.passed()).count();
        let failures = || runs.iter().filter(|run| run.ending.failed());
        let excused = failures().filter(|run| case.excuses(&run.ending)).count();
        let failed = failures().count() - excused;
        let not_run = runs.len() - passed - failed - excused;
        let quarantined = case.scenario.quarantine.is_some();
        let verdict = match (failed, excused, not_run) {
            (1.., ..) => Verdict::Failed,
            (0, 1.., _) => Verdict::Quarantined,
            (0, 0, 1..) => Verdict::NotRun,
            (0, 0, 0) if quarantined => Verdict::Recovered,
            (0, 0, 0) => Verdict::Passed,
        };
        let reports = || {
            runs.iter().filter_map(|run| match &run.ending {
                Ending::Done(report) => Some(report),
                _ => None,
            })
        };
        let spans = reports().map(|report| report.ended_at.saturating_since(Instant::ORIGIN));
        Self {
            verdict,
            quarantined,
            passed,
            failed,
            excused,
            not_run,
            broken: runs.iter().any(|run| is_broken(&run.ending)),
            datagrams: reports().map(|report| report.tally.datagrams).sum(),
            virtual_time: spans.fold(Duration::ZERO, Duration::saturating_add),
            took: runs.iter().map(|run| run.took).sum(),
        }
    }

    /// How many runs were made.
    pub(super) fn made(&self) -> usize {
        self.passed + self.failed + self.excused
    }
}

fn is_broken(ending: &Ending) -> bool {
    matches!(ending, Ending::Panicked(_) | Ending::Differed(_))
}
