//! Held against the published vectors, and against snow in live handshakes.

use std::string::String;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;
use serde::Deserialize;
use x25519_dalek::{PublicKey, StaticSecret, x25519};

use super::pattern::{PreMessage, Token::*};
use super::*;
use crate::crypto::aead;

const IK: [&[Token]; 2] = [&[E, Es, S, Ss], &[E, Ee, Se]];
const XX: [&[Token]; 3] = [&[E], &[E, Ee, S, Es], &[S, Se]];

/// The patterns of the vectors that are played: those the protocol uses, and their kin, so that a
/// mistake cannot hide in what one pattern leaves out.
static PATTERNS: [Pattern; 10] = [
    ik("Noise_IK_25519_ChaChaPoly_BLAKE2s", &IK),
    ik("Noise_IKpsk1_25519_ChaChaPoly_BLAKE2s", &[&[E, Es, S, Ss, Psk], IK[1]]),
    ik("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s", &[IK[0], &[E, Ee, Se, Psk]]),
    ik("Noise_IK1_25519_ChaChaPoly_BLAKE2s", &[&[E, S], &[E, Ee, Se, Es]]),
    ik("Noise_IKpsk0+psk2_25519_ChaChaPoly_BLAKE2s", IK_PSK0_PSK2.messages),
    xx("Noise_XX_25519_ChaChaPoly_BLAKE2s", &XX),
    xx("Noise_XX1_25519_ChaChaPoly_BLAKE2s", &[&[E], &[E, Ee, S], &[Es, S, Se]]),
    xx("Noise_XXpsk3_25519_ChaChaPoly_BLAKE2s", &[XX[0], XX[1], &[S, Se, Psk]]),
    xx("Noise_XXpsk0+psk3_25519_ChaChaPoly_BLAKE2s", XX_PSK0_PSK3.messages),
    xx("Noise_XXpsk0+psk2_25519_ChaChaPoly_BLAKE2s", &[&[Psk, E], &[E, Ee, S, Es, Psk], XX[2]]),
];

