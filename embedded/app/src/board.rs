//! What a board must have.

use core::fmt;

/// A board, as the sensor's task knows it.
pub trait Board {
    /// What is measured, in thousandths: of a degree Celsius, where it is the processor's warmth.
    fn measure(&mut self) -> i32;

    /// Lights the lamp, or puts it out.
    fn set_lamp(&mut self, is_lit: bool);

    /// The most bytes of stack that were ever in use, as painted memory shows; 0 if nobody painted.
    fn stack_used(&self) -> u32;

    /// Writes a line for people.
    fn log(&mut self, line: fmt::Arguments<'_>);
}
