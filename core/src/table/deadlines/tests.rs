use std::collections::BTreeMap;
use std::vec;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn the_first_is_always_the_earliest_of_a_model(
        moves in prop::collection::vec((0u16..9, prop::option::of(0u64..20)), 1..200),
    ) {
        let mut slots = vec![DeadlineSlot::EMPTY; 9];
        let mut len = 0;
        let mut model = BTreeMap::new();
        for (slot, at) in moves {
            let at = at.map(Instant::from_micros);
            let mut heap = Deadlines { len: &mut len, slots: &mut slots };
            heap.set(slot, at.map(|at| Deadline { at, timer: Timer::Ping }));
            match at {
                Some(at) => model.insert(slot, at),
                None => model.remove(&slot),
            };
            let earliest = model.iter().map(|(&slot, &at)| (at, slot)).min();
            let first = heap.first().map(|(slot, deadline)| (deadline.at, slot));
            prop_assert_eq!(first, earliest);
            prop_assert_eq!(usize::from(len), model.len());
        }
    }
}
