//! The report of `run`: a line for each scenario, and what there is to know of those that failed.

use std::collections::VecDeque;

use underpass_sim::RunReport;

use super::group::{Columns, Group, SHOWN_MAX};
use super::numbers::{count, real_time};
use super::output::{Color, Output};
use super::progress::Progress;
use super::rerun::Rerun;
use super::summary::Summary;
use super::verdict::{Outcome, Verdict};
use super::{failure, one_line};
use crate::program::Exit;
use crate::program::execution::{Ending, Listener, Run};
use crate::program::selection::{Case, run_name};
use crate::program::stopwatch::Stopwatch;

/// Commands for failed cells of one file that are listed.
const LISTED_MAX: usize = 20;
/// Columns of the word that begins a line.
const STATUS: usize = 12;

/// Shows runs as they end.
pub(crate) struct Reporter<'r, 'w> {
    output: &'r mut Output<'w>,
    hashes: Option<&'r mut Output<'w>>,
    rerun: Rerun<'r>,
    progress: Progress,
    columns: Columns,
    /// Files, in order, those that are over left out.
    groups: VecDeque<Group>,
    summary: Summary,
    /// What is to be said in the end of failed runs of scenarios in quarantine.
    known: Vec<String>,
    /// What is to be said in the end of failed runs.
    details: Vec<String>,
    watch: Stopwatch,
}

impl<'r, 'w> Reporter<'r, 'w> {
    /// A report about these cases to one output, and the hashes of their runs to another, if it
    /// is given.
    pub(crate) fn new(
        cases: &[Case],
        jobs: usize,
        rerun: Rerun<'r>,
        output: &'r mut Output<'w>,
        hashes: Option<&'r mut Output<'w>>,
    ) -> Self {
        let runs = cases.iter().map(|case| case.seeds.len()).sum();
        let groups = Group::of(cases);
        let (cases_text, runs_text) = (count(cases.len(), "scenario"), count(runs, "run"));
        let status = output.paint(Color::Good, &format!("{:>STATUS$}", "Running"));
        output.line(&format!("{status} {cases_text}, {runs_text}, {jobs} at once"));
        Self {
            output,
            hashes,
            rerun,
            progress: Progress::new(runs),
            columns: Columns::for_groups(&groups),
            groups: groups.into(),
            summary: Summary::default(),
            known: Vec::new(),
            details: Vec::new(),
            watch: Stopwatch::start(),
        }
    }

    /// All runs are over.
    pub(crate) fn finish(self) -> Exit {
        self.progress.finish();
        let exit = self.summary.exit();
        let color = if exit == Exit::Passed { Color::Good } else { Color::Bad };
        let status = self.output.paint(color, &format!("{:>STATUS$}", "Summary"));
        let elapsed = self.watch.elapsed();
        let text = self.summary.text(elapsed);
        self.output.line(&format!("{status} [{}] {text}", real_time(elapsed)));
        if !(self.known.is_empty() && self.details.is_empty()) {
            self.output.line("");
        }
        for line in self.known.iter().chain(&self.details) {
            self.output.line(line);
        }
        self.output.line(&self.summary.last_line());
        exit
    }

    /// The line of a file all of whose cells are over.
    fn line(&self, group: &Group, outcome: &Outcome, case: &Case) -> String {
        let (word, color) = word(outcome.verdict);
        let status = self.output.paint(color, &format!("{word:>STATUS$}"));
        let width = self.columns.name;
        let name = format!("{:<width$}", group.name);
        let text = group.text(&self.columns, outcome, case);
        format!("{status} [{}] {name}  {text}", real_time(outcome.took))
    }

    /// Notes what to say in the end of the runs that failed.
    fn note_details(&mut self, group: &mut Group, case: &Case, runs: &[Run]) {
        let failed = runs.iter().filter(|run| run.ending.failed());
        let (excused, failed): (Vec<&Run>, Vec<&Run>) =
            failed.partition(|run| case.excuses(&run.ending));
        let known = self.details_of(case, &excused, Verdict::Quarantined, group);
        self.known.extend(known);
        let details = self.details_of(case, &failed, Verdict::Failed, group);
        self.details.extend(details);
    }

