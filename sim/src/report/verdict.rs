//! What the runs of a scenario come to.

use std::time::Duration as RealDuration;

use underpass_core::{Duration, Instant};

use crate::program::execution::{Ending, Run};
use crate::program::selection::Case;

/// What a scenario counts as.
///
/// Of several cells of a file, the one furthest down counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Verdict {
    /// All seeds passed.
    Passed,
    /// Known to fail, and yet all seeds passed.
    Recovered,
    /// None failed, but not all were run.
    NotRun,
    /// Known to fail, and does.
    Quarantined,
    /// A seed failed, and in a way that is not known of it.
    Failed,
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
    /// How often a run missed what only a share of the seeds must meet.
    pub(super) allowed: usize,
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
            allowed: reports().flat_map(|report| &report.missed).count(),
            broken: runs.iter().any(|run| is_broken(&run.ending)),
            datagrams: reports().map(|report| report.tally.datagrams).sum(),
            virtual_time: spans.fold(Duration::ZERO, Duration::saturating_add),
            took: runs.iter().map(|run| run.took).sum(),
        }
    }

    /// What two cells of one file come to.
    pub(super) fn with(self, other: &Self) -> Self {
        Self {
            verdict: self.verdict.max(other.verdict),
            quarantined: self.quarantined || other.quarantined,
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            excused: self.excused + other.excused,
            not_run: self.not_run + other.not_run,
            allowed: self.allowed + other.allowed,
            broken: self.broken || other.broken,
            datagrams: self.datagrams + other.datagrams,
            virtual_time: self.virtual_time.saturating_add(other.virtual_time),
            took: self.took + other.took,
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
