//! From a `PeerId` to its slot: open addressing, with a hash keyed from the seed because people
//! can grind keys that collide under a known one.

use siphasher::sip::SipHasher13;

use crate::identity::PeerId;

/// A cell that no slot number reaches.
const EMPTY: u16 = u16::MAX;

/// A view of the index. Invariant: at least half of the cells are empty, and no empty cell stands
/// between a slot's home and its cell.
pub(crate) struct PeerIndex<'a> {
    pub(crate) hasher: &'a SipHasher13,
    pub(crate) cells: &'a mut [u16],
}

impl PeerIndex<'_> {
    pub(crate) fn clear(&mut self) {
        self.cells.fill(EMPTY);
    }

    /// The slot of `id`; `id_of` tells whose slot is whose.
    pub(crate) fn find(&self, id: &PeerId, id_of: impl Fn(u16) -> PeerId) -> Option<u16> {
        let mut cell = self.home(id);
        while self.cells[cell] != EMPTY {
            if id_of(self.cells[cell]) == *id {
                return Some(self.cells[cell]);
            }
            cell = self.after(cell);
        }
        None
    }

    /// Adds a slot whose `id` is not in the index yet.
    pub(crate) fn insert(&mut self, id: &PeerId, slot: u16) {
        let mut cell = self.home(id);
        while self.cells[cell] != EMPTY {
            cell = self.after(cell);
        }
        self.cells[cell] = slot;
    }

    /// Removes a slot, and moves those behind it so that no search stops early.
    pub(crate) fn remove(&mut self, id: &PeerId, id_of: impl Fn(u16) -> PeerId) {
        let mut hole = self.home(id);
        while id_of(self.cells[hole]) != *id {
            hole = self.after(hole);
        }
        let mut cell = self.after(hole);
        while self.cells[cell] != EMPTY {
            let home = self.home(&id_of(self.cells[cell]));
            if self.distance(home, cell) >= self.distance(hole, cell) {
                self.cells[hole] = self.cells[cell];
                hole = cell;
            }
            cell = self.after(cell);
        }
        self.cells[hole] = EMPTY;
    }

    fn home(&self, id: &PeerId) -> usize {
        // The remainder is below the number of cells, whatever the width of usize.
        (self.hasher.hash(id.as_bytes()) % self.cells.len() as u64) as usize
    }

    fn after(&self, cell: usize) -> usize {
        (cell + 1) % self.cells.len()
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        (to + self.cells.len() - from) % self.cells.len()
    }
}

#[cfg(test)]
mod tests;
