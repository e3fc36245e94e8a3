//! Everything about a run that failed: what was expected, what happened instead, how to see it
//! again.

use underpass_core::Instant;
use underpass_sim::expect::Unmet;
use underpass_sim::scenario::discover::shown;
use underpass_sim::world::Stop;
use underpass_sim::{Background, Failure, RunReport};

use super::difference::difference_lines;
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
    let lines = lines(case, run, rerun);
    let lines = lines.iter().map(|line| line.strip_prefix(INDENT).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The line about further runs that failed too.
pub(super) fn rest(case: &Case, seeds: &[u64], rerun: Rerun<'_>) -> Vec<String> {
    let mut lines = Lines::default();
    lines.add("rerun", &rerun.several(case, seeds));
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
        for (number, line) in text.lines().enumerate() {
            let label = if number == 0 { label } else { "" };
            // What a run says may quote anything.
            let line = line.replace(char::is_control, " ");
            self.0.push(format!("{INDENT}{label:<LABEL$}{line}").trim_end().into());
        }
    }

    fn report(&mut self, path: &str, report: &RunReport) {
        for (position, failure) in report.failures.iter().enumerate() {
            let background = report.background.get(position);
            match failure {
                Failure::Unmet(unmet) => self.unmet(path, unmet, background),
                Failure::Stopped { at, stop } => {
                    let (expected, happened) = stopped(*at, stop);
                    self.add("expected", &expected);
                    self.add("happened", &happened);
                    for (name, lines) in background.into_iter().flat_map(|it| &it.knew) {
                        self.add("knew", &format!("{name}:"));
                        self.add("", &indented(lines));
                    }
                }
            }
            let before = background.into_iter().flat_map(|it| &it.before);
            let before: Vec<&str> = before.map(String::as_str).collect();
            self.add("before", &before.join("\n"));
        }
    }

    /// What each party knew as its own reports say, and what was in its machine.
    fn unmet(&mut self, path: &str, unmet: &Unmet, background: Option<&Background>) {
        let Unmet { origin, expected, happened, knew, .. } = unmet;
        self.0.push(format!("{INDENT}{path}:{}  {}", origin.line, one_line(&origin.text)));
        self.add("expected", expected);
        self.add("happened", happened);
        let inside: Vec<_> = background.into_iter().flat_map(|it| &it.knew).collect();
        for knew in knew {
            self.add("knew", knew);
            let of_party = inside.iter().find(|(name, _)| {
                knew.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(':'))
            });
            if let Some((_, lines)) = of_party {
                let new: Vec<_> = lines.iter().filter(|line| !knew.contains(*line)).collect();
                self.add("", &indented(&new));
            }
        }
    }
}

fn indented(lines: &[impl std::fmt::Display]) -> String {
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
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
