use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

/// Remembers everything: what RFC 6479 says, without its ring.
#[derive(Default)]
struct Model {
    seen: BTreeSet<u64>,
}

impl Model {
    fn offer(&mut self, counter: u64, reach: u64) -> Result<(), Refused> {
        if let Some(&newest) = self.seen.last()
            && counter < newest
            && newest - counter >= reach
        {
            return Err(Refused::TooOld);
        }
        if self.seen.insert(counter) { Ok(()) } else { Err(Refused::Duplicate) }
    }
}

/// Steps small and large, back and forth, around word boundaries and across the whole ring.
fn counters() -> impl Strategy<Value = Vec<u64>> {
    let step = prop_oneof![
        4 => -70i64..70,
        2 => -600i64..600,
        1 => prop_oneof![Just(63i64), Just(64), Just(65), Just(128), Just(-64), Just(-192)],
        1 => 0i64..1_000_000,
    ];
    (any::<u16>(), prop::collection::vec(step, 1..200)).prop_map(|(start, steps)| {
        let mut at = i64::from(start);
        let walk = steps.into_iter().map(|step| {
            at = (at + step).max(0);
            at as u64
        });
        walk.collect()
    })
}

proptest! {
    #[test]
    fn agrees_with_a_model_that_forgets_nothing(words in 1u32..5, counters in counters()) {
        let mut words = vec![0; 1 << words];
        let reach = (words.len() as u64 - 1) * 64;
        let (mut next, mut model) = (0, Model::default());
        for counter in counters {
            let mut window = Window { next: &mut next, words: &mut words };
            let found = window.check(counter);
            if found.is_ok() {
                window.mark(counter);
            }
            prop_assert_eq!(found, model.offer(counter, reach), "counter {}", counter);
        }
    }
}

#[test]
fn the_first_counter_is_accepted_once() {
    let (mut next, mut words) = (0, [0; 4]);
    let mut window = Window { next: &mut next, words: &mut words };
    assert_eq!(window.check(0), Ok(()));
    window.mark(0);
    assert_eq!(window.check(0), Err(Refused::Duplicate));
}

#[test]
fn checking_changes_nothing() {
    let (mut next, mut words) = (0, [0; 4]);
    let window = Window { next: &mut next, words: &mut words };
    assert_eq!((window.check(9), window.check(9)), (Ok(()), Ok(())));
}
