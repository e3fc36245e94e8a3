use proptest::prelude::*;

use super::*;

fn micros(text: &str) -> u64 {
    text.parse::<Period>().unwrap().0.as_micros()
}

#[test]
fn durations_in_every_unit() {
    assert_eq!(micros("500us"), 500);
    assert_eq!(micros("20ms"), 20_000);
    assert_eq!(micros("1.5s"), 1_500_000);
    assert_eq!(micros("2m"), 120_000_000);
    assert_eq!(micros("2min"), 120_000_000);
    assert_eq!(micros("1h"), 3_600_000_000);
    assert_eq!(micros("1d"), 86_400_000_000);
    assert_eq!(micros("0.000001s"), 1);
    assert_eq!(micros("0.10s"), 100_000);
}

#[test]
fn durations_print_as_people_write_them() {
    for text in ["0s", "1us", "999us", "1.5ms", "20ms", "1s", "1.5s", "90s"] {
        assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
    }
}

#[test]
fn what_is_not_a_duration_says_why() {
    for (text, reason) in [
        ("", "does not start with a number"),
        ("soon", "does not start with a number"),
        ("-5s", "a duration cannot be negative"),
        ("20", "the unit is missing"),
        ("20 ms", "the unit is written `ms`, right after the number"),
        ("20MS", "the unit is written `ms`, right after the number"),
        ("20sec", "there is no unit \"sec\""),
        ("1.s", "`1.` is not a decimal number"),
        (".5s", "`.5` is not a decimal number"),
        ("1.2.3s", "`1.2.3` is not a decimal number"),
        ("0.5us", "finer than a microsecond"),
        ("999999999999d", "too large"),
        ("99999999999999999999s", "too large"),
    ] {
        assert_eq!(text.parse::<Period>().unwrap_err().reason, reason, "{text:?}");
    }
}

#[test]
fn probabilities_are_percentages() {
    assert_eq!("0%".parse(), Ok(Probability::NEVER));
    assert_eq!("100%".parse(), Ok(Probability::ALWAYS));
    assert_eq!("0.5%".parse::<Probability>().ok(), Probability::ratio(5, 1000));
    assert_eq!("0.001%".parse::<Probability>().ok(), Probability::ratio(1, 100_000));
    assert_eq!("100.1%".parse::<Probability>().unwrap_err().reason, "more than 100%");
    assert_eq!("0.5".parse::<Probability>().unwrap_err().reason, "the unit is missing");
    assert_eq!("33.3%".parse::<Probability>().unwrap().to_string(), "33.3%");
}

#[test]
fn rates_are_decimal() {
    let bits = |text: &str| text.parse::<Rate>().map(Rate::bits_per_second);
    assert_eq!(bits("64kbit"), Ok(64_000));
    assert_eq!(bits("1.5mbit"), Ok(1_500_000));
    assert_eq!(bits("1gbit"), Ok(1_000_000_000));
    assert_eq!(bits("0kbit").unwrap_err().reason, "nothing would ever pass");
    assert_eq!(bits("10mbps").unwrap_err().reason, "there is no unit \"mbps\"");
    assert_eq!("1500kbit".parse::<Rate>().unwrap().to_string(), "1500kbit");
}

#[test]
fn shares_have_one_decimal() {
    assert_eq!("99%".parse(), Ok(PerMille(990)));
    assert_eq!("99.9%".parse(), Ok(PerMille(999)));
    assert_eq!("100%".parse(), Ok(PerMille::ALL));
    assert_eq!("99.95%".parse::<PerMille>().unwrap_err().reason, "finer than a tenth of a percent");
    assert_eq!("101%".parse::<PerMille>().unwrap_err().reason, "more than 100%");
}

#[test]
fn bytes_are_binary() {
    assert_eq!("4KiB".parse(), Ok(Bytes(4096)));
    assert_eq!("1.5MiB".parse(), Ok(Bytes(1_572_864)));
    assert_eq!("1440B".parse(), Ok(Bytes(1440)));
    let reason = |text: &str| text.parse::<Bytes>().unwrap_err().reason;
    assert_eq!(reason("4kib"), "the unit is written `KiB`, right after the number");
    assert_eq!(reason("4KB"), "there is no unit \"KB\"");
    assert_eq!(reason("0.5B"), "finer than a byte");
    assert_eq!(Bytes(8192).to_string(), "8KiB");
    assert_eq!(Bytes(0).to_string(), "0B");
}

proptest! {
    #[test]
    fn a_printed_duration_reads_the_same(micros: u64) {
        let period = Period(Duration::from_micros(micros));
        prop_assert_eq!(period.to_string().parse(), Ok(period));
        // The core prints durations too, in messages that people copy from.
        prop_assert_eq!(period.0.to_string().parse(), Ok(period));
    }

    #[test]
    fn a_printed_probability_reads_the_same(threshold in 0..=1_u64 << 63) {
        let probability = Probability { threshold };
        prop_assert_eq!(probability.to_string().parse(), Ok(probability));
    }

    #[test]
    fn a_written_percentage_prints_as_written(hundred_thousandths in 0..=10_000_000_u64) {
        let (whole, fraction) = (hundred_thousandths / 100_000, hundred_thousandths % 100_000);
        let text = format!("{whole}.{fraction:05}");
        let shortest = text.trim_end_matches('0').trim_end_matches('.');
        let probability: Probability = format!("{text}%").parse().unwrap();
        prop_assert_eq!(probability.to_string(), format!("{shortest}%"));
    }

    #[test]
    fn a_printed_rate_reads_the_same(bits in 1_u64..) {
        let rate = Rate::from_bits_per_second(bits).unwrap();
        prop_assert_eq!(rate.to_string().parse(), Ok(rate));
    }

    #[test]
    fn a_printed_share_reads_the_same(thousandths in 0..=1000_u32) {
        let share = PerMille(thousandths);
        prop_assert_eq!(share.to_string().parse(), Ok(share));
    }

    #[test]
    fn printed_bytes_read_the_same(bytes: u64) {
        prop_assert_eq!(Bytes(bytes).to_string().parse(), Ok(Bytes(bytes)));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,30}", number in "[0-9.]{0,40}", unit in "[a-z%]{0,4}") {
        for text in [text, format!("{number}{unit}")] {
            let _ = text.parse::<Period>();
            let _ = text.parse::<Probability>();
            let _ = text.parse::<Rate>();
            let _ = text.parse::<PerMille>();
            let _ = text.parse::<Bytes>();
        }
    }
}
