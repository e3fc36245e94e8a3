//! Settings in flash, and noise out of the processor's circuit for it.

use esp_hal::peripherals::FLASH;
use esp_hal::rng::Trng;
use esp_storage::FlashStorage;
use underpass_sensor::{Keep, KeepError, Settings, SettingsError, entropy};

/// The partition `nvs` of Espressif's default table, which nothing else here uses.
const SETTINGS_AT: u32 = 0x9000;
const SETTINGS_LEN: u32 = 0x6000;

/// Where the settings are kept.
pub(crate) type Kept = Keep<FlashStorage<'static>>;

/// The settings in flash; on first boot an identity is made, and kept.
pub(crate) fn settings(flash: FLASH<'static>) -> (Settings, Kept) {
    const { assert!(2 * FlashStorage::ERASE_SIZE <= SETTINGS_LEN as usize) };
    let mut keep = Keep::new(FlashStorage::new(flash), SETTINGS_AT);
    let settings = match keep.load() {
        Ok(settings) => settings,
        Err(KeepError::Settings(SettingsError::Empty)) => {
            let settings = Settings::make(draw).expect("the circuit makes no noise");
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
    // It is noise only while the converter or the radio is on (ESP32-C3 technical reference, chapter 25).
    let trng = Trng::try_new().expect("`main` has switched its source on");
    let drawn = entropy::draw(|| {
        let mut byte = [0];
        trng.read(&mut byte);
        byte[0]
    });
    drawn.expect("the circuit makes no noise")
}
