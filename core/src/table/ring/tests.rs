use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn first_in_first_out_unless_one_is_next(
        moves in prop::collection::vec(prop::option::of(any::<(u16, bool)>()), 0..100),
    ) {
        let (mut ring, mut cells, mut model) = (Ring::EMPTY, [0; 5], VecDeque::new());
        for pushed in moves {
            match pushed {
                Some((slot, false)) if model.len() < cells.len() => {
                    ring.push(&mut cells, slot);
                    model.push_back(slot);
                }
                Some((slot, true)) if model.len() < cells.len() => {
                    ring.push_front(&mut cells, slot);
                    model.push_front(slot);
                }
                _ => prop_assert_eq!(ring.pop(&cells), model.pop_front()),
            }
            prop_assert_eq!(ring.len(), model.len());
        }
    }
}
