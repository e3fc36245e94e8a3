use std::collections::VecDeque;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

struct Test;

impl Linked<Test> for Links {
    fn links(&self) -> &Links {
        self
    }
    fn links_mut(&mut self) -> &mut Links {
        self
    }
}

#[derive(Clone, Debug)]
enum Step {
    PushBack(u16),
    PushFront(u16),
    PopFront,
    Remove(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0u16..8).prop_map(Step::PushBack),
        2 => (0u16..8).prop_map(Step::PushFront),
        1 => Just(Step::PopFront),
        2 => (0u16..8).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 0..100)
}

proptest! {
    #[test]
    fn it_is_a_queue_that_anybody_may_leave(steps in steps()) {
        let mut slots = [Links::NONE; 8];
        let (mut list, mut model) = (List::<Test>::EMPTY, VecDeque::new());
        for step in steps {
            match step {
                Step::PushBack(slot) if !model.contains(&slot) => {
                    list.push_back(&mut slots, slot);
                    model.push_back(slot);
                }
                Step::PushFront(slot) if !model.contains(&slot) => {
                    list.push_front(&mut slots, slot);
                    model.push_front(slot);
                }
                Step::PopFront => {
                    prop_assert_eq!(list.pop_front(&mut slots), model.pop_front());
                }
                Step::Remove(slot) if model.contains(&slot) => {
                    list.remove(&mut slots, slot);
                    model.retain(|other| *other != slot);
                }
                _ => {}
            }
            let mut found = Vec::new();
            let mut at = list.first();
            while let Some(slot) = at {
                found.push(slot);
                at = List::next(&slots, slot);
            }
            prop_assert_eq!(&found, &Vec::from(model.clone()));
            prop_assert_eq!(list.last(), found.last().copied());
            prop_assert_eq!(list.is_empty(), found.is_empty());
        }
    }
}
