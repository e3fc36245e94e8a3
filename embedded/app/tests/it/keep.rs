//! Flash that loses its power.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use underpass_sensor::{Keep, KeepError, Settings, SettingsError};

const BLOCK: usize = 4096;

/// Two blocks that power fails at after so many bytes.
struct Flash {
    bytes: Vec<u8>,
    left: usize,
}

#[derive(Debug, PartialEq)]
struct PowerFails;

impl NorFlashError for PowerFails {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for &mut Flash {
    type Error = PowerFails;
}

impl ReadNorFlash for &mut Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerFails> {
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for &mut Flash {
    const WRITE_SIZE: usize = 256;
    const ERASE_SIZE: usize = BLOCK;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerFails> {
        (from..to).try_for_each(|at| self.spend(|bytes| bytes[at as usize] = 0xff))
    }

    fn write(&mut self, offset: u32, written: &[u8]) -> Result<(), PowerFails> {
        let pairs = written.iter().enumerate();
        pairs.map(|(place, byte)| (place + offset as usize, *byte)).try_for_each(|(at, byte)| {
            assert_eq!(self.bytes[at], 0xff, "it was erased before");
            self.spend(|bytes| bytes[at] = byte)
        })
    }
}

impl Flash {
    fn new() -> Self {
        Self { bytes: vec![0xff; 2 * BLOCK], left: usize::MAX }
    }

    fn spend(&mut self, change: impl FnOnce(&mut [u8])) -> Result<(), PowerFails> {
        self.left = self.left.checked_sub(1).ok_or(PowerFails)?;
        change(&mut self.bytes);
        Ok(())
    }
}

fn settings(interval_ms: u32) -> Settings {
    let mut drawn = 0;
    let draw = || {
        drawn += 1;
        [drawn; 32]
    };
    let mut made = Settings::make(draw).expect("half of all seeds will do");
    made.interval_ms = interval_ms;
    made
}

fn load(flash: &mut Flash) -> Result<u32, KeepError<PowerFails>> {
    Keep::new(flash, 0).load().map(|settings| settings.interval_ms)
}

#[test]
fn the_last_ones_count() {
    let mut flash = Flash::new();
    assert_eq!(load(&mut flash), Err(KeepError::Settings(SettingsError::Empty)));
    for number in 20..30 {
        Keep::new(&mut flash, 0).store(&settings(number)).expect("there is power");
        assert_eq!(load(&mut flash), Ok(number));
    }
}

#[test]
fn power_that_fails_leaves_the_old_ones_or_the_new_ones() {
    let mut kept = Flash::new();
    for number in [19, 20] {
        Keep::new(&mut kept, 0).store(&settings(number)).expect("there is power");
    }
    for left in (0..2 * BLOCK).step_by(13) {
        let mut flash = Flash { bytes: kept.bytes.clone(), left };
        let is_stored = Keep::new(&mut flash, 0).store(&settings(21)).is_ok();
        flash.left = usize::MAX;
        let read = load(&mut flash);
        assert!(read == Ok(21) || !is_stored && read == Ok(20), "after {left} bytes: {read:?}");
        Keep::new(&mut flash, 0).store(&settings(22)).expect("there is power again");
        assert_eq!(load(&mut flash), Ok(22));
    }
}

#[test]
fn power_that_fails_at_the_first_boot_is_none_before_it() {
    for left in (0..4 * BLOCK).step_by(13) {
        let mut flash = Flash { left, ..Flash::new() };
        let is_stored = Keep::new(&mut flash, 0).store(&settings(20)).is_ok();
        flash.left = usize::MAX;
        let read = load(&mut flash);
        let is_empty = read == Err(KeepError::Settings(SettingsError::Empty));
        assert!(read == Ok(20) || !is_stored && is_empty, "after {left} bytes: {read:?}");
    }
}

#[test]
fn settings_that_are_damaged_twice_are_not_taken_for_none() {
    let mut flash = Flash::new();
    Keep::new(&mut flash, 0).store(&settings(20)).expect("there is power");
    flash.bytes[40] ^= 1;
    assert_eq!(load(&mut flash), Ok(20));
    flash.bytes[BLOCK + 40] ^= 1;
    assert_eq!(load(&mut flash), Err(KeepError::Settings(SettingsError::Damaged)));
}
