//! Bytes of any length out of one buffer: runs of blocks that lie side by side, so that whatever is
//! kept is one slice.

use core::ops::Range;

/// Bytes of a block: small enough for a sensor's reading, and a full fragment is a whole number of
/// them.
pub(crate) const BLOCK_LEN: usize = 160;

const WORD_BITS: u16 = u32::BITS as u16;

/// Blocks side by side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    first: u16,
    pub(crate) blocks: u16,
}

impl Run {
    pub(crate) const EMPTY: Self = Self { first: 0, blocks: 0 };

    /// The bytes from `offset` on within the run.
    pub(crate) fn range(&self, offset: usize, len: usize) -> Range<usize> {
        let start = usize::from(self.first) * BLOCK_LEN + offset;
        start..start + len
    }
}

/// Blocks that hold so many bytes.
pub(crate) fn blocks_for(len: usize) -> usize {
    len.div_ceil(BLOCK_LEN)
}

/// A view of the pool: next-fit, so that a search rarely begins among what was taken long ago.
pub(crate) struct Pool<'a> {
    /// Where the next search begins.
    pub(crate) next: &'a mut u16,
    /// A bit for each block; set for those in use.
    pub(crate) used: &'a mut [u32],
    pub(crate) blocks: u16,
}

impl Pool<'_> {
    /// Takes a run, if there is one so long.
    pub(crate) fn take(&mut self, blocks: u16) -> Option<Run> {
        if blocks == 0 {
            return Some(Run::EMPTY);
        }
        let begin = *self.next;
        // The second time also those that begin before `begin` and end behind it.
        let overlap = begin.saturating_add(blocks - 1).min(self.blocks);
        let first = self
            .find_free(begin, self.blocks, blocks)
            .or_else(|| self.find_free(0, overlap, blocks))?;
        let run = Run { first, blocks };
        self.set(run, true);
        *self.next = first + blocks;
        Some(run)
    }

    pub(crate) fn give_back(&mut self, run: Run) {
        self.set(run, false);
    }

    /// The first of so many free blocks side by side within a range.
    fn find_free(&self, begin: u16, end: u16, blocks: u16) -> Option<u16> {
        let mut first = self.first_with(false, begin, end);
        while end - first >= blocks {
            let stop = self.first_with(true, first, end);
            if stop - first >= blocks {
                return Some(first);
            }
            first = self.first_with(false, stop, end);
        }
        None
    }

    /// The first block from `begin` on that is used or not, or `end`.
    fn first_with(&self, used: bool, begin: u16, end: u16) -> u16 {
        let mut block = begin;
        while block < end {
            let word = self.used[usize::from(block / WORD_BITS)];
            let wanted = (if used { word } else { !word }) >> (block % WORD_BITS);
            if wanted != 0 {
                return block.saturating_add(wanted.trailing_zeros() as u16).min(end);
            }
            block = (block / WORD_BITS + 1).saturating_mul(WORD_BITS);
        }
        end
    }

    fn set(&mut self, run: Run, used: bool) {
        for block in run.first..run.first + run.blocks {
            let (word, bit) = (&mut self.used[usize::from(block / WORD_BITS)], block % WORD_BITS);
            debug_assert_eq!(*word & (1 << bit) != 0, !used);
            *word ^= 1 << bit;
        }
    }
}

#[cfg(test)]
mod tests;
