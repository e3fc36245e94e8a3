//! For tests and checkers: what an outsider with the right keys could make. Nothing here touches a
//! node.

use crate::crypto::hash;
use crate::identity::{Keys, SecretIdentity};
use crate::network::Network;
use crate::noise::{IK_PSK0_PSK2, Noise, Operation, Role, Secret, Setup, Step};
use crate::time::Duration;
use crate::wire::{Hello, Intro, VERSION};

/// `mac1` over the front of a handshake message to the holder of this key.
pub fn mac1(network: &Network, agreement_key: &[u8; 32], front: &[u8]) -> [u8; 16] {
    hash::mac16(&network.mac1_key(agreement_key), front)
}

/// A `Hello` in which an identity calls itself.
pub fn hello_to_oneself(keys: &SecretIdentity, network: &Network) -> [u8; 192] {
    let agreement_key = keys.id().agreement_key();
    let mut noise = Noise::new(Setup {
        pattern: &IK_PSK0_PSK2,
        role: Role::Initiator,
        prologue: &network.prologue(),
        psk: *network.pre_shared_key(),
        local_static: agreement_key,
        remote_static: Some(agreement_key),
        ephemeral: [1; 32],
    });
    let mut message = [0; Hello::LEN];
    let ping_interval = Duration::from_secs(10);
    Hello::put_intro(&mut message, &Intro { version: VERSION, capabilities: 0, ping_interval });
    while let Ok(Step::Needs(operation)) = noise.advance(Hello::noise(&mut message)) {
        let result = match operation {
            Operation::PublicKey(secret) => {
                x25519_dalek::x25519(secret, x25519_dalek::X25519_BASEPOINT_BYTES)
            }
            Operation::Agree(Secret::Ephemeral(secret), theirs) => {
                x25519_dalek::x25519(secret, theirs)
            }
            Operation::Agree(Secret::Static, theirs) => keys.agree(&theirs),
        };
        noise.supply(&result).expect("our own keys are sound");
    }
    Hello::finish(&mut message, 1, &network.mac1_key(&agreement_key));
    message
}
