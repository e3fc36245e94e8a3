use proptest::prelude::*;

use super::{Dice, forge, meddling};
use crate::random::Draws;

fn dice(seed: u64) -> Dice {
    Dice { stream: Draws::new(seed).stream(&["test"]), number: seed }
}

proptest! {
    #[test]
    fn meddling_makes_another_datagram(
        seed in any::<u64>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..1232),
    ) {
        let mut flipped = bytes.clone();
        meddling::flip(&mut flipped, &dice(seed));
        prop_assert_ne!(&flipped, &bytes);
        prop_assert_eq!(flipped.len(), bytes.len());
        let mut cut = bytes.clone();
        meddling::truncate(&mut cut, &dice(seed));
        prop_assert!(cut.len() < bytes.len() && bytes.starts_with(&cut));
        let mut swapped = bytes.clone();
        meddling::swap(&mut swapped, &dice(seed));
        prop_assert_ne!(&swapped, &bytes);
        prop_assert_eq!(swapped.len(), bytes.len());
    }

    #[test]
    fn parts_that_are_alike_are_not_just_exchanged(seed in any::<u64>(), length in 1..100_usize) {
        let mut swapped = vec![7; length];
        meddling::swap(&mut swapped, &dice(seed));
        prop_assert_ne!(swapped, vec![7; length]);
    }

    #[test]
    fn a_forged_datagram_is_another_one_and_fits(
        seed in any::<u64>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..=1232),
        other in proptest::collection::vec(any::<u8>(), 0..=1232),
    ) {
        let mut forged = bytes.clone();
        forge::vary(&mut forged, &other, &dice(seed));
        prop_assert_ne!(&forged, &bytes);
        prop_assert!(forged.len() <= 1232);
    }
}

#[test]
fn swapping_keeps_every_byte() {
    for seed in 0..100 {
        let bytes: Vec<u8> = (0..60).collect();
        let mut swapped = bytes.clone();
        meddling::swap(&mut swapped, &dice(seed));
        swapped.sort_unstable();
        assert_eq!(swapped, bytes);
    }
}
