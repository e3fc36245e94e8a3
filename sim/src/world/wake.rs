//! The one wake of a machine.

use underpass_core::Instant;

/// When a machine wants to be called, and the entries that stand for it in the event queue.
///
/// An entry cannot be taken out of the queue. So a wake that moves later leaves its entry where
/// it is, to be looked at again when it comes up; only one that moves before all entries adds one.
/// Protocols move their wakes later with nearly every packet, and pay nothing for it.
#[derive(Debug, Default)]
pub(super) struct Wake {
    armed: Option<Instant>,
    /// The times of the queue's entries, strictly decreasing: the last comes up next.
    /// If `armed` is some, `queued.last() <= armed`.
    queued: Vec<Instant>,
}

/// What to do about an entry that came up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// Call the machine.
    Fire,
    /// Add an entry at this later time.
    Requeue(Instant),
    /// The wake was disarmed, or a later entry stands for it.
    Nothing,
}

impl Wake {
    /// Arms the wake in place of what was armed; says where an entry must be added, if anywhere.
    pub(super) fn arm(&mut self, at: Option<Instant>) -> Option<Instant> {
        self.armed = at;
        self.entry_missing()
    }

    /// The entry for `now` came up. The wake is disarmed if it is due.
    pub(super) fn came_up(&mut self, now: Instant) -> Due {
        let queued = self.queued.pop();
        assert_eq!(queued, Some(now), "entries come up in their order");
        if self.armed.is_some_and(|armed| armed <= now) {
            self.armed = None;
            return Due::Fire;
        }
        self.entry_missing().map_or(Due::Nothing, Due::Requeue)
    }

    /// Where an entry must be added, if no earlier one stands for the wake; taken as added.
    fn entry_missing(&mut self) -> Option<Instant> {
        let armed = self.armed?;
        if self.queued.last().is_some_and(|&queued| queued <= armed) {
            return None;
        }
        self.queued.push(armed);
        Some(armed)
    }
}

#[cfg(test)]
mod tests;
