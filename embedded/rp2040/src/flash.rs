//! Settings in the last two blocks of flash, and noise out of the ring oscillator.

use embassy_rp::Peri;
use embassy_rp::clocks::RoscRng;
use embassy_rp::flash::{Blocking, ERASE_SIZE, Flash};
use embassy_rp::peripherals::FLASH;
use underpass_sensor::{Keep, KeepError, Settings, SettingsError, entropy};

/// Both boards have 2 MiB.
const FLASH_LEN: usize = 2 * 1024 * 1024;
/// What `build.rs` leaves to them.
const SETTINGS_AT: u32 = (FLASH_LEN - 2 * ERASE_SIZE) as u32;

/// Where the settings are kept.
pub(crate) type Kept = Keep<Flash<'static, FLASH, Blocking, FLASH_LEN>>;

/// The settings in flash; on first boot an identity is made, and kept.
pub(crate) fn settings(flash: Peri<'static, FLASH>) -> (Settings, Kept) {
    let mut keep = Keep::new(Flash::new_blocking(flash), SETTINGS_AT);
    let settings = match keep.load() {
        Ok(settings) => settings,
        Err(KeepError::Settings(SettingsError::Empty)) => {
            let settings = Settings::make(draw).expect("the oscillator is no noise");
            keep.store(&settings).expect("the flash takes the settings");
            settings
        }
        Err(KeepError::Settings(error)) => panic!("{error}"),
        Err(KeepError::Flash(error)) => panic!("the flash fails: {error:?}"),
    };
    (settings, keep)
}

/// 32 bytes that nobody else has.
pub(crate) fn draw() -> [u8; 32] {
    // The oscillator's bits hang together (RP2040 datasheet, section 2.17.5): conditioned, tested.
    entropy::draw(RoscRng::next_u8).expect("the ring oscillator makes no noise")
}
