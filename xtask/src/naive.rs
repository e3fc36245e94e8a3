//! Shows that scenarios bite: each patch makes the protocol as naive as others have been, and the scenarios
//! that it names must fail then.

use crate::Result;
use crate::patches::{Patch, Shadow};

/// Where the patches are, from the repository's root. Each names what must fail:
/// `red: migration/a-path-that-flaps`.
const PATCHES: &str = "scenarios/naive";
/// What the program exits with if an expectation or a checker failed.
const FAILED: i32 = 1;

pub(crate) fn run(only: Option<&str>) -> Result {
    Shadow::try_each(PATCHES, only, |shadow, patch| all_fail(shadow, patch).map(|()| String::new()))
}

fn all_fail(shadow: &Shadow, patch: &Patch) -> Result {
    for scenario in &patch.red {
        let output = shadow.sim(&["run", scenario, "--fail-fast"])?;
        match output.status.code() {
            Some(FAILED) => {}
            Some(0) => return Err(format!("{scenario} passes all the same")),
            _ => {
                let told = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{scenario} was not run:\n{told}"));
            }
        }
    }
    Ok(())
}
