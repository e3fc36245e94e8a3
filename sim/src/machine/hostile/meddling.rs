//! What can be done to the bytes of a datagram. Each makes them others than they were.

use super::Dice;

/// Changes some bits of one byte. An empty datagram stays as it is.
pub(super) fn flip(bytes: &mut [u8], dice: &Dice) {
    if !bytes.is_empty() {
        bytes[dice.below("flip-at", bytes.len())] ^= dice.nonzero("flip");
    }
}

/// Cuts some bytes off the end.
pub(super) fn truncate(bytes: &mut Vec<u8>, dice: &Dice) {
    if !bytes.is_empty() {
        bytes.truncate(dice.below("truncate-to", bytes.len()));
    }
}

/// Exchanges two parts of one length; where these are equal, changes some bits instead.
pub(super) fn swap(bytes: &mut [u8], dice: &Dice) {
    let half = bytes.len() / 2;
    let differs = half > 0 && {
        let length = 1 + dice.below("swap-length", half);
        let first = dice.below("swap-first", half - length + 1);
        let second = half + dice.below("swap-second", bytes.len() - half - length + 1);
        let (front, back) = bytes.split_at_mut(half);
        let (one, other) = (&mut front[first..][..length], &mut back[second - half..][..length]);
        one.swap_with_slice(other);
        one != other
    };
    if !differs {
        flip(bytes, dice);
    }
}
