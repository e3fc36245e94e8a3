//! What is told of one file: of its one scenario, or of all cells of its matrix together.

use underpass_core::Duration;

use super::numbers::{count, plural, thousands, virtual_time, wide};
use super::one_line;
use super::verdict::{Outcome, Verdict};
use crate::program::selection::Case;

/// Failed runs of one scenario that are shown in full, and cells of one file of which one is.
pub(super) const SHOWN_MAX: usize = 3;
/// Of one in quarantine: its failures are known.
const SHOWN_MAX_QUARANTINED: usize = 1;

/// The cells of one file, which follow each other.
#[derive(Debug)]
pub(super) struct Group {
    /// As its line calls it.
    pub(super) name: String,
    /// How many cells are to be run; nothing without a matrix.
    pub(super) cells: Option<usize>,
    runs: usize,
    virtual_time: Duration,
    outcome: Option<Outcome>,
    /// Cells with failed runs.
    failed_cells: usize,
    /// Cases of which nothing is known yet.
    open: usize,
    /// What it expects of a share of its runs, and by how many it is judged.
    shares: Shares,
    pub(super) shown: usize,
    pub(super) shown_known: usize,
    /// Commands for the failed runs that are not shown.
    pub(super) more: Vec<String>,
}

impl Group {
    /// One for each file, in order.
    pub(super) fn of(cases: &[Case]) -> Vec<Self> {
        cases.chunk_by(|one, next| one.path == next.path).map(Self::new).collect()
    }

    fn new(cases: &[Case]) -> Self {
        let case = &cases[0];
        let has_matrix = !case.scenario.cell.0.is_empty();
        let name = match has_matrix {
            true => format!("{} ({})", case.file_name(), count(cases.len(), "cell")),
            false => case.file_name().to_owned(),
        };
        let lasts = |case: &Case| case.scenario.duration.saturating_mul(wide(case.seeds.len()));
        Self {
            name,
            cells: has_matrix.then_some(cases.len()),
            runs: cases.iter().map(|case| case.seeds.len()).sum(),
            virtual_time: cases.iter().map(lasts).fold(Duration::ZERO, Duration::saturating_add),
            outcome: None,
            failed_cells: 0,
            open: cases.len(),
            shares: Shares::of(cases),
            shown: 0,
            shown_known: 0,
            more: Vec::new(),
        }
    }

    /// Takes note of a case. Says what all of them come to, once this was the last one.
    pub(super) fn add(&mut self, outcome: &Outcome) -> Option<Outcome> {
        self.failed_cells += usize::from(outcome.failed + outcome.excused > 0);
        let all = self.outcome.take().map_or(*outcome, |before| before.with(outcome));
        self.outcome = Some(all);
        self.open -= 1;
        (self.open == 0).then_some(all)
    }

    /// How many runs of the next case may be shown in full.
    pub(super) fn shown_max(&self, verdict: Verdict) -> usize {
        let (max, shown) = match verdict {
            Verdict::Quarantined => (SHOWN_MAX_QUARANTINED, self.shown_known),
            _ => (SHOWN_MAX, self.shown),
        };
        match self.cells {
            None => max,
            Some(_) => max.saturating_sub(shown).min(1),
        }
    }

    /// What its line says behind the name.
    pub(super) fn text(&self, columns: &Columns, outcome: &Outcome, case: &Case) -> String {
        let unit = self.unit();
        let mut text = match outcome.verdict {
            Verdict::Passed => self.measures(columns, outcome),
            Verdict::Failed | Verdict::Quarantined => {
                let made = count(outcome.made(), unit);
                let failed = thousands(wide(outcome.failed + outcome.excused));
                match self.cells {
                    None => format!("{failed} of {made} failed"),
                    Some(cells) => {
                        let failed_cells = thousands(wide(self.failed_cells));
                        let cells = count(cells, "cell");
                        format!("{failed_cells} of {cells} failed, in {failed} of {made}")
                    }
                }
            }
            Verdict::Recovered => format!("{} passed unexpectedly", count(self.runs, unit)),
            Verdict::NotRun if outcome.passed == 0 => format!("no {unit} run"),
            Verdict::NotRun => format!("{} passed", count(outcome.passed, unit)),
        };
        if outcome.not_run > 0 && outcome.made() > 0 {
            text += &format!(", {} not run", thousands(wide(outcome.not_run)));
        }
        text += &self.shares.text(outcome);
        if let Some(reason) = &case.scenario.quarantine {
            text += &format!("; quarantined: {}", one_line(reason));
        }
        text
    }

    /// What the runs came to, in columns.
    fn measures(&self, columns: &Columns, outcome: &Outcome) -> String {
        let Columns { runs: runs_width, virtual_time: time_width, .. } = columns;
        format!(
            "{:>runs_width$} {:<5}  {:>time_width$} virtual  {:>11} datagrams",
            thousands(wide(self.runs)),
            plural(self.runs, self.unit()),
            virtual_time(outcome.virtual_time),
            thousands(outcome.datagrams),
        )
    }

    fn unit(&self) -> &'static str {
        if self.cells.is_some() { "run" } else { "seed" }
    }
}

/// What a file expects of a share of its runs.
#[derive(Debug)]
struct Shares {
    expected: usize,
    /// Expectations that these runs are not enough to judge, and what they would be judged by.
    unjudged: Vec<(usize, String)>,
}

impl Shares {
    fn of(cases: &[Case]) -> Self {
        let scenario = &cases[0].scenario;
        let most = |of: &dyn Fn(&Case) -> usize| cases.iter().map(of).max().unwrap_or(0);
        let of_seeds = most(&|case| case.scenario.expected_of_seeds().count());
        let of_cells = most(&|case| case.scenario.expected_of_cells().count());
        let has_seeds = |case: &Case| case.scenario.has_seeds(case.seeds.iter().copied());
        let has_seeds = cases.iter().all(has_seeds);
        let has_cells = has_seeds && cases.len() == scenario.cells;
        let mut unjudged = Vec::new();
        if of_seeds > 0 && !has_seeds {
            unjudged.push((of_seeds, count(scenario.seeds.len(), "seed")));
        }
        if of_cells > 0 && !has_cells {
            unjudged.push((of_cells, count(scenario.cells, "cell")));
        }
        Self { expected: of_seeds + of_cells, unjudged }
    }

    fn text(&self, outcome: &Outcome) -> String {
        let unjudged = self.unjudged.iter().map(|(expected, of)| {
            format!("; not judged: {} of a share of {of}", count(*expected, "expectation"))
        });
        match (unjudged.collect::<String>(), outcome.allowed) {
            (text, allowed) if text.is_empty() && self.expected > 0 && allowed > 0 => {
                format!("; missed as is allowed: {}", count(allowed, "time"))
            }
            (text, _) => text,
        }
    }
}

/// How wide the columns are that hold something about a file.
pub(super) struct Columns {
    pub(super) name: usize,
    runs: usize,
    virtual_time: usize,
}

impl Columns {
    pub(super) fn for_groups(groups: &[Group]) -> Self {
        let widest = |of: &dyn Fn(&Group) -> usize| groups.iter().map(of).max().unwrap_or(0);
        Self {
            name: widest(&|group| group.name.chars().count()),
            runs: widest(&|group| thousands(wide(group.runs)).len()),
            virtual_time: widest(&|group| virtual_time(group.virtual_time).len()),
        }
    }
}
