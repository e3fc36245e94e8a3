//! `run`: every scenario with every seed.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::slice;
use std::thread;

use underpass_sim::compare::Difference;
use underpass_sim::scenario::Scenario;
use underpass_sim::{Extras, RunReport, run_twice, run_with};

use super::Exit;
use super::arguments::RunArguments;
use super::execution::{JOBS_MAX, Listener, Options, Run, Simulate, execute};
use super::history::{Historian, History};
use super::outputs::{self, Outputs};
use super::panics;
use super::selection::{self, Case, Refusal};
use crate::report::{Junit, Page, Reporter, Rerun, Screen};

pub(super) fn run(arguments: &RunArguments, invocation: &str, screen: &mut Screen<'_>) -> Exit {
    let prepared = cases(arguments)
        .and_then(|cases| Outputs::create(arguments, &cases).map(|outputs| (cases, outputs)));
    let (cases, outputs) = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal.show(&mut screen.err),
    };
    let runs: usize = cases.iter().map(|case| case.seeds.len()).sum();
    let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let options = Options {
        jobs: arguments.jobs.unwrap_or_else(cores).get().min(runs).min(JOBS_MAX),
        twice: arguments.twice,
        fail_fast: arguments.fail_fast,
    };
    let (report, hashes) = match arguments.hashes {
        true => (&mut screen.err, Some(&mut screen.out)),
        false => (&mut screen.out, None),
    };
    let rerun = Rerun { invocation, twice: arguments.twice };
    let mut listeners = Listeners {
        reporter: Reporter::new(&cases, options.jobs, rerun, report, hashes),
        junit: arguments.junit.as_ref().map(|_| Junit::new(rerun)),
        page: arguments.report.as_ref().map(|_| Page::new(rerun)),
    };
    execute(&cases, &options, &Written(&outputs), &mut listeners);
    let Listeners { reporter, junit, page } = listeners;
    let exit = reporter.finish();
    let junit = write(arguments.junit.as_deref(), junit.map(Junit::finish));
    let page = write(arguments.report.as_deref(), page.map(Page::finish));
    match outputs.finish().and(junit).and(page) {
        Ok(()) => exit,
        Err(why) => {
            screen.err.line(&format!("error: {why}"));
            Exit::Broken
        }
    }
}

/// Makes runs that are written while they are made.
struct Written<'o>(&'o Outputs);

impl Simulate for Written<'_> {
    fn run(&self, scenario: &Scenario, seed: u64) -> RunReport {
        let mut report = run_with(scenario, seed, self.0.extras(scenario, seed));
        report.explain(scenario);
        report
    }

    fn twice(&self, scenario: &Scenario, seed: u64) -> Result<RunReport, Box<Difference>> {
        let mut report = run_twice(scenario, seed, self.0.extras(scenario, seed))?;
        report.explain(scenario);
        Ok(report)
    }
}

struct Listeners<'r, 'w> {
    reporter: Reporter<'r, 'w>,
    junit: Option<Junit<'r>>,
    page: Option<Page<'r>>,
}

impl Listener for Listeners<'_, '_> {
    fn run_begun(&mut self, case: &Case, seed: u64) {
        self.reporter.run_begun(case, seed);
    }

    fn run_over(&mut self, case: &Case, seed: u64, is_red: bool) {
        self.reporter.run_over(case, seed, is_red);
    }

    fn case_over(&mut self, case: &Case, runs: Vec<Run>) {
        if let Some(junit) = &mut self.junit {
            junit.add(case, &runs);
        }
        if let Some(page) = &mut self.page {
            let is_red = |run: &&Run| run.ending.failed() && !case.excuses(&run.ending);
            for run in runs.iter().filter(is_red) {
                page.add(case, run, || history(&case.scenario, run.seed));
            }
        }
        self.reporter.case_over(case, runs);
    }
}

/// How a run went that has failed: it is made again, up to where it panics if it does.
fn history(scenario: &Scenario, seed: u64) -> History {
    let historian = Historian::new(scenario.duration);
    let mut extras = Extras::default();
    extras.witnesses.push(Box::new(historian.clone()));
    let _ = panics::catch(|| run_with(scenario, seed, extras));
    historian.history()
}

/// Writes a file that was asked for.
fn write(path: Option<&Path>, text: Option<String>) -> Result<(), String> {
    let Some((path, text)) = path.zip(text) else { return Ok(()) };
    fs::write(path, text).map_err(|error| outputs::unwritten(path, &error))
}

/// What to run: with the seeds of the command line if it gives any, and of that what it filters.
fn cases(arguments: &RunArguments) -> Result<Vec<Case>, Refusal> {
    let one = arguments.seed.as_ref().map(slice::from_ref);
    let several = arguments.seeds.as_ref().map(|seeds| seeds.0.as_slice());
    let cases = selection::load(&arguments.paths.paths, one.or(several))?;
    let cases = arguments.tags.apply(cases)?;
    match arguments.partition {
        None => Ok(cases),
        Some(partition) => partition.apply(cases),
    }
}
