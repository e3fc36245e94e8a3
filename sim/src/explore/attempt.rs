//! One run of a draft.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::coverage::Spotter;
use super::{Coverage, Draft, Failing};
use crate::run::{Own, RunReport, build_own, run_world};
use crate::scenario::{Report, Scenario};

/// What came of one.
#[derive(Debug)]
pub struct Attempt {
    /// What the file says.
    pub scenario: Scenario,
    /// How it failed, if it did.
    pub failing: Option<Failing>,
    /// The run's own report; none if it panicked.
    pub report: Option<RunReport>,
    /// What it has come to.
    pub coverage: Coverage,
}

/// Reads a draft and runs it with its first seed. A panic is a way to fail.
///
/// # Errors
/// What is wrong with the file: then nothing was run.
pub fn attempt(draft: &Draft) -> Result<Attempt, Report> {
    let scenario = draft.scenario()?;
    let seed = scenario.seeds.first().copied().unwrap_or(1);
    let spotter = Spotter::default();
    let own = Own { checkers: vec![Box::new(spotter.clone())], ..Own::default() };
    // Whatever a panic left half done was the run's own, and is gone.
    let run = || run_world(build_own(&scenario, seed, own), &scenario, seed);
    let ran = catch_unwind(AssertUnwindSafe(run));
    let coverage = spotter.seen();
    Ok(match ran {
        Ok(report) => {
            let failing = Failing::of(&report, &scenario);
            Attempt { scenario, failing, report: Some(report), coverage }
        }
        Err(panic) => {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            let failing = Failing::Panic(message.unwrap_or("without a message").into());
            Attempt { scenario, failing: Some(failing), report: None, coverage }
        }
    })
}

/// Whether a draft fails in this way; one that says nothing does not.
pub fn fails(draft: &Draft, as_before: &Failing) -> bool {
    attempt(draft).is_ok_and(|it| it.failing.as_ref() == Some(as_before))
}
