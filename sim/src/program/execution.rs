//! Makes the runs, several at once, and hands on what came of them in order.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use underpass_sim::compare::Difference;
use underpass_sim::scenario::Scenario;
use underpass_sim::world::Stop;
use underpass_sim::{Failure, RunReport};

use super::panics::{self, Panic};
use super::selection::Case;
use super::stopwatch::Stopwatch;

/// How many runs there are at once at most: more threads than any computer has cores only cost
/// memory.
pub(crate) const JOBS_MAX: usize = 256;

/// How to run.
pub(crate) struct Options {
    /// How many runs at once, if the system lends so many threads.
    pub(crate) jobs: usize,
    /// Every run is made a second time, to see whether it is the same.
    pub(crate) twice: bool,
    /// No run is begun once one has failed.
    pub(crate) fail_fast: bool,
}

/// One seed of a case.
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) ending: Ending,
    /// Of real time, for people to see.
    pub(crate) took: Duration,
}

/// What came of a run.
pub(crate) enum Ending {
    /// It came to its end, with failures or without.
    Done(Box<RunReport>),
    /// It panicked.
    Panicked(Panic),
    /// Made twice, it was not the same.
    Differed(Box<Difference>),
    /// It was not begun, since another had failed.
    NotRun,
}

impl Ending {
    pub(crate) fn passed(&self) -> bool {
        matches!(self, Self::Done(report) if report.passed())
    }

    pub(crate) fn failed(&self) -> bool {
        !self.passed() && !matches!(self, Self::NotRun)
    }

    /// Whether all that was wrong is what a scenario can be known for: that its expectations are
    /// not met, or its limit of events is not kept. No scenario is to blame for anything else.
    pub(crate) fn is_excusable(&self) -> bool {
        let Self::Done(report) = self else { return false };
        report.failures.iter().all(|failure| match failure {
            Failure::Unmet(_) => true,
            Failure::Stopped { stop, .. } => matches!(stop, Stop::MaxEvents { .. }),
        })
    }
}

/// Makes runs.
pub(crate) trait Simulate: Sync {
    /// Makes one.
    fn run(&self, scenario: &Scenario, seed: u64) -> RunReport;

    /// Makes one twice, and says where the two part, if they do.
    fn twice(&self, scenario: &Scenario, seed: u64) -> Result<RunReport, Box<Difference>>;
}

/// Who is told what comes of the runs.
pub(crate) trait Listener {
    /// A run is begun.
    fn run_begun(&mut self, case: &Case, seed: u64);
    /// A run that was begun is over, in whatever order they end; `is_red` if it has failed as
    /// nothing excuses.
    fn run_over(&mut self, case: &Case, seed: u64, is_red: bool);
    /// A case is over, and so are all before it. Its runs are in the order of its seeds.
    fn case_over(&mut self, case: &Case, runs: Vec<Run>);
}

/// Makes every run of every case.
pub(crate) fn execute(
    cases: &[Case],
    options: &Options,
    simulate: &dyn Simulate,
    listener: &mut dyn Listener,
) {
    let seeds =
        |(position, case): (usize, &Case)| (0..case.seeds.len()).map(move |at| (position, at));
    let work = Work {
        cases,
        options,
        simulate,
        runs: cases.iter().enumerate().flat_map(seeds).collect(),
        next: AtomicUsize::new(0),
        stopped: AtomicBool::new(false),
    };
    let mut order = InOrder::new(cases);
    let mut hear = |news| match news {
        News::Begun((case, at)) => listener.run_begun(&cases[case], cases[case].seeds[at]),
        News::Over(position, run) => {
            let case = &cases[position.0];
            let is_red = run.ending.failed() && !case.excuses(&run.ending);
            listener.run_over(case, run.seed, is_red);
            order.add(position, run, listener);
        }
    };
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let worker = |sender: Sender<_>| {
            let send = move |news| {
                sender.send(news).expect("news is taken until the last one");
            };
            thread::Builder::new().spawn_scoped(scope, || work.take_part(send))
        };
        let refused = (0..options.jobs).find(|_| worker(sender.clone()).is_err());
        // The channel ends when the last worker does.
        drop(sender);
        if refused == Some(0) {
            // There are no workers: the runs are made here.
            work.take_part(&mut hear);
        }
        receiver.into_iter().for_each(hear);
    });
}

