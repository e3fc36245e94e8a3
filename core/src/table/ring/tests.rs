use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn first_in_first_out(moves in prop::collection::vec(prop::option::of(any::<u16>()), 0..100)) {
        let (mut ring, mut cells, mut model) = (Ring::EMPTY, [0; 5], VecDeque::new());
        for pushed in moves {
            match pushed {
                Some(slot) if model.len() < cells.len() => {
                    ring.push(&mut cells, slot);
                    model.push_back(slot);
                }
                _ => prop_assert_eq!(ring.pop(&cells), model.pop_front()),
            }
            prop_assert_eq!(ring.len(), model.len());
        }
    }
}
