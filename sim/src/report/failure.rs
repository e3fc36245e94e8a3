//! Everything about a run that failed: what was expected, what happened instead, how to see it
//! again.

use underpass_core::Instant;
use underpass_sim::expect::Unmet;
use underpass_sim::scenario::discover::shown;
use underpass_sim::world::Stop;
use underpass_sim::{Failure, RunReport, seeds_wanted};

use super::one_line;
use super::rerun::Rerun;
use crate::program::execution::{Ending, Run};
use crate::program::selection::Case;

/// Columns before the text of each line.
const INDENT: &str = "             ";
/// What each line is about, before the text.
const LABEL: usize = 10;

/// The lines about a failed run that follow its name.
pub(super) fn lines(case: &Case, run: &Run, rerun: Rerun<'_>) -> Vec<String> {
    let path = shown(&case.path);
    let mut lines = Lines::default();
    match &run.ending {
        Ending::Done(report) => lines.report(&path, report),
        Ending::Panicked(panic) => {
            lines.add("expected", "no panic, whatever the scenario");
            lines.add("happened", &format!("panicked at {}: {}", panic.place, panic.message));
            if let Some(backtrace) = &panic.backtrace {
                lines.add("from", backtrace);
            }
        }
        Ending::Differed(hashes) => {
            let [first, second] = hashes.map(|hash| hex(&hash));
            lines.add("expected", "the same run each time, as the seed is the same");
            lines.add("happened", &format!("one had the hash {first}"));
            lines.add("", &format!("and one   {second}"));
        }
        Ending::NotRun => {}
    }
    lines.add("rerun", &rerun.one(case, run.seed));
    lines.0
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
        lines.unmet(&path, &missed.unmet);
        let share = case.scenario.expects[missed.expect].seeds.unwrap_or_default();
        let wanted = seeds_wanted(share, case.scenario.seeds.len());
        let seeds = case.scenario.seeds.len();
        lines.add(
            "judged",
            &format!("when all {seeds} seeds of the file run: {wanted} must meet it"),
        );
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

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    /// A text of one line or more, with what it is about before the first.
    fn add(&mut self, label: &str, text: &str) {
        for (number, line) in text.lines().enumerate() {
            let label = if number == 0 { label } else { "" };
            // What a run says may quote anything.
            let line = line.replace(char::is_control, " ");
            self.0.push(format!("{INDENT}{label:<LABEL$}{line}").trim_end().into());
        }
    }

    fn report(&mut self, path: &str, report: &RunReport) {
        for failure in &report.failures {
            match failure {
                Failure::Unmet(unmet) => self.unmet(path, unmet),
                Failure::Stopped { at, stop } => {
                    let (expected, happened) = stopped(*at, stop);
                    self.add("expected", &expected);
                    self.add("happened", &happened);
                }
            }
        }
    }

    fn unmet(&mut self, path: &str, unmet: &Unmet) {
        let Unmet { origin, expected, happened, knew } = unmet;
        let path = origin.file.as_deref().unwrap_or(path);
        self.0.push(format!("{INDENT}{path}:{}  {}", origin.line, one_line(&origin.text)));
        self.add("expected", expected);
        self.add("happened", happened);
        for knew in knew {
            self.add("knew", knew);
        }
    }
}

/// What a run that was stopped should have done, and what it did.
fn stopped(at: Instant, stop: &Stop) -> (String, String) {
    match stop {
        Stop::MaxEvents { max_events, .. } => {
            (format!("an end within `max_events = {max_events}`"), stop.to_string())
        }
        Stop::Violation(_) => {
            ("what the checkers ask of every run".into(), format!("at {at}: {stop}"))
        }
        _ => ("a run to its end".into(), stop.to_string()),
    }
}
