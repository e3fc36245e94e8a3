//! `underpass-esp-image ELF IMAGE`: makes of firmware for an ESP32-C3 an image that begins at the flash's first byte,
//! with Espressif's bootloader and default table of partitions.

use std::fs;
use std::process::ExitCode;

use espflash::flasher::{FlashData, FlashSettings};
use espflash::image_format::idf::IdfBootloaderFormat;
use espflash::target::{Chip, XtalFrequency};

/// What flash reads as that was erased.
const ERASED: u8 = 0xff;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match &args[..] {
        [elf, image] => convert(elf, image),
        _ => Err("say underpass-esp-image ELF IMAGE".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn convert(elf: &str, image: &str) -> Result<(), String> {
    let program = fs::read(elf).map_err(|error| format!("cannot read {elf}: {error}"))?;
    // Any revision, and the crystal that the chip has.
    let settings = FlashSettings::default();
    let flash = FlashData::new(settings, 0, None, Chip::Esp32c3, XtalFrequency::_40Mhz);
    let made = IdfBootloaderFormat::new(&program, &flash, None, None, None, None);
    let made = made.map_err(|error| format!("{elf} is no program for this chip: {error}"))?;
    let mut bytes = Vec::new();
    for segment in made.flash_segments() {
        bytes.resize(segment.addr as usize, ERASED);
        bytes.extend_from_slice(segment.data());
    }
    fs::write(image, bytes).map_err(|error| format!("cannot write {image}: {error}"))
}
