//! Delays against the statistics of their distributions.
//!
//! A mean of `n` independent delays has `1 / sqrt(n)` of their standard deviation: bounds are five
//! of these to either side. The seed is fixed, so a test that passes once always does; one in two
//! million would fail with another seed.

use underpass_core::{Duration, Instant};

use super::{LinkModel, incoming, link};
use crate::link::Distribution;

const PACKETS: u64 = 100_000;
const DELAY_US: i64 = 500_000;
const JITTER_US: i64 = 100_000;

/// How far each packet's delay differs from the link's, sorted.
fn differences_us(distribution: Distribution) -> Vec<i64> {
    let micros = |us: i64| Duration::from_micros(us.unsigned_abs());
    let (delay, jitter) = (micros(DELAY_US), micros(JITTER_US));
    let mut link = link(LinkModel { delay, jitter, distribution, ..LinkModel::IDEAL });
    let exit = |number| link.cross(&incoming(Instant::ORIGIN, number, 100)).unwrap().exit;
    let exits = (0..PACKETS).map(exit);
    let difference = |exit: Instant| i64::try_from(exit.as_micros()).unwrap() - DELAY_US;
    let mut differences: Vec<i64> = exits.map(difference).collect();
    differences.sort_unstable();
    differences
}

/// The mean, and the standard deviation around it, rounded down.
fn mean_and_deviation(values: &[i64]) -> (i64, i64) {
    let count = i64::try_from(values.len()).unwrap();
    let mean = values.iter().sum::<i64>() / count;
    let squares: i64 = values.iter().map(|value| (value - mean).pow(2)).sum();
    (mean, (squares / count).isqrt())
}

/// The value that this share of all, in thousandths, lies below.
fn quantile(values: &[i64], per_mille: usize) -> i64 {
    values[values.len() * per_mille / 1000]
}

#[track_caller]
fn assert_near(value: i64, wanted: i64, apart: i64) {
    assert!(value.abs_diff(wanted) <= apart.unsigned_abs(), "{value} for {wanted} +- {apart}");
}

#[test]
fn jitter_is_uniform_around_the_delay() {
    let us = differences_us(Distribution::Uniform);
    let (mean, deviation) = mean_and_deviation(&us);
    // 100 ms / sqrt(3) = 57,735 us; its own deviation is 0.32 / sqrt(n) of the jitter.
    assert_near(mean, 0, 5 * 183);
    assert_near(deviation, 57_735, 5 * 82);
    // One in ten thousand lies this near to an end.
    assert!((-100_000..-99_980).contains(&us[0]));
    assert!((99_980..=100_000).contains(us.last().unwrap()));
    // A quarter lies below a quarter of the range: sqrt(3/16 / n) of it, times the range.
    assert_near(quantile(&us, 250), -50_000, 5 * 274);
}

#[test]
fn normal_jitter_is_the_standard_deviation() {
    let us = differences_us(Distribution::Normal);
    let (mean, deviation) = mean_and_deviation(&us);
    // The table ends at 3.67 and has 0.99984 of the deviation; that of n is off by 1 / sqrt(2n).
    assert_near(mean, 0, 5 * 316);
    assert_near(deviation, 99_984, 5 * 224);
    // One in 4096 draws each end of the table, at 3.6683.
    assert_near(us[0], -366_833, 10);
    assert_near(*us.last().unwrap(), 366_833, 10);
    // Quantiles of the normal distribution; at 84.13 %, sqrt(q (1 - q) / n) / density is 478 us.
    assert_near(quantile(&us, 841), 99_858, 5 * 478);
    assert_near(quantile(&us, 500), 0, 5 * 397);
}

#[test]
fn pareto_jitter_is_mostly_early_and_seldom_very_late() {
    let us = differences_us(Distribution::Pareto);
    let (mean, deviation) = mean_and_deviation(&us);
    // min(x, 4.5) for a Pareto x of the shape 3 has the mean 1.4753 and the deviation 0.6157; the
    // table is (x - 1.5) * 4/3. The deviation's own, by its fourth moment, is 0.0042.
    assert_near(mean, -3_292, 5 * 260);
    assert_near(deviation, 82_085, 5 * 418);
    assert_near(us[0], -66_661, 10);
    assert_near(*us.last().unwrap(), 399_988, 10);
    // 2^(1/3) and 10^(1/3), less 1.5, times 4/3.
    assert_near(quantile(&us, 500), -32_011, 5 * 177);
    assert_near(quantile(&us, 900), 87_259, 5 * 908);
}

#[test]
fn paretonormal_jitter_is_a_quarter_normal() {
    let us = differences_us(Distribution::ParetoNormal);
    let (mean, deviation) = mean_and_deviation(&us);
    // The quantiles are added: -0.0247 is three quarters of the mean of the Pareto table, and 0.8349
    // the deviation of the sum, itself within 0.0035.
    assert_near(mean, -2_469, 5 * 264);
    assert_near(deviation, 83_491, 5 * 346);
    // (-3.6683 - 3 * 0.6666) / 4 and (3.6683 + 3 * 3.9999) / 4.
    assert_near(us[0], -141_704, 10);
    assert_near(*us.last().unwrap(), 391_699, 10);
    // Three quarters of the median of the Pareto table, and a quarter of nothing.
    assert_near(quantile(&us, 500), -24_008, 5 * 232);
}

#[test]
fn late_tails_do_not_make_packets_arrive_before_they_were_sent() {
    let (delay, jitter) = (Duration::from_millis(1), Duration::from_millis(5));
    for distribution in [Distribution::Normal, Distribution::Pareto, Distribution::ParetoNormal] {
        let mut link = link(LinkModel { delay, jitter, distribution, ..LinkModel::IDEAL });
        let sent = Instant::from_micros(10_000);
        let exit = |number| link.cross(&incoming(sent, number, 100)).unwrap().exit;
        assert_eq!((0..1000).map(exit).min(), Some(sent));
    }
}
