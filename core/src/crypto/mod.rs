//! The primitives, each behind the few calls that the protocol makes of it.
//!
//! One suite, no negotiation: X25519, ChaCha20-Poly1305, BLAKE2s. Nothing here knows a message.

pub(crate) mod aead;
pub(crate) mod hash;
pub(crate) mod random;
