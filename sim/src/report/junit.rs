//! `--junit`: the report for those who collect them, in the format that JUnit's own runners began.
//!
//! A test suite is a scenario, a test case one of its runs. What quarantine excuses is skipped and
//! keeps its text, so that it turns nothing red and is not lost either.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use underpass_sim::Failure;
use underpass_sim::world::Stop;

use super::failure;
use super::one_line;
use super::rerun::Rerun;
use crate::program::execution::{Ending, Run};
use crate::program::selection::{Case, run_name};

/// Collects runs.
pub(crate) struct Junit<'r> {
    report: Report,
    rerun: Rerun<'r>,
}

impl<'r> Junit<'r> {
    pub(crate) fn new(rerun: Rerun<'r>) -> Self {
        Self { report: Report::new("underpass-sim"), rerun }
    }

    /// A scenario is over.
    pub(crate) fn add(&mut self, case: &Case, runs: &[Run]) {
        let mut suite = TestSuite::new(case.scenario.name.as_str());
        suite.set_time(runs.iter().map(|run| run.took).sum());
        suite.add_property(("title", one_line(&case.scenario.title).as_str()));
        suite.add_test_cases(runs.iter().map(|run| self.test_case(case, run)));
        self.report.add_test_suite(suite);
    }

    /// The file.
    pub(crate) fn finish(self) -> String {
        self.report.to_string().expect("text can be written into a String")
    }

    fn test_case(&self, case: &Case, run: &Run) -> TestCase {
        let known = run.ending.failed() && case.excuses(&run.ending);
        let mut status = match &run.ending {
            ending if ending.passed() => TestCaseStatus::success(),
            Ending::NotRun => TestCaseStatus::skipped(),
            _ if known => TestCaseStatus::skipped(),
            Ending::Done(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Ending::Panicked(_) | Ending::Differed(_) => {
                TestCaseStatus::non_success(NonSuccessKind::Error)
            }
        };
        let text = failure::text(case, run, self.rerun);
        let quarantine = case.scenario.quarantine.as_deref().map(one_line);
        let mut note = None;
        if known {
            status.set_message(format!("quarantined: {}", quarantine.unwrap_or_default()));
            note = Some(text);
        } else if run.ending.passed() {
            note = quarantine.map(|why| format!("passed unexpectedly; quarantined: {why}"));
        } else if matches!(run.ending, Ending::NotRun) {
            status.set_message("not run: another run had failed");
        } else {
            status.set_type(kind(&run.ending)).set_message(message(&run.ending));
            status.set_description(text);
        }
        let mut test_case = TestCase::new(run_name(&case.scenario.name, run.seed), status);
        test_case.set_classname(case.scenario.name.as_str()).set_time(run.took);
        if let Some(note) = note {
            test_case.set_system_out(note);
        }
        test_case
    }
}

/// What sort of thing went wrong first.
fn kind(ending: &Ending) -> &'static str {
    let Ending::Done(report) = ending else {
        return if matches!(ending, Ending::Panicked(_)) { "panic" } else { "nondeterminism" };
    };
    match report.failures.first() {
        Some(Failure::Stopped { stop: Stop::Violation(_), .. }) => "checker",
        Some(Failure::Stopped { .. }) => "stopped",
        Some(Failure::Unmet(_)) | None => "expectation",
    }
}

/// What went wrong first, on a line.
fn message(ending: &Ending) -> String {
    let text = match ending {
        Ending::Done(report) => match report.failures.first() {
            Some(Failure::Stopped { at, stop }) => format!("at {at}: {stop}"),
            Some(Failure::Unmet(unmet)) => {
                format!("expected {}; {}", unmet.expected, unmet.happened)
            }
            None => String::new(),
        },
        Ending::Panicked(panic) => format!("panicked at {}: {}", panic.place, panic.message),
        Ending::Differed(difference) => {
            format!("made twice, the runs part at {}", difference.at())
        }
        Ending::NotRun => String::new(),
    };
    one_line(&text)
}
