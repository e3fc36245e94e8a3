//! Things by number, whose numbers are given out again.

use std::ops::{Index, IndexMut};

/// A number is a thing's until it is taken out.
#[derive(Debug)]
pub(super) struct Slots<T> {
    things: Vec<T>,
    /// Numbers whose thing has been taken out.
    vacant: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { things: Vec::new(), vacant: Vec::new() }
    }
}

impl<T: Copy> Slots<T> {
    /// How many are there.
    pub(super) fn len(&self) -> usize {
        self.things.len() - self.vacant.len()
    }

    /// Adds one; returns its number.
    ///
    /// # Panics
    ///
    /// If there are 2^32 - 1 already.
    pub(super) fn add(&mut self, thing: T) -> u32 {
        if let Some(slot) = self.vacant.pop() {
            self[slot] = thing;
            return slot;
        }
        let slot = u32::try_from(self.things.len()).ok().filter(|&slot| slot < u32::MAX);
        self.things.push(thing);
        slot.expect("tables are limited to fewer")
    }

    /// Takes one out that is there.
    pub(super) fn take(&mut self, slot: u32) -> T {
        self.vacant.push(slot);
        self[slot]
    }

    /// Bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.things.capacity() * size_of::<T>() + self.vacant.capacity() * size_of::<u32>()
    }
}

impl<T> Index<u32> for Slots<T> {
    type Output = T;
    fn index(&self, slot: u32) -> &T {
        &self.things[slot as usize]
    }
}

impl<T> IndexMut<u32> for Slots<T> {
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.things[slot as usize]
    }
}
