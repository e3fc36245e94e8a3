//! Who must be in touch once nothing goes wrong any more, and by when.
//!
//! A node that dials another one reaches it if it can: both are on, nothing is in the way, the other
//! one is there to be [dialled](Oracle::dials) and answers, and both have a secret in common. How long
//! that may take follows from the protocol's timers. Where chance decides, so many attempts are
//! allowed that all of a run's fail less than once in a thousand million runs; where more than chance
//! does (a queue that others fill, a fault that comes again and again), nothing is said.

use std::collections::BTreeSet;

use underpass_core::{Config, Duration, Instant, Whom};

use super::Oracle;
use super::way::Way;
use crate::fault::{Blocks, Interfaces, Partitions};
use crate::scenario::model::{Fault, FaultKind, Node, NodeId, Scenario, asks, neighbours};

/// An attempt to shake hands, or an exchange of pings (PROTOCOL: "until the attempt ends (5 s)").
pub(super) const ATTEMPT: Duration = Duration::from_secs(5);
/// The longest pause between two attempts: a minute, and a quarter of it for jitter ("peers once
/// known are retried about every 60 s").
const PAUSE_MAX: Duration = Duration::from_secs(60 + 15);
/// The pause after the first attempt, without jitter.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Intervals without an answer after which a peer is gone ("inactive after 3 intervals").
const SILENT_INTERVALS: u64 = 3;
/// Attempts that are waited for, at most.
const ATTEMPTS_MAX: u64 = 20;

/// What must come of a scenario in the end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Connections {
    /// When the last fault is over.
    pub settled: Instant,
    /// Whom each node must be in touch with.
    pub due: Vec<Connection>,
}

/// Two nodes that must both get an answer of the other one between [`Connections::settled`] and `by`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    /// Who dials.
    pub from: NodeId,
    /// Whom.
    pub to: NodeId,
    /// When they must have been in touch.
    pub by: Instant,
}

impl Connections {
    /// Those of a scenario that must come about before it is over. Nothing is due in a scenario in
    /// which something goes wrong to the end.
    pub fn of(scenario: &Scenario) -> Self {
        let Some(end) = end_of_faults(scenario) else { return Self::default() };
        let trouble = trouble(scenario, end);
        let view = View::new(scenario, end);
        let mut due = Vec::new();
        for (from, node) in (0..).map(NodeId).zip(&scenario.nodes) {
            for to in node.dials().collect::<BTreeSet<_>>() {
                let Some(attempts) = view.attempts(from, to) else { continue };
                let by = end + longest(trouble, interval(scenario), attempts);
                due.push(Connection { from, to, by });
            }
        }
        due.retain(|connection| connection.by <= Instant::ORIGIN + scenario.duration);
        Self { settled: end, due }
    }
}

/// How long nodes may have dialled in vain before all is well: since the first fault, or since the
/// first of them was on if not all are from the start. Who has a session first has to miss the other
/// end, which takes all intervals but the one under way.
fn trouble(scenario: &Scenario, end: Instant) -> Duration {
    let is_late = scenario.nodes.iter().any(|node| node.start > Instant::ORIGIN);
    let first = scenario.faults.iter().map(|fault| fault.at).min();
    let since = first.filter(|_| !is_late).unwrap_or(Instant::ORIGIN);
    let restarts = |fault: &Fault| {
        matches!(fault.kind, FaultKind::Crash(..) | FaultKind::Restart(..) | FaultKind::Roam { .. })
    };
    let missed = match is_late || scenario.faults.iter().any(restarts) {
        true => Duration::ZERO,
        false => interval(scenario).saturating_mul(SILENT_INTERVALS - 1),
    };
    end.saturating_since(since + missed)
}

