use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Take(u16),
    GiveBack(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => prop_oneof![0u16..6, 0u16..90].prop_map(Step::Take),
        2 => any::<usize>().prop_map(Step::GiveBack),
    ];
    prop::collection::vec(step, 0..200)
}

fn longest_free(used: &[bool]) -> usize {
    used.split(|used| *used).map(<[bool]>::len).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn a_run_is_found_if_there_is_one_and_none_overlaps(blocks in 1u16..150, steps in steps()) {
        let (mut next, mut words) = (0, vec![0; usize::from(blocks).div_ceil(32)]);
        let mut model = vec![false; blocks.into()];
        let mut runs: Vec<Run> = Vec::new();
        for step in steps {
            let mut pool = Pool { next: &mut next, used: &mut words, blocks };
            match step {
                Step::Take(len) => {
                    let room = longest_free(&model) >= len.into();
                    let run = pool.take(len);
                    prop_assert_eq!(run.is_some(), room);
                    let Some(run) = run else { continue };
                    prop_assert_eq!(run.blocks, len);
                    let bytes = run.range(0, usize::from(len) * BLOCK_LEN);
                    for block in &mut model[bytes.start / BLOCK_LEN..bytes.end / BLOCK_LEN] {
                        prop_assert!(!core::mem::replace(block, true), "given twice");
                    }
                    runs.push(run);
                }
                Step::GiveBack(_) if runs.is_empty() => {}
                Step::GiveBack(at) => {
                    let run = runs.swap_remove(at % runs.len());
                    pool.give_back(run);
                    let bytes = run.range(0, usize::from(run.blocks) * BLOCK_LEN);
                    model[bytes.start / BLOCK_LEN..bytes.end / BLOCK_LEN].fill(false);
                }
            }
        }
    }
}

#[test]
fn the_largest_pool_is_searched_to_its_end() {
    let (mut next, mut words) = (0, vec![0; usize::from(u16::MAX).div_ceil(32)]);
    let mut pool = Pool { next: &mut next, used: &mut words, blocks: u16::MAX };
    assert!(pool.take(u16::MAX - 1).is_some());
    assert!(pool.take(2).is_none());
    let last = pool.take(1).expect("one is left");
    assert_eq!(last.range(0, 1).start, usize::from(u16::MAX - 1) * BLOCK_LEN);
    assert!(pool.take(1).is_none());
}
