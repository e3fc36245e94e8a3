//! The report of `run`: a line for each scenario, and what there is to know of those that failed.

use super::numbers::{count, plural, real_time, thousands, virtual_time, wide};
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

/// Failed runs of one scenario that are shown in full.
const SHOWN_MAX: usize = 3;
/// Of one in quarantine: its failures are known.
const SHOWN_MAX_QUARANTINED: usize = 1;
/// Columns of the word that begins a line.
const STATUS: usize = 12;

/// Shows runs as they end.
pub(crate) struct Reporter<'r, 'w> {
    output: &'r mut Output<'w>,
    hashes: Option<&'r mut Output<'w>>,
    rerun: Rerun<'r>,
    progress: Progress,
    columns: Columns,
    summary: Summary,
    /// What is to be said in the end of failed runs of scenarios in quarantine.
    known: Vec<String>,
    /// What is to be said in the end of failed runs.
    details: Vec<String>,
    watch: Stopwatch,
}

/// How wide the columns are that hold something about a scenario.
struct Columns {
    name: usize,
    seeds: usize,
    virtual_time: usize,
}

impl Columns {
    fn for_cases(cases: &[Case]) -> Self {
        let widest = |of: &dyn Fn(&Case) -> usize| cases.iter().map(of).max().unwrap_or(0);
        Self {
            name: widest(&|case| case.scenario.name.chars().count()),
            seeds: widest(&|case| thousands(wide(case.seeds.len())).len()),
            virtual_time: widest(&|case| {
                let seeds = wide(case.seeds.len());
                virtual_time(case.scenario.duration.saturating_mul(seeds)).len()
            }),
        }
    }
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
        let (cases_text, runs_text) = (count(cases.len(), "scenario"), count(runs, "run"));
        let status = output.paint(Color::Good, &format!("{:>STATUS$}", "Running"));
        output.line(&format!("{status} {cases_text}, {runs_text}, {jobs} at once"));
        Self {
            output,
            hashes,
            rerun,
            progress: Progress::new(runs),
            columns: Columns::for_cases(cases),
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

    fn case_line(&self, case: &Case, outcome: &Outcome) -> String {
        let (word, color) = word(outcome.verdict);
        let status = self.output.paint(color, &format!("{word:>STATUS$}"));
        let width = self.columns.name;
        let name = format!("{:<width$}", case.scenario.name);
        let text = self.text(case, outcome);
        format!("{status} [{}] {name}  {text}", real_time(outcome.took))
    }

    fn text(&self, case: &Case, outcome: &Outcome) -> String {
        let seeds = case.seeds.len();
        let mut text = match outcome.verdict {
            Verdict::Passed => self.measures(seeds, outcome),
            Verdict::Failed | Verdict::Quarantined => {
                let made = outcome.made();
                let failed = thousands(wide(outcome.failed + outcome.excused));
                format!("{failed} of {} failed", count(made, "seed"))
            }
            Verdict::Recovered => format!("{} passed unexpectedly", count(seeds, "seed")),
            Verdict::NotRun if outcome.passed == 0 => "no seed run".into(),
            Verdict::NotRun => format!("{} passed", count(outcome.passed, "seed")),
        };
        if outcome.not_run > 0 && outcome.made() > 0 {
            text += &format!(", {} not run", thousands(wide(outcome.not_run)));
        }
        if let Some(reason) = &case.scenario.quarantine {
            text += &format!("; quarantined: {}", one_line(reason));
        }
        text
    }

    /// What the runs came to, in columns.
    fn measures(&self, seeds: usize, outcome: &Outcome) -> String {
        let Columns { seeds: seeds_width, virtual_time: time_width, .. } = self.columns;
        format!(
            "{:>seeds_width$} {:<5}  {:>time_width$} virtual  {:>11} datagrams",
            thousands(wide(seeds)),
            plural(seeds, "seed"),
            virtual_time(outcome.virtual_time),
            thousands(outcome.datagrams),
        )
    }

    /// Notes what to say in the end of the runs that failed.
    fn note_details(&mut self, case: &Case, runs: &[Run]) {
        let failed = runs.iter().filter(|run| run.ending.failed());
        let (excused, failed): (Vec<&Run>, Vec<&Run>) =
            failed.partition(|run| case.excuses(&run.ending));
        let known = self.details_of(case, &excused, Verdict::Quarantined, SHOWN_MAX_QUARANTINED);
        self.known.extend(known);
        let details = self.details_of(case, &failed, Verdict::Failed, SHOWN_MAX);
        self.details.extend(details);
    }

    /// What to say of some runs of a case: of so many of them in full.
    fn details_of(
        &self,
        case: &Case,
        runs: &[&Run],
        verdict: Verdict,
        shown_max: usize,
    ) -> Vec<String> {
        let mut details = Vec::new();
        let (word, color) = word(verdict);
        let status = self.output.paint(color, &format!("{word:>STATUS$}"));
        let (shown, rest) = runs.split_at(runs.len().min(shown_max));
        for run in shown {
            let name = run_name(&case.scenario.name, run.seed);
            let name = self.output.paint(Color::Title, &name);
            details.push(format!("{status} {name}  {}", one_line(&case.scenario.title)));
            details.extend(failure::lines(case, run, self.rerun));
            details.push(String::new());
        }
        if !rest.is_empty() {
            let name = self.output.paint(Color::Title, &case.scenario.name);
            details.push(format!("{status} {name}: {}", count(rest.len(), "more run")));
            let seeds: Vec<u64> = rest.iter().map(|run| run.seed).collect();
            details.extend(failure::rest(case, &seeds, self.rerun));
            details.push(String::new());
        }
        details
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
        let line = self.case_line(case, &outcome);
        self.progress.aside(|| self.output.line(&line));
        self.print_hashes(case, &runs);
        self.note_details(case, &runs);
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
