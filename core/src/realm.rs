//! Under which network and which of its secrets a handshake is made, and the labels that keep every
//! use of a secret apart.

use zeroize::Zeroize;

use crate::crypto::hash;
use crate::network::Network;
use crate::wire::{MAC_LEN, Pattern, VERSION, is_for};

/// The receiver's key in the `mac1` of a message whose sender does not know it.
const NOBODY: [u8; 32] = [0; 32];

/// Which realm, in all of a node's life: a new secret is a new realm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct RealmId(u16);

impl RealmId {
    /// The value of a slot without a handshake.
    pub(crate) const NONE: Self = Self(0);
}

/// A network and one secret of it. Only nodes that share a realm can make a session.
pub(crate) struct Realm {
    pub(crate) id: RealmId,
    network: [u8; 32],
    secret: [u8; 32],
    /// The keys of `mac1` on messages to us: from those who know our key, and from others.
    mac1_keys: [[u8; 32]; 2],
}

impl Realm {
    pub(crate) fn new(
        id: RealmId,
        network: [u8; 32],
        secret: [u8; 32],
        own_key: &[u8; 32],
    ) -> Self {
        let mut realm = Self { id, network, secret, mac1_keys: [[0; 32]; 2] };
        realm.mac1_keys = [realm.mac1_key(Some(own_key)), realm.mac1_key(None)];
        realm
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
        prologue[10..].copy_from_slice(&self.network);
        prologue
    }

    /// The key of `mac1` on handshake messages to the holder of `agreement_key`: whoever knows
    /// neither the network nor the receiver costs it no public-key work.
    pub(crate) fn mac1_key(&self, agreement_key: Option<&[u8; 32]>) -> [u8; 32] {
        let receiver = agreement_key.unwrap_or(&NOBODY);
        hash::hash(&[b"underpass/1 mac1", &self.secret, &self.network, receiver])
    }

    /// The key that seals one cookie, for the sender of a `Hello` with this `mac1`.
    pub(crate) fn cookie_key(
        &self,
        responder: Option<&[u8; 32]>,
        mac1: &[u8; MAC_LEN],
        nonce: &[u8; MAC_LEN],
    ) -> [u8; 32] {
        hash::hash(&[b"underpass/1 cookie", &self.mac1_key(responder), mac1, nonce])
    }

    /// Whether a handshake message is addressed to us in this realm.
    fn takes(&self, datagram: &[u8], receiver: Receiver) -> bool {
        is_for(datagram, &self.mac1_keys[receiver as usize])
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.mac1_keys.zeroize();
    }
}

/// Whether the sender of a handshake message knew whom it is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Receiver {
    Known,
    Unknown,
}

impl Receiver {
    /// Of a `Hello` in this pattern.
    pub(crate) fn of_hello(pattern: Pattern) -> Self {
        match pattern {
            Pattern::Ik => Self::Known,
            Pattern::Xx => Self::Unknown,
        }
    }
}

/// Where relays are used whose network one is not a member of: an open realm that everybody shares.
const RELAY: RealmId = RealmId(1);

/// The realms that a node makes handshakes in.
pub(crate) struct Realms {
    /// For relaying, and nothing else.
    relay: Realm,
    current: Realm,
    /// While the secret is being changed.
    previous: Option<Realm>,
}

impl Realms {
    pub(crate) fn new(network: &Network, own_key: &[u8; 32]) -> Self {
        let make = |number, secret| Realm::new(RealmId(number), network.id, secret, own_key);
        let relay_network = hash::hash(&[b"underpass/1 relay realm"]);
        Self {
            relay: Realm::new(RELAY, relay_network, [0; 32], own_key),
            current: make(3, network.secret),
            previous: network.previous_secret.map(|secret| make(2, secret)),
        }
    }

    /// The realm for our attempt number `attempt` (from 0) to reach a peer: while the secret is
    /// being changed, both in turn.
    pub(crate) fn of_attempt(&self, attempt: u8) -> &Realm {
        let previous = self.previous.as_ref().filter(|_| !attempt.is_multiple_of(2));
        previous.unwrap_or(&self.current)
    }

    /// The realm for dealing with relays of other networks.
    pub(crate) fn of_relays(&self) -> &Realm {
        &self.relay
    }

    /// Whether this is that one.
    pub(crate) fn is_of_relays(id: RealmId) -> bool {
        id == RELAY
    }

    /// The secret half of the key pair that proves to relays which network this is.
    pub(crate) fn handle_secret(&self) -> [u8; 32] {
        let Realm { network, secret, .. } = &self.current;
        hash::hash(&[b"underpass/1 network handle", secret, network])
    }

    pub(crate) fn has(&self, id: RealmId) -> bool {
        self.iter().any(|realm| realm.id == id)
    }

    /// The realm of a handshake under way.
    ///
    /// # Panics
    /// If it has ended: then so have its handshakes.
    pub(crate) fn of(&self, id: RealmId) -> &Realm {
        self.iter().find(|realm| realm.id == id).expect("handshakes end with their realm")
    }

    /// The realm that a handshake message to us was made in.
    pub(crate) fn of_message(&self, datagram: &[u8], receiver: Receiver) -> Option<&Realm> {
        self.iter().find(|realm| realm.takes(datagram, receiver))
    }

    /// Goes over to a new secret; the one before it stays valid until it is retired.
    pub(crate) fn change_secret(&mut self, secret: [u8; 32], own_key: &[u8; 32]) {
        // Two numbers are those of no secret.
        let id = RealmId(self.current.id.0.wrapping_add(1).max(RELAY.0 + 1));
        let next = Realm::new(id, self.current.network, secret, own_key);
        self.previous = Some(core::mem::replace(&mut self.current, next));
    }

    pub(crate) fn retire_previous(&mut self) {
        self.previous = None;
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn each_secret(&self, show: impl FnMut(&[u8; 32])) {
        // That of the relay realm is none.
        let own = self.iter().filter(|realm| realm.id != RELAY);
        own.map(|realm| &realm.secret).for_each(show);
    }

    fn iter(&self) -> impl Iterator<Item = &Realm> {
        core::iter::once(&self.current).chain(&self.previous).chain([&self.relay])
    }
}
