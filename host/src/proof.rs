//! How a server shows that it knows the token, before it is told: whoever listens at the daemon's port while it
//! is down must not learn it.

use blake2::Blake2sMac256;
use blake2::digest::{FixedOutput, KeyInit, Mac};

/// Drawn by the one who asks.
pub(crate) type Nonce = [u8; 32];

/// What only who knows the token can say about this nonce.
pub(crate) fn proof(token: &[u8; 32], nonce: &Nonce) -> [u8; 32] {
    let mut mac = <Blake2sMac256 as KeyInit>::new_from_slice(token).expect("32 bytes at most");
    mac.update(b"underpass/1 api");
    mac.update(nonce);
    mac.finalize_fixed().into()
}
