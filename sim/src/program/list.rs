//! `list`: what there is to run.

use super::Exit;
use super::arguments::ListArguments;
use super::selection;
use crate::report::{Screen, list_lines};

pub(super) fn list(arguments: &ListArguments, screen: &mut Screen<'_>) -> Exit {
    let cases = selection::load(&arguments.paths.paths, None);
    match cases.and_then(|cases| arguments.tags.apply(cases)) {
        Err(refusal) => refusal.show(&mut screen.err),
        Ok(cases) => {
            for line in list_lines(&cases) {
                screen.out.line(&line);
            }
            Exit::Passed
        }
    }
}