/// A run by the positions of its case and, in it, its seed.
type Position = (usize, usize);

/// What the workers tell.
enum News {
    Begun(Position),
    Over(Position, Run),
}

/// What the workers share.
struct Work<'a> {
    cases: &'a [Case],
    options: &'a Options,
    simulate: &'a dyn Simulate,
    runs: Vec<Position>,
    /// Of `runs`, the first that nobody has taken.
    next: AtomicUsize,
    /// Nothing more is to be begun.
    stopped: AtomicBool,
}

impl Work<'_> {
    /// Makes one run after the other until there is none left.
    fn take_part(&self, mut tell: impl FnMut(News)) {
        while let Some(position) = self.runs.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let case = &self.cases[position.0];
            tell(News::Begun(*position));
            let run = self.make(case, case.seeds[position.1]);
            if self.options.fail_fast && run.ending.failed() && !case.excuses(&run.ending) {
                self.stopped.store(true, Ordering::Relaxed);
            }
            tell(News::Over(*position, run));
        }
    }

    fn make(&self, case: &Case, seed: u64) -> Run {
        let watch = Stopwatch::start();
        let ending = match self.stopped.load(Ordering::Relaxed) {
            true => Ending::NotRun,
            false => self.ending(case, seed),
        };
        Run { seed, ending, took: watch.elapsed() }
    }

    fn ending(&self, case: &Case, seed: u64) -> Ending {
        let made = panics::catch(|| match self.options.twice {
            false => Ok(self.simulate.run(&case.scenario, seed)),
            true => self.simulate.twice(&case.scenario, seed),
        });
        match made {
            Ok(Ok(report)) => Ending::Done(Box::new(report)),
            Ok(Err(difference)) => Ending::Differed(difference),
            Err(panic) => Ending::Panicked(panic),
        }
    }
}

/// Puts runs back into order: holds those of cases that are not yet over or not yet at their turn.
struct InOrder<'a> {
    cases: &'a [Case],
    /// The first case that is not over.
    next: usize,
    /// Cases that are judged together, and that the listener has not heard of.
    batches: VecDeque<Range<usize>>,
    /// By case, the runs that are over, by the position of their seed.
    runs: BTreeMap<usize, BTreeMap<usize, Run>>,
}

impl<'a> InOrder<'a> {
    fn new(cases: &'a [Case]) -> Self {
        let mut batches = VecDeque::new();
        let mut start = 0;
        for cells in cases.chunk_by(|one, next| one.path == next.path) {
            let end = start + cells.len();
            if cells.iter().any(|case| case.scenario.expected_of_cells().next().is_some()) {
                batches.push_back(start..end);
            } else {
                batches.extend((start..end).map(|case| case..case + 1));
            }
            start = end;
        }
        Self { cases, next: 0, batches, runs: BTreeMap::new() }
    }

    fn add(&mut self, (case, at): Position, run: Run, listener: &mut dyn Listener) {
        self.runs.entry(case).or_default().insert(at, run);
        while let Some(case) = self.cases.get(self.next) {
            let over = self.runs.get(&self.next).map_or(0, BTreeMap::len);
            if over < case.seeds.len() {
                break;
            }
            self.next += 1;
        }
        while self.batches.front().is_some_and(|batch| batch.end <= self.next) {
            let batch = self.batches.pop_front().expect("it is there");
            self.tell(batch, listener);
        }
    }

    fn tell(&mut self, batch: Range<usize>, listener: &mut dyn Listener) {
        let cases = &self.cases[batch.clone()];
        let runs = |case| self.runs.remove(&case).unwrap_or_default().into_values().collect();
        let mut runs: Vec<Vec<Run>> = batch.map(runs).collect();
        judge(cases, &mut runs);
        for (case, runs) in cases.iter().zip(runs) {
            listener.case_over(case, runs);
        }
    }
}

/// Judges what is expected of a share of the runs, where all came to their end.
fn judge(cases: &[Case], runs: &mut [Vec<Run>]) {
    let report = |run| match run {
        &mut Run { ending: Ending::Done(ref mut report), .. } => Some(&mut **report),
        _ => None,
    };
    let reports = runs.iter_mut().map(|runs| runs.iter_mut().filter_map(report).collect());
    let cells = cases.iter().map(|case| &case.scenario).zip(reports);
    underpass_sim::judge(&mut cells.collect::<Vec<_>>());
}
