//! For tests, checkers and test vectors: what outsiders with the right keys could make. Nothing here
//! touches a node.

use crate::MAX_DATAGRAM;
use crate::config::Config;
use crate::crypto::aead::{self, TAG_LEN};
use crate::crypto::hash;
use crate::identity::{Keys, SecretIdentity};
use crate::network::Network;
use crate::noise::{
    IK_PSK0_PSK2, Key, Noise, NoiseError, Operation, Role, Secret, Setup, Step, TransportKeys,
};
use crate::wire::{Hello, Intro, SealedHeader, VERSION, Welcome};

/// The key of `mac1` on handshake messages to the holder of this key.
pub fn mac1_key(network: &Network, agreement_key: &[u8; 32]) -> [u8; 32] {
    network.mac1_key(agreement_key)
}

/// `mac1` over the front of a handshake message.
pub fn mac1(mac1_key: &[u8; 32], front: &[u8]) -> [u8; 16] {
    hash::mac16(mac1_key, front)
}

/// The pre-shared key and the prologue that members of a network mix into their handshakes.
pub fn noise_inputs(network: &Network) -> ([u8; 32], [u8; 42]) {
    (*network.pre_shared_key(), network.prologue())
}

/// Seals a datagram as a session would, and returns its length.
pub fn seal(
    key: &[u8; 32],
    receiver: u32,
    counter: u64,
    content: &[u8],
    out: &mut [u8; MAX_DATAGRAM],
) -> usize {
    let header = SealedHeader { epoch: 0, receiver, counter }.encode();
    let len = SealedHeader::LEN + content.len() + TAG_LEN;
    let (front, rest) = out.split_at_mut(SealedHeader::LEN);
    front.copy_from_slice(&header);
    rest[..content.len()].copy_from_slice(content);
    aead::seal(key, counter, &header, &mut rest[..content.len() + TAG_LEN]);
    len
}

/// A handshake of which everything is known.
pub struct Scripted<'a> {
    /// The network of both.
    pub network: &'a Network,
    /// Long-term keys: the initiator's, the responder's.
    pub keys: [&'a SecretIdentity; 2],
    /// Ephemeral secrets in the same order.
    pub ephemerals: [[u8; 32]; 2],
    /// Session indices in the same order.
    pub indices: [u32; 2],
}

/// What comes of a [`Scripted`] handshake.
pub struct Transcript {
    /// The initiator's datagram.
    pub hello: [u8; Hello::LEN],
    /// The responder's.
    pub welcome: [u8; Welcome::LEN],
    /// The key that the initiator seals with.
    pub to_responder: [u8; 32],
    /// The key that the responder seals with.
    pub to_initiator: [u8; 32],
    /// What both ends call the handshake.
    pub handshake_hash: [u8; 32],
}

impl Scripted<'_> {
    /// Only the first datagram. It can be made for anybody, also for oneself.
    pub fn hello(&self) -> [u8; Hello::LEN] {
        self.write_hello(&mut self.noise(Role::Initiator))
    }

    /// Both datagrams and what the ends hold afterwards.
    ///
    /// # Panics
    /// If the two keys cannot agree, which those of two [`SecretIdentity`]s can.
    pub fn transcript(&self) -> Transcript {
        let mut initiator = self.noise(Role::Initiator);
        let mut responder = self.noise(Role::Responder);
        let hello = self.write_hello(&mut initiator);
        message(&mut responder, self.keys[1], Hello::noise(&mut hello.clone())).expect(SOUND);
        let mut welcome = [0; Welcome::LEN];
        Welcome::put_intro(&mut welcome, &INTRO);
        message(&mut responder, self.keys[1], Welcome::noise(&mut welcome)).expect(SOUND);
        let mac1_key = self.network.mac1_key(&self.keys[0].id().agreement_key());
        Welcome::finish(&mut welcome, self.indices[1], self.indices[0], &mac1_key);
        message(&mut initiator, self.keys[0], Welcome::noise(&mut welcome.clone())).expect(SOUND);
        let TransportKeys { seal: to_responder, open: to_initiator, handshake_hash } =
            &initiator.split();
        Transcript {
            hello,
            welcome,
            to_responder: *to_responder,
            to_initiator: *to_initiator,
            handshake_hash: *handshake_hash,
        }
    }

    fn write_hello(&self, initiator: &mut Noise) -> [u8; Hello::LEN] {
        let mut hello = [0; Hello::LEN];
        Hello::put_intro(&mut hello, &INTRO);
        message(initiator, self.keys[0], Hello::noise(&mut hello)).expect(SOUND);
        let mac1_key = self.network.mac1_key(&self.keys[1].id().agreement_key());
        Hello::finish(&mut hello, self.indices[0], &mac1_key);
        hello
    }

    fn noise(&self, role: Role) -> Noise {
        let remote_static = self.keys[1].id().agreement_key();
        Noise::new(Setup {
            pattern: &IK_PSK0_PSK2,
            role,
            prologue: &self.network.prologue(),
            psk: *self.network.pre_shared_key(),
            local_static: self.keys[role as usize].id().agreement_key(),
            remote_static: (role == Role::Initiator).then_some(remote_static),
            ephemeral: self.ephemerals[role as usize],
        })
    }
}

const SOUND: &str = "both sides are sound";

const INTRO: Intro =
    Intro { version: VERSION, capabilities: 0, ping_interval: Config::PING_INTERVAL };

/// One whole message, with every operation done at once.
fn message(noise: &mut Noise, keys: &SecretIdentity, buffer: &mut [u8]) -> Result<(), NoiseError> {
    while noise.advance(buffer)? == Step::NeedsOperation {
        let operation = noise.operation().expect("it needs one");
        noise.supply(&perform(operation, keys))?;
    }
    Ok(())
}

fn perform(operation: Operation, keys: &SecretIdentity) -> Key {
    match operation {
        Operation::PublicKey(secret) => {
            x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret)).to_bytes()
        }
        Operation::Agree(Secret::Ephemeral(secret), theirs) => x25519_dalek::x25519(secret, theirs),
        Operation::Agree(Secret::Static, theirs) => keys.agree(&theirs),
    }
}
