//! `check`: the mistakes in scenario files.

use super::Exit;
use super::arguments::Paths;
use super::selection::{self, mistakes};
use crate::report::{Screen, count};

pub(super) fn check(arguments: &Paths, screen: &mut Screen<'_>) -> Exit {
    let targets = match selection::find(&arguments.paths) {
        Ok(targets) => targets,
        Err(refusal) => return refusal.show(&mut screen.err),
    };
    let out = &mut screen.out;
    let reports: Vec<_> = targets.iter().filter_map(|target| target.load().err()).collect();
    if reports.is_empty() {
        out.line(&format!("{}, no mistakes", count(targets.len(), "file")));
        return Exit::Passed;
    }
    for report in &reports {
        out.line(&report.render(out.colored()));
    }
    out.line(&mistakes(&reports, targets.len()));
    Exit::Refused
}
