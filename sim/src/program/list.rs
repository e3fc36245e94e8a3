//! `list`: what there is to run.

use super::Exit;
use super::arguments::Paths;
use super::selection;
use crate::report::{Screen, list_lines};

pub(super) fn list(arguments: &Paths, screen: &mut Screen<'_>) -> Exit {
    match selection::load(&arguments.paths, None) {
        Err(refusal) => refusal.show(&mut screen.err),
        Ok(cases) => {
            for line in list_lines(&cases) {
                screen.out.line(&line);
            }
            Exit::Passed
        }
    }
}
