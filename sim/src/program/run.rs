//! `run`: every scenario with every seed.

use std::num::NonZeroUsize;
use std::slice;
use std::thread;

use super::arguments::RunArguments;
use super::execution::{JOBS_MAX, Options, execute};
use super::selection::{self, Case, Refusal};
use super::{Exit, Simulate};
use crate::report::{Reporter, Rerun, Screen};

pub(super) fn run(
    arguments: &RunArguments,
    invocation: &str,
    simulate: &Simulate<'_>,
    screen: &mut Screen<'_>,
) -> Exit {
    let cases = match cases(arguments) {
        Ok(cases) => cases,
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
    let mut reporter = Reporter::new(&cases, options.jobs, rerun, report, hashes);
    execute(&cases, &options, simulate, &mut reporter);
    reporter.finish()
}

/// What to run, with the seeds of the command line if it gives any.
fn cases(arguments: &RunArguments) -> Result<Vec<Case>, Refusal> {
    let one = arguments.seed.as_ref().map(slice::from_ref);
    let several = arguments.seeds.as_ref().map(|seeds| seeds.0.as_slice());
    selection::load(&arguments.paths.paths, one.or(several))
}
