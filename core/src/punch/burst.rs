//! The probes of one attempt: few, and so spread that they meet the peer's.

use crate::path::Path;
use crate::time::{Duration, Instant};

/// Probes of an attempt, to all addresses together.
pub(super) const PROBES: usize = 8;
/// Addresses probed in one: more would leave no second probe for the first of them.
pub(super) const TARGETS: usize = 5;

/// Where probes go, and which have gone.
pub(crate) struct Burst {
    targets: heapless::Vec<Path, TARGETS>,
    sent: heapless::Vec<Sent, PROBES>,
    /// Probes that had their turn, those that might not be sent included.
    turns: u8,
    /// Probes that are due by now.
    due: u8,
    rounds: u8,
}

#[derive(Clone, Copy)]
struct Sent {
    nonce: [u8; 8],
    path: Path,
    at: Instant,
}

impl Burst {
    pub(super) fn to(targets: heapless::Vec<Path, TARGETS>) -> Self {
        Self { targets, sent: heapless::Vec::new(), turns: 0, due: 0, rounds: 0 }
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = Path> {
        self.targets.iter().copied()
    }

    /// Probes that have gone out.
    pub(super) fn sent(&self) -> usize {
        self.sent.len()
    }

    /// Begins a round: each address gets a probe, as long as there are any. Returns how long until the
    /// next round, if there is one (Firezone: 200, 300, 500 ms, then a second).
    pub(super) fn next_round(&mut self) -> Option<Duration> {
        let due = usize::from(self.due) + self.targets.len();
        self.due = due.min(PROBES) as u8;
        self.rounds = self.rounds.saturating_add(1);
        let gap_ms = match self.rounds {
            1 => 200,
            2 => 300,
            3 => 500,
            _ => 1000,
        };
        (due < PROBES && !self.targets.is_empty()).then(|| Duration::from_millis(gap_ms))
    }

    /// No more go out.
    pub(super) fn stop(&mut self) {
        self.due = self.turns;
    }

    pub(super) fn owes(&self) -> bool {
        self.turns < self.due
    }

    /// Where the next probe that is due goes; it has had its turn.
    pub(super) fn take_turn(&mut self) -> Option<Path> {
        let target = self.targets.get(usize::from(self.turns).checked_rem(self.targets.len())?)?;
        if self.turns >= self.due {
            return None;
        }
        self.turns += 1;
        Some(*target)
    }

    pub(super) fn note_sent(&mut self, nonce: [u8; 8], path: Path, at: Instant) {
        // Each turn sends at most one.
        let _ = self.sent.push(Sent { nonce, path, at });
    }

    /// The round trip, if this nonce went there.
    pub(super) fn answered(&self, nonce: [u8; 8], path: Path, now: Instant) -> Option<Duration> {
        let sent = self.sent.iter().find(|sent| sent.nonce == nonce && sent.path == path)?;
        Some(now.saturating_since(sent.at))
    }

    /// One probe to an address was answered, so that all of them are: forgets them, and shows when each
    /// went out.
    pub(super) fn settle(&mut self, path: Path, mut show: impl FnMut(Instant)) {
        self.sent.retain(|sent| {
            let is_open = sent.path != path;
            if !is_open {
                show(sent.at);
            }
            is_open
        });
    }
}

#[cfg(test)]
mod tests;
