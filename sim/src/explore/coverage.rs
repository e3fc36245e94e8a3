//! What runs have come to: which changes of state, refusals, timers and reasons they have seen, and which
//! never.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use underpass_core::{Deadline, Dropped, Instant, Timer};

use crate::machine::Machine;
use crate::machine::underpass::Underpass;
use crate::scenario::model::{NodeId, SessionState};
use crate::trace::observation::{REASONS, reason};
use crate::trace::{Observation, Watch};

/// Changes of a session that a node can report.
const CHANGES: [&str; 4] =
    ["init to active", "active to disconnected", "disconnected to active", "path changes"];

/// How often each thing was seen, over any number of runs.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    changes: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    timers: BTreeMap<String, u64>,
    reasons: BTreeMap<&'static str, u64>,
    /// Sessions that were made.
    pub sessions: u64,
    /// Payloads that arrived.
    pub delivered: u64,
}

impl Coverage {
    /// All that another has seen, too.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.changes, &other.changes),
            (&mut self.refused, &other.refused),
            (&mut self.reasons, &other.reasons),
        ] {
            theirs.iter().for_each(|(what, count)| *mine.entry(what).or_default() += count);
        }
        for (timer, count) in &other.timers {
            *self.timers.entry(timer.clone()).or_default() += count;
        }
        self.sessions += other.sessions;
        self.delivered += other.delivered;
    }

    /// Of each kind how many were seen, and which never.
    pub fn lines(&self) -> Vec<String> {
        let refused = Dropped::ALL.iter().map(|why| why.name().to_owned());
        let timers = Timer::ALL.iter().map(|timer| format!("{timer:?}"));
        let of = |map: &BTreeMap<&'static str, u64>| {
            map.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect()
        };
        vec![
            line("changes", &of(&self.changes), CHANGES.map(str::to_owned)),
            line("refusals", &of(&self.refused), refused),
            line("timers", &self.timers, timers),
            line("reasons", &of(&self.reasons), REASONS.map(str::to_owned)),
        ]
    }
}

fn line(kind: &str, seen: &BTreeMap<String, u64>, all: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = all.into_iter().collect();
    let never: Vec<&str> =
        all.iter().filter(|what| !seen.contains_key(*what)).map(String::as_str).collect();
    let mut line = format!("{kind}: {} of {} seen", all.len() - never.len(), all.len());
    if !never.is_empty() {
        let _ = write!(line, "; never {}", never.join(", "));
    }
    line
}

/// Watches one run for it.
#[derive(Clone, Default)]
pub(super) struct Spotter {
    coverage: Arc<Mutex<Coverage>>,
    states: BTreeMap<(NodeId, NodeId), SessionState>,
    /// Which timer each node waits for, as it was last called.
    next: BTreeMap<NodeId, Deadline>,
}

impl Spotter {
    /// What it has seen so far.
    pub(super) fn seen(&self) -> Coverage {
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut Coverage)) {
        note(&mut self.coverage.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Watch for Spotter {
    fn woken(&mut self, _: Instant, node: NodeId) {
        if let Some(Deadline { timer, .. }) = self.next.remove(&node) {
            self.note(|seen| *seen.timers.entry(format!("{timer:?}")).or_default() += 1);
        }
    }

    fn called(&mut self, _: Instant, node: NodeId, machine: &dyn Machine) {
        match machine.downcast_ref::<Underpass>().and_then(Underpass::next_timer) {
            Some(next) => self.next.insert(node, next),
            None => self.next.remove(&node),
        };
    }

    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        match *observation {
            Observation::Session { peer, state } => {
                let before = self.states.insert((node, peer), state);
                let change = match (before, state) {
                    (None | Some(SessionState::Init), SessionState::Active) => CHANGES[0],
                    (_, SessionState::Disconnected) => CHANGES[1],
                    (_, SessionState::Active) => CHANGES[2],
                    (_, SessionState::Init) => return,
                };
                self.note(|seen| *seen.changes.entry(change).or_default() += 1);
            }
            Observation::Route { way: Some(_), .. } => {
                self.note(|seen| *seen.changes.entry(CHANGES[3]).or_default() += 1);
            }
            Observation::Dropped { reason } => {
                self.note(|seen| *seen.refused.entry(reason).or_default() += 1);
            }
            Observation::Why { why, .. } => {
                self.note(|seen| *seen.reasons.entry(reason(why)).or_default() += 1);
            }
            Observation::Established { .. } => self.note(|seen| seen.sessions += 1),
            Observation::Delivered { .. } => self.note(|seen| seen.delivered += 1),
            _ => {}
        }
    }
}
