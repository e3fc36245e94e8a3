use proptest::collection::vec;
use proptest::prelude::*;
use underpass_core::Instant;

use super::{Key, Queue};
use crate::scenario::model::NodeId;

const AT: Instant = Instant::from_micros(5);

fn arb_key() -> impl Strategy<Value = Key> {
    // Few values, so that many share an instant, a destination or a source.
    let at = (0u64..4).prop_map(Instant::from_micros);
    let node = || (0u32..3).prop_map(NodeId);
    prop_oneof![
        (at.clone(), 0u32..3, 0u32..3).prop_map(|(at, rank, n)| Key::world(at, rank, n)),
        (at.clone(), node()).prop_map(|(at, node)| Key::wake(at, node)),
        (at, node(), node(), 0u64..3, 0u8..3)
            .prop_map(|(at, to, from, number, copy)| Key::packet(at, to, from, number, copy)),
    ]
}

proptest! {
    /// Pushes and pops in any order do what a sorted list does.
    #[test]
    fn it_behaves_as_a_sorted_list(steps in vec(prop::option::weighted(0.6, arb_key()), 0..200)) {
        let mut queue = Queue::new();
        let mut sorted: Vec<Key> = Vec::new();
        for step in steps {
            match step {
                Some(key) => {
                    if let Err(place) = sorted.binary_search(&key) {
                        sorted.insert(place, key);
                        queue.push(key, key);
                    }
                }
                None => {
                    let expected = (!sorted.is_empty()).then(|| sorted.remove(0));
                    prop_assert_eq!(queue.next_at(), expected.map(|key| key.at));
                    prop_assert_eq!(queue.pop(), expected.map(|key| (key.at, key)));
                }
            }
        }
    }
}

#[test]
fn time_comes_before_all_else() {
    let late = Key::world(Instant::from_micros(6), 0, 0);
    assert!(Key::packet(AT, NodeId(9), NodeId(9), 9, 0) < late);
}

#[test]
fn the_world_comes_before_its_nodes() {
    assert!(Key::world(AT, 3, 7) < Key::wake(AT, NodeId(0)));
    assert!(Key::world(AT, 3, 7) < Key::packet(AT, NodeId(0), NodeId(0), 0, 0));
}

#[test]
fn events_of_an_instant_go_by_destination_then_source_then_number() {
    let ordered = [
        Key::packet(AT, NodeId(0), NodeId(2), 8, 0),
        Key::packet(AT, NodeId(1), NodeId(0), 7, 0),
        Key::wake(AT, NodeId(1)),
        Key::packet(AT, NodeId(1), NodeId(1), 0, 0),
        Key::packet(AT, NodeId(1), NodeId(2), 5, 0),
        Key::packet(AT, NodeId(1), NodeId(2), 5, 1),
        Key::packet(AT, NodeId(1), NodeId(2), 6, 0),
    ];
    assert!(ordered.is_sorted());
}
