//! Seeds as the command line gives them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

/// As many as a file may have: a slip of the finger does not exhaust the memory.
const SEEDS_MAX: u64 = 1_000_000;

/// Seeds, each once, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seeds(pub(crate) Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    /// `1..=20`, `1..21`, `7`, or several of these with commas between.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut seeds = BTreeSet::new();
        for part in text.split(',') {
            let range = range(part.trim())?;
            if range.is_empty() {
                return Err(format!("there is no seed in `{part}`: write the lower one first"));
            }
            if range.end - range.start > SEEDS_MAX {
                return Err(format!("`{part}` is more than {SEEDS_MAX} seeds"));
            }
            seeds.extend(range);
        }
        Ok(Self(seeds.into_iter().collect()))
    }
}

fn range(part: &str) -> Result<Range<u64>, String> {
    let Some((first, last)) = part.split_once("..") else {
        let seed = seed(part)?;
        return Ok(seed..after(seed)?);
    };
    let end = match last.strip_prefix('=') {
        Some(last) => after(seed(last)?)?,
        None => seed(last)?,
    };
    Ok(seed(first)?..end)
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| {
        let right = "write 1..=20, 1..21 or 1,2,5";
        match text {
            "" => format!("a seed is missing: {right}"),
            _ => format!("`{text}` is not a seed (a whole number): {right}"),
        }
    })
}

fn after(seed: u64) -> Result<u64, String> {
    seed.checked_add(1).ok_or_else(|| format!("`{seed}` can only be given with --seed"))
}
