//! What waits for a limited rate, against the theory of queues.
//!
//! In each millisecond a packet comes with a chance of one in five, and takes four to be sent:
//! a Geo/D/1 queue that is busy four fifths of the time. A packet waits `l s (s - 1) / (2 (1 - l s))` =
//! 6 ms on average, with `l` = 1/5 and `s` = 4; the second factorial moment is twice the square of that
//! and `l s (s - 1) (s - 2) / (3 (1 - l s))` = 80, which makes the variance 80 + 6 - 36 = 50. (These
//! are the formulas of Pollaczek and Khinchine in discrete time: H. Takagi, Queueing Analysis,
//! volume 3, section 1.1.) Waits of neighbours are alike, so that the mean of 100,000 is off by 0.14 and
//! their variance by 3.4 (forty other sets of draws): bounds are five of these to either side.

use super::{LinkModel, Loss, at_ms, kbit, link};
use crate::random::Draws;

const PACKETS: u64 = 100_000;
const SENT_IN_MS: u64 = 4;

fn slow(limit: u32) -> LinkModel {
    // 100 bytes in 4 ms.
    LinkModel { rate: kbit(200), limit, ..LinkModel::IDEAL }
}

#[test]
fn packets_wait_for_those_before_them() {
    let (mut link, draws) = (link(slow(1000)), Draws::new(1).stream(&["arrivals"]));
    let comes = |ms: &u64| draws.below(*ms, 5) == 0;
    let arrivals = (0..).filter(comes).take(usize::try_from(PACKETS).unwrap());
    let waits = arrivals.zip(0..).map(|(ms, number)| {
        let exit = link.exit_of(at_ms(ms), number, 100).unwrap();
        exit.as_micros() / 1000 - ms - SENT_IN_MS
    });
    let waits: Vec<u64> = waits.collect();
    let sum: u64 = waits.iter().sum();
    let squares: u64 = waits.iter().map(|wait| wait * wait).sum();
    let mean_hundredths = 100 * sum / PACKETS;
    let variance_hundredths = 100 * squares / PACKETS - mean_hundredths.pow(2) / 100;
    assert!(mean_hundredths.abs_diff(600) <= 5 * 14, "{mean_hundredths}");
    assert!(variance_hundredths.abs_diff(5000) <= 5 * 340, "{variance_hundredths}");
}

/// Twice of what the link can carry: what it carries is exactly its rate, whatever the limit.
#[test]
fn a_link_carries_its_rate_and_drops_the_rest() {
    for limit in [1, 10, 1000] {
        let mut link = link(slow(limit));
        let exits = (0..PACKETS).map(|number| link.exit_of(at_ms(2 * number), number, 100));
        let exits: Vec<_> = exits.collect();
        let carried = exits.iter().flatten().filter(|exit| **exit <= at_ms(2 * PACKETS)).count();
        assert_eq!(u64::try_from(carried).unwrap(), PACKETS / 2);
        let dropped = exits.iter().filter(|exit| **exit == Err(Loss::QueueFull)).count();
        let waiting = usize::try_from(PACKETS / 2).unwrap() - dropped;
        assert!(waiting <= limit as usize, "{waiting} of {limit}");
    }
}
