//! In which way a run fails: two runs that fail in the same way show the same defect, most likely.

use std::collections::BTreeMap;

use crate::run::{Failure, RunReport};
use crate::scenario::Scenario;
use crate::world::Stop;

/// A way to fail.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Failing {
    /// A checker complains of this: its words without names, numbers and addresses.
    Checker(String),
    /// An expectation of the scenario, as the file has it, is not met.
    Expectation(String),
    /// It takes more events than it may.
    Events,
    /// It could not go on for another reason.
    Stopped,
    /// It panicked there.
    Panic(String),
}

impl Failing {
    /// How a run fails first, if it does.
    pub fn of(report: &RunReport, scenario: &Scenario) -> Option<Self> {
        Some(match report.failures.first()? {
            Failure::Unmet(unmet) => {
                let stated = unmet.origin.text.split(';').next_back().unwrap_or_default();
                Self::Expectation(stated.trim().into())
            }
            Failure::Stopped { stop: Stop::Violation(text), .. } => {
                Self::Checker(without_names(text, scenario))
            }
            Failure::Stopped { stop: Stop::MaxEvents { .. }, .. } => Self::Events,
            Failure::Stopped { .. } => Self::Stopped,
        })
    }
}

impl std::fmt::Display for Failing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Checker(words) | Self::Expectation(words) => f.write_str(words),
            Self::Events => f.write_str("it takes too many events"),
            Self::Stopped => f.write_str("it cannot go on"),
            Self::Panic(place) => write!(f, "a panic at {place}"),
        }
    }
}

/// What a checker says of any scenario.
fn without_names(text: &str, scenario: &Scenario) -> String {
    let nats = scenario.nats.iter().map(|nat| (nat.name.as_str(), "NAT"));
    let nodes = scenario.nodes.iter().map(|node| (node.name.as_str(), "NODE"));
    let names: BTreeMap<&str, &str> = nats.chain(nodes).collect();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '[' | ']');
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let known = names.get(bare).copied();
        // Numbers, times and addresses.
        let is_number = word.contains(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| is_part(c) || ",;()".contains(c));
        words.push(match known {
            Some(stands_for) => stands_for.into(),
            None if is_number => "N".into(),
            None => word.to_owned(),
        });
    }
    words.join(" ")
}
