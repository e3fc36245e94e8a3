//! A recording that somebody made up: any calls, with any arguments, at any times.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|recording: &[u8]| underpass_fuzz::play(recording));
