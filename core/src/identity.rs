//! Who a node is: an Ed25519 key, its text form, and the X25519 key derived from it.

use core::fmt;
use core::str::FromStr;

use curve25519_dalek::montgomery::MontgomeryPoint;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Five bits a character: RFC 4648's base32 alphabet in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// 2^255 - 19, little-endian.
const FIELD_PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// A sound source of randomness needs more once in 2^100 times.
const DRAWS_MAX: u32 = 100;

/// A node's name and public key: 32 bytes of Ed25519, shown as 51 base32 characters.
///
/// Only keys that the protocol can use exist as a `PeerId`: a canonical encoding of a point of
/// large order whose sign bit is zero. The sign bit must be known because Noise carries only the
/// X25519 form, which has lost it; 255 bits are also exactly 51 characters, so every key has one
/// spelling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "[u8; 32]", into = "[u8; 32]")]
pub struct PeerId([u8; 32]);

/// Why bytes or a text are not a [`PeerId`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeerIdError {
    /// The text does not have 51 characters but this many.
    Length(usize),
    /// The character at this position (from 0) is none of `a`-`z`, `2`-`7`.
    Character(usize),
    /// The bytes are not the canonical encoding of a usable public key.
    Key,
}

impl PeerId {
    /// Characters of the text form.
    pub const TEXT_LEN: usize = 51;

    /// Checks that `bytes` are a key the protocol can use.
    ///
    /// # Errors
    /// [`PeerIdError::Key`] for an encoding that is not canonical, a point of small order, or a
    /// set sign bit.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, PeerIdError> {
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| PeerIdError::Key)?;
        let canonical = key.to_edwards().compress().to_bytes() == bytes;
        if !canonical || key.is_weak() || bytes[31] >> 7 != 0 {
            return Err(PeerIdError::Key);
        }
        Ok(Self(bytes))
    }

    /// What somebody says is a key, to be looked up and nothing else: nobody is known by one that is none.
    pub(crate) const fn claimed(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The Ed25519 public key.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The X25519 public key that handshakes use.
    pub fn agreement_key(&self) -> [u8; 32] {
        let key = VerifyingKey::from_bytes(&self.0).expect("checked when it was made");
        key.to_montgomery().to_bytes()
    }

    /// The node whose [`agreement_key`](Self::agreement_key) this is, if any can have it.
    pub(crate) fn from_agreement_key(u: &[u8; 32]) -> Option<Self> {
        // A second encoding of the same number would give one node several keys.
        let canonical = u.iter().rev().lt(FIELD_PRIME.iter().rev());
        let point = MontgomeryPoint(*u)
            .to_edwards(0)
            .filter(|point| canonical && !point.is_small_order())?;
        Some(Self(point.compress().to_bytes()))
    }
}

impl TryFrom<[u8; 32]> for PeerId {
    type Error = PeerIdError;

    fn try_from(bytes: [u8; 32]) -> Result<Self, PeerIdError> {
        Self::from_bytes(bytes)
    }
}

impl From<PeerId> for [u8; 32] {
    fn from(id: PeerId) -> Self {
        id.0
    }
}

/// The text form: character `i` holds bits `5 i` to `5 i + 4` of the key as a little-endian number.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for position in 0..Self::TEXT_LEN {
            let (byte, bit) = (position * 5 / 8, position * 5 % 8);
            let low = u16::from(self.0[byte]);
            let high = u16::from(self.0.get(byte + 1).copied().unwrap_or(0));
            let digit = ((high << 8 | low) >> bit) & 31;
            fmt::Write::write_char(f, ALPHABET[usize::from(digit)].into())?;
        }
        Ok(())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PeerId {
    type Err = PeerIdError;

    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        let mut bytes = [0; 32];
        let mut length = 0;
        for (position, character) in text.chars().enumerate() {
            length += 1;
            if position >= Self::TEXT_LEN {
                continue;
            }
            let digit = ALPHABET.iter().position(|known| char::from(*known) == character);
            let digit = digit.ok_or(PeerIdError::Character(position))? as u16;
            let (byte, bit) = (position * 5 / 8, position * 5 % 8);
            let [low, high] = (digit << bit).to_le_bytes();
            bytes[byte] |= low;
            if let Some(next) = bytes.get_mut(byte + 1) {
                *next |= high;
            }
        }
        if length != Self::TEXT_LEN {
            return Err(PeerIdError::Length(length));
        }
        Self::from_bytes(bytes)
    }
}

