//! When things happen: where protocols have seams.

use super::Cast;
use super::dice::Dice;

/// Ends of the protocol's timers, in milliseconds: retries, an attempt, a ping interval, silence, a key
/// update, a NAT's usual timeout.
const SEAMS: [u64; 9] = [250, 750, 1750, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000];

/// A time at which something begins, no later than so many percent of the whole.
pub(super) fn moment(cast: &mut Cast, latest_percent: u64, dice: &mut Dice) -> u64 {
    let latest = cast.seconds * 10 * latest_percent;
    let near = |at: u64, dice: &mut Dice| (at + dice.below(41)).saturating_sub(20);
    let ms = match dice.below(10) {
        // While first handshakes are made.
        0 | 1 => dice.below(1500),
        // With something else, or just beside it.
        2 | 3 if !cast.moments.is_empty() => *dice.one(&cast.moments),
        4 if !cast.moments.is_empty() => near(*dice.one(&cast.moments), dice),
        // A timer's length after something else.
        5 if !cast.moments.is_empty() => {
            let (at, seam) = (*dice.one(&cast.moments), *dice.one(&SEAMS));
            near(at + seam, dice)
        }
        6 | 7 => near(*dice.one(&SEAMS), dice),
        _ => dice.below(latest.max(1)),
    };
    let ms = ms.min(latest);
    cast.moments.push(ms);
    ms
}

/// How long something lasts.
pub(super) fn span(dice: &mut Dice) -> u64 {
    match dice.below(4) {
        0 => 1 + dice.below(500),
        1 => 500 + dice.below(5_000),
        2 => (*dice.one(&SEAMS) + dice.below(41)).saturating_sub(20).max(1),
        _ => 1_000 + dice.below(60_000),
    }
}
