//! ChaCha20-Poly1305 in place (RFC 8439), with Noise's nonce: 32 zero bits and a 64-bit counter.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};

/// Bytes that sealing adds.
pub(crate) const TAG_LEN: usize = 16;

/// The ciphertext, its associated data, the key and the counter do not belong together.
pub(crate) struct Unauthentic;

/// Encrypts all but the last [`TAG_LEN`] bytes of `buffer`, and writes the tag there.
///
/// # Panics
/// If `buffer` is shorter than the tag.
pub(crate) fn seal(key: &[u8; 32], counter: u64, associated: &[u8], buffer: &mut [u8]) {
    let (plain, tag) = split_tag(buffer);
    let made = ChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(&nonce(counter), associated, plain.into())
        .expect("no datagram comes near the cipher's limit of 256 GiB");
    tag.copy_from_slice(&made);
}

/// Checks the tag at the end of `buffer` and decrypts what stands before it.
///
/// On an error `buffer` is unchanged: the tag is checked first.
///
/// # Panics
/// If `buffer` is shorter than the tag.
pub(crate) fn open(
    key: &[u8; 32],
    counter: u64,
    associated: &[u8],
    buffer: &mut [u8],
) -> Result<(), Unauthentic> {
    let (sealed, tag) = split_tag(buffer);
    let tag: &Tag = (&*tag).try_into().expect("split to this length");
    ChaCha20Poly1305::new(key.into())
        .decrypt_inout_detached(&nonce(counter), associated, sealed.into(), tag)
        .map_err(|_| Unauthentic)
}

fn split_tag(buffer: &mut [u8]) -> (&mut [u8], &mut [u8]) {
    let at = buffer.len().checked_sub(TAG_LEN).expect("the caller left room for the tag");
    buffer.split_at_mut(at)
}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[4..].copy_from_slice(&counter.to_le_bytes());
    nonce
}
