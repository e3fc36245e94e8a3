//! Expectations that a share of several runs must meet: of all seeds, or of all cells of a file with
//! all of theirs. They are judged when every one of these has run.

use std::collections::BTreeSet;

use crate::background::Background;
use crate::expect::Unmet;
use crate::run::{Failure, RunReport};
use crate::scenario::model::{Expect, Origin, RunShare, Scenario};

/// An expectation of a share of the runs that one run did not meet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    /// Position in [`Scenario::expects`].
    pub expect: usize,
    /// What was expected, and what happened.
    pub unmet: Unmet,
    /// What was behind it; empty until [`RunReport::explain`] was asked.
    pub background: Background,
    /// Enough of the other runs met it; never before [`judge`] has said so.
    pub is_allowed: bool,
}

impl Missed {
    /// Nobody has judged or explained it yet.
    pub(crate) fn new(expect: usize, unmet: Unmet) -> Self {
        Self { expect, unmet, background: Background::default(), is_allowed: false }
    }
}

impl Scenario {
    /// The expectations of a share of the seeds.
    pub fn expected_of_seeds(&self) -> impl Iterator<Item = &Expect> {
        let is_so = |expect: &&Expect| matches!(expect.share, Some(RunShare::Seeds(_)));
        self.expects.iter().filter(is_so)
    }

    /// The expectations of a share of the runs of all cells of its file.
    pub fn expected_of_cells(&self) -> impl Iterator<Item = &Expect> {
        let is_so = |expect: &&Expect| matches!(expect.share, Some(RunShare::Cells(_)));
        self.expects.iter().filter(is_so)
    }

    /// Whether these are the seeds of the file, in any order: the count is exact, so no other seeds
    /// say anything about it.
    pub fn has_seeds(&self, seeds: impl IntoIterator<Item = u64>) -> bool {
        let own: BTreeSet<u64> = self.seeds.iter().copied().collect();
        own == seeds.into_iter().collect()
    }
}

/// How many of `runs` a share of so many thousandths is, rounded up.
pub fn runs_wanted(thousandths: u32, runs: usize) -> usize {
    let share = u128::from(thousandths);
    let wanted = (share * runs as u128).div_ceil(1000);
    usize::try_from(wanted).expect("at most as many as there are runs")
}

/// The runs that an expectation is judged by.
struct Count {
    wanted: usize,
    met: usize,
    /// How these are called: `of 20 seeds`.
    of: String,
}

/// Judges what is expected of a share of the runs, from the reports of a file's scenarios: what too
/// few met becomes a failure of every run that missed it. Of seeds a scenario is judged for which there
/// is a report for each of its seeds, and for no other; of cells a file all of whose cells are here and
/// have them.
pub fn judge(cells: &mut [(&Scenario, Vec<&mut RunReport>)]) {
    for (scenario, reports) in cells.iter_mut() {
        if has_all(scenario, reports) {
            judge_seeds(scenario, reports);
        }
    }
    let is_whole = cells.first().is_some_and(|(scenario, _)| scenario.cells == cells.len());
    if is_whole && cells.iter().all(|(scenario, reports)| has_all(scenario, reports)) {
        judge_cells(cells);
    }
}

fn has_all(scenario: &Scenario, reports: &[&mut RunReport]) -> bool {
    scenario.has_seeds(reports.iter().map(|report| report.seed))
}

fn judge_seeds(scenario: &Scenario, reports: &mut [&mut RunReport]) {
    for (position, expect) in scenario.expects.iter().enumerate() {
        let Some(RunShare::Seeds(share)) = expect.share else { continue };
        let met = reports.iter().filter(|report| !has_missed(report, position)).count();
        let seeds = reports.len();
        let of = format!("of {seeds} seeds");
        let count = Count { wanted: runs_wanted(share, seeds), met, of };
        reports.iter_mut().for_each(|report| settle(report, position, &count));
    }
}

/// What cells expect is the same if the file says it in the same place.
fn judge_cells(cells: &mut [(&Scenario, Vec<&mut RunReport>)]) {
    let mut judged: Vec<(Origin, u32)> = Vec::new();
    for expect in cells.iter().flat_map(|(scenario, _)| scenario.expected_of_cells()) {
        if let Some(RunShare::Cells(share)) = expect.share
            && !judged.iter().any(|(origin, _)| *origin == expect.origin)
        {
            judged.push((expect.origin.clone(), share));
        }
    }
    for (origin, share) in judged {
        let position =
            |scenario: &Scenario| scenario.expects.iter().position(|it| it.origin == origin);
        let (mut runs, mut met) = (0, 0);
        for (scenario, reports) in cells.iter() {
            let Some(position) = position(scenario) else { continue };
            runs += reports.len();
            met += reports.iter().filter(|report| !has_missed(report, position)).count();
        }
        let of = format!("of {runs} runs of all cells");
        let count = Count { wanted: runs_wanted(share, runs), met, of };
        for (scenario, reports) in cells.iter_mut() {
            let Some(position) = position(scenario) else { continue };
            reports.iter_mut().for_each(|report| settle(report, position, &count));
        }
    }
}

/// One that was stopped has met nothing.
fn has_missed(report: &RunReport, expect: usize) -> bool {
    let is_stop = |failure: &Failure| matches!(failure, Failure::Stopped { .. });
    report.failures.iter().any(is_stop) || report.missed.iter().any(|it| it.expect == expect)
}

/// Says of a run that missed an expectation whether it may have.
fn settle(report: &mut RunReport, expect: usize, count: &Count) {
    let (of_it, others): (Vec<Missed>, _) =
        report.missed.drain(..).partition(|missed| missed.expect == expect);
    report.missed = others;
    for mut missed in of_it {
        let Count { wanted, met, of } = count;
        if met >= wanted {
            missed.is_allowed = true;
            report.missed.push(missed);
            continue;
        }
        let expected = format!("with {wanted} {of}, it was so with {met}");
        missed.unmet.expected = format!("{} ({expected})", missed.unmet.expected);
        // A report that nobody explained has none for what failed before either.
        report.background.resize_with(report.failures.len(), Background::default);
        report.failures.push(Failure::Unmet(missed.unmet));
        report.background.push(missed.background);
    }
}
