//! Two things timed in turns, so that both meet the same machine; the ratio is what counts.

use std::time::{Duration, Instant};

/// What a comparison found.
pub struct Comparison {
    /// Median time of one call of ours, in nanoseconds.
    pub ours_ns: u128,
    /// Median time of one call of the bare operations, in nanoseconds.
    pub bare_ns: u128,
    /// Median over all turns of ours by bare, in thousandths.
    pub ratio_milli: u128,
}

/// Turns of a comparison.
const TURNS: usize = 41;
/// Calls of a turn where both sides are the same work.
const CALLS_ALIKE: u128 = 8;
/// At least this long a turn, each side.
const TURN: Duration = Duration::from_millis(5);

/// Times `ours` and `bare` in turns; one call of each does `operations`.
///
/// # Panics
/// If `operations` is zero.
pub fn compare(operations: u128, mut ours: impl FnMut(), mut bare: impl FnMut()) -> Comparison {
    let calls = (calls_a_turn(&mut ours), calls_a_turn(&mut bare));
    let turns = (0..TURNS).map(|_| (time(&mut ours, calls.0), time(&mut bare, calls.1)));
    comparison(operations, turns.collect())
}

/// Times `bare` in turns with each of two sides that work together, each call of which says how
/// long either took.
pub fn compare_sides(
    mut ours: impl FnMut() -> [Duration; 2],
    mut bare: impl FnMut(),
) -> [Comparison; 2] {
    let calls = calls_a_turn(&mut bare);
    let mut turns = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        let mut sides = [Duration::ZERO; 2];
        for _ in 0..calls {
            let [one, other] = ours();
            sides[0] += one;
            sides[1] += other;
        }
        let bare = time(&mut bare, calls);
        for (turns, side) in turns.iter_mut().zip(sides) {
            turns.push((side.as_nanos() * 1000 / calls, bare));
        }
    }
    turns.map(|turns| comparison(1, turns))
}

/// Times two of a kind in turns, each call of which does `operations` twice over and says how long
/// either took: the first against the second.
pub fn compare_alike(
    operations: u128,
    mut one: impl FnMut() -> [Duration; 2],
    mut other: impl FnMut() -> [Duration; 2],
) -> [Comparison; 2] {
    let mut turns = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        let (mut ones, mut others) = ([Duration::ZERO; 2], [Duration::ZERO; 2]);
        for _ in 0..CALLS_ALIKE {
            for (total, took) in ones.iter_mut().zip(one()) {
                *total += took;
            }
            for (total, took) in others.iter_mut().zip(other()) {
                *total += took;
            }
        }
        for (turns, (one, other)) in turns.iter_mut().zip(ones.into_iter().zip(others)) {
            let thousandths = |total: Duration| total.as_nanos() * 1000 / CALLS_ALIKE;
            turns.push((thousandths(one), thousandths(other)));
        }
    }
    turns.map(|turns| comparison(operations, turns))
}

/// Of turns of ours and bare, in thousandths of a nanosecond a call.
fn comparison(operations: u128, mut turns: Vec<(u128, u128)>) -> Comparison {
    let mut ratios: Vec<u128> = turns.iter().map(|(ours, bare)| ours * 1000 / bare).collect();
    ratios.sort_unstable();
    let mut median = |side: fn(&(u128, u128)) -> u128| {
        turns.sort_unstable_by_key(side);
        side(&turns[TURNS / 2])
    };
    Comparison {
        // Thousandths of a call become calls.
        ours_ns: median(|turn| turn.0) / 1000 / operations,
        bare_ns: median(|turn| turn.1) / 1000 / operations,
        ratio_milli: ratios[TURNS / 2],
    }
}

/// Nanoseconds of a thousand calls.
fn time(call: &mut impl FnMut(), calls: u128) -> u128 {
    let start = Instant::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_nanos() * 1000 / calls
}

fn calls_a_turn(call: &mut impl FnMut()) -> u128 {
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < TURN {
        call();
        calls += 1;
    }
    calls
}
