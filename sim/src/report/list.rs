//! The table of `list`.

use crate::program::selection::Case;

use super::numbers::{thousands, virtual_time, wide};
use super::one_line;

/// The columns, and whether each holds numbers, which are aligned by their end.
const COLUMNS: [(&str, bool); 7] = [
    ("NAME", false),
    ("TITLE", false),
    ("CELLS", true),
    ("NODES", true),
    ("SEEDS", true),
    ("VIRTUAL", true),
    ("TAGS", false),
];
/// That of the cells, which is there if any file has a matrix.
const CELLS: usize = 2;

/// A line for each file, below one that names the columns. The cases of one file follow each other.
pub(crate) fn list_lines(cases: &[Case]) -> Vec<String> {
    let mut rows = vec![COLUMNS.map(|(name, _)| name.to_owned())];
    rows.extend(cases.chunk_by(|one, next| one.path == next.path).map(row));
    let has_matrix = cases.iter().any(|case| !case.scenario.cell.0.is_empty());
    let columns: Vec<usize> =
        (0..COLUMNS.len()).filter(|column| has_matrix || *column != CELLS).collect();
    let width = |column: &usize| rows.iter().map(|row| row[*column].chars().count()).max();
    let widths: Vec<usize> = columns.iter().map(|column| width(column).unwrap_or(0)).collect();
    let cell = |row: &[String; COLUMNS.len()], column: usize, width: usize| match COLUMNS[column].1
    {
        true => format!("{:>width$}", row[column]),
        false => format!("{:<width$}", row[column]),
    };
    let line = |row| {
        let cells = columns.iter().zip(&widths).map(|(&column, &width)| cell(row, column, width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The cases of one file, at least one.
fn row(cases: &[Case]) -> [String; COLUMNS.len()] {
    let case = &cases[0];
    let scenario = &case.scenario;
    let quarantine = scenario.quarantine.as_ref().map(|_| "(quarantined)");
    let tags: Vec<&str> = scenario.tags.iter().map(String::as_str).chain(quarantine).collect();
    let cells = match scenario.cell.0.is_empty() {
        true => String::new(),
        false => thousands(wide(cases.len())),
    };
    [
        case.file_name().to_owned(),
        one_line(&scenario.title),
        cells,
        range(cases, &|case| case.scenario.nodes.len(), &|nodes| thousands(wide(nodes))),
        range(cases, &|case| case.seeds.len(), &|seeds| thousands(wide(seeds))),
        range(cases, &|case| case.scenario.duration, &virtual_time),
        one_line(&tags.join(" ")),
    ]
}

/// What all cells have, or from what to what it goes.
fn range<T: Ord + Copy>(
    cases: &[Case],
    of: &dyn Fn(&Case) -> T,
    show: &dyn Fn(T) -> String,
) -> String {
    let (least, most) = (cases.iter().map(of).min(), cases.iter().map(of).max());
    let (Some(least), Some(most)) = (least, most) else { return String::new() };
    match least == most {
        true => show(least),
        false => format!("{}-{}", show(least), show(most)),
    }
}
