//! Which network a node belongs to, and the labels that keep every use of a key apart.

use zeroize::Zeroize;

use crate::crypto::hash;
use crate::wire::VERSION;

/// A network: its id, and the secret that its members share.
#[derive(Clone)]
pub struct Network {
    id: [u8; 32],
    secret: [u8; 32],
}

impl Network {
    /// A network that only holders of `secret` can join.
    ///
    /// `secret` is 256 random bits, never a passphrase: a recorded handshake lets anybody try
    /// guesses at leisure.
    pub fn closed(name: &str, secret: [u8; 32]) -> Self {
        Self { id: hash::hash(&[b"underpass/1 network id", name.as_bytes()]), secret }
    }

    /// A network that anybody can join who knows its name and the key of a member.
    pub fn open(name: &str) -> Self {
        Self::closed(name, [0; 32])
    }

    /// The pre-shared key of the handshakes: all zero in an open network.
    pub(crate) fn pre_shared_key(&self) -> &[u8; 32] {
        &self.secret
    }

    /// What both ends must agree on before the first byte; mixed into the handshake hash.
    pub(crate) fn prologue(&self) -> [u8; 42] {
        let mut prologue = [0; 42];
        prologue[..9].copy_from_slice(b"underpass");
        prologue[9] = VERSION;
        prologue[10..].copy_from_slice(&self.id);
        prologue
    }

    /// The key of `mac1` on handshake messages to the holder of `agreement_key`: whoever knows
    /// neither the network nor the receiver costs it no public-key work.
    pub(crate) fn mac1_key(&self, agreement_key: &[u8; 32]) -> [u8; 32] {
        hash::hash(&[b"underpass/1 mac1", &self.secret, &self.id, agreement_key])
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}
