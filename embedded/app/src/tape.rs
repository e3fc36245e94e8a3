//! A recording of the node on its way over a serial line, between lines for people: `rec `, then the bytes in
//! hexadecimal digits.

use core::fmt;

/// What lines of a recording begin with.
pub const PREFIX: &str = "rec ";

/// A piece of a recording, as it is written.
pub struct Line<'b>(pub &'b [u8]);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The bytes of a line, at the end of what came before; false if it is no line of a recording.
pub fn read(line: &str, mut put: impl FnMut(u8)) -> bool {
    let Some(digits) = line.strip_prefix(PREFIX) else { return false };
    let pairs = digits.as_bytes().chunks_exact(2);
    let is_whole = pairs.remainder().is_empty();
    for pair in pairs {
        let value = |digit: u8| (digit as char).to_digit(16);
        let (Some(high), Some(low)) = (value(pair[0]), value(pair[1])) else { return false };
        put((high << 4 | low) as u8);
    }
    is_whole
}
