//! When a fault lasts.

use underpass_core::{Duration, Instant};

use crate::scenario::model::Fault;

/// A span of time, or one again and again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    begins: Instant,
    /// `None`: for ever.
    lasts: Option<Duration>,
    /// From one beginning to the next; `None` for one span only.
    every: Option<Duration>,
}

impl Window {
    /// When that fault lasts.
    ///
    /// # Panics
    ///
    /// If it is to begin again before it is over.
    pub fn of(fault: &Fault) -> Self {
        let &Fault { at: begins, lasts, every, .. } = fault;
        if let Some(every) = every {
            assert!(lasts.is_some_and(|lasts| lasts < every), "{} is over in between", fault.name);
        }
        Self { begins, lasts, every }
    }

    /// Whether the fault lasts at that time: from its beginning on, up to its end.
    pub fn contains(&self, at: Instant) -> bool {
        self.turn(at).is_some()
    }

    /// How often the fault had begun before, if it lasts at that time.
    pub fn turn(&self, at: Instant) -> Option<u64> {
        if at < self.begins {
            return None;
        }
        let since = at.saturating_since(self.begins).as_micros();
        let (turn, since) = match self.every {
            None => (0, since),
            Some(every) => (since / every.as_micros(), since % every.as_micros()),
        };
        self.lasts.is_none_or(|lasts| since < lasts.as_micros()).then_some(turn)
    }
}