    /// What to say of some runs of a case: of some of them in full.
    fn details_of(
        &self,
        case: &Case,
        runs: &[&Run],
        verdict: Verdict,
        group: &mut Group,
    ) -> Vec<String> {
        let mut details = Vec::new();
        let (word, color) = word(verdict);
        let status = self.output.paint(color, &format!("{word:>STATUS$}"));
        let (shown, rest) = runs.split_at(runs.len().min(group.shown_max(verdict)));
        match verdict {
            Verdict::Quarantined => group.shown_known += shown.len(),
            _ => group.shown += shown.len(),
        }
        for run in shown {
            let name = run_name(&case.scenario.name, run.seed);
            let name = self.output.paint(Color::Title, &name);
            details.push(format!("{status} {name}  {}", one_line(&case.scenario.title)));
            details.extend(failure::lines(case, run, self.rerun));
            details.push(String::new());
        }
        let seeds: Vec<u64> = rest.iter().map(|run| run.seed).collect();
        if !rest.is_empty() && group.cells.is_some() {
            group.more.push(self.rerun.several(case, &seeds));
        } else if !rest.is_empty() {
            let name = self.output.paint(Color::Title, &case.scenario.name);
            details.push(format!("{status} {name}: {}", count(rest.len(), "more run")));
            details.extend(failure::rest(case, &seeds, self.rerun));
            details.push(String::new());
        }
        details
    }

    /// Notes what runs missed that all seeds together are judged by, if not all have run.
    fn note_missed(&mut self, case: &Case, runs: &[Run]) {
        let reports = runs.iter().filter_map(|run| match &run.ending {
            Ending::Done(report) => Some(&**report),
            _ => None,
        });
        let status = self.output.paint(Color::Odd, &format!("{:>STATUS$}", "NOT JUDGED"));
        let missed = |report: &&RunReport| report.missed.iter().any(|it| !it.is_allowed);
        for report in reports.filter(missed).take(SHOWN_MAX) {
            let name = self.output.paint(Color::Title, &report.name());
            self.known.push(format!("{status} {name}  {}", one_line(&case.scenario.title)));
            self.known.extend(failure::missed(case, report));
            self.known.push(String::new());
        }
    }

    /// Notes how to make the failed runs again of which nothing was said.
    fn note_more(&mut self, group: &Group, outcome: &Outcome) {
        if group.more.is_empty() {
            return;
        }
        let (word, color) = word(outcome.verdict);
        let status = self.output.paint(color, &format!("{word:>STATUS$}"));
        let name = self.output.paint(Color::Title, &group.name);
        let more = count(group.more.len(), "cell");
        let lines = match outcome.verdict {
            Verdict::Quarantined => &mut self.known,
            _ => &mut self.details,
        };
        lines.push(format!("{status} {name}: more runs of {more}"));
        lines.extend(failure::commands(&group.more, LISTED_MAX));
        lines.push(String::new());
    }

    fn print_hashes(&mut self, case: &Case, runs: &[Run]) {
        let Some(output) = &mut self.hashes else { return };
        for run in runs {
            if let Ending::Done(report) = &run.ending {
                let hash = failure::hex(&report.hash);
                let line = format!("{} {hash}", run_name(&case.scenario.name, run.seed));
                self.progress.aside(|| output.line(&line));
            }
        }
    }
}

impl Listener for Reporter<'_, '_> {
    fn run_begun(&mut self, case: &Case, seed: u64) {
        self.progress.begun(run_name(&case.scenario.name, seed));
    }

    fn run_over(&mut self, case: &Case, seed: u64, is_red: bool) {
        self.progress.over(&run_name(&case.scenario.name, seed), is_red);
    }

    fn case_over(&mut self, case: &Case, runs: Vec<Run>) {
        let outcome = Outcome::of(case, &runs);
        self.summary.add(&outcome);
        self.print_hashes(case, &runs);
        let Some(mut group) = self.groups.pop_front() else { return };
        self.note_details(&mut group, case, &runs);
        self.note_missed(case, &runs);
        match group.add(&outcome) {
            None => self.groups.push_front(group),
            Some(outcome) => {
                let line = self.line(&group, &outcome, case);
                self.progress.aside(|| self.output.line(&line));
                self.note_more(&group, &outcome);
            }
        }
    }
}

fn word(verdict: Verdict) -> (&'static str, Color) {
    match verdict {
        Verdict::Passed => ("PASS", Color::Good),
        Verdict::Failed => ("FAIL", Color::Bad),
        Verdict::NotRun => ("SKIP", Color::Odd),
        Verdict::Quarantined | Verdict::Recovered => ("QUARANTINE", Color::Odd),
    }
}
