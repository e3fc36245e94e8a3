//! Everything about a run that failed: what was expected, what happened instead, how to see it
//! again.

use underpass_sim::failure;
use underpass_sim::scenario::discover::shown;

use super::rerun::Rerun;
use crate::program::execution::{Ending, Run};
use crate::program::selection::Case;

/// The lines about a failed run that follow its name.
pub(super) fn lines(case: &Case, run: &Run, rerun: Rerun<'_>) -> Vec<String> {
    let path = shown(&case.path);
    let mut lines = Lines::default();
    match &run.ending {
        Ending::Done(report) => lines.0.extend(failure::lines(report, &path)),
        Ending::Panicked(panic) => {
            lines.add("expected", "no panic, whatever the scenario");
            lines.add("happened", &format!("panicked at {}: {}", panic.place, panic.message));
            if let Some(backtrace) = &panic.backtrace {
                lines.add("from", backtrace);
            }
        }
        Ending::Differed(hashes) => {
            let [first, second] = hashes.map(|hash| hex(&hash));
            lines.add("expected", "the same run each time, as the seed is the same");
            lines.add("happened", &format!("one had the hash {first}"));
            lines.add("", &format!("and one   {second}"));
        }
        Ending::NotRun => {}
    }
    lines.add("rerun", &rerun.one(case, run.seed));
    lines.0
}

/// The line about further runs that failed too.
pub(super) fn rest(case: &Case, seeds: &[u64], rerun: Rerun<'_>) -> Vec<String> {
    let mut lines = Lines::default();
    lines.add("rerun", &rerun.several(case, seeds));
    lines.0
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    /// A text of one line or more, with what it is about before the first.
    fn add(&mut self, label: &str, text: &str) {
        self.0.extend(failure::labelled(label, text));
    }
}
