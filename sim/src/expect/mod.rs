//! Whether a run did what its scenario expects.
//!
//! ```text
//! observation --> Ledger: what is known now --> the facts about its subject that turned
//!                                                    |
//!                       dates of expectations --> Course of each expectation --> Unmet
//! ```
//!
//! A fact is looked at when its subject changes; an expectation when one of its facts turned, and
//! on its own dates. Looking means: after everything at that instant has happened. So a state that
//! came and went within one instant was never there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use underpass_core::Instant;

use crate::scenario::model::{Fact, NatId, NodeId, Origin, Scenario, Time, units};
use crate::trace::{Observation, PacketInfo, Watch};

mod course;
mod evidence;
mod ledger;
mod words;

#[cfg(test)]
mod tests;

use course::{Course, Verdict};
use evidence::Evidence;
use ledger::{Changed, Ledger, Subject};
use words::Words;

/// Follows a run and judges the scenario's expectations.
pub struct Expectations {
    names: Vec<String>,
    origins: Vec<Origin>,
    ledger: Ledger,
    /// If paths are asked about.
    evidence: Option<Evidence>,
    /// Of all expectations: those of one follow each other.
    facts: Vec<Tracked>,
    /// Positions in `facts`.
    facts_about: BTreeMap<Subject, Vec<usize>>,
    /// One for each expectation, in the order of the scenario.
    courses: Vec<Course>,
    /// When which course is to be looked at even if nothing happens; in order.
    dates: Vec<(Instant, usize)>,
    /// Those of `dates` before this position are over.
    next_date: usize,
    /// The instant of the last observation.
    now: Instant,
    /// Courses one of whose facts turned at this instant.
    turned: Vec<usize>,
}

/// A fact, and whether it holds now.
struct Tracked {
    fact: Fact,
    /// Position of its expectation.
    course: usize,
    /// What it counts as, among those of its expectation.
    unit: usize,
    holds: bool,
}

/// An expectation that was not met.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet {
    /// Where the file says what was expected.
    pub origin: Origin,
    /// When it turned out so.
    pub at: Instant,
    /// Whom the facts that decided it are about, and whom of the others each has to do with there.
    pub parties: BTreeMap<NodeId, BTreeSet<NodeId>>,
    /// What was expected, in words.
    pub expected: String,
    /// What happened instead, and when.
    pub happened: String,
    /// What each party knew of it.
    pub knew: Vec<String>,
}

/// Reads a counter of a node's machine; `None` if it is off or has no such counter.
pub type Metric<'m> = dyn Fn(NodeId, &str) -> Option<u64> + 'm;

impl Expectations {
    /// Nothing has happened yet.
    pub fn new(scenario: &Scenario) -> Self {
        let mut facts = Vec::new();
        let mut courses = Vec::new();
        for (course, expect) in scenario.expects.iter().enumerate() {
            let first = facts.len();
            let (units, count) = units(&expect.facts);
            let mut sizes = vec![0; count];
            for (fact, unit) in expect.facts.iter().zip(units) {
                sizes[unit] += 1;
                facts.push(Tracked { fact: fact.clone(), course, unit, holds: false });
            }
            courses.push(Course::new(expect.time, first..facts.len(), expect.need, sizes));
        }
        let mut facts_about: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
        for (position, tracked) in facts.iter().enumerate() {
            facts_about.entry(Subject::of(&tracked.fact)).or_default().push(position);
        }
        let dates = courses.iter().enumerate();
        let mut dates: Vec<(Instant, usize)> = dates
            .flat_map(|(position, course)| course.dates().map(move |date| (date, position)))
            .collect();
        dates.sort_unstable();
        let mut expectations = Self {
            names: scenario.nodes.iter().map(|node| node.name.clone()).collect(),
            origins: scenario.expects.iter().map(|expect| expect.origin.clone()).collect(),
            ledger: Ledger::new(scenario),
            evidence: Evidence::new(scenario),
            facts,
            facts_about,
            courses,
            dates,
            next_date: 0,
            now: Instant::ORIGIN,
            turned: Vec::new(),
        };
        for position in 0..expectations.facts.len() {
            expectations.look_at_fact(position);
        }
        expectations
    }

