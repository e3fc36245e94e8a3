//! Everything about a run that failed: what was expected, what happened instead, how to see it
//! again.

use underpass_sim::failure;
use underpass_sim::scenario::discover::shown;
use underpass_sim::scenario::model::RunShare;
use underpass_sim::{RunReport, runs_wanted};

use super::difference::difference_lines;
use super::numbers::{thousands, wide};
use super::rerun::Rerun;
use crate::program::execution::{Ending, Run};
use crate::program::selection::Case;

/// The lines about a failed run that follow its name.
pub(super) fn lines(case: &Case, run: &Run, rerun: Rerun<'_>) -> Vec<String> {
    let path = shown(&case.path);
    let mut lines = Lines::default();
    match &run.ending {
        Ending::Done(report) => lines.0.extend(failure::lines(report, &path)),
        Ending::Panicked(panic) => {
            lines.add("expected", "no panic, whatever the scenario");
            lines.add("happened", &format!("panicked at {}: {}", panic.place, panic.message));
            if let Some(backtrace) = &panic.backtrace {
                lines.add("from", backtrace);
            }
        }
        Ending::Differed(difference) => {
            let labels = ["first".into(), "second".into()];
            lines.add("expected", "the same run each time, as the seed is the same");
            lines.add("happened", &difference_lines(difference, &labels).join("\n"));
        }
        Ending::NotRun => {}
    }
    lines.add("rerun", &rerun.one(case, run.seed));
    lines.0
}

/// All about a failed run, for readers without columns of ours.
pub(super) fn text(case: &Case, run: &Run, rerun: Rerun<'_>) -> String {
    let (lines, indent) = (lines(case, run, rerun), " ".repeat(failure::INDENT));
    let lines = lines.iter().map(|line| line.strip_prefix(&indent).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The line about further runs that failed too.
pub(super) fn rest(case: &Case, seeds: &[u64], rerun: Rerun<'_>) -> Vec<String> {
    let mut lines = Lines::default();
    lines.add("rerun", &rerun.several(case, seeds));
    lines.0
}

/// The lines about what a run missed that is not judged.
pub(super) fn missed(case: &Case, report: &RunReport) -> Vec<String> {
    let path = shown(&case.path);
    let mut lines = Lines::default();
    for missed in report.missed.iter().filter(|missed| !missed.is_allowed) {
        lines.0.extend(failure::of_unmet(&path, &missed.unmet, &missed.background));
        let scenario = &case.scenario;
        let judged = match scenario.expects[missed.expect].share {
            Some(RunShare::Seeds(share)) => {
                let seeds = scenario.seeds.len();
                let wanted = runs_wanted(share, seeds);
                format!("when all {seeds} seeds of the file run: {wanted} must meet it")
            }
            Some(RunShare::Cells(_)) => {
                format!("when all {} cells of the file run", thousands(wide(scenario.cells)))
            }
            None => continue,
        };
        lines.add("judged", &judged);
    }
    lines.0
}

/// The first few of many commands, and how many more there are.
pub(super) fn commands(commands: &[String], shown_max: usize) -> Vec<String> {
    let mut lines = Lines::default();
    let (shown, rest) = commands.split_at(commands.len().min(shown_max));
    lines.add("rerun", &shown.join("\n"));
    if !rest.is_empty() {
        lines.add("", &format!("and {} more", rest.len()));
    }
    lines.0
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    /// A text of one line or more, with what it is about before the first.
    fn add(&mut self, label: &str, text: &str) {
        self.0.extend(failure::labelled(label, text));
    }
}
