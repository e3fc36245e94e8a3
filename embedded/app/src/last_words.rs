//! What a program said before it panicked, in memory that a restart leaves alone.

use core::fmt::{self, Write};

use crate::check::crc32;

/// Bytes that are kept of it.
const LEN: usize = 240;

/// Place for it: for a `static` in a section that nobody writes to at boot. What lies there when power comes
/// on is chance, and taken for nothing.
#[repr(C)]
pub struct LastWords {
    len: u32,
    sum: u32,
    text: [u8; LEN],
}

impl LastWords {
    /// Nothing.
    pub const NONE: Self = Self { len: 0, sum: 0, text: [0; LEN] };

    /// Keeps them, cut to what there is room for.
    pub fn say(&mut self, words: fmt::Arguments<'_>) {
        let mut text = Text { bytes: &mut self.text, len: 0 };
        // It is cut.
        let _ = text.write_fmt(words);
        self.len = text.len as u32;
        self.sum = self.check();
    }

    /// Hands them over, once.
    pub fn take(&mut self, read: impl FnOnce(&str)) {
        let is_whole = (1..=LEN as u32).contains(&self.len) && self.sum == self.check();
        if is_whole && let Ok(text) = core::str::from_utf8(&self.text[..self.len as usize]) {
            read(text);
        }
        *self = Self::NONE;
    }

    fn check(&self) -> u32 {
        // So that zeros are not right.
        !crc32(&self.text[..(self.len as usize).min(LEN)])
    }
}

struct Text<'t> {
    bytes: &'t mut [u8; LEN],
    len: usize,
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            let end = self.len + letter.len_utf8();
            let place = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
            letter.encode_utf8(place);
            self.len = end;
        }
        Ok(())
    }
}
