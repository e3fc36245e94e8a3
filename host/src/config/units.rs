//! Quantities as scenario files write them.

use underpass_core::Duration;

/// A span of time: `20ms`, `1.5s`, `2min`, `1h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let unit = |name: &str| match name {
        "us" => Some(1),
        "ms" => Some(1_000),
        "s" => Some(1_000_000),
        "min" => Some(60_000_000),
        "h" => Some(3_600_000_000),
        _ => None,
    };
    scaled(text, unit).map(Duration::from_micros)
}

/// A number of bytes: `512B`, `4KiB`, `1MiB`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    scaled(text, |name| match name {
        "B" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    })
}

/// Bits a second, in bytes a second: `800kbit`, `10mbit`.
pub(super) fn rate(text: &str) -> Option<u64> {
    let bits = scaled(text, |name| match name {
        "bit" => Some(1),
        "kbit" => Some(1_000),
        "mbit" => Some(1_000_000),
        "gbit" => Some(1_000_000_000),
        _ => None,
    });
    bits.map(|bits| bits / 8).filter(|bytes| *bytes > 0)
}

/// A decimal number and its unit, with no space between them, in whole smallest units.
fn scaled(text: &str, unit: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, name) = text.split_at(digits);
    let unit = unit(name)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if number.ends_with('.') || fraction.len() > 9 {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let fraction = match fraction {
        "" => 0,
        digits => {
            let parts = digits.parse::<u64>().ok()?.checked_mul(unit)?;
            let scale = 10_u64.pow(digits.len() as u32);
            (parts % scale == 0).then_some(parts / scale)?
        }
    };
    whole.checked_add(fraction)
}
