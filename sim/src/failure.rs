//! What there is to tell of a run that failed: what was expected, what happened instead, who knew what.

use underpass_core::Instant;

use crate::expect::Unmet;
use crate::run::{Failure, RunReport};
use crate::world::Stop;

/// Columns before the text of each line.
const INDENT: usize = 13;
/// What each line is about, before the text.
const LABEL: usize = 10;

/// All that was wrong with a run, line by line; `path` is where its scenario comes from.
pub fn lines(report: &RunReport, path: &str) -> Vec<String> {
    let of = |failure: &Failure| match failure {
        Failure::Unmet(unmet) => of_unmet(path, unmet),
        Failure::Stopped { at, stop } => {
            let (expected, happened) = of_stop(*at, stop);
            [labelled("expected", &expected), labelled("happened", &happened)].concat()
        }
    };
    report.failures.iter().flat_map(of).collect()
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

fn of_unmet(path: &str, unmet: &Unmet) -> Vec<String> {
    let Unmet { origin, expected, happened, knew } = unmet;
    let place = match origin.line {
        0 => String::new(),
        line => format!("{path}:{line}  "),
    };
    let stated = origin.text.trim().replace(char::is_control, " ");
    let mut lines = vec![format!("{:INDENT$}{place}{stated}", "")];
    lines.extend(labelled("expected", expected));
    lines.extend(labelled("happened", happened));
    lines.extend(knew.iter().flat_map(|knew| labelled("knew", knew)));
    lines
}

/// What a run that was stopped should have done, and what it did.
fn of_stop(at: Instant, stop: &Stop) -> (String, String) {
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