    /// The run is over at `end`: what was not met, with the position of each in the scenario.
    pub fn finish(&mut self, end: Instant, metric: &Metric<'_>) -> Vec<(usize, Unmet)> {
        self.advance(end);
        for position in 0..self.facts.len() {
            if let Fact::Metric { node, name, .. } = &self.facts[position].fact {
                self.ledger.read_metric(*node, name, metric(*node, name));
                self.look_at_fact(position);
            }
        }
        self.settle();
        self.keep_dates(|date| date <= end);
        for position in 0..self.courses.len() {
            if self.courses[position].end(end) {
                self.put_into_words(position, end);
            }
        }
        let unmet = |position| Some((position, self.unmet(position)?));
        (0..self.courses.len()).filter_map(unmet).collect()
    }

    fn unmet(&self, position: usize) -> Option<Unmet> {
        let course = &self.courses[position];
        let Verdict::Unmet { at, found } = &course.verdict else { return None };
        let words = self.words();
        Some(Unmet {
            origin: self.origins[position].clone(),
            at: *at,
            parties: found.parties.clone(),
            expected: words.expected(course.time, course.need, self.facts_of(position)),
            happened: words::happened(course.time, *at, course.later, &found.seen),
            knew: found.knew.clone(),
        })
    }

    /// Time goes on to `to`, and nothing happens before it any more.
    fn advance(&mut self, to: Instant) {
        self.settle();
        self.keep_dates(|date| date < to);
        self.now = to;
    }

    /// Everything at this instant has happened: looks at what it changed.
    fn settle(&mut self) {
        let mut turned = std::mem::take(&mut self.turned);
        for position in turned.drain(..) {
            self.courses[position].has_turned = false;
            self.look(position, self.now);
        }
        self.turned = turned;
    }

    fn keep_dates(&mut self, is_over: impl Fn(Instant) -> bool) {
        while let Some(&(date, position)) = self.dates.get(self.next_date) {
            if !is_over(date) {
                return;
            }
            self.next_date += 1;
            self.look(position, date);
        }
    }

    fn look(&mut self, position: usize, at: Instant) {
        if self.courses[position].look(at) {
            self.put_into_words(position, at);
        }
    }

    /// An expectation turned out unmet: notes what is to be told of it, while it is so.
    fn put_into_words(&mut self, position: usize, at: Instant) {
        let time = self.courses[position].time;
        let mut found = self.words().found(time, self.facts_of(position));
        let mut paths = self.facts_of(position).iter().filter_map(|tracked| match tracked.fact {
            Fact::Path { from, to, .. } if tracked.holds == (time == Time::Never) => {
                Some((from, to))
            }
            _ => None,
        });
        if let (Some((from, to)), Some(evidence)) = (paths.next(), &self.evidence) {
            found.knew.extend(evidence.of(from, to, at));
        }
        self.courses[position].verdict = Verdict::Unmet { at, found };
    }

    fn facts_of(&self, position: usize) -> &[Tracked] {
        &self.facts[self.courses[position].facts.clone()]
    }

    fn words(&self) -> Words<'_> {
        Words { names: &self.names, ledger: &self.ledger }
    }

    fn look_at_fact(&mut self, position: usize) {
        let tracked = &mut self.facts[position];
        let holds = self.ledger.holds(&tracked.fact);
        if holds == tracked.holds {
            return;
        }
        tracked.holds = holds;
        let course = &mut self.courses[tracked.course];
        course.turned(tracked.unit, holds);
        if !course.has_turned {
            course.has_turned = true;
            self.turned.push(tracked.course);
        }
    }

    fn look_at_subjects(&mut self, changed: &Changed) {
        // Taken out, so that the facts may change meanwhile.
        let index = std::mem::take(&mut self.facts_about);
        for subjects in changed.subjects() {
            for (_, facts) in index.range(subjects) {
                for &position in facts {
                    self.look_at_fact(position);
                }
            }
        }
        self.facts_about = index;
    }
}

impl Watch for Expectations {
    fn translated(&mut self, _: Instant, nat: NatId, packet: &PacketInfo<'_>) {
        if let Some(evidence) = &mut self.evidence {
            evidence.translated(nat, packet);
        }
    }

    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        if at > self.now {
            self.advance(at);
        }
        let changed = self.ledger.observe(at, node, observation);
        self.look_at_subjects(&changed);
    }
}

/// As the program prints it: what was expected, what happened, who knew what.
impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "expected  {}", self.expected)?;
        write!(f, "happened  {}", self.happened)?;
        for line in &self.knew {
            write!(f, "\nknew      {line}")?;
        }
        Ok(())
    }
}
