//! Numbers as people read them.

use std::time::Duration as RealDuration;

use underpass_core::Duration;
use underpass_sim::units::Period;

/// `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The one in the middle of all, the lower of two; zero of none.
pub(crate) fn median(all: &[u64]) -> u64 {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// `1 run`, `1,234 runs`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    format!("{} {}", thousands(wide(number)), plural(number, thing))
}

/// `run`, or `runs` of any number but one.
pub(super) fn plural(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{thing}{ending}")
}

/// A span of virtual time to its two largest units: `12h 3m`; below a minute to the millisecond:
/// `1.5s`.
pub(crate) fn virtual_time(span: Duration) -> String {
    let seconds = span.as_micros() / 1_000_000;
    if seconds < 60 {
        return Period(Duration::from_millis(span.as_micros() / 1_000)).to_string();
    }
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let from_largest = units.iter().skip_while(|(amount, _)| *amount == 0).take(2);
    let parts = from_largest.filter(|(amount, _)| *amount > 0);
    parts.map(|(amount, unit)| format!("{amount}{unit}")).collect::<Vec<_>>().join(" ")
}

/// A span of real time in eight columns: `   0.213s`.
pub(super) fn real_time(span: RealDuration) -> String {
    format!("{:>4}.{:03}s", span.as_secs(), span.subsec_millis())
}

/// How much faster virtual time went than real time, in two digits: `36,000 times real time`.
pub(super) fn speed(simulated: Duration, real: RealDuration) -> String {
    let real = u64::try_from(real.as_micros()).unwrap_or(u64::MAX).max(1);
    let ratio = simulated.as_micros() / real;
    let unit = 10_u64.pow(ratio.checked_ilog10().unwrap_or(0).saturating_sub(1));
    match ratio / unit * unit {
        0 => "slower than real time".into(),
        1 => "as fast as real time".into(),
        ratio => format!("{} times real time", thousands(ratio)),
    }
}

pub(super) fn wide(number: usize) -> u64 {
    u64::try_from(number).expect("no machine has more than 64 bits")
}
