//! Settings in flash, safe from power that fails while they are written.

use embedded_storage::nor_flash::NorFlash;

use crate::check::crc32;
use crate::settings::{Settings, SettingsError};

/// Bytes of a copy: the settings, its number and a sum over both, padded for any flash.
const COPY_LEN: usize = Settings::LEN + TAIL_LEN;
const TAIL_LEN: usize = 256;

/// Two copies of the settings in flash, the newer of which counts. The other one is written over, so that
/// there is always one that is whole.
pub struct Keep<F> {
    flash: F,
    /// Where the first copy begins; the second one an erased block later.
    at: u32,
}

/// Why settings could not be read or kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeepError<E> {
    /// The flash says so.
    Flash(E),
    /// There are none, or none that are whole.
    Settings(SettingsError),
}

/// What lies in flash, or why that is nothing, if the flash can be read.
type Found<T, E> = Result<Result<T, SettingsError>, KeepError<E>>;

impl<F: NorFlash> Keep<F> {
    /// Bytes of flash that it needs.
    pub const LEN: u32 = 2 * F::ERASE_SIZE as u32;

    /// Settings that lie from here on, where a block begins.
    pub const fn new(flash: F, at: u32) -> Self {
        const {
            assert!(COPY_LEN <= F::ERASE_SIZE && COPY_LEN.is_multiple_of(F::WRITE_SIZE));
            assert!(COPY_LEN.is_multiple_of(F::READ_SIZE));
        }
        Self { flash, at }
    }

    /// The settings that were kept last.
    ///
    /// # Errors
    /// [`SettingsError::Empty`] if nothing was ever kept, [`SettingsError::Damaged`] if neither copy is whole.
    pub fn load(&mut self) -> Result<Settings, KeepError<F::Error>> {
        self.newest()?.map(|(_, _, settings)| settings).map_err(KeepError::Settings)
    }

    /// Keeps settings. Power that fails meanwhile leaves those from before.
    ///
    /// # Errors
    /// If the flash has one. What was kept before is still there.
    pub fn store(&mut self, settings: &Settings) -> Result<(), KeepError<F::Error>> {
        match self.newest()? {
            Ok((place, number, _)) => self.write(1 - place, number.wrapping_add(1), settings),
            // Both, so that one that is torn beside one that was never written is of a first boot.
            Err(_) => self.write(0, 0, settings).and_then(|()| self.write(1, 1, settings)),
        }
    }

    fn write(
        &mut self,
        place: u32,
        number: u32,
        settings: &Settings,
    ) -> Result<(), KeepError<F::Error>> {
        let mut copy = [0xff; COPY_LEN];
        let (body, tail) = copy.split_at_mut(Settings::LEN);
        body.copy_from_slice(&settings.to_bytes());
        tail[..4].copy_from_slice(&number.to_le_bytes());
        let sum = crc32(&copy[..Settings::LEN + 4]);
        copy[Settings::LEN + 4..][..4].copy_from_slice(&sum.to_le_bytes());
        let at = self.at + place * F::ERASE_SIZE as u32;
        let erased = self.flash.erase(at, at + F::ERASE_SIZE as u32);
        erased.and_then(|()| self.flash.write(at, &copy)).map_err(KeepError::Flash)
    }

    /// Place and number of the copy that counts, and what it says.
    fn newest(&mut self) -> Found<(u32, u32, Settings), F::Error> {
        let [first, second] = [self.read(0)?, self.read(1)?];
        Ok(match (first, second) {
            (Ok((number, settings)), Err(_)) => Ok((0, number, settings)),
            (Err(_), Ok((number, settings))) => Ok((1, number, settings)),
            // Numbers that begin again from 0 are later, too (RFC 1982, section 3.2).
            (Ok(first), Ok(second)) if second.0.wrapping_sub(first.0) as i32 > 0 => {
                Ok((1, second.0, second.1))
            }
            (Ok(first), Ok(_)) => Ok((0, first.0, first.1)),
            (_, Err(SettingsError::Empty)) => Err(SettingsError::Empty),
            _ => Err(SettingsError::Damaged),
        })
    }

    fn read(&mut self, place: u32) -> Found<(u32, Settings), F::Error> {
        let mut copy = [0; COPY_LEN];
        let at = self.at + place * F::ERASE_SIZE as u32;
        self.flash.read(at, &mut copy).map_err(KeepError::Flash)?;
        let (body, tail) = copy.split_first_chunk().expect("a copy is longer");
        let ([number, sum, ..], _) = tail.as_chunks::<4>() else {
            unreachable!("as long as it is")
        };
        let sum_is = crc32(&copy[..Settings::LEN + 4]).to_le_bytes();
        Ok(Settings::from_bytes(body).and_then(|settings| {
            let is_whole = *sum == sum_is;
            is_whole
                .then_some((u32::from_le_bytes(*number), settings))
                .ok_or(SettingsError::Damaged)
        }))
    }
}