/// How long so many attempts take from when all is well, the pings of two that are in touch included.
/// The first begins when the pause is over that those before it have led to, in the trouble before: a
/// pause of `p` and a quarter comes after pauses of at least `3/4 (p - 1 s)` together. Or it begins
/// once the other end is missed, which may have gone in the last instant of the trouble.
fn longest(
    trouble: Duration,
    interval: Duration,
    Attempts { by_chance, all }: Attempts,
) -> Duration {
    let shortest = PAUSE_MIN.as_micros() * 5 / 4;
    let grown = match by_chance {
        1 => (5 * (trouble.as_micros() / 3) + shortest).min(PAUSE_MAX.as_micros()),
        _ => PAUSE_MAX.as_micros(),
    };
    let silence = interval.saturating_mul(SILENT_INTERVALS) + ATTEMPT;
    let first = Duration::from_micros(grown.max(silence.as_micros() + shortest));
    let attempt = ATTEMPT + ATTEMPT;
    first + attempt + (PAUSE_MAX + attempt).saturating_mul(all - 1) + interval
}

/// The longest time between two pings that any node wants.
fn interval(scenario: &Scenario) -> Duration {
    let all = scenario.nodes.iter().map(|node| node.ping_interval);
    all.max().unwrap_or(Config::PING_INTERVAL)
}

/// Attempts that it takes at most.
#[derive(Clone, Copy)]
struct Attempts {
    /// As far as chance is concerned.
    by_chance: u64,
    /// With all that else may be in the way.
    all: u64,
}

/// When the last thing has changed; `None` if that is never.
fn end_of_faults(scenario: &Scenario) -> Option<Instant> {
    let mut end = scenario.nodes.iter().map(|node| node.start).max()?;
    for fault in &scenario.faults {
        let lasts = match (&fault.kind, fault.lasts) {
            _ if fault.every.is_some() => return None,
            // It is over at once, or how things are from then on.
            (
                FaultKind::Crash(..)
                | FaultKind::Restart(..)
                | FaultKind::Partition(_)
                | FaultKind::Block { .. }
                | FaultKind::Interface(_)
                | FaultKind::Link(_)
                | FaultKind::NatReboot(_)
                | FaultKind::Roam { .. }
                | FaultKind::ChangeSecret(_)
                | FaultKind::RetireSecret(_),
                lasts,
            ) => lasts.unwrap_or_default(),
            (_, Some(lasts)) => lasts,
            (_, None) => return None,
        };
        end = end.max(fault.at + lasts);
    }
    Some(end)
}

/// A scenario as it is when all has happened that does.
struct View<'s> {
    scenario: &'s Scenario,
    end: Instant,
    oracle: Oracle<'s>,
    partitions: Partitions,
    blocks: Blocks,
    interfaces: Interfaces,
    neighbours: Vec<usize>,
    /// How often each node dials another one at all.
    pairs: u64,
}

impl<'s> View<'s> {
    fn new(scenario: &'s Scenario, end: Instant) -> Self {
        let dials: usize = scenario.nodes.iter().map(|node| node.dials().count()).sum();
        Self {
            scenario,
            end,
            oracle: Oracle::new(scenario, end),
            partitions: Partitions::new(&scenario.faults, scenario.nodes.len()),
            blocks: Blocks::new(&scenario.faults),
            interfaces: Interfaces::new(&scenario.faults),
            neighbours: neighbours(&scenario.nodes, &asks(&scenario.nodes, &scenario.sends)),
            pairs: u64::try_from(dials).expect("a count fits"),
        }
    }

    /// Attempts that it takes at most; `None` if it cannot be, or nothing is said of it.
    fn attempts(&self, from: NodeId, to: NodeId) -> Option<Attempts> {
        let is_open = self.is_on(from)
            && self.is_on(to)
            && self.node(from).network == self.node(to).network
            && !self.partitions.separate(from, to, self.end)
            && !self.blocks.stop(from, to, self.end)
            && !self.blocks.stop(to, from, self.end);
        if !is_open || !self.knows_where(from, to) || !self.answers(to, from) {
            return None;
        }
        let ways = [(from, to), (to, from)];
        let [there, back] = ways.map(|(from, to)| Way::new(self.scenario, from, to, self.end));
        let by_chance = there?.attempts(&back?, self.pairs)?;
        let rounds = self.rounds(from)?.max(self.rounds(to)?);
        let all = by_chance * rounds * self.secrets_in_turn(from, to)?;
        (all <= ATTEMPTS_MAX).then_some(Attempts { by_chance, all })
    }

