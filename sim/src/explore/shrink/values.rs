//! Values that say the same, only simpler.

use toml::Value;
use underpass_core::Duration;

use crate::units::Period;

/// What a value may be instead, the simplest first.
pub(super) fn simpler(value: &Value) -> Vec<Value> {
    match value {
        Value::Integer(number) => integers(*number).into_iter().map(Value::Integer).collect(),
        Value::String(text) => texts(text).into_iter().map(Value::String).collect(),
        Value::Array(values) if values.len() > 1 && values.iter().all(|it| it.is_str()) => {
            let without = |position: usize| {
                let mut fewer = values.clone();
                fewer.remove(position);
                Value::Array(fewer)
            };
            (0..values.len()).map(without).collect()
        }
        _ => Vec::new(),
    }
}

fn integers(number: i64) -> Vec<i64> {
    let candidates = [0, 1, number / 10, number / 2, number - number.signum()];
    let mut simpler = Vec::new();
    for candidate in candidates {
        if candidate.abs() < number.abs() && !simpler.contains(&candidate) {
            simpler.push(candidate);
        }
    }
    simpler
}

fn texts(text: &str) -> Vec<String> {
    if let Ok(Period(period)) = text.parse() {
        return periods(period).into_iter().map(|it| Period(it).to_string()).collect();
    }
    if let Some(percent) = text.strip_suffix('%').and_then(|number| number.parse::<u64>().ok()) {
        let whole = [100, 50, 10].into_iter().filter(|round| *round > percent);
        return whole.map(|round| format!("{round}%")).collect();
    }
    Vec::new()
}

/// Shorter by half, and rounder.
fn periods(period: Duration) -> Vec<Duration> {
    let us = period.as_micros();
    let mut simpler = vec![0, us / 10, us / 2];
    for unit in [60_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000] {
        simpler.push(us - us % unit);
    }
    let mut seen = Vec::new();
    for candidate in simpler {
        if candidate < us && !seen.contains(&candidate) {
            seen.push(candidate);
        }
    }
    seen.into_iter().map(Duration::from_micros).collect()
}
