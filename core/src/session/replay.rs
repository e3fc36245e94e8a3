//! The replay window of RFC 6479: a ring of bits that moves a word at a time.

/// Why a counter is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// A packet with this counter was accepted before.
    Duplicate,
    /// So far behind the newest that nothing is known of it any more.
    TooOld,
}

/// Which counters were accepted, over words that the storage holds.
///
/// Invariants: the number of words is a power of two, at least two; every counter from `next` on
/// is unseen; the bits of words that `next - 1` has not reached are zero.
pub(crate) struct Window<'a> {
    /// One above the highest counter accepted.
    pub(crate) next: &'a mut u64,
    pub(crate) words: &'a mut [u64],
}

const WORD_BITS: u64 = u64::BITS as u64;

impl Window<'_> {
    /// Whether a packet with this counter may be accepted. Changes nothing: its seal comes first.
    pub(crate) fn check(&self, counter: u64) -> Result<(), Refused> {
        if counter >= *self.next {
            return Ok(());
        }
        // One word fewer than there are: the newest word is being filled.
        let reach = (self.words.len() as u64 - 1) * WORD_BITS;
        if *self.next - 1 - counter >= reach {
            return Err(Refused::TooOld);
        }
        if self.words[self.word(counter)] & bit(counter) != 0 {
            return Err(Refused::Duplicate);
        }
        Ok(())
    }

    /// Remembers a counter whose packet proved authentic.
    pub(crate) fn mark(&mut self, counter: u64) {
        debug_assert_eq!(self.check(counter), Ok(()));
        if counter >= *self.next {
            let newest_word = self.next.saturating_sub(1) / WORD_BITS;
            let steps = (counter / WORD_BITS - newest_word).min(self.words.len() as u64);
            for step in 1..=steps {
                let word = self.word((newest_word + step) * WORD_BITS);
                self.words[word] = 0;
            }
            *self.next = counter + 1;
        }
        let word = self.word(counter);
        self.words[word] |= bit(counter);
    }

    fn word(&self, counter: u64) -> usize {
        // The remainder is below the number of words, whatever the width of usize.
        ((counter / WORD_BITS) % self.words.len() as u64) as usize
    }
}

fn bit(counter: u64) -> u64 {
    1 << (counter % WORD_BITS)
}

#[cfg(test)]
mod tests;
