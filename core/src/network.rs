//! Which network a node belongs to.

use zeroize::Zeroize;

use crate::crypto::hash;

/// A network: its id, and the secret that its members share.
#[derive(Clone)]
pub struct Network {
    pub(crate) id: [u8; 32],
    pub(crate) secret: [u8; 32],
    pub(crate) previous_secret: Option<[u8; 32]>,
}

impl Network {
    /// A network that only holders of `secret` can join.
    ///
    /// `secret` is 256 random bits, never a passphrase: a recorded handshake lets anybody try
    /// guesses at leisure.
    pub fn closed(name: &str, secret: [u8; 32]) -> Self {
        let id = hash::hash(&[b"underpass/1 network id", name.as_bytes()]);
        Self { id, secret, previous_secret: None }
    }

    /// A network that anybody can join who knows its name and the key of a member.
    pub fn open(name: &str) -> Self {
        Self::closed(name, [0; 32])
    }

    /// The same while its secret is being changed: members that only have the previous one are
    /// still answered, and dialled with it when the new one is of no avail.
    #[must_use]
    pub fn with_previous(mut self, secret: [u8; 32]) -> Self {
        self.previous_secret = Some(secret);
        self
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.previous_secret.zeroize();
    }
}
