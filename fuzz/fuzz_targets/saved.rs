//! What a node saved, after somebody had it in his hands.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|saved: &[u8]| underpass_fuzz::restore(saved));
