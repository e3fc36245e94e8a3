//! The daemon's configuration: it is read, or what is wrong with it is said.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(complaint) = underpass_host::check_config(text) {
        assert!(!complaint.is_empty());
    }
});
