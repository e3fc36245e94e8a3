//! Expectations that a share of all seeds must meet: they are judged when every seed has run.

use std::collections::BTreeSet;

use crate::background::Background;
use crate::expect::Unmet;
use crate::run::{Failure, RunReport};
use crate::scenario::model::{Expect, Scenario};

/// An expectation of a share of the seeds that one run did not meet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    /// Position in [`Scenario::expects`].
    pub expect: usize,
    /// What was expected, and what happened.
    pub unmet: Unmet,
    /// What was behind it; empty until [`RunReport::explain`] was asked.
    pub background: Background,
    /// Enough of the other seeds met it; never before [`judge`] has said so.
    pub is_allowed: bool,
}

impl Missed {
    /// Nobody has judged or explained it yet.
    pub(crate) fn new(expect: usize, unmet: Unmet) -> Self {
        Self { expect, unmet, background: Background::default(), is_allowed: false }
    }
}

impl Scenario {
    /// The expectations of a share of the seeds, with their positions.
    pub fn expected_of_seeds(&self) -> impl Iterator<Item = (usize, &Expect)> {
        self.expects.iter().enumerate().filter(|(_, expect)| expect.seeds.is_some())
    }

    /// Whether these are the seeds of the file, in any order: the count is exact, so no other seeds
    /// say anything about it.
    pub fn has_seeds(&self, seeds: impl IntoIterator<Item = u64>) -> bool {
        let own: BTreeSet<u64> = self.seeds.iter().copied().collect();
        own == seeds.into_iter().collect()
    }
}

/// How many of `seeds` a share of so many thousandths is, rounded up.
pub fn seeds_wanted(thousandths: u32, seeds: usize) -> usize {
    let share = u128::from(thousandths);
    let wanted = (share * seeds as u128).div_ceil(1000);
    usize::try_from(wanted).expect("at most as many as there are seeds")
}

/// Judges what is expected of a share of the seeds, from the reports of all of them: what too few
/// met becomes a failure of every run that missed it. Does nothing unless there is a report for
/// each of the file's seeds, and for no other.
pub fn judge(scenario: &Scenario, reports: &mut [&mut RunReport]) {
    if !scenario.has_seeds(reports.iter().map(|report| report.seed)) {
        return;
    }
    for (position, expect) in scenario.expected_of_seeds() {
        let Some(share) = expect.seeds else { continue };
        let missed = |report: &RunReport| {
            let was_stopped =
                report.failures.iter().any(|failure| matches!(failure, Failure::Stopped { .. }));
            was_stopped || report.missed.iter().any(|missed| missed.expect == position)
        };
        let met = reports.iter().filter(|report| !missed(report)).count();
        let seeds = reports.len();
        let wanted = seeds_wanted(share, seeds);
        for report in reports.iter_mut() {
            let (of_it, others): (Vec<Missed>, _) =
                report.missed.drain(..).partition(|missed| missed.expect == position);
            report.missed = others;
            for mut missed in of_it {
                if met >= wanted {
                    missed.is_allowed = true;
                    report.missed.push(missed);
                    continue;
                }
                let expected = format!("with {wanted} of {seeds} seeds, it was so with {met}");
                missed.unmet.expected = format!("{} ({expected})", missed.unmet.expected);
                // A report that nobody explained has none for what failed before either.
                report.background.resize_with(report.failures.len(), Background::default);
                report.failures.push(Failure::Unmet(missed.unmet));
                report.background.push(missed.background);
            }
        }
    }
}
