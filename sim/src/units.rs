//! Quantities as scenario files write them and as the engine uses them: integers throughout, so
//! that no float decides anything and every value prints back as it was read.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use underpass_core::Duration;

#[cfg(test)]
mod tests;

/// A span of time as a file writes it: `20ms`, `1.5s`, `2min`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Period(pub Duration);

/// How often something happens, as a threshold on a uniform 63-bit draw. A file writes it as a
/// percentage: `0.5%`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Probability {
    /// In units of 2^-63; `0 <= threshold <= 2^63`.
    threshold: u64,
}

/// A data rate, in bits a second. A file writes it with tc's decimal units: `10mbit`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rate(NonZeroU64);

/// A share of things that can be counted, in thousandths. A file writes it as a percentage with
/// at most one decimal: `99.9%`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PerMille(u32);

/// A number of bytes. A file writes it with binary units: `4KiB`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Bytes(pub u64);

/// How much too fast a clock goes, in millionths; too slow, if negative. Crystals stay within a tenth of
/// the bound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Ppm(i32);

impl Ppm {
    /// Neither too fast nor too slow.
    pub const ZERO: Self = Self(0);
    /// As far off as a clock can be, either way.
    pub const MAX: i32 = 1000;

    /// `None` beyond [`MAX`](Self::MAX), either way.
    pub fn new(ppm: i64) -> Option<Self> {
        let ppm = i32::try_from(ppm).ok()?;
        (-Self::MAX..=Self::MAX).contains(&ppm).then_some(Self(ppm))
    }

    /// Millionths.
    pub fn get(self) -> i32 {
        self.0
    }

    /// How long a clock may need for a time of its own that drifts by this at the slowest, in whole
    /// microseconds however often it changes its drift within that.
    pub fn at_most(self, own: Duration) -> Duration {
        if self >= Self::ZERO {
            return own;
        }
        let rate = 1_000_000_u64.saturating_add_signed(self.0.into());
        let needed = (u128::from(own.as_micros()) * 1_000_000).div_ceil(u128::from(rate));
        Duration::from_micros(u64::try_from(needed).unwrap_or(u64::MAX))
    }

    /// All together, within the bound.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        let sum: i64 = parts.into_iter().map(|part| i64::from(part.0)).sum();
        let max = i64::from(Self::MAX);
        Self::new(sum.clamp(-max, max)).expect("within the bound")
    }
}

impl Probability {
    /// It never happens.
    pub const NEVER: Self = Self { threshold: 0 };
    /// It always happens.
    pub const ALWAYS: Self = Self { threshold: 1 << 63 };

    /// `numerator / denominator`, rounded down to a multiple of 2^-63; `None` if above one or if
    /// the denominator is zero.
    pub fn ratio(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 || numerator > denominator {
            return None;
        }
        let threshold = (u128::from(numerator) << 63) / u128::from(denominator);
        Some(Self { threshold: u64::try_from(threshold).expect("at most 2^63") })
    }

    /// How many of so many chances it takes on average, rounded up.
    pub fn share_of(self, chances: u64) -> u64 {
        let share = (u128::from(self.threshold) * u128::from(chances)).div_ceil(1 << 63);
        u64::try_from(share).expect("no more than all")
    }

    /// Whether a uniform 64-bit draw says that it happens this time.
    pub fn hits(self, draw: u64) -> bool {
        (draw >> 1) < self.threshold
    }
}

impl Rate {
    /// `bits` a second; `None` for zero.
    pub fn from_bits_per_second(bits: u64) -> Option<Self> {
        NonZeroU64::new(bits).map(Self)
    }

    /// Bits a second.
    pub fn bits_per_second(self) -> u64 {
        self.0.get()
    }
}

impl PerMille {
    /// All of them.
    pub const ALL: Self = Self(1000);

    /// Thousandths, at most 1000.
    pub fn thousandths(self) -> u32 {
        self.0
    }
}

/// Why a text is not the quantity that it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnitError {
    /// What is wrong, with the text quoted.
    pub message: String,
    /// What about it, in a few words.
    pub reason: String,
    /// What would be right.
    pub help: &'static str,
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.message, self.reason, self.help)
    }
}

impl std::error::Error for UnitError {}

/// A kind of quantity: a decimal number and one of these units.
struct Kind {
    what: &'static str,
    /// Each unit with its size in the smallest amount that can be told apart.
    units: &'static [(&'static str, u64)],
    smallest: &'static str,
    help: &'static str,
}