const fn ik(name: &'static str, messages: &'static [&'static [Token]]) -> Pattern {
    Pattern { name, pre_message: PreMessage::ResponderStatic, messages }
}

const fn xx(name: &'static str, messages: &'static [&'static [Token]]) -> Pattern {
    Pattern { name, pre_message: PreMessage::Nothing, messages }
}

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    protocol_name: String,
    init_prologue: String,
    #[serde(default)]
    init_psks: Vec<String>,
    init_static: Option<String>,
    init_ephemeral: Option<String>,
    resp_static: Option<String>,
    resp_ephemeral: Option<String>,
    handshake_hash: Option<String>,
    messages: Vec<Exchanged>,
}

#[derive(Deserialize)]
struct Exchanged {
    payload: String,
    ciphertext: String,
}

/// One side, with the secret that its operations need.
struct Side {
    noise: Noise,
    secret: Key,
    /// What each `psk` token takes, the last first; the protocol itself uses one key for all.
    psks: Vec<Key>,
}

impl Side {
    fn new(pattern: &'static Pattern, role: Role, vector: &Vector) -> Self {
        let secret = |hex: &Option<String>| key(hex.as_deref().expect("these patterns have all"));
        let (own, other) = (secret(&vector.init_static), secret(&vector.resp_static));
        let (own, other, ephemeral) = match role {
            Role::Initiator => (own, other, secret(&vector.init_ephemeral)),
            Role::Responder => (other, own, secret(&vector.resp_ephemeral)),
        };
        let knows = role == Role::Initiator && pattern.pre_message == PreMessage::ResponderStatic;
        let noise = Noise::new(Setup {
            pattern,
            role,
            prologue: &bytes(&vector.init_prologue),
            psk: [0; KEY_LEN],
            local_static: public(own),
            remote_static: knows.then(|| public(other)),
            ephemeral,
        });
        let mut psks: Vec<Key> = vector.init_psks.iter().map(|psk| key(psk)).collect();
        psks.reverse();
        Self { noise, secret: own, psks }
    }

    /// One whole message, with every operation done at once.
    fn message(&mut self, buffer: &mut [u8]) -> Result<(), NoiseError> {
        let tokens = self.noise.pattern.messages.get(self.noise.message);
        if tokens.is_some_and(|tokens| tokens.contains(&Psk)) {
            self.noise.psk = self.psks.pop().unwrap_or(self.noise.psk);
        }
        loop {
            match self.noise.advance(buffer)? {
                Step::MessageDone => return Ok(()),
                Step::NeedsOperation => {
                    let operation = self.noise.operation().expect("it needs one");
                    let result = perform(operation, self.secret);
                    self.noise.supply(&result)?;
                }
            }
        }
    }
}

fn perform(operation: Operation, secret: Key) -> Key {
    match operation {
        Operation::PublicKey(ephemeral) => public(ephemeral),
        Operation::Agree(Secret::Ephemeral(ephemeral), theirs) => x25519(ephemeral, theirs),
        Operation::Agree(Secret::Static, theirs) => x25519(secret, theirs),
    }
}

fn public(secret: Key) -> Key {
    PublicKey::from(&StaticSecret::from(secret)).to_bytes()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn key(hex: &str) -> Key {
    bytes(hex).try_into().expect("32 bytes")
}

/// Plays a vector and compares every byte.
fn play(pattern: &'static Pattern, vector: &Vector) {
    let mut initiator = Side::new(pattern, Role::Initiator, vector);
    let mut responder = Side::new(pattern, Role::Responder, vector);
    let (handshake, transport) = vector.messages.split_at(pattern.messages.len());
    for (number, exchanged) in handshake.iter().enumerate() {
        let (writer, reader) = match number % 2 {
            0 => (&mut initiator, &mut responder),
            _ => (&mut responder, &mut initiator),
        };
        let (payload, expected) = (bytes(&exchanged.payload), bytes(&exchanged.ciphertext));
        let mut message = vec![0; expected.len()];
        place_payload(&mut message, &payload, writer, pattern.messages[number]);
        writer.message(&mut message).expect("a writer does not fail");
        assert_eq!(message, expected, "{} message {number}", vector.protocol_name);
        reader.message(&mut message).expect("what was written can be read");
        assert!(message.windows(payload.len()).any(|window| window == payload));
    }
    let (ours, theirs) = (initiator.noise.split(), responder.noise.split());
    assert_eq!(ours.handshake_hash, theirs.handshake_hash);
    if let Some(hash) = &vector.handshake_hash {
        assert_eq!(ours.handshake_hash, key(hash), "{}", vector.protocol_name);
    }
    check_transport(&ours, &theirs, transport, pattern.messages.len());
}

/// Puts the payload where the message will seal it.
fn place_payload(message: &mut [u8], payload: &[u8], writer: &Side, tokens: &[Token]) {
    let mut has_key = writer.noise.symmetric.tag_len() > 0;
    for token in tokens {
        has_key |= match token {
            E => writer.noise.pattern.has_psk(),
            S => false,
            _ => true,
        };
    }
    let tag_len = if has_key { aead::TAG_LEN } else { 0 };
    let start = message.len() - tag_len - payload.len();
    message[start..][..payload.len()].copy_from_slice(payload);
}

fn check_transport(
    initiator: &TransportKeys,
    responder: &TransportKeys,
    messages: &[Exchanged],
    handshake_len: usize,
) {
    for (number, exchanged) in messages.iter().enumerate() {
        let by_initiator = (handshake_len + number).is_multiple_of(2);
        let (writer, reader) =
            if by_initiator { (initiator, responder) } else { (responder, initiator) };
        let mut buffer = bytes(&exchanged.payload);
        buffer.extend([0; aead::TAG_LEN]);
        aead::seal(&writer.seal, number as u64 / 2, &[], &mut buffer);
        assert_eq!(buffer, bytes(&exchanged.ciphertext), "transport message {number}");
        assert!(aead::open(&reader.open, number as u64 / 2, &[], &mut buffer).is_ok());
    }
}

fn check_vectors(text: &str, expected: usize) {
    let vectors: Vectors = serde_json::from_str(text).expect("the file is well formed");
    let mut played = 0;
    for vector in &vectors.vectors {
        let pattern = PATTERNS.iter().find(|pattern| pattern.name == vector.protocol_name);
        if let Some(pattern) = pattern {
            play(pattern, vector);
            played += 1;
        }
    }
    assert_eq!(played, expected, "vectors are missing");
}

#[test]
fn cacophony_vectors() {
    check_vectors(include_str!("../../tests/vectors/cacophony.json"), 7);
}

#[test]
fn snow_vectors() {
    check_vectors(include_str!("../../tests/vectors/snow.json"), 7);
}

#[test]
fn the_patterns_of_the_protocol_are_among_those_in_the_vectors() {
    for pattern in [&IK_PSK0_PSK2, &XX_PSK0_PSK3] {
        let tested = PATTERNS.iter().find(|tested| tested.name == pattern.name);
        assert_eq!(tested, Some(pattern));
    }
}

const PSK: Key = [3; KEY_LEN];
const PROLOGUE: &[u8] = b"prologue";

fn ours(pattern: &'static Pattern, role: Role, psk: Key, seed: u8) -> Side {
    let (own, other) = secrets(role, seed);
    let knows = role == Role::Initiator && pattern.pre_message == PreMessage::ResponderStatic;
    let noise = Noise::new(Setup {
        pattern,
        role,
        prologue: PROLOGUE,
        psk,
        local_static: public(own),
        remote_static: knows.then(|| public(other)),
        ephemeral: [seed ^ 0x55 ^ role as u8; KEY_LEN],
    });
    Side { noise, secret: own, psks: vec![] }
}

/// A side's static secret, and the other side's.
fn secrets(role: Role, seed: u8) -> (Key, Key) {
    let (initiator, responder) = ([seed; KEY_LEN], [seed ^ 0xff; KEY_LEN]);
    match role {
        Role::Initiator => (initiator, responder),
        Role::Responder => (responder, initiator),
    }
}

fn snows(pattern: &Pattern, role: Role, psk: Key, seed: u8) -> snow::HandshakeState {
    let (own, other) = secrets(role, seed);
    let their_public = public(other);
    let last_psk = if pattern.messages.len() == 2 { 2 } else { 3 };
    let mut builder = snow::Builder::new(pattern.name.parse().expect("snow knows it"))
        .prologue(PROLOGUE)
        .and_then(|builder| builder.local_private_key(&own))
        .and_then(|builder| builder.psk(0, &psk))
        .and_then(|builder| builder.psk(last_psk, &psk))
        .expect("all set once");
    if role == Role::Initiator && pattern.pre_message == PreMessage::ResponderStatic {
        builder = builder.remote_public_key(&their_public).expect("set once");
    }
    match role {
        Role::Initiator => builder.build_initiator(),
        Role::Responder => builder.build_responder(),
    }
    .expect("complete")
}

/// The largest Noise message of the protocol.
const MESSAGE_LEN: usize = 152;

/// A whole handshake of ours with snow, every message with this payload.
fn play_with_snow(
    pattern: &'static Pattern,
    role: Role,
    seed: u8,
    payload: &[u8],
) -> Result<(), TestCaseError> {
    let other = if role == Role::Initiator { Role::Responder } else { Role::Initiator };
    let mut we = ours(pattern, role, PSK, seed);
    let mut they = snows(pattern, other, PSK, seed);
    for number in 0..pattern.messages.len() {
        let mut read = [0; MESSAGE_LEN];
        let mut written = [0; MESSAGE_LEN];
        if number.is_multiple_of(2) == (role == Role::Initiator) {
            let tokens = pattern.messages[number];
            // Every message of these has a key before its payload, and before a static key.
            let keys = tokens.iter().map(|token| match token {
                E => KEY_LEN,
                S => KEY_LEN + aead::TAG_LEN,
                _ => 0,
            });
            let start: usize = keys.sum();
            written[start..][..payload.len()].copy_from_slice(payload);
            let message = &mut written[..start + payload.len() + aead::TAG_LEN];
            we.message(message).unwrap();
            let len = they.read_message(message, &mut read).unwrap();
            prop_assert_eq!(&read[..len], payload);
        } else {
            let len = they.write_message(payload, &mut written).unwrap();
            we.message(&mut written[..len]).unwrap();
            let start = len - aead::TAG_LEN - payload.len();
            prop_assert_eq!(&written[start..][..payload.len()], payload);
        }
    }
    prop_assert_eq!(we.noise.remote_static(), Some(&public(secrets(other, seed).0)));
    agree_with_snow(&we.noise.split(), they)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn snow_answers_us(xx: bool, seed: u8, payload in prop::collection::vec(any::<u8>(), 0..56)) {
        let pattern = if xx { &XX_PSK0_PSK3 } else { &IK_PSK0_PSK2 };
        play_with_snow(pattern, Role::Initiator, seed, &payload)?;
    }

    #[test]
    fn we_answer_snow(xx: bool, seed: u8, payload in prop::collection::vec(any::<u8>(), 0..56)) {
        let pattern = if xx { &XX_PSK0_PSK3 } else { &IK_PSK0_PSK2 };
        play_with_snow(pattern, Role::Responder, seed, &payload)?;
    }
}

/// Both ends open what the other has sealed, and name the handshake alike.
fn agree_with_snow(
    ours: &TransportKeys,
    theirs: snow::HandshakeState,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(theirs.get_handshake_hash(), &ours.handshake_hash[..]);
    let mut theirs = theirs.into_transport_mode().unwrap();
    let mut sealed = *b"from us to snow................";
    aead::seal(&ours.seal, 0, &[], &mut sealed);
    let mut read = [0; 64];
    let len = theirs.read_message(&sealed, &mut read).unwrap();
    prop_assert_eq!(&read[..len], &b"from us to snow"[..]);
    let len = theirs.write_message(b"and back", &mut read).unwrap();
    prop_assert!(aead::open(&ours.open, 0, &[], &mut read[..len]).is_ok());
    prop_assert_eq!(&read[..8], &b"and back"[..]);
    Ok(())
}

#[test]
fn a_wrong_secret_fails_at_the_first_message() {
    for pattern in [&IK_PSK0_PSK2, &XX_PSK0_PSK3] {
        let mut initiator = ours(pattern, Role::Initiator, [1; KEY_LEN], 9);
        let mut responder = ours(pattern, Role::Responder, [2; KEY_LEN], 9);
        let mut hello = [0; MESSAGE_LEN];
        initiator.message(&mut hello).unwrap();
        assert_eq!(responder.message(&mut hello), Err(NoiseError::Unauthentic));
    }
}

#[test]
fn a_key_of_small_order_is_refused() {
    let mut responder = ours(&IK_PSK0_PSK2, Role::Responder, PSK, 9);
    assert_eq!(responder.message(&mut [0; MESSAGE_LEN]), Err(NoiseError::WeakKey));
}

#[test]
fn our_own_ephemeral_key_is_refused() {
    for pattern in [&IK_PSK0_PSK2, &XX_PSK0_PSK3] {
        let mut initiator = ours(pattern, Role::Initiator, PSK, 9);
        let mut message = [0; MESSAGE_LEN];
        initiator.message(&mut message).unwrap();
        assert_eq!(initiator.message(&mut message), Err(NoiseError::Reflected));
    }
}

#[test]
fn a_message_of_any_length_is_refused_without_panic() {
    for pattern in [&IK_PSK0_PSK2, &XX_PSK0_PSK3] {
        for len in 0..MESSAGE_LEN {
            let mut responder = ours(pattern, Role::Responder, PSK, 9);
            let refused = responder.message(&mut vec![1; len]);
            assert!(refused.is_err(), "{len} bytes: {refused:?}");
        }
    }
}
