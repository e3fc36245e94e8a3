use std::collections::BTreeSet;
use std::vec;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Advance(u64),
    Offer(u64),
}

fn steps() -> impl Strategy<Value = vec::Vec<Step>> {
    // Offsets from the base, near and far.
    let offset = prop_oneof![6 => 0u64..40, 2 => 0u64..200, 1 => any::<u64>()];
    let step = (any::<bool>(), offset)
        .prop_map(|(advance, by)| if advance { Step::Advance(by / 4) } else { Step::Offer(by) });
    prop::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn agrees_with_a_model_that_forgets_nothing(words in 0u32..4, start: u64, steps in steps()) {
        let mut words = vec![0; 1 << words];
        let len = words.len() as u64 * 32;
        let (mut base, mut floor, mut came) = (0, 0, BTreeSet::new());
        let mut window = Window { base: &mut base, words: &mut words };
        window.advance(start);
        floor = floor.max(start);
        for step in steps {
            match step {
                Step::Advance(by) => {
                    floor = floor.saturating_add(by);
                    window.advance(floor);
                }
                Step::Offer(offset) => {
                    let number = floor.saturating_add(offset).saturating_sub(8);
                    let expected = if number < floor || came.contains(&number) {
                        Seen::Before
                    } else if number - floor >= len {
                        Seen::TooFar
                    } else {
                        Seen::Never
                    };
                    prop_assert_eq!(window.seen(number), expected, "number {}", number);
                    if expected == Seen::Never {
                        window.mark(number);
                        came.insert(number);
                    }
                }
            }
        }
    }
}

#[test]
fn it_never_goes_back() {
    let (mut base, mut words) = (0, [0; 1]);
    let mut window = Window { base: &mut base, words: &mut words };
    window.advance(40);
    window.mark(41);
    window.advance(7);
    assert_eq!((window.seen(39), window.seen(41)), (Seen::Before, Seen::Before));
    assert_eq!((window.seen(40), window.seen(72)), (Seen::Never, Seen::TooFar));
}
