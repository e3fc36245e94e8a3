//! Scenarios by chance for property tests, made smaller as [`explore`](super) does it.

use std::fmt;
use std::ops::{Deref, Range};

use proptest::arbitrary::any;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::{Draft, Shrinker, Size, generate};
use crate::scenario::Scenario;

/// A strategy for scenarios over everything that the language has.
///
/// A failure comes back as the smallest file that still fails, which is what the test's message shows.
///
/// ```
/// use proptest::prelude::*;
/// use underpass_sim::Simulation;
/// use underpass_sim::explore::arb_scenario;
///
/// proptest! {
///     #![proptest_config(ProptestConfig::with_cases(3))]
///     # fn main_is_elsewhere(_ in Just(())) {}
///     fn holds_whatever_happens(scenario in arb_scenario().nodes(2..4).faults(0..3)) {
///         let runs = Simulation::new(&scenario).run();
///         prop_assert!(runs.passed(), "{runs}");
///     }
/// }
/// # holds_whatever_happens();
/// ```
pub fn arb_scenario() -> ArbScenario {
    ArbScenario { size: Size::DEFAULT, machine: None }
}

/// See [`arb_scenario`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ArbScenario {
    size: Size,
    machine: Option<&'static str>,
}

impl ArbScenario {
    /// How many nodes.
    ///
    /// # Panics
    /// If the range is empty.
    pub fn nodes(mut self, range: Range<u64>) -> Self {
        self.size.nodes = bounds(range);
        self
    }

    /// How many sends.
    ///
    /// # Panics
    /// If the range is empty.
    pub fn sends(mut self, range: Range<u64>) -> Self {
        self.size.sends = bounds(range);
        self
    }

    /// How many faults.
    ///
    /// # Panics
    /// If the range is empty.
    pub fn faults(mut self, range: Range<u64>) -> Self {
        self.size.faults = bounds(range);
        self
    }

    /// How many virtual seconds.
    ///
    /// # Panics
    /// If the range is empty.
    pub fn seconds(mut self, range: Range<u64>) -> Self {
        self.size.seconds = bounds(range);
        self
    }

    /// Puts this machine of yours on all nodes, which [`Simulation::machine`](crate::Simulation::machine) is
    /// given. Nobody relays then, and what is only for members of our network is left out; nor does anybody
    /// send, unless [`sends`](Self::sends) says so.
    pub fn machine(mut self, name: &'static str) -> Self {
        (self.machine, self.size.sends) = (Some(name), (0, 0));
        self
    }
}

fn bounds(range: Range<u64>) -> (u64, u64) {
    assert!(!range.is_empty(), "{range:?} has nothing in it");
    (range.start, range.end - 1)
}

/// A scenario with its file, which is how it is shown.
#[derive(Clone)]
pub struct Explored {
    scenario: Scenario,
    file: String,
}

impl Explored {
    /// The file that it is.
    pub fn file(&self) -> &str {
        &self.file
    }
}

impl Deref for Explored {
    type Target = Scenario;

    fn deref(&self) -> &Scenario {
        &self.scenario
    }
}

impl fmt::Debug for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this file:\n\n{}", self.file)
    }
}

impl Strategy for ArbScenario {
    type Tree = Smaller;
    type Value = Explored;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = any::<u64>().new_tree(runner)?.current();
        let draft = generate(seed, &self.size, self.machine);
        let current = read(&draft).ok_or("the generator made a file that is wrong")?;
        Ok(Smaller { shrinker: Shrinker::new(draft), current })
    }
}

/// A scenario, and those that are smaller.
pub struct Smaller {
    shrinker: Shrinker,
    current: Explored,
}

impl Smaller {
    /// The next that makes sense.
    fn next(&mut self) -> bool {
        while let Some(candidate) = self.shrinker.propose() {
            if let Some(explored) = read(candidate) {
                self.current = explored;
                return true;
            }
        }
        false
    }
}

impl ValueTree for Smaller {
    type Value = Explored;

    fn current(&self) -> Explored {
        self.current.clone()
    }

    /// The current one fails: what is smaller still?
    fn simplify(&mut self) -> bool {
        self.shrinker.keep();
        self.next()
    }

    /// The current one passes: what else is smaller than the last one that failed?
    fn complicate(&mut self) -> bool {
        self.next()
    }
}

fn read(draft: &Draft) -> Option<Explored> {
    Some(Explored { scenario: draft.scenario().ok()?, file: draft.text() })
}
