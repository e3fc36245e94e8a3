//! The scenarios of a file, one for each cell of its matrix, and mistakes that only some of them make.

use std::num::NonZeroUsize;
use std::thread;

use super::diagnostic::Diagnostic;
use super::model::{Cell, Scenario};
use super::resolve;
use super::shape::Document;
use super::vocabulary::Vocabulary;

/// Cells with mistakes that are looked at: as many more say nothing new.
const FAULTY_MAX: usize = 64;

/// Seeds of all cells together, nodes, sends and expected facts likewise: what is held at once.
const RUNS_MAX: usize = 1_000_000;
const PARTS_MAX: usize = 4_000_000;

/// Fewer than this are not worth a thread.
const CELLS_FOR_A_THREAD: usize = 100;

/// What became of one cell.
type Outcome = Result<resolve::Resolved, Vec<Diagnostic>>;

/// Every cell as a scenario, or what is wrong with any.
pub(super) fn resolve(
    document: &Document<'_>,
    name: &str,
    vocabulary: &Vocabulary,
) -> Result<Vec<Scenario>, Vec<Diagnostic>> {
    let cells = document.cells();
    let resolve_cell = |cell: &[usize]| -> Outcome {
        let shape = document.shape(cell)?;
        let part = resolve::Part {
            cell: document.name(cell),
            cells: cells.len(),
            is_independent: document.is_independent(),
        };
        resolve::resolve(&shape, name, part, vocabulary)
    };
    let resolve_cell = |cell: &[usize]| {
        let explained = |mistake| document.explained(mistake, cell);
        resolve_cell(cell)
            .map_err(|mistakes| mistakes.into_iter().map(explained).collect::<Vec<_>>())
    };
    let mut mistakes = Mistakes::new(cells.len());
    let (mut scenarios, mut parts, mut runs) = (Vec::new(), 0, 0);
    let batch = CELLS_FOR_A_THREAD * threads();
    for batch in cells.chunks(batch) {
        for (cell, outcome) in batch.iter().zip(in_parallel(batch, &resolve_cell)) {
            match outcome {
                Ok(resolved) => {
                    parts += resolved.parts();
                    runs += resolved.scenario.seeds.len();
                    mistakes.idle(resolved.idle);
                    scenarios.push(resolved.scenario);
                }
                Err(found) => mistakes.add(&document.name(cell), found),
            }
        }
        if cells.len() > 1 && (parts > PARTS_MAX || runs > RUNS_MAX) {
            return Err(vec![too_much(cells.len())]);
        }
        if mistakes.faulty >= FAULTY_MAX {
            break;
        }
    }
    mistakes.finish().map(|()| scenarios)
}

fn too_much(cells: usize) -> Diagnostic {
    Diagnostic::of_file(format!("the {cells} cells of the matrix come to too much"))
        .note(format!(
            "all together may have {RUNS_MAX} runs, and {PARTS_MAX} nodes, sends and expected facts"
        ))
        .help("write smaller networks, fewer seeds, or several files")
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// What becomes of each, in order.
fn in_parallel(
    cells: &[Vec<usize>],
    resolve: &(impl Fn(&[usize]) -> Outcome + Sync),
) -> Vec<Outcome> {
    let each = |cells: &[Vec<usize>]| cells.iter().map(|cell| resolve(cell)).collect::<Vec<_>>();
    if cells.len() < CELLS_FOR_A_THREAD {
        return each(cells);
    }
    let share = cells.len().div_ceil(threads());
    thread::scope(|scope| {
        let workers: Vec<_> =
            cells.chunks(share).map(|share| scope.spawn(move || each(share))).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, Vec<Outcome>>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    })
}

/// Each mistake once, with the cells that make it.
struct Mistakes {
    cells: usize,
    /// Cells with mistakes so far.
    faulty: usize,
    /// With the first cell and how many there are.
    found: Vec<(Diagnostic, Cell, usize)>,
    /// What nothing makes use of in so many cells.
    idle: Vec<(Diagnostic, usize)>,
}

impl Mistakes {
    fn new(cells: usize) -> Self {
        Self { cells, faulty: 0, found: Vec::new(), idle: Vec::new() }
    }

    fn add(&mut self, cell: &Cell, mistakes: Vec<Diagnostic>) {
        self.faulty += 1;
        for mistake in mistakes {
            match self.found.iter_mut().find(|(known, ..)| *known == mistake) {
                Some((.., count)) => *count += 1,
                None => self.found.push((mistake, cell.clone(), 1)),
            }
        }
    }

    fn idle(&mut self, mistakes: Vec<Diagnostic>) {
        for mistake in mistakes {
            match self.idle.iter_mut().find(|(known, _)| *known == mistake) {
                Some((_, count)) => *count += 1,
                None => self.idle.push((mistake, 1)),
            }
        }
    }

    fn finish(self) -> Result<(), Vec<Diagnostic>> {
        let cells = self.cells;
        let in_cells = |(mistake, cell, count): (Diagnostic, Cell, usize)| match count {
            _ if count == cells => mistake,
            1 => mistake.note(format!("so it is in the cell {cell}")),
            _ => mistake.note(format!("so it is in the cell {cell}, and in others")),
        };
        let idle = self.idle.into_iter().filter(|(_, count)| *count == cells);
        let mut all: Vec<Diagnostic> = self.found.into_iter().map(in_cells).collect();
        all.extend(idle.map(|(mistake, _)| mistake));
        if all.is_empty() { Ok(()) } else { Err(all) }
    }
}
