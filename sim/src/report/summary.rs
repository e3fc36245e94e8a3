//! What all scenarios together come to.

use std::time::Duration as RealDuration;

use underpass_core::Duration;

use super::numbers::{count, speed, thousands, virtual_time, wide};
use super::verdict::{Outcome, Verdict};
use crate::program::Exit;

/// Counts of scenarios and runs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    passed: usize,
    failed: usize,
    not_run: usize,
    quarantined: usize,
    /// Of those in quarantine.
    recovered: usize,
    /// Runs that were made.
    runs: usize,
    runs_passed: usize,
    runs_failed: usize,
    /// Runs in quarantine, unless they failed as it does not excuse, and those that were not made.
    runs_skipped: usize,
    broken: bool,
    virtual_time: Duration,
}

impl Summary {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        match outcome.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::NotRun => self.not_run += 1,
            Verdict::Quarantined => self.quarantined += 1,
            Verdict::Recovered => {
                self.quarantined += 1;
                self.recovered += 1;
            }
        }
        self.runs += outcome.made();
        self.virtual_time = self.virtual_time.saturating_add(outcome.virtual_time);
        self.runs_failed += outcome.failed;
        self.runs_skipped += outcome.not_run + outcome.excused;
        match outcome.quarantined {
            true => self.runs_skipped += outcome.passed,
            false => self.runs_passed += outcome.passed,
        }
        self.broken |= outcome.broken;
    }

    pub(super) fn exit(&self) -> Exit {
        match (self.broken, self.runs_failed) {
            (true, _) => Exit::Broken,
            (false, 0) => Exit::Passed,
            (false, _) => Exit::Failed,
        }
    }

    /// `6 scenarios passed, 1 failed; 35 runs, 12h 3m virtual (36,000 times real time)`.
    pub(super) fn text(&self, elapsed: RealDuration) -> String {
        let mut scenarios = vec![format!("{} passed", count(self.passed, "scenario"))];
        let others =
            [(self.failed, "failed"), (self.quarantined, "quarantined"), (self.not_run, "not run")];
        for (number, what) in others.into_iter().filter(|(number, _)| *number > 0) {
            scenarios.push(format!("{} {what}", thousands(wide(number))));
        }
        if self.recovered > 0 {
            let recovered = thousands(wide(self.recovered));
            scenarios.push(format!("{recovered} of them passed unexpectedly"));
        }
        format!(
            "{}; {}, {} virtual ({})",
            scenarios.join(", "),
            count(self.runs, "run"),
            virtual_time(self.virtual_time),
            speed(self.virtual_time, elapsed),
        )
    }

    /// `34 passed, 1 failed`: runs, for programs that read it.
    pub(super) fn last_line(&self) -> String {
        let counts = format!("{} passed, {} failed", self.runs_passed, self.runs_failed);
        match self.runs_skipped {
            0 => counts,
            skipped => format!("{counts}, {skipped} skipped"),
        }
    }
}
