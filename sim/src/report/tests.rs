use std::time::Duration as RealDuration;

use underpass_core::Duration;

use super::numbers::{count, real_time, speed, thousands, virtual_time};
use super::one_line;

#[test]
fn thousands_are_set_apart() {
    let shown = [0, 7, 999, 1_000, 12_345, 123_456, 1_234_567].map(thousands);
    assert_eq!(shown, ["0", "7", "999", "1,000", "12,345", "123,456", "1,234,567"]);
    assert_eq!(thousands(u64::MAX), "18,446,744,073,709,551,615");
    assert_eq!(
        [count(0, "run"), count(1, "run"), count(2_000, "run")],
        ["0 runs", "1 run", "2,000 runs"]
    );
}

#[test]
fn virtual_time_is_shown_in_two_units() {
    let shown = |millis| virtual_time(Duration::from_millis(millis));
    assert_eq!([0, 20, 1_500, 59_999].map(shown), ["0s", "20ms", "1.5s", "59.999s"]);
    assert_eq!([60_000, 90_999, 3_599_999].map(shown), ["1m", "1m 30s", "59m 59s"]);
    // A unit that is nought is left out, and so is what is smaller.
    assert_eq!([3_600_000, 3_601_000, 43_380_000].map(shown), ["1h", "1h", "12h 3m"]);
    assert_eq!([86_400_000, 7 * 86_400_000 + 3_600_000].map(shown), ["1d", "7d 1h"]);
    assert_eq!(virtual_time(Duration::from_micros(1_234_567)), "1.234s");
}

#[test]
fn real_time_takes_eight_columns() {
    let shown = [0, 213, 1_204, 3_600_000].map(|ms| real_time(RealDuration::from_millis(ms)));
    assert_eq!(shown, ["   0.000s", "   0.213s", "   1.204s", "3600.000s"]);
}

#[test]
fn speed_has_two_digits() {
    let shown =
        |simulated, real| speed(Duration::from_secs(simulated), RealDuration::from_secs(real));
    assert_eq!(shown(36_999, 1), "36,000 times real time");
    assert_eq!(shown(99, 9), "11 times real time");
    assert_eq!(shown(9, 2), "4 times real time");
    assert_eq!(shown(1, 1), "as fast as real time");
    assert_eq!(shown(1, 2), "slower than real time");
    assert_eq!(speed(Duration::ZERO, RealDuration::ZERO), "slower than real time");
    assert_eq!(
        speed(Duration::MAX, RealDuration::ZERO),
        "18,000,000,000,000,000,000 times real time"
    );
}

#[test]
fn texts_of_files_stay_on_their_line() {
    assert_eq!(one_line(" two\nlines \u{1b}[2J\n"), "two lines  [2J");
}
