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
    let (mut reports, mut scenarios) = (Vec::new(), 0);
    for target in &targets {
        match target.load() {
            Ok(loaded) => scenarios += loaded.len(),
            Err(report) => reports.push(report),
        }
    }
    if reports.is_empty() {
        let cells = match scenarios == targets.len() {
            true => String::new(),
            false => format!(" with {}", count(scenarios, "scenario")),
        };
        out.line(&format!("{}{cells}, no mistakes", count(targets.len(), "file")));
        return Exit::Passed;
    }
    for report in &reports {
        out.line(&report.render(out.colored()));
    }
    out.line(&mistakes(&reports, targets.len()));
    Exit::Refused
}
