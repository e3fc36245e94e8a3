//! What there is to tell of a run that failed: what was expected, what happened instead, who knew what,
//! what came before.

use std::fmt::Display;

use underpass_core::Instant;

use crate::background::Background;
use crate::expect::Unmet;
use crate::run::{Failure, RunReport};
use crate::world::Stop;

/// Columns before the text of each line.
pub const INDENT: usize = 13;
/// What each line is about, before the text.
const LABEL: usize = 10;

/// All that was wrong with a run, line by line; `path` is where its scenario comes from.
pub fn lines(report: &RunReport, path: &str) -> Vec<String> {
    let nothing = Background::default();
    let of = |(position, failure): (usize, &Failure)| {
        let background = report.background.get(position).unwrap_or(&nothing);
        match failure {
            Failure::Unmet(unmet) => of_unmet(path, unmet, background),
            Failure::Stopped { at, stop } => of_stop(*at, stop, background),
        }
    };
    report.failures.iter().enumerate().flat_map(of).collect()
}

/// All about an expectation that was not met.
///
/// What each party knew is what its own reports say, and what was in its machine.
pub fn of_unmet(path: &str, unmet: &Unmet, background: &Background) -> Vec<String> {
    let Unmet { origin, expected, happened, knew, .. } = unmet;
    let path = origin.file.as_deref().unwrap_or(path);
    let place = match origin.line {
        0 => String::new(),
        line => format!("{path}:{line}  "),
    };
    let stated = origin.text.trim().replace(char::is_control, " ");
    let mut lines = vec![format!("{:INDENT$}{place}{stated}", "")];
    lines.extend(labelled("expected", expected));
    lines.extend(labelled("happened", happened));
    for knew in knew {
        lines.extend(labelled("knew", knew));
        let of_party = background.knew.iter().find(|(name, _)| {
            knew.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(':'))
        });
        if let Some((_, inside)) = of_party {
            let new: Vec<_> = inside.iter().filter(|line| !knew.contains(*line)).collect();
            lines.extend(labelled("", &indented(&new)));
        }
    }
    lines.extend(before(background));
    lines
}

/// A text of one line or more, with what it is about before the first.
pub fn labelled(label: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines.map(|(number, text)| line(if number == 0 { label } else { "" }, text)).collect()
}

/// One line, with what it is about before it.
pub fn line(label: &str, text: &str) -> String {
    // What a run says may quote anything.
    let text = text.replace(char::is_control, " ");
    format!("{:INDENT$}{label:<LABEL$}{text}", "").trim_end().into()
}

/// All about a run that was stopped.
fn of_stop(at: Instant, stop: &Stop, background: &Background) -> Vec<String> {
    let (expected, happened) = stopped(at, stop);
    let mut lines = [labelled("expected", &expected), labelled("happened", &happened)].concat();
    for (name, inside) in &background.knew {
        lines.push(line("knew", &format!("{name}:")));
        lines.extend(labelled("", &indented(inside)));
    }
    lines.extend(before(background));
    lines
}

fn before(background: &Background) -> Vec<String> {
    labelled("before", &background.before.join("\n"))
}

fn indented(lines: &[impl Display]) -> String {
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