const PERIOD: Kind = Kind {
    what: "a duration",
    units: &[
        ("us", 1),
        ("ms", 1_000),
        ("s", 1_000_000),
        ("m", 60_000_000),
        ("min", 60_000_000),
        ("h", 3_600_000_000),
        ("d", 86_400_000_000),
    ],
    smallest: "a microsecond",
    help: "a duration is a number and one of `us`, `ms`, `s`, `m` (or `min`), `h`, `d`: \
           \"20ms\", \"1.5s\", \"2min\"",
};

const RATE: Kind = Kind {
    what: "a rate",
    units: &[
        ("bit", 1),
        ("kbit", 1_000),
        ("mbit", 1_000_000),
        ("gbit", 1_000_000_000),
        ("tbit", 1_000_000_000_000),
    ],
    smallest: "a bit a second",
    help: "a rate is a number and one of `bit`, `kbit`, `mbit`, `gbit`, `tbit` (a second, \
           decimal): \"64kbit\", \"10mbit\"",
};

const BYTES: Kind = Kind {
    what: "a number of bytes",
    units: &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)],
    smallest: "a byte",
    help: "a number of bytes is a number and one of `B`, `KiB`, `MiB`, `GiB` (binary): \"4KiB\"",
};

/// Percentages in units of 10^-19: fine enough to name every multiple of 2^-63.
const PROBABILITY: Kind = Kind {
    what: "a probability",
    units: &[("%", PERCENT)],
    smallest: "17 decimals",
    help: "a probability is a percentage from 0% to 100%: \"0.5%\"",
};
const PERCENT: u64 = 10_u64.pow(17);
const PERCENT_DECIMALS: u32 = 17;

const PER_MILLE: Kind = Kind {
    what: "a share",
    units: &[("%", 10)],
    smallest: "a tenth of a percent",
    help: "a share is a percentage from 0% to 100%, with at most one decimal: \"99%\"",
};

impl Kind {
    /// The amount that `text` names, counted in the smallest one.
    fn parse(&self, text: &str) -> Result<u64, UnitError> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        if number.is_empty() {
            let reason = match text.starts_with('-') {
                true => format!("{} cannot be negative", self.what),
                false => "does not start with a number".into(),
            };
            return Err(self.error(text, reason));
        }
        let Some((_, scale)) = self.units.iter().find(|(name, _)| *name == unit) else {
            return Err(self.error(text, self.wrong_unit(unit)));
        };
        scaled(number, *scale).map_err(|misfit| {
            let reason = match misfit {
                Misfit::NotANumber => format!("`{number}` is not a decimal number"),
                Misfit::TooFine => format!("finer than {}", self.smallest),
                Misfit::TooLarge => "too large".into(),
            };
            self.error(text, reason)
        })
    }

    fn wrong_unit(&self, unit: &str) -> String {
        if unit.is_empty() {
            return "the unit is missing".into();
        }
        match self.units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim())) {
            Some((name, _)) => format!("the unit is written `{name}`, right after the number"),
            None => format!("there is no unit {unit:?}"),
        }
    }

    fn error(&self, text: &str, reason: String) -> UnitError {
        UnitError { message: format!("{text:?} is not {}", self.what), reason, help: self.help }
    }
}

impl Kind {
    /// What a file may write, for editors.
    fn schema(&self) -> Schema {
        let units: Vec<&str> = self.units.iter().map(|(unit, _)| *unit).collect();
        json_schema!({
            "title": self.what,
            "description": self.help,
            "type": "string",
            "pattern": format!("^[0-9]+(\\.[0-9]+)?({})$", units.join("|")),
        })
    }
}

enum Misfit {
    NotANumber,
    TooFine,
    TooLarge,
}

/// `number * scale`, exactly.
fn scaled(number: &str, scale: u64) -> Result<u64, Misfit> {
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(Misfit::NotANumber),
        Some(parts) => parts,
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(Misfit::NotANumber);
    }
    let whole: u64 = whole.parse().map_err(|_| Misfit::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    // No scale has more than 17 factors of ten, so a longer fraction cannot come out even.
    let decimals = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    if decimals > PERCENT_DECIMALS {
        return Err(Misfit::TooFine);
    }
    let denominator = 10_u128.pow(decimals);
    let numerator = fraction.bytes().fold(0_u128, |sum, d| sum * 10 + u128::from(d - b'0'));
    let part = numerator * u128::from(scale);
    if !part.is_multiple_of(denominator) {
        return Err(Misfit::TooFine);
    }
    let sum = u128::from(whole) * u128::from(scale) + part / denominator;
    u64::try_from(sum).map_err(|_| Misfit::TooLarge)
}

