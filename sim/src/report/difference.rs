//! Where two runs part, and what both did before.

use underpass_sim::compare::{Difference, Event};

/// A line that says when and where, then the events: what both have in common, then what each of
/// the two does, by its label.
pub(crate) fn difference_lines(difference: &Difference, labels: &[String; 2]) -> Vec<String> {
    let places: Vec<&str> =
        difference.next.iter().flatten().map(|event| event.place.as_str()).collect();
    let place = match places[..] {
        [one, other] if one != other => format!("{one} or {other}"),
        [one, ..] => one.into(),
        [] => "no node".into(),
    };
    let mut lines = vec![format!("the runs part at {}, at {place}", difference.at())];
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max(4);
    let line = |label: &str, event: Option<&Event>| {
        let text = event.map_or("nothing more".into(), ToString::to_string);
        format!("  {label:<width$}  {text}")
    };
    lines.extend(difference.before.iter().map(|event| line("both", Some(event))));
    let each = labels.iter().zip(&difference.next);
    lines.extend(each.map(|(label, event)| line(label, event.as_ref())));
    lines
}
