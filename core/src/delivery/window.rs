//! Which messages of a peer have arrived: a ring of bits over the numbers that it may still send.

/// A view of the window. Invariants: the number of words is a power of two; the bits of numbers
/// below
/// `base` are zero.
pub(crate) struct Window<'a> {
    /// Below it nothing is expected any more.
    pub(crate) base: &'a mut u64,
    pub(crate) words: &'a mut [u32],
}

/// What is known of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    /// It arrived, or its sender has ended it.
    Before,
    Never,
    /// Its sender may not send it yet.
    TooFar,
}

const WORD_BITS: u64 = u32::BITS as u64;

impl Window<'_> {
    /// Nothing below this number is expected any more.
    pub(crate) fn advance(&mut self, base: u64) {
        if base <= *self.base {
            return;
        }
        if base - *self.base >= self.len() {
            self.words.fill(0);
        } else {
            for number in *self.base..base {
                let (word, bit) = self.place(number);
                self.words[word] &= !bit;
            }
        }
        *self.base = base;
    }

    pub(crate) fn seen(&self, number: u64) -> Seen {
        let Some(ahead) = number.checked_sub(*self.base) else { return Seen::Before };
        if ahead >= self.len() {
            return Seen::TooFar;
        }
        let (word, bit) = self.place(number);
        if self.words[word] & bit != 0 { Seen::Before } else { Seen::Never }
    }

    /// Remembers a message that was not seen before.
    pub(crate) fn mark(&mut self, number: u64) {
        debug_assert_eq!(self.seen(number), Seen::Never);
        let (word, bit) = self.place(number);
        self.words[word] |= bit;
    }

    fn len(&self) -> u64 {
        self.words.len() as u64 * WORD_BITS
    }

    fn place(&self, number: u64) -> (usize, u32) {
        // Below the number of bits, whatever the width of usize.
        let bit = number % self.len();
        ((bit / WORD_BITS) as usize, 1 << (bit % WORD_BITS))
    }
}

#[cfg(test)]
mod tests;