/// `amount / 10^decimals` without trailing zeros.
fn write_decimal(f: &mut fmt::Formatter<'_>, amount: u128, decimals: u32) -> fmt::Result {
    let one = 10_u128.pow(decimals);
    let (whole, mut fraction, mut digits) = (amount / one, amount % one, decimals as usize);
    if fraction == 0 {
        return write!(f, "{whole}");
    }
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        digits -= 1;
    }
    write!(f, "{whole}.{fraction:0digits$}")
}

impl FromStr for Period {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        PERIOD.parse(text).map(|micros| Self(Duration::from_micros(micros)))
    }
}

/// In the largest of `s`, `ms` and `us` that leaves something before the decimal point.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let (decimals, unit) = match micros {
            1..1_000 => (0, "us"),
            1_000..1_000_000 => (3, "ms"),
            _ => (6, "s"),
        };
        write_decimal(f, u128::from(micros), decimals)?;
        f.write_str(unit)
    }
}

impl FromStr for Probability {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let amount = PROBABILITY.parse(text)?;
        Self::ratio(amount, 100 * PERCENT)
            .ok_or_else(|| PROBABILITY.error(text, "more than 100%".into()))
    }
}

/// The shortest percentage that is read as this threshold.
impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for decimals in 0..=PERCENT_DECIMALS {
            let one = 10_u64.pow(decimals + 2);
            let amount = (u128::from(self.threshold) * u128::from(one)).div_ceil(1 << 63);
            let read = u64::try_from(amount).ok().and_then(|amount| Self::ratio(amount, one));
            if read == Some(*self) {
                write_decimal(f, amount, decimals)?;
                return f.write_str("%");
            }
        }
        unreachable!("multiples of 10^-19 lie closer than multiples of 2^-63")
    }
}

impl FromStr for Rate {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bits = RATE.parse(text)?;
        Self::from_bits_per_second(bits)
            .ok_or_else(|| RATE.error(text, "nothing would ever pass".into()))
    }
}

/// In the largest unit that divides it.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.bits_per_second();
        let whole = RATE.units.iter().rev().find(|(_, size)| bits.is_multiple_of(*size));
        let (unit, size) = whole.unwrap_or(&RATE.units[0]);
        write!(f, "{}{unit}", bits / size)
    }
}

impl FromStr for Bytes {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        BYTES.parse(text).map(Self)
    }
}

/// In the largest unit that divides it.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = BYTES.units.iter().rev().find(|(_, size)| self.0.is_multiple_of(*size));
        let (unit, size) = whole.filter(|_| self.0 > 0).unwrap_or(&BYTES.units[0]);
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl FromStr for PerMille {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let amount = PER_MILLE.parse(text)?;
        match u32::try_from(amount) {
            Ok(amount @ 0..=1000) => Ok(Self(amount)),
            _ => Err(PER_MILLE.error(text, "more than 100%".into())),
        }
    }
}

impl fmt::Display for PerMille {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, u128::from(self.0), 1)?;
        f.write_str("%")
    }
}

/// Reads a quantity from a string.
struct Text<T> {
    expected: &'static str,
    value: PhantomData<T>,
}

impl<T: FromStr<Err = UnitError>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    /// A deserializer's error is one text: message, reason and help are its three lines (no user
    /// text can add one, since it is quoted with escapes).
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error: UnitError| {
            E::custom(format_args!("{}\n{}\n{}", error.message, error.reason, error.help))
        })
    }
}

macro_rules! deserialize_text {
    ($($type:ident: $kind:ident $expected:literal,)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $kind.schema()
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text { expected: $expected, value: PhantomData })
            }
        }
    )*};
}

deserialize_text! {
    Period: PERIOD "a time with its unit, such as \"20ms\"",
    Probability: PROBABILITY "a percentage, such as \"0.5%\"",
    Rate: RATE "a rate with its unit, such as \"10mbit\"",
    PerMille: PER_MILLE "a percentage, such as \"99%\"",
    Bytes: BYTES "a number of bytes with its unit, such as \"4KiB\"",
}
