//! Which of the runs that the paths mean are to be made: by tags, and a part of them.

use std::hash::Hasher as _;
use std::num::NonZeroU64;
use std::str::FromStr;

use clap::Args;
use siphasher::sip::SipHasher13;
use underpass_sim::scenario::nearest::suggest;

use super::selection::{Case, Refusal, run_name};

/// Which scenarios are meant, by their tags.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TagFilter {
    /// Only scenarios with this tag; given several times: with any of these
    #[arg(long = "tag", value_name = "TAG")]
    with: Vec<String>,

    /// No scenarios with this tag, whatever else they have; given several times: with none of these
    #[arg(long = "skip-tag", value_name = "TAG")]
    without: Vec<String>,
}

/// One of several parts of all runs, which together are all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Partition {
    by: By,
    /// From 1 up to `of`.
    part: u64,
    of: NonZeroU64,
}

/// What decides in which part a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    /// A hash of its name: runs that come and go move no others.
    Hash,
    /// Its place in the list of runs: the parts are of one size.
    Count,
}

impl TagFilter {
    /// Leaves the cases that are meant.
    pub(crate) fn apply(&self, mut cases: Vec<Case>) -> Result<Vec<Case>, Refusal> {
        if cases.is_empty() {
            return Ok(cases);
        }
        let mut known: Vec<&str> =
            cases.iter().flat_map(|case| &case.scenario.tags).map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        for tag in self.with.iter().chain(&self.without) {
            if !known.contains(&tag.as_str()) {
                let help = suggest(tag, "tags", known.iter().copied());
                let tag = tag.escape_default();
                let message = format!("no scenario selected has the tag `{tag}`: {help}");
                return Err(Refusal::Arguments(message));
            }
        }
        let has =
            |case: &Case, tags: &[String]| tags.iter().any(|tag| case.scenario.tags.contains(tag));
        cases.retain(|case| self.with.is_empty() || has(case, &self.with));
        cases.retain(|case| !has(case, &self.without));
        match cases.is_empty() {
            true => Err(Refusal::Nothing("no scenario is left by --tag and --skip-tag".into())),
            false => Ok(cases),
        }
    }
}

impl Partition {
    /// The part of all whole numbers, from zero, and how many parts there are. They have no names: a
    /// hash makes no difference.
    pub(crate) fn of_numbers(self) -> (u64, u64) {
        (self.part - 1, self.of.get())
    }

    /// Leaves the runs of this part.
    pub(crate) fn apply(self, mut cases: Vec<Case>) -> Result<Vec<Case>, Refusal> {
        let mut place = 0;
        for case in &mut cases {
            let name = case.scenario.name.clone();
            case.seeds.retain(|seed| {
                let number = match self.by {
                    By::Hash => hash(&run_name(&name, *seed)),
                    By::Count => place,
                };
                place += 1;
                number % self.of == self.part - 1
            });
        }
        cases.retain(|case| !case.seeds.is_empty());
        match cases.is_empty() {
            true => Err(Refusal::Nothing("no run is in this partition".into())),
            false => Ok(cases),
        }
    }
}

/// The same in every version and on every computer.
fn hash(name: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(name.as_bytes());
    hasher.finish()
}

impl FromStr for Partition {
    type Err = String;

    /// `hash:1/4` or `count:1/4`, as cargo-nextest has it.
    fn from_str(text: &str) -> Result<Self, String> {
        let right = "write hash:1/4 for the first of four parts, or count:1/4";
        let parse = || {
            let (by, rest) = text.split_once(':')?;
            let (part, of) = rest.split_once('/')?;
            let by = match by {
                "hash" => By::Hash,
                "count" => By::Count,
                _ => return None,
            };
            Some(Self { by, part: part.parse().ok()?, of: of.parse().ok()? })
        };
        let partition = parse().ok_or_else(|| format!("`{text}` is no partition: {right}"))?;
        match (1..=partition.of.get()).contains(&partition.part) {
            true => Ok(partition),
            false => Err(format!("there is no part {} of {}", partition.part, partition.of)),
        }
    }
}
