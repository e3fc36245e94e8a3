use proptest::prelude::*;

use super::Index;

/// Few hashes, so that many meet; and few of their bits make a home.
fn hash_of(slot: u32) -> u32 {
    slot % 5
}

proptest! {
    #[test]
    fn finds_what_was_put_in_and_not_taken_out(slots in prop::collection::vec(0u32..40, 0..200)) {
        let mut index = Index::default();
        let mut there = [false; 40];
        for slot in slots {
            let is_there = &mut there[slot as usize];
            match *is_there {
                false => index.insert(hash_of(slot), slot),
                true => index.remove(hash_of(slot), slot),
            }
            *is_there = !*is_there;
            prop_assert_eq!(index.len(), there.iter().filter(|&&is_there| is_there).count());
            for (slot, is_there) in (0..).zip(there) {
                let found = index.find(hash_of(slot), |found| found == slot);
                prop_assert_eq!(found, is_there.then_some(slot));
            }
        }
    }
}

#[test]
fn does_not_grow_while_as_much_goes_as_comes() {
    let mut index = Index::default();
    (0..6).for_each(|slot| index.insert(slot, slot));
    let bytes = index.bytes();
    for slot in 6..10_000 {
        index.remove(slot - 6, slot - 6);
        index.insert(slot, slot);
    }
    assert_eq!(index.bytes(), bytes);
}
