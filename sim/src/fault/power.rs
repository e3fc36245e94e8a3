//! Whether a node is on.

/// Something that keeps a node off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hold {
    /// Its time to be switched on has not come.
    NotStarted,
    /// The fault at this position is a crash that has not ended.
    Crash(u32),
}

/// A node is on while nothing keeps it off.
#[derive(Debug)]
pub(crate) struct Power {
    holds: Vec<Hold>,
}

impl Power {
    /// Off until its start.
    pub(crate) fn new() -> Self {
        Self { holds: vec![Hold::NotStarted] }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.holds.is_empty()
    }

    /// Keeps the node off until this same hold is released.
    pub(crate) fn hold(&mut self, hold: Hold) {
        self.holds.push(hold);
    }

    /// Ends a hold, if it still counts; says whether the node goes on by that.
    pub(crate) fn release(&mut self, hold: Hold) -> bool {
        let Some(position) = self.holds.iter().position(|&held| held == hold) else {
            return false;
        };
        self.holds.swap_remove(position);
        self.is_on()
    }

    /// Forgets all holds: the node goes on, whatever kept it off.
    pub(crate) fn release_all(&mut self) {
        self.holds.clear();
    }
}
