//! Shows that exploring finds bugs, and makes them small: each patch plants one, and what chance makes must
//! come upon it.

use std::fs;

use crate::Result;
use crate::cargo::root;
use crate::patches::{Patch, Shadow};

/// Where the patches are, from the repository's root. Each names the checkers by one of which it may be found:
/// `red: nonce ephemeral`.
const PATCHES: &str = "scenarios/planted";
/// Scenarios that are made at most: the same ones every time.
const CASES: &str = "20000";

pub(crate) fn run(only: Option<&str>) -> Result {
    Shadow::try_each(PATCHES, only, find)
}

/// In how many runs it is found, and how small it comes back.
fn find(shadow: &Shadow, patch: &Patch) -> Result<String> {
    let folder = root().join("target/naive/planted").join(&patch.name);
    // What an earlier try has found.
    let _ = fs::remove_dir_all(&folder);
    let out = folder.to_string_lossy();
    let output = shadow.sim(&["explore", "--cases", CASES, "--fail-fast", "--out", &out])?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() != Some(1) {
        let complaints = String::from_utf8_lossy(&output.stderr);
        return Err(format!("nothing fails:\n{told}{complaints}"));
    }
    let runs = told.lines().find_map(|line| line.trim().strip_prefix("Explored "));
    let runs = runs.and_then(|line| line.split(" runs").next()).unwrap_or("?").to_owned();
    let failures: Vec<&str> =
        told.lines().filter_map(|line| line.trim().strip_prefix("FAIL ")).collect();
    let sizes = told.lines().filter(|line| line.contains("smaller ones were tried"));
    let found: Vec<(&str, &str)> =
        failures.into_iter().zip(sizes.map(|line| line.trim())).collect();
    let is_it = |(failure, _): &&(&str, &str)| {
        patch.red.iter().any(|checker| failure.starts_with(&format!("{checker}:")))
    };
    match found.iter().find(is_it) {
        Some((failure, size)) => {
            let size = size.trim_start_matches("in ").split(',').next().unwrap_or_default();
            Ok(format!("\n       found within {runs} runs, comes back with {size}: {failure}"))
        }
        None => {
            let others: Vec<&str> = found.into_iter().map(|(failure, _)| failure).collect();
            Err(format!("only something else fails: {}", others.join("; ")))
        }
    }
}
