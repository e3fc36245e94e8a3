use proptest::prelude::*;

use super::*;
use crate::time::Duration;

/// Sends a datagram of this length every `gap_us`, for a while, and returns the bytes that passed.
fn pass(len: usize, gap_us: u64, rate: u32, seconds: u64) -> u64 {
    let mut bucket = Bucket::FULL;
    let mut now = Instant::from_micros(5_000_000);
    let end = now + Duration::from_secs(seconds);
    let mut passed = 0;
    while now < end {
        if bucket.has(len, rate, len <= CONTROL_LEN, now) {
            bucket.take(len);
            passed += len as u64;
        }
        now = now + Duration::from_micros(gap_us);
    }
    passed
}

proptest! {
    #[test]
    fn no_more_passes_than_the_rate_and_one_bucket(
        len in 40usize..1232, gap_us in 10u64..2_000, rate in 2_000u32..1_000_000,
    ) {
        let passed = pass(len, gap_us, rate, 10);
        prop_assert!(passed <= u64::from(rate) * 11);
        let offered = len as u64 * 1_000_000 / gap_us;
        let least = (u64::from(rate) - len as u64).min(offered);
        prop_assert!(passed + 2 * len as u64 >= least * 9, "{} of {}", passed, least * 10);
    }
}

#[test]
fn when_others_have_used_it_up_control_still_passes() {
    let (mut bucket, now) = (Bucket::FULL, Instant::from_micros(1));
    while bucket.has(1200, 100_000, false, now) {
        bucket.take(1200);
    }
    assert!(bucket.has(192, 100_000, true, now));
}
