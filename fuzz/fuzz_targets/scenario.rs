//! A scenario file: it is read, or what is wrong with it is said; printed and read again it means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underpass_sim::explore::Draft;
use underpass_sim::machine::underpass::Underpass;
use underpass_sim::scenario::{Vocabulary, parse_all};

fuzz_target!(|text: &str| {
    let metrics = Underpass::metrics();
    let vocabulary = Vocabulary::with_metrics(&metrics);
    let read = parse_all(text, "fuzzed.toml", "fuzzed", &vocabulary);
    if let Err(report) = &read {
        assert!(!report.to_string().is_empty());
        return;
    }
    let printed = Draft::read(text).expect("it was read").text();
    let again = parse_all(&printed, "fuzzed.toml", "fuzzed", &vocabulary);
    let again = again.unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(again.len(), read.expect("it was looked at").len());
});
