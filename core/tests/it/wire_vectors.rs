//! The test vectors in `docs/wire.md` are what this code makes.

use std::fmt::Write;
use std::path::Path;

use underpass_core::inspect::{
    RecordDraft, Scripted, mac1_key, noise_inputs, seal, signed_broadcast,
};
use underpass_core::{Broadcast, MAX_DATAGRAM, Network, SecretIdentity, Tag};

use crate::net::identity_and_seed;

const BEGIN: &str = "<!-- vectors: begin -->\n```text\n";
const END: &str = "```\n<!-- vectors: end -->\n";

#[test]
fn the_vectors_in_the_document_are_what_this_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/wire.md");
    let document = std::fs::read_to_string(&path).expect("the document is there");
    let (front, rest) = document.split_once(BEGIN).expect("the document has vectors");
    let (documented, back) = rest.split_once(END).expect("the vectors end");
    let made = vectors();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, format!("{front}{BEGIN}{made}{END}{back}"))
            .expect("it can be written");
    } else {
        assert_eq!(
            documented, made,
            "UPDATE_VECTORS=1 writes the new ones; is it still version 1?"
        );
    }
}

fn vectors() -> String {
    let mut text = String::new();
    let network = Network::closed("vectors", [0x11; 32]);
    let (psk, prologue) = noise_inputs(&network);
    line(&mut text, "network name", b"vectors");
    line(&mut text, "psk", &psk);
    line(&mut text, "prologue", &prologue);
    let identities = [identity_and_seed(0), identity_and_seed(1)];
    for (side, (keys, seed)) in ["initiator", "responder"].into_iter().zip(&identities) {
        line(&mut text, &format!("{side} Ed25519 seed"), seed);
        describe(&mut text, side, keys, &network);
    }
    let keys = identities.each_ref().map(|(keys, _)| keys);
    let ephemerals = [[0x22; 32], [0x33; 32]];
    let indices = [0x0102_0304, 0x0506_0708];
    let script = Scripted { network: &network, keys, ephemerals, indices };
    line(&mut text, "initiator ephemeral secret", &ephemerals[0]);
    line(&mut text, "responder ephemeral secret", &ephemerals[1]);
    line(&mut text, "initiator index", &indices[0].to_le_bytes());
    line(&mut text, "responder index", &indices[1].to_le_bytes());
    let transcript = script.transcript();
    line(&mut text, "Hello, IK", &transcript.hello);
    line(&mut text, "Welcome, IK", &transcript.welcome);
    line(&mut text, "handshake hash", &transcript.handshake_hash);
    line(&mut text, "key to responder", &transcript.to_responder);
    line(&mut text, "key to initiator", &transcript.to_initiator);
    let ping = [1, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0];
    let pong = [2, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0];
    sealed(&mut text, "Ping, counter 0", &transcript.to_responder, indices[1], 0, &ping);
    sealed(&mut text, "Pong, counter 0", &transcript.to_initiator, indices[0], 0, &pong);
    sealed(&mut text, "Datagram, counter 1", &transcript.to_responder, indices[1], 1, b"\0hello");
    let mut message = [0; 33];
    message[..3].copy_from_slice(&[3, 1, 7]);
    (message[4], message[8], message[16], message[24]) = (5, 9, 4, 2);
    message[28..].copy_from_slice(b"hello");
    let ack = [4, 4, 0b1011, 0xa8, 0x46];
    sealed(&mut text, "Message, counter 2", &transcript.to_responder, indices[1], 2, &message);
    sealed(&mut text, "Ack, counter 1", &transcript.to_initiator, indices[0], 1, &ack);
    gossip(&mut text, &network, keys);
    let transcript = script.transcript_by_address();
    line(&mut text, "Hello, XX", &transcript.hello);
    line(&mut text, "Welcome, XX", &transcript.welcome);
    line(&mut text, "Confirm", &transcript.confirm.expect("the pattern has one"));
    line(&mut text, "handshake hash", &transcript.handshake_hash);
    line(&mut text, "key to responder", &transcript.to_responder);
    line(&mut text, "key to initiator", &transcript.to_initiator);
    text
}

/// What the responder says of itself, and to everybody.
fn gossip(text: &mut String, network: &Network, [relay, owner]: [&SecretIdentity; 2]) {
    let tag = Tag::new(network, "films");
    let draft = RecordDraft {
        sequence: 300,
        is_relay: true,
        addresses: &["192.0.2.1:4747".parse().expect("it is one")],
        relays: &[relay.id()],
        tags: &[tag],
        ..RecordDraft::default()
    };
    line(text, "responder record", &draft.sign(network, &owner.id(), owner));
    let broadcast = Broadcast { origin: owner.id(), kind: 7, payload: b"hello" };
    let signed = signed_broadcast(network, owner, &broadcast, (3, 9));
    line(text, "responder broadcast", &signed);
}

fn describe(text: &mut String, side: &str, keys: &SecretIdentity, network: &Network) {
    let id = keys.id();
    writeln!(text, "{side} PeerId\n  {id}").expect("a string takes everything");
    line(text, &format!("{side} Ed25519 public key"), id.as_bytes());
    line(text, &format!("{side} X25519 public key"), &id.agreement_key());
    line(text, &format!("{side} mac1 key"), &mac1_key(network, Some(&id.agreement_key())));
}

fn sealed(text: &mut String, name: &str, key: &[u8; 32], index: u32, counter: u64, content: &[u8]) {
    let mut out = [0; MAX_DATAGRAM];
    let len = seal(key, index, counter, content, &mut out);
    line(text, name, &out[..len]);
}

/// The name, then the bytes in rows of 32.
fn line(text: &mut String, name: &str, bytes: &[u8]) {
    writeln!(text, "{name}").expect("a string takes everything");
    for row in bytes.chunks(32) {
        let hex: String = row.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "  {hex}").expect("a string takes everything");
    }
}
