//! The table of `list`.

use crate::program::selection::Case;

use super::numbers::{thousands, virtual_time, wide};
use super::one_line;

const COLUMNS: usize = 6;

/// Whether a column holds numbers, and is aligned by its end.
const NUMERIC: [bool; COLUMNS] = [false, false, true, true, true, false];

/// A line for each case, below one that names the columns.
pub(crate) fn list_lines(cases: &[Case]) -> Vec<String> {
    let heading = ["NAME", "TITLE", "NODES", "SEEDS", "VIRTUAL", "TAGS"].map(String::from);
    let mut rows = vec![heading];
    rows.extend(cases.iter().map(row));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..COLUMNS).map(|column| width(column).unwrap_or(0)).collect();
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn row(case: &Case) -> [String; COLUMNS] {
    let scenario = &case.scenario;
    let quarantine = scenario.quarantine.as_ref().map(|_| "(quarantined)");
    let tags: Vec<&str> = scenario.tags.iter().map(String::as_str).chain(quarantine).collect();
    [
        scenario.name.clone(),
        one_line(&scenario.title),
        thousands(wide(scenario.nodes.len())),
        thousands(wide(case.seeds.len())),
        virtual_time(scenario.duration),
        one_line(&tags.join(" ")),
    ]
}

fn line(row: &[String; COLUMNS], widths: &[usize]) -> String {
    let cells =
        row.iter().zip(widths).zip(NUMERIC).map(|((text, &width), numeric)| match numeric {
            true => format!("{text:>width$}"),
            false => format!("{text:<width$}"),
        });
    cells.collect::<Vec<_>>().join("  ").trim_end().into()
}
