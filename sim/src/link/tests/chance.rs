//! What happens to some packets, against its probability.
//!
//! A count of `n` independent chances of `p` has the variance `n p (1 - p)`: bounds are five
//! standard deviations to either side. The seed is fixed, so a test that passes once always does;
//! one in two million would fail with another seed.

use std::num::NonZeroU32;

use underpass_core::Duration;

use super::{
    Crossing, Incoming, LinkModel, Loss, LossModel, at_ms, incoming, link, lossy, percent,
};
use crate::link::{GilbertElliott, Link};
use crate::units::Probability;

const PACKETS: u64 = 100_000;

/// `count` of `of` chances of one in a hundred each that it is `percent` times as likely.
#[track_caller]
fn assert_share(count: usize, of: u64, percent: u64) {
    let [count, of, percent] = [count as u64, of, percent].map(i128::from);
    let off = (100 * count - of * percent).pow(2);
    assert!(off <= 25 * of * percent * (100 - percent), "{count} of {of} for {percent} %");
}

/// What becomes of so many packets, a millisecond apart.
fn crossings(link: &mut Link, packets: u64) -> Vec<Result<Crossing, Loss>> {
    (0..packets).map(|number| link.cross(&incoming(at_ms(number), number, 100))).collect()
}

fn counted(crossings: &[Result<Crossing, Loss>], is: impl Fn(&Crossing) -> bool) -> usize {
    crossings.iter().flatten().filter(|crossing| is(crossing)).count()
}

#[test]
fn loss_hits_the_stated_share() {
    let crossings = crossings(&mut link(lossy(10)), PACKETS);
    let lost = crossings.iter().filter(|crossing| **crossing == Err(Loss::Random)).count();
    assert_share(lost, PACKETS, 10);
}

#[test]
fn duplication_hits_the_stated_share() {
    let duplicate = percent(3);
    let crossings = crossings(&mut link(LinkModel { duplicate, ..LinkModel::IDEAL }), PACKETS);
    assert_share(counted(&crossings, |crossing| crossing.duplicated), PACKETS, 3);
}

#[test]
fn a_duplicate_is_not_duplicated_again() {
    let duplicate = Probability::ALWAYS;
    let mut link = link(LinkModel { duplicate, ..LinkModel::IDEAL });
    let again = Incoming { is_duplicate: true, ..incoming(at_ms(0), 1, 100) };
    assert!(link.cross(&incoming(at_ms(0), 0, 100)).unwrap().duplicated);
    assert!(!link.cross(&again).unwrap().duplicated);
}

#[test]
fn a_packet_that_is_lost_and_duplicated_passes_once() {
    let mut link = link(LinkModel { duplicate: Probability::ALWAYS, ..lossy(100) });
    let crossing = link.cross(&incoming(at_ms(0), 0, 100)).unwrap();
    assert!(!crossing.duplicated);
}

#[test]
fn corruption_flips_any_bit_of_the_stated_share() {
    let corrupt = percent(20);
    let crossings = crossings(&mut link(LinkModel { corrupt, ..LinkModel::IDEAL }), PACKETS);
    assert_share(counted(&crossings, |crossing| crossing.flipped_bit.is_some()), PACKETS, 20);
    let flipped: Vec<u64> =
        crossings.iter().flatten().filter_map(|crossing| crossing.flipped_bit).collect();
    // 100 bytes less 28 of headers. Each bit is hit 35 times, give or take 6.
    for bit in 0..576 {
        let hits = flipped.iter().filter(|hit| **hit == bit).count();
        assert!((5..65).contains(&hits), "bit {bit}: {hits}");
    }
    assert!(flipped.iter().all(|bit| *bit < 576));
}

#[test]
fn an_empty_payload_has_no_bit_to_flip() {
    let mut link = link(LinkModel { corrupt: Probability::ALWAYS, ..LinkModel::IDEAL });
    assert_eq!(link.cross(&incoming(at_ms(0), 0, 28)).unwrap().flipped_bit, None);
}

fn reordering(percents: u64, gap: u32) -> LinkModel {
    LinkModel {
        delay: Duration::from_millis(50),
        reorder: percent(percents),
        gap: NonZeroU32::new(gap).unwrap(),
        ..LinkModel::IDEAL
    }
}

/// Whether each packet skipped the delay.
fn reordered(model: LinkModel, packets: u64) -> Vec<bool> {
    let crossings = crossings(&mut link(model), packets);
    let skipped = |(sent, crossing): (u64, &Result<Crossing, Loss>)| {
        let exit = crossing.unwrap().exit;
        assert!(exit == at_ms(sent) || exit == at_ms(sent + 50));
        exit == at_ms(sent)
    };
    (0..).zip(&crossings).map(skipped).collect()
}

#[test]
fn the_stated_share_skips_the_delay() {
    let reordered = reordered(reordering(25, 1), PACKETS);
    assert_share(reordered.iter().filter(|skipped| **skipped).count(), PACKETS, 25);
}

#[test]
fn a_certain_reorder_takes_every_nth_packet() {
    let reordered = reordered(reordering(100, 3), 9);
    assert_eq!(reordered, [false, false, true].repeat(3));
}

