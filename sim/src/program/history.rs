//! What a picture of a run shows, gathered while the run is made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use underpass_core::{Duration, Instant};
use underpass_sim::scenario::model::{NodeId, SessionState};
use underpass_sim::trace::{Happening, Observation, PacketInfo, Witness};

/// Losses are counted in so many equal parts of the run.
pub(crate) const PARTS: u64 = 400;
/// Of so many changes each session and node is followed: one that flickers all the time fills no
/// memory.
const CHANGES_MAX: usize = 10_000;

/// How a run went. It takes no more memory for a longer one.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// As long as it was to be.
    pub(crate) duration: Duration,
    /// What each node reported of each peer.
    pub(crate) sessions: BTreeMap<(NodeId, NodeId), Vec<(Instant, SessionState)>>,
    /// When each node was switched on and off.
    pub(crate) power: BTreeMap<NodeId, Vec<(Instant, bool)>>,
    /// Datagrams that a node sent and that were lost, by part of the run and reason.
    pub(crate) lost: BTreeMap<(NodeId, u64), BTreeMap<&'static str, u64>>,
}

/// Gathers a history.
#[derive(Clone)]
pub(super) struct Historian(Arc<Mutex<History>>);

impl History {
    /// Of a run in which nothing has happened.
    pub(crate) fn new(duration: Duration) -> Self {
        Self { duration, sessions: BTreeMap::new(), power: BTreeMap::new(), lost: BTreeMap::new() }
    }

    fn observe(&mut self, now: Instant, node: NodeId, observation: &Observation) {
        match *observation {
            Observation::Session { peer, state } => {
                note(self.sessions.entry((node, peer)).or_default(), now, state);
            }
            Observation::Started { .. } => note(self.power.entry(node).or_default(), now, true),
            Observation::Stopped => note(self.power.entry(node).or_default(), now, false),
            _ => {}
        }
    }

    fn part(&self, at: Instant) -> u64 {
        let since = at.saturating_since(Instant::ORIGIN).as_micros();
        let part = u128::from(since) * u128::from(PARTS);
        let part = part / u128::from(self.duration.as_micros().max(1));
        u64::try_from(part).map_or(PARTS - 1, |part| part.min(PARTS - 1))
    }
}

fn note<T>(changes: &mut Vec<(Instant, T)>, now: Instant, to: T) {
    if changes.len() < CHANGES_MAX {
        changes.push((now, to));
    }
}

impl Historian {
    pub(super) fn new(duration: Duration) -> Self {
        Self(Arc::new(Mutex::new(History::new(duration))))
    }

    /// The history so far.
    pub(super) fn history(&self) -> History {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Witness for Historian {
    fn happened(&mut self, now: Instant, what: &Happening<&PacketInfo<'_>>) {
        let mut history = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Happening::Observed(node, observation) => history.observe(now, *node, observation),
            Happening::Lost { packet, at, why } => {
                let part = history.part(*at);
                *history.lost.entry((packet.from, part)).or_default().entry(why).or_default() += 1;
            }
            _ => {}
        }
    }
}
