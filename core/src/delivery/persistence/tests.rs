use super::*;

const TIMEOUT: Duration = Duration::from_millis(100);

fn series(lost: &[(u64, u64)]) -> Series {
    let mut series = Series::default();
    for (number, millis) in lost {
        series.add(*number, Instant::from_micros(millis * 1000));
    }
    series
}

#[test]
fn a_long_unbroken_series_is_persistent() {
    assert!(series(&[(4, 0), (5, 100), (6, 301)]).is_persistent(TIMEOUT));
    assert!(!series(&[(4, 0), (5, 100), (6, 300)]).is_persistent(TIMEOUT));
}

#[test]
fn one_that_came_through_breaks_it() {
    assert!(!series(&[(4, 0), (6, 200), (7, 400)]).is_persistent(TIMEOUT));
    assert!(series(&[(4, 0), (6, 200), (7, 600)]).is_persistent(TIMEOUT));
}

#[test]
fn a_single_loss_is_none() {
    assert!(!series(&[(4, 1_000_000)]).is_persistent(TIMEOUT));
    assert!(!series(&[]).is_persistent(TIMEOUT));
}
