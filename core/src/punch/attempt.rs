//! One attempt of two peers to meet.

use super::burst::Burst;
use crate::held::Held;
use crate::time::{Duration, Instant};
use crate::timer::{ATTEMPT, retry_gap};
use crate::wire::{Punch, PunchKind};

/// A place for an attempt.
pub struct PunchSlot {
    pub(super) attempt: Held<Attempt>,
}

impl PunchSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self { attempt: Held::Nothing };
}

/// An attempt under way.
pub(super) struct Attempt {
    pub(super) role: Role,
    pub(super) step: Step,
    /// When the step began.
    pub(super) begun: Instant,
    /// What this node says in it, every time the same.
    punch: Punch,
    pub(super) message_owed: bool,
    /// How often it has been said.
    said: u8,
    pub(super) burst: Burst,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Offers,
    Answers,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The offer has no answer yet.
    Asking,
    /// It was answered; the probes leave when the answer is there.
    Waiting,
    Probing,
    /// A direct way answers; answers by others are still on their way, perhaps by a better one.
    Proven,
}

impl Attempt {
    pub(super) fn asking(punch: Punch, now: Instant) -> Self {
        let burst = Burst::to(heapless::Vec::new());
        Self::new(Role::Offers, Step::Asking, punch, burst, now)
    }

    pub(super) fn answering(punch: Punch, burst: Burst, now: Instant) -> Self {
        Self::new(Role::Answers, Step::Waiting, punch, burst, now)
    }

    fn new(role: Role, step: Step, punch: Punch, burst: Burst, begun: Instant) -> Self {
        Self { role, step, begun, punch, message_owed: true, said: 0, burst }
    }

    pub(super) fn number(&self) -> u32 {
        self.punch.attempt
    }

    /// Writes what this node says, and returns its length, and when it is to be said again if nothing
    /// comes back.
    pub(super) fn say(&mut self, out: &mut [u8], now: Instant) -> (usize, Option<Instant>) {
        self.said = self.said.saturating_add(1);
        let kind = match self.role {
            Role::Offers => PunchKind::Offer,
            Role::Answers => PunchKind::Answer,
        };
        let round_trip = Duration::from_micros(self.punch.round_trip_us.into());
        let gap = retry_gap(self.said).max(round_trip.saturating_mul(2));
        let again = (now + gap).min(self.begun + ATTEMPT);
        let len = self.punch.encode(kind, &mut out[..Punch::LEN_MAX]);
        (len, (self.step == Step::Asking).then_some(again))
    }
}
