//! What no test can wait for: that packets run out.

use super::*;
use crate::config::Config;
use crate::identity::SecretIdentity;
use crate::network::Network;
use crate::noise::TransportKeys;
use crate::path::{Path, Socket};
use crate::peer::PeerState;
use crate::session::handshake::Share;
use crate::{MAX_TRANSMIT, Node, session};

crate::storage! {
    struct Tiny {
        peers: 1, handshakes: 2, window_bits: 128,
        messages: 8, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 16, rumours: 2,
    }
}

const NOW: Instant = Instant::from_micros(5_000_000);

fn identity(number: u8) -> SecretIdentity {
    let mut draw = number;
    let identity = SecretIdentity::generate(|| {
        draw = draw.wrapping_add(2);
        [draw; 32]
    });
    identity.expect("every other one is usable").0
}

/// A node that has sent so many packets to its only peer, and now sends one more.
fn after_one_more_than(packets: u64) -> Node<Tiny> {
    let (own, other) = (identity(1), identity(2).id());
    let config = Config::new(Network::open("test"));
    let node = Node::new(config, own.id(), [0; 32], Tiny::EMPTY, NOW);
    let mut node = node.expect("the storage is sound");
    let path = Path { socket: Socket(0), remote: ([192, 0, 2, 1], 4747).into() };
    let peer = node.connect(other, path, NOW).expect("there is room");
    let mut cx = node.cx();
    let slot = cx.resolve(peer).expect("it is there");
    session::close(slot, &mut cx);
    let own_attempt = cx.peer(slot).initiating.expect("it was dialled");
    session::handshake::abandon(own_attempt, &mut cx);
    let handshake = cx.take_handshake(Share::Own).expect("there is room");
    let id = cx.take_session(handshake);
    cx.release_handshake(handshake);
    let keys = TransportKeys { seal: [1; 32], open: [2; 32], handshake_hash: [3; 32] };
    cx.session(id).install(keys, Role::Initiator, 7, NOW);
    cx.session(id).next_seal = packets;
    session::promote(slot, id, &mut cx);
    cx.peer(slot).enter(PeerState::Active, NOW);
    cx.peer(slot).ways.take(path.into());
    let mut out = [0; MAX_TRANSMIT];
    assert!(node.send_datagram(peer, b"one more", &mut out).is_ok());
    node.handle_timeout(NOW);
    node
}

#[test]
fn a_session_is_renewed_before_its_packets_run_out() {
    let begun = |node: &Node<Tiny>| node.counters().done(Counter::HandshakesBegun);
    assert_eq!(begun(&after_one_more_than(RENEWED_AFTER_PACKETS - 2)), 1, "the first call");
    assert_eq!(begun(&after_one_more_than(RENEWED_AFTER_PACKETS - 1)), 2);
}

#[test]
fn a_session_without_packets_is_refused() {
    let node = after_one_more_than(REFUSED_AFTER_PACKETS - 1);
    assert_eq!(node.counters().done(Counter::SessionsRefused), 1);
}
