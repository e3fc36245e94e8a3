//! Choices, one after the other, of one entry.

use crate::random::Stream;

/// The choices of one entry.
pub(super) struct Dice {
    stream: Stream,
    thrown: u64,
}

impl Dice {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, thrown: 0 }
    }

    /// Those of an entry of that name.
    pub(super) fn of(&self, name: &str) -> Self {
        Self::new(self.stream.stream(&[name]))
    }

    /// A number below this one.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.thrown += 1;
        self.stream.below(self.thrown, bound)
    }

    /// Both ends included.
    pub(super) fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::try_from(self.below(1 << 32)).expect("below 2^32")
    }

    /// Whether something of so many percent is so.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    ///
    /// # Panics
    /// If there is none.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[usize::try_from(self.below(of.len() as u64)).expect("a position")]
    }

    /// The same of what is owned elsewhere.
    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).expect("a position")]
    }

    /// Some of these, at least one, in their order.
    pub(super) fn some<'a, T>(&mut self, of: &'a [T]) -> Vec<&'a T> {
        let certain = usize::try_from(self.below(of.len() as u64)).expect("a position");
        let mut chosen = Vec::new();
        for (position, each) in of.iter().enumerate() {
            if self.chance(50) || position == certain {
                chosen.push(each);
            }
        }
        chosen
    }
}