#[test]
fn between_two_reordered_packets_lies_the_gap() {
    let reordered = reordered(reordering(50, 5), PACKETS);
    let places: Vec<usize> =
        (0..).zip(&reordered).filter_map(|(place, skipped)| skipped.then_some(place)).collect();
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 5));
    // Four packets in order, then one chance in two each: six packets for one on average. The
    // waiting has the variance (1 - p) / p^2 = 2, the count n * 2 / 6^3.
    assert!(places.len().abs_diff(16_667) <= 5 * 31, "{}", places.len());
}

#[test]
fn a_reordered_packet_skips_the_queue() {
    let rate = super::kbit(800);
    let mut link = link(LinkModel { rate, ..reordering(100, 3) });
    // 100 bytes take a millisecond.
    let exits = [0, 1, 2, 3].map(|number| link.exit_of(at_ms(0), number, 100).unwrap());
    assert_eq!(exits, [51, 52, 0, 53].map(at_ms));
}

fn bursty(p: u64, r: u64, loss_bad: u64, loss_good: u64) -> LinkModel {
    let [p, r, loss_bad, loss_good] = [p, r, loss_bad, loss_good].map(percent);
    let loss = LossModel::GilbertElliott(GilbertElliott { p, r, loss_bad, loss_good });
    LinkModel { loss, ..LinkModel::IDEAL }
}

fn lost(model: LinkModel) -> Vec<bool> {
    crossings(&mut link(model), PACKETS).iter().map(Result::is_err).collect()
}

/// The lengths of the runs of losses.
fn bursts(lost: &[bool]) -> Vec<usize> {
    lost.split(|lost| !lost).map(<[bool]>::len).filter(|length| *length > 0).collect()
}

/// The bad state has the share `p / (p + r)` of all packets: 1/11. Neighbours are alike, which
/// makes the variance of the count `(1 + c) / (1 - c)` times that of independent chances, with
/// `c = 1 - p - r`: 17.2 times n * 1/11 * 10/11, or 377 squared.
#[test]
fn gilbert_elliott_loses_the_share_of_its_bad_state() {
    let lost = lost(bursty(1, 10, 100, 0));
    let count = lost.iter().filter(|lost| **lost).count();
    assert!(count.abs_diff(9_091) <= 5 * 377, "{count}");
}

/// A bad state lasts `1 / r` = 10 packets, with the variance `(1 - r) / r^2` = 90. There are about
/// 909 of them.
#[test]
fn gilbert_elliott_loses_in_bursts() {
    let bursts = bursts(&lost(bursty(1, 10, 100, 0)));
    let packets: usize = bursts.iter().sum();
    let mean_in_hundredths = 100 * packets / bursts.len();
    assert!(bursts.len().abs_diff(909) <= 5 * 30, "{}", bursts.len());
    assert!(mean_in_hundredths.abs_diff(1000) <= 5 * 32, "{mean_in_hundredths}");
}

/// 10/11 of the packets at 2 % and 1/11 at 80 %: 9.1 %. Given the states, chances are independent
/// (64 squared); the states alone move the count by 377 times the 78 % between them (294).
#[test]
fn gilbert_elliott_loses_in_both_states() {
    let count = lost(bursty(1, 10, 80, 2)).iter().filter(|lost| **lost).count();
    assert!(count.abs_diff(9_091) <= 5 * 301, "{count}");
}

/// The model begins in its good state, and the packet that ends it is judged by it.
#[test]
fn gilbert_elliott_judges_by_the_state_that_a_packet_finds() {
    let crossings = crossings(&mut link(bursty(100, 100, 100, 0)), 4);
    let lost: Vec<bool> = crossings.iter().map(Result::is_err).collect();
    assert_eq!(lost, [false, true, false, true]);
}

#[test]
fn what_remembers_says_so() {
    assert!(link(bursty(1, 10, 100, 0)).remembers());
    assert!(link(reordering(25, 2)).remembers());
    let rate = super::kbit(800);
    assert!(link(LinkModel { rate, ..LinkModel::IDEAL }).remembers());
    let (duplicate, corrupt) = (percent(1), percent(1));
    let forgetful = LinkModel { duplicate, corrupt, mtu: Some(1280), ..reordering(25, 1) };
    assert!(!link(forgetful).remembers());
}

/// All draws of a link are named by the packet: shown in another order, each fares the same.
#[test]
fn a_packets_fate_does_not_depend_on_others() {
    let (duplicate, corrupt) = (percent(20), percent(20));
    let model = LinkModel { duplicate, corrupt, loss: lossy(20).loss, ..reordering(20, 1) };
    let mut all = link(model);
    let forwards: Vec<_> =
        (0..1000).map(|number| all.cross(&incoming(at_ms(0), number, 100))).collect();
    let mut some = link(model);
    for number in (0..1000).rev().step_by(7) {
        let again = some.cross(&incoming(at_ms(0), number, 100));
        assert_eq!(again, forwards[usize::try_from(number).unwrap()]);
    }
}