    fn node(&self, node: NodeId) -> &'s Node {
        &self.scenario.nodes[node.0 as usize]
    }

    /// Whether it is a member of the network that is on and has an interface that is up.
    fn is_on(&self, node: NodeId) -> bool {
        let is_off = |fault: &Fault| {
            matches!(fault.kind, FaultKind::Crash(crashed, _) if crashed == node)
                && fault.lasts.is_none()
        };
        self.node(node).hostile.is_none()
            && !self.scenario.faults.iter().any(is_off)
            && !self.interfaces.is_down(node, self.end)
    }

    /// Whether the address that `from` was told is one at which `to` can be dialled.
    fn knows_where(&self, from: NodeId, to: NodeId) -> bool {
        let has_moved = |who| {
            let moves =
                |fault: &Fault| matches!(fault.kind, FaultKind::Roam { node, .. } if node == who);
            self.scenario.faults.iter().any(moves)
        };
        let is_public = self.node(to).behind.is_none();
        !has_moved(to) && (is_public || !has_moved(from)) && self.oracle.dials(from, to)
    }

    /// Whether a node's access policy lets it answer another one that dials it.
    fn answers(&self, node: NodeId, caller: NodeId) -> bool {
        let Node { access, peers, .. } = self.node(node);
        let shows_itself_first = self.node(caller).peers.contains(&node);
        match access.answers {
            Whom::Network => true,
            _ if !shows_itself_first => false,
            Whom::Listed => access.allow.contains(&caller) || peers.contains(&caller),
            Whom::Pinned => peers.contains(&caller),
            Whom::Nobody => false,
        }
    }

    /// How often a node may have to be tried until one of its places for handshakes is free, if all
    /// others try at once; a quarter of the places is always there for them. `None` if it has not
    /// room for all of them.
    fn rounds(&self, node: NodeId) -> Option<u64> {
        let neighbours = self.neighbours[node.0 as usize];
        let needed = neighbours + self.node(node).bootstrap.len();
        let Node { limits, relay, gossip, .. } = self.node(node);
        let capacity = limits.capacity(needed, relay.is_some(), gossip.is_some());
        let rounds = needed.div_ceil((capacity.handshakes / 4).max(1)).max(1);
        (capacity.peers >= needed).then(|| u64::try_from(rounds).expect("a count fits"))
    }

    /// How many secrets of the network are tried in turn until one is common; `None` if none is.
    fn secrets_in_turn(&self, from: NodeId, to: NodeId) -> Option<u64> {
        let [from, to] = [self.secrets(from), self.secrets(to)];
        from.iter().any(|secret| to.contains(secret)).then_some(u64::try_from(from.len()).ok()?)
    }

    /// The numbers of the secrets that a node has in the end.
    fn secrets(&self, node: NodeId) -> Vec<u32> {
        let mut acts: Vec<(Instant, bool)> = Vec::new();
        for fault in &self.scenario.faults {
            match &fault.kind {
                FaultKind::ChangeSecret(nodes) if nodes.contains(&node) => {
                    acts.push((fault.at, true))
                }
                FaultKind::RetireSecret(nodes) if nodes.contains(&node) => {
                    acts.push((fault.at, false))
                }
                _ => {}
            }
        }
        acts.sort_by_key(|(at, _)| *at);
        let mut secrets = vec![0];
        for (_, is_change) in acts {
            let current = secrets[0];
            secrets = if is_change { vec![current + 1, current] } else { vec![current] };
        }
        secrets
    }
}

#[cfg(test)]
mod tests;