impl fmt::Display for PeerIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(found) => {
                write!(f, "a peer id has {} characters, this has {found}", PeerId::TEXT_LEN)
            }
            Self::Character(at) => {
                write!(f, "character {} of the peer id is none of a-z (lower case) and 2-7", at + 1)
            }
            Self::Key => write!(f, "this is not a usable public key; was a character mistyped?"),
        }
    }
}

impl core::error::Error for PeerIdError {}

/// The operations that need the long-term secret; it never enters the node.
///
/// A driver hands this to [`Job::run`](crate::Job::run). An implementation may live in a secure
/// element; [`SecretIdentity`] is the one that holds the key in memory.
pub trait Keys {
    /// X25519 of the long-term secret and a public key. All zeros, which a key of small order
    /// gives, ends the handshake: so should a secure element that cannot answer.
    fn agree(&self, public: &[u8; 32]) -> [u8; 32];

    /// Ed25519 (RFC 8032) of the long-term secret over a message, which begins with a label of this
    /// protocol. Zeros are nobody's signature: a secure element that cannot answer may return them, and
    /// nothing is published then.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// Whether a signature is of the holder of this key, which is one that the protocol can use.
pub(crate) fn has_signed(peer: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let is_usable = PeerId::from_bytes(*peer).is_ok();
    let key = VerifyingKey::from_bytes(peer).ok().filter(|_| is_usable);
    let signature = Signature::from_bytes(signature);
    key.is_some_and(|key| key.verify_strict(message, &signature).is_ok())
}

/// A long-term secret key in memory, erased when dropped.
pub struct SecretIdentity {
    id: PeerId,
    /// Unreduced: X25519 clamps it itself, and gives wrong keys for the reduced scalar.
    scalar: [u8; 32],
    /// Erases itself.
    signing: SigningKey,
}

impl SecretIdentity {
    /// Draws seeds until one gives a key whose sign bit is zero (see [`PeerId`]): two on average.
    ///
    /// Returns the identity and the seed to store. `draw` must yield 32 bytes of fresh secret
    /// randomness at every call; `None` if it is stuck, as a hundred draws in a row that are of no
    /// use show.
    pub fn generate(mut draw: impl FnMut() -> [u8; 32]) -> Option<(Self, [u8; 32])> {
        for _ in 0..DRAWS_MAX {
            let mut seed = draw();
            if let Some(identity) = Self::from_seed(&seed) {
                return Some((identity, seed));
            }
            seed.zeroize();
        }
        None
    }

    /// The identity with this Ed25519 seed; `None` if its key has the sign bit set, which
    /// [`generate`](Self::generate) never stores.
    pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        let key = SigningKey::from_bytes(seed);
        let id = PeerId::from_bytes(key.verifying_key().to_bytes()).ok()?;
        Some(Self { id, scalar: key.to_scalar_bytes(), signing: key })
    }

    /// The public half.
    pub fn id(&self) -> PeerId {
        self.id
    }
}

impl Keys for SecretIdentity {
    fn agree(&self, public: &[u8; 32]) -> [u8; 32] {
        x25519_dalek::x25519(self.scalar, *public)
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }
}

/// Shows the public half only.
impl fmt::Debug for SecretIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretIdentity").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for SecretIdentity {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

#[cfg(test)]
mod tests;
