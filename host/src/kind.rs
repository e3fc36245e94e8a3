//! The kinds of messages: the application's own numbers, and those that hosts keep for themselves.

/// Kinds from here on are not for applications.
pub const RESERVED: u16 = 0xffe0;

/// A reply that says that nobody handles this kind; its payload is nothing.
pub(crate) const NO_HANDLER: u16 = 0xfff0;
/// A reply that says that the handler has failed; its payload is a text for people.
pub(crate) const HANDLER_FAILED: u16 = 0xfff1;
/// A reply that says that this peer may not; its payload is nothing.
pub(crate) const NOT_ALLOWED: u16 = 0xfff2;
/// To be received and forgotten (RFC 863), for measurements.
pub(crate) const DISCARD: u16 = 0xfffb;
/// A request whose reply is its payload (RFC 862).
pub(crate) const ECHO: u16 = 0xfffc;
/// The sender is about to be gone.
pub(crate) const GOODBYE: u16 = 0xfffd;
/// What became of a long message.
pub(crate) const VERDICT: u16 = 0xfffe;
/// A part of a long message.
pub(crate) const PART: u16 = 0xffff;
