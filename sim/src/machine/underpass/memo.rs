//! Signatures that were checked in this world: every node checks each record that it hears of, and their
//! signers are few.
//!
//! Nobody can tell: the same bytes have the same verdict, whoever looks, and virtual time is charged as for
//! the work itself.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use underpass_core::{Done, Job, Keys};

/// Places for each node of the world: its record, the one before, and what it says to everybody.
const PER_NODE: usize = 4;

/// Signer, what was signed, signature.
type Input = [u8; 128];

/// What is known of signatures, good and bad. Each has one place, and whichever came last stays.
pub struct Memo(Mutex<Box<[Place]>>);

/// One signature, and whether it is its signer's.
type Place = Option<(Input, bool)>;

impl Memo {
    /// For a world of so many nodes.
    pub fn new(nodes: usize) -> Self {
        Self(Mutex::new(vec![None; nodes.saturating_mul(PER_NODE).next_power_of_two()].into()))
    }

    /// Does the work of a job, unless somebody has done the same before.
    pub(super) fn run(&self, job: Job, keys: &impl Keys) -> Done {
        let Some(input) = job.verification() else { return job.run(keys) };
        if let Some(is_sound) = self.recall(&input) {
            return job.with_verdict(is_sound);
        }
        let done = job.run(keys);
        if let Some(is_sound) = done.verdict() {
            self.note(input, is_sound);
        }
        done
    }

    fn recall(&self, input: &Input) -> Option<bool> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = places[place(input, places.len())].as_ref();
        known.filter(|(known, _)| known == input).map(|(_, is_sound)| *is_sound)
    }

    fn note(&self, input: Input, is_sound: bool) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = place(&input, places.len());
        places[place] = Some((input, is_sound));
    }
}

/// Honest signatures are as good as random; whoever has his own collide has nobody's work saved.
fn place(input: &Input, places: usize) -> usize {
    let [.., a, b, c, d, _, _, _, _] = *input;
    u32::from_le_bytes([a, b, c, d]) as usize & (places - 1)
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_that_of_the_very_same_bytes() {
        let memo = Memo::new(1);
        let mut one = [7; 128];
        memo.note(one, true);
        assert_eq!(memo.recall(&one), Some(true));
        for place in 0..128 {
            one[place] ^= 1;
            assert_eq!(memo.recall(&one), None, "byte {place}");
            one[place] ^= 1;
        }
    }

    #[test]
    fn a_bad_one_stays_bad() {
        let memo = Memo::new(1);
        memo.note([7; 128], false);
        assert_eq!(memo.recall(&[7; 128]), Some(false));
    }

    #[test]
    fn however_many_there_are_it_takes_no_more_room() {
        let memo = Memo::new(2);
        for number in 0..=255 {
            memo.note([number; 128], true);
        }
        assert_eq!(memo.recall(&[255; 128]), Some(true));
        assert_eq!(memo.0.lock().unwrap().len(), 8);
    }
}
