//! Finds places in a table by a hash of what is kept there. Nothing is ever iterated, so no order
//! of hashes decides anything.

/// A hash table of numbers of slots, with linear probing. What it is searched for is in the slots:
/// it keeps 32 bits of the hash, and asks about those that fit.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// None, or a power of two, of which a quarter at least is vacant.
    cells: Vec<Cell>,
    used: usize,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    hash: u32,
    slot: u32,
}

const VACANT: Cell = Cell { hash: 0, slot: u32::MAX };

/// The first size.
const LEAST: usize = 8;

impl Cell {
    fn is_vacant(self) -> bool {
        self.slot == VACANT.slot
    }
}

impl Index {
    /// The slot that has this hash and is the one meant.
    pub(super) fn find(&self, hash: u32, is_meant: impl Fn(u32) -> bool) -> Option<u32> {
        if self.cells.is_empty() {
            return None;
        }
        let mut at = self.home(hash);
        loop {
            let cell = self.cells[at];
            if cell.is_vacant() {
                return None;
            }
            if cell.hash == hash && is_meant(cell.slot) {
                return Some(cell.slot);
            }
            at = self.after(at);
        }
    }

    /// Adds a slot that is not there.
    pub(super) fn insert(&mut self, hash: u32, slot: u32) {
        if 4 * (self.used + 1) > 3 * self.cells.len() {
            self.grow();
        }
        self.put(Cell { hash, slot });
        self.used += 1;
    }

    /// Takes out a slot that is there.
    pub(super) fn remove(&mut self, hash: u32, slot: u32) {
        let mut hole = self.home(hash);
        while self.cells[hole].slot != slot {
            assert!(!self.cells[hole].is_vacant(), "slot {slot} is not in the index");
            hole = self.after(hole);
        }
        // What was pushed on by the one that goes moves back, or a search would end at the hole.
        let mut at = self.after(hole);
        while !self.cells[at].is_vacant() {
            if self.distance(at, self.home(self.cells[at].hash)) >= self.distance(at, hole) {
                self.cells[hole] = self.cells[at];
                hole = at;
            }
            at = self.after(at);
        }
        self.cells[hole] = VACANT;
        self.used -= 1;
    }

    /// Slots in it.
    pub(super) fn len(&self) -> usize {
        self.used
    }

    /// Bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<Cell>()
    }

    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.cells.len() - 1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.cells.len() - 1)
    }

    /// Steps from one cell to another.
    fn distance(&self, to: usize, from: usize) -> usize {
        to.wrapping_sub(from) & (self.cells.len() - 1)
    }

    fn put(&mut self, cell: Cell) {
        let mut at = self.home(cell.hash);
        while !self.cells[at].is_vacant() {
            at = self.after(at);
        }
        self.cells[at] = cell;
    }

    fn grow(&mut self) {
        let larger = vec![VACANT; (2 * self.cells.len()).max(LEAST)];
        for cell in std::mem::replace(&mut self.cells, larger) {
            if !cell.is_vacant() {
                self.put(cell);
            }
        }
    }
}

#[cfg(test)]
mod tests;
