//! A queue of slot numbers: first in, first out, unless one is to be the next.

/// The ends of the queue; its cells are in the storage. As many cells as there are slots: a slot
/// is in a queue at most once, so it can never overflow.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Ring {
    head: u16,
    len: u16,
}

impl Ring {
    pub(crate) const EMPTY: Self = Self { head: 0, len: 0 };

    pub(crate) fn push(&mut self, cells: &mut [u16], slot: u16) {
        assert!(usize::from(self.len) < cells.len(), "a slot is queued at most once");
        let cell = (usize::from(self.head) + usize::from(self.len)) % cells.len();
        cells[cell] = slot;
        self.len += 1;
    }

    /// The next one to be taken.
    pub(crate) fn push_front(&mut self, cells: &mut [u16], slot: u16) {
        assert!(usize::from(self.len) < cells.len(), "a slot is queued at most once");
        self.head = ((usize::from(self.head) + cells.len() - 1) % cells.len()) as u16;
        cells[usize::from(self.head)] = slot;
        self.len += 1;
    }

    pub(crate) fn pop(&mut self, cells: &[u16]) -> Option<u16> {
        self.len = self.len.checked_sub(1)?;
        let slot = cells[usize::from(self.head)];
        self.head = ((usize::from(self.head) + 1) % cells.len()) as u16;
        Some(slot)
    }

    pub(crate) fn len(&self) -> usize {
        self.len.into()
    }
}

#[cfg(test)]
mod tests;
