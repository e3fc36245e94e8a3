//! Commands that make failed runs again.

use underpass_sim::scenario::discover::shown;

use crate::program::selection::Case;

/// How the runs of a report were made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rerun<'r> {
    /// How the program was started, as a shell takes it.
    pub(crate) invocation: &'r str,
    /// Each run was made twice.
    pub(crate) twice: bool,
}

impl Rerun<'_> {
    /// The command that makes one run.
    pub(super) fn one(self, case: &Case, seed: u64) -> String {
        self.command(case, &format!("--seed {seed}"))
    }

    /// The command that makes several.
    pub(super) fn several(self, case: &Case, seeds: &[u64]) -> String {
        match seeds {
            [seed] => self.one(case, *seed),
            _ => self.command(case, &format!("--seeds {}", ranges(seeds))),
        }
    }

    fn command(self, case: &Case, seeds: &str) -> String {
        let path = shown(&case.path);
        // Not to be taken for an option.
        let here = if path.starts_with('-') { "./" } else { "" };
        let path = quoted(&format!("{here}{path}{}", case.scenario.cell));
        let twice = if self.twice { " --twice" } else { "" };
        format!("{} run {path} {seeds}{twice}", self.invocation)
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,@%:".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// `1,3,7..=20`: a thousand seeds one by one are more than a command line holds.
fn ranges(seeds: &[u64]) -> String {
    let mut sorted = seeds.to_vec();
    sorted.sort_unstable();
    let runs = sorted.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let parts = runs.flat_map(|run| match run {
        [first, _, _, .., last] => vec![format!("{first}..={last}")],
        few => few.iter().map(u64::to_string).collect(),
    });
    parts.collect::<Vec<_>>().join(",")
}
