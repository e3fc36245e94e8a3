//! What a board keeps, and what it draws from its hardware: here both are the host's.

use semihosting::fs::{self, File};
use semihosting::io::Read;
use underpass_sensor::{Settings, SettingsError};

use core::ffi::CStr;

/// In QEMU's working directory.
const FLASH: &CStr = c"flash.bin";
const HURRY: &CStr = c"hurry";
const RANDOM: &CStr = c"/dev/urandom";

/// The settings in flash; on first boot an identity is made, and kept.
pub(crate) fn settings() -> Settings {
    let mut bytes = [0; Settings::LEN];
    // A file that is not there reads as flash that was never written.
    if let Ok(mut file) = File::open(FLASH) {
        file.read_exact(&mut bytes).expect("the file is as long as it was written");
    }
    match Settings::from_bytes(&bytes) {
        Ok(settings) => settings,
        Err(SettingsError::Empty) => {
            let settings = Settings::make(draw).expect("the host's randomness is sound");
            write(&settings);
            settings
        }
        Err(error) => panic!("{error}"),
    }
}

/// Keeps them.
pub(crate) fn write(settings: &Settings) {
    fs::write(FLASH, settings.to_bytes()).expect("QEMU's working directory can be written to");
}

/// Whether somebody wants the machine's time to pass faster, and so has put a file there.
pub(crate) fn is_hurried() -> bool {
    File::open(HURRY).is_ok()
}

/// 32 bytes that nobody else has.
pub(crate) fn draw() -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut file = File::open(RANDOM).expect("the host has randomness");
    file.read_exact(&mut bytes).expect("and never runs out of it");
    bytes
}
