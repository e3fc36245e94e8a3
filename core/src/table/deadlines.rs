//! Whose turn comes next: a binary heap in which every slot can be found and moved.

use crate::time::Instant;
use crate::timer::{Deadline, Timer};

/// One slot's deadline, and one cell of the heap; the two share an array, not a meaning.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineSlot {
    /// The slot's deadline.
    at: Instant,
    timer: Timer,
    /// Where in the heap the slot is.
    position: Option<u16>,
    /// The slot at this cell of the heap.
    entry: u16,
}

impl DeadlineSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self =
        Self { at: Instant::ORIGIN, timer: Timer::Ping, position: None, entry: 0 };
}

/// A view of the heap. Invariant: `slots[slots[cell].entry].position == cell` below `len`, and no
/// entry is earlier than its parent's (ties: the lower slot number first, so that the order does
/// not depend on history).
pub(crate) struct Deadlines<'a> {
    pub(crate) len: &'a mut u16,
    pub(crate) slots: &'a mut [DeadlineSlot],
}

impl Deadlines<'_> {
    /// Sets or clears the deadline of a slot.
    pub(crate) fn set(&mut self, slot: u16, deadline: Option<Deadline>) {
        match (deadline, self.slots[usize::from(slot)].position) {
            (None, None) => {}
            (None, Some(position)) => self.remove(slot, position),
            (Some(deadline), position) => {
                let entry = &mut self.slots[usize::from(slot)];
                (entry.at, entry.timer) = (deadline.at, deadline.timer);
                let position = position.unwrap_or_else(|| {
                    *self.len += 1;
                    *self.len - 1
                });
                self.place(slot, position);
                self.settle(position);
            }
        }
    }

    /// The slot whose deadline is earliest.
    pub(crate) fn first(&self) -> Option<(u16, Deadline)> {
        (*self.len > 0).then(|| {
            let slot = self.slots[0].entry;
            let DeadlineSlot { at, timer, .. } = self.slots[usize::from(slot)];
            (slot, Deadline { at, timer })
        })
    }

    fn remove(&mut self, slot: u16, position: u16) {
        self.slots[usize::from(slot)].position = None;
        *self.len -= 1;
        let last = *self.len;
        if position != last {
            self.place(self.slots[usize::from(last)].entry, position);
            self.settle(position);
        }
    }

    /// Restores the order after the entry at this position has changed.
    fn settle(&mut self, position: u16) {
        let mut position = self.rise(position);
        while let Some(child) = self.earliest_child(position) {
            if !self.before(child, position) {
                break;
            }
            self.swap(child, position);
            position = child;
        }
    }

    fn rise(&mut self, mut position: u16) -> u16 {
        while position > 0 {
            let parent = (position - 1) / 2;
            if !self.before(position, parent) {
                break;
            }
            self.swap(position, parent);
            position = parent;
        }
        position
    }

    fn earliest_child(&self, position: u16) -> Option<u16> {
        let left = u32::from(position) * 2 + 1;
        if left >= u32::from(*self.len) {
            return None;
        }
        let left = left as u16;
        let right = left + 1;
        Some(if right < *self.len && self.before(right, left) { right } else { left })
    }

    fn before(&self, a: u16, b: u16) -> bool {
        let key = |position: u16| {
            let slot = self.slots[usize::from(position)].entry;
            (self.slots[usize::from(slot)].at, slot)
        };
        key(a) < key(b)
    }

    fn swap(&mut self, a: u16, b: u16) {
        let (slot_a, slot_b) = (self.slots[usize::from(a)].entry, self.slots[usize::from(b)].entry);
        self.place(slot_a, b);
        self.place(slot_b, a);
    }

    fn place(&mut self, slot: u16, position: u16) {
        self.slots[usize::from(position)].entry = slot;
        self.slots[usize::from(slot)].position = Some(position);
    }
}

#[cfg(test)]
mod tests;
