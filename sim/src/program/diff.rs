//! `diff`: where two runs part.

use std::path::Path;
use std::slice;

use underpass_sim::scenario::discover::shown;

use super::Exit;
use super::arguments::DiffArguments;
use super::panics;
use super::selection::{self, Case, Refusal, run_name};
use crate::report::{Screen, difference_lines};

pub(super) fn diff(arguments: &DiffArguments, screen: &mut Screen<'_>) -> Exit {
    let cases = one(&arguments.one).and_then(|case| Ok([case, one(&arguments.other)?]));
    let cases = match cases {
        Ok(cases) => cases,
        Err(refusal) => return refusal.show(&mut screen.err),
    };
    let names = cases.each_ref().map(|case| run_name(&case.scenario.name, case.seeds[0]));
    let runs = cases.each_ref().map(|case| (&case.scenario, case.seeds[0]));
    let difference = match panics::catch(|| underpass_sim::diff(runs)) {
        Ok(difference) => difference,
        Err(panic) => {
            let message = format!("error: a run panicked at {}: {}", panic.place, panic.message);
            screen.err.line(&message);
            return Exit::Broken;
        }
    };
    let is_same = names[0] == names[1];
    match &difference {
        None if is_same => {
            screen.out.line(&format!("{} was the same run both times", names[0]));
            Exit::Passed
        }
        None => {
            screen.out.line(&format!("{} and {} were the same run", names[0], names[1]));
            Exit::Passed
        }
        Some(difference) => {
            let labels = match is_same {
                true => ["first".into(), "second".into()],
                false => names,
            };
            for line in difference_lines(difference, &labels) {
                screen.out.line(&line);
            }
            // One seed is one run: something in it depends on more.
            if is_same { Exit::Broken } else { Exit::Failed }
        }
    }
}

/// The one run that a name means.
fn one(name: &Path) -> Result<Case, Refusal> {
    let mut cases = selection::load(slice::from_ref(&name.to_path_buf()), None)?;
    match (cases.len(), cases.first().map(|case| case.seeds.len())) {
        (1, Some(1)) => Ok(cases.remove(0)),
        _ => {
            let case = &cases[0];
            let run = run_name(&case.scenario.name, case.seeds[0]);
            let name = shown(name);
            let message = format!("{name} is more than one run: name one, as {run}");
            Err(Refusal::Arguments(message))
        }
    }
}
