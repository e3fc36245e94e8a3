use std::collections::BTreeSet;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

const NOW: Instant = Instant::from_micros(1_000_000);

#[test]
fn the_second_packet_is_acknowledged_at_once_and_the_first_after_a_while() {
    let mut acks = Acks::NONE;
    assert_eq!(acks.note(0, NOW), Urgency::At(NOW + ACK_DELAY_MAX));
    assert!(!acks.is_owed());
    assert_eq!(acks.note(1, NOW), Urgency::Now);
    let ack = acks.take_owed(NOW).expect("owed");
    assert_eq!((ack.largest, ack.bitmap), (1, 1));
    assert!(acks.take_owed(NOW).is_none());
}

#[test]
fn a_gap_and_what_fills_it_are_acknowledged_at_once() {
    let mut acks = Acks::NONE;
    acks.note(0, NOW);
    assert_eq!(acks.note(2, NOW), Urgency::Now);
    acks.take_owed(NOW);
    assert_eq!(acks.note(1, NOW), Urgency::Now);
    acks.take_owed(NOW);
    assert_eq!(acks.note(3, NOW), Urgency::At(NOW + ACK_DELAY_MAX));
}

#[test]
fn the_delay_is_that_of_the_largest() {
    let mut acks = Acks::NONE;
    acks.note(5, NOW);
    let later = NOW + ACK_DELAY_MAX;
    acks.note(4, later);
    assert_eq!(acks.take_owed(later).expect("owed").delay_us, 25_000);
}

#[test]
fn a_timer_without_anything_to_acknowledge_owes_nothing() {
    let mut acks = Acks::NONE;
    acks.on_timer();
    assert!(!acks.is_owed());
    acks.note(0, NOW);
    acks.on_timer();
    assert!(acks.is_owed());
}

fn numbers() -> impl Strategy<Value = Vec<u64>> {
    let step = prop_oneof![8 => -5i64..5, 2 => -70i64..70, 1 => any::<i64>()];
    (any::<u64>(), prop::collection::vec(step, 1..200)).prop_map(|(start, steps)| {
        let mut at = start;
        let walk = steps.into_iter().map(|step| {
            at = at.saturating_add_signed(step);
            at
        });
        walk.collect()
    })
}

proptest! {
    #[test]
    fn it_names_what_came_and_nothing_else(numbers in numbers()) {
        let (mut acks, mut came) = (Acks::NONE, BTreeSet::new());
        for number in numbers {
            acks.note(number, NOW);
            came.insert(number);
            acks.on_timer();
            let ack = acks.take_owed(NOW).expect("something came");
            let largest = *came.last().expect("something came");
            prop_assert_eq!(ack.largest, largest);
            for other in largest.saturating_sub(70)..=largest {
                let is_named = ack.covers(other);
                prop_assert!(!is_named || came.contains(&other), "{other} never came");
                // What came too far behind is not remembered.
                let is_recent = other == number && largest - other <= 64;
                prop_assert!(!is_recent || is_named, "{other} is missing");
            }
        }
    }

    #[test]
    fn in_order_the_last_sixty_five_are_named(count in 1u64..200, first in any::<u32>()) {
        let mut acks = Acks::NONE;
        let first = u64::from(first);
        for number in first..first + count {
            acks.note(number, NOW);
        }
        acks.on_timer();
        let ack = acks.take_owed(NOW).expect("something came");
        let last = first + count - 1;
        for number in first..=last {
            prop_assert_eq!(ack.covers(number), last - number <= 64);
        }
    }
}
