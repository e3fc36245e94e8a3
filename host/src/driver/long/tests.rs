//! Parts in any order, too many of them, and nonsense.

use underpass_core::{Capacity, Config, HeapStorage, Network, Node, SecretIdentity};

use super::*;

const NOW: Instant = Instant::ORIGIN;

/// The handle of some peer.
fn peer() -> Peer {
    peers(1)[0]
}

/// Handles of peers: only a node makes them.
fn peers(count: usize) -> Vec<Peer> {
    let mut number = 0;
    let mut identity = || {
        let draw = || {
            number += 1;
            [number; 32]
        };
        SecretIdentity::generate(draw).expect("a usable key").0
    };
    let capacity = Capacity {
        peers: 8,
        handshakes: 2,
        window_bits: 128,
        messages: 2,
        message_window: 32,
        buffer: 1440,
        circuits: 0,
        punches: 1,
        records: 0,
        rumours: 0,
    };
    let own = identity();
    let config = Config::new(Network::open("test"));
    let storage = HeapStorage::new(capacity);
    let mut node = Node::new(config, own.id(), [1; 32], storage, NOW).expect("a capacity");
    (0..count).map(|_| node.connect(identity().id(), None, NOW).expect("room")).collect()
}

fn split(whole: u64, payload: &[u8]) -> Vec<Vec<u8>> {
    let head = |index| Head {
        whole,
        len: payload.len() as u32,
        index,
        kind: 7,
        purpose: LongPurpose::Request,
    };
    (0..parts(payload.len())).map(|index| head(index as u16).around(part(payload, index))).collect()
}

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

#[test]
fn parts_in_any_order_make_the_whole_once() {
    let (peer, payload) = (peer(), payload(5 * PART_LEN + 1));
    let mut assembly = Assembly::default();
    let mut wholes = Vec::new();
    for part in split(3, &payload).iter().rev() {
        if let Some(Brought::Whole(whole)) = assembly.take(peer, part, NOW) {
            wholes.push(whole);
        }
    }
    assert_eq!(wholes.len(), 1);
    assert!(wholes[0].payload == payload && wholes[0].kind == 7);
    assert_eq!(assembly.bytes, 0);
}

#[test]
fn what_one_peer_has_sent_in_part_is_bounded() {
    let peer = peer();
    let mut assembly = Assembly::default();
    let payload = payload(LONG_MAX);
    let mut begin = |whole| assembly.take(peer, &split(whole, &payload)[0], NOW);
    assert!(matches!(begin(1), Some(Brought::More)));
    assert!(matches!(begin(2), Some(Brought::More)));
    assert!(matches!(begin(3), Some(Brought::Refused(3))));
}

#[test]
fn what_never_ends_is_forgotten() {
    let peer = peer();
    let mut assembly = Assembly::default();
    assembly.take(peer, &split(1, &payload(2 * PART_LEN))[0], NOW);
    assembly.expire(NOW + FORGOTTEN_AFTER);
    assert_eq!(assembly.bytes, 2 * PART_LEN);
    assembly.expire(NOW + FORGOTTEN_AFTER + Duration::from_micros(1));
    assert_eq!(assembly.bytes, 0);
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let peer = peer();
    let mut assembly = Assembly::default();
    assembly.take(peer, &split(1, &payload(2 * PART_LEN))[0], NOW);
    let other = &split(1, &payload(3 * PART_LEN))[1];
    assert!(matches!(assembly.take(peer, other, NOW), Some(Brought::Refused(1))));
    assert!(assembly.take(peer, b"", NOW).is_none());
    assert_eq!(assembly.bytes, 0);
}

#[test]
fn a_part_that_comes_again_keeps_nothing_alive() {
    let (peer, payload) = (peer(), payload(3 * PART_LEN));
    let mut assembly = Assembly::default();
    let parts = split(3, &payload);
    for _ in 0..2 {
        assert!(matches!(assembly.take(peer, &parts[0], NOW), Some(Brought::More)));
        assembly.take(peer, &parts[0], NOW + FORGOTTEN_AFTER);
    }
    assembly.expire(NOW + FORGOTTEN_AFTER + Duration::from_micros(1));
    assert_eq!(assembly.bytes, 0);
}

#[test]
fn what_does_not_go_on_makes_room_for_what_does() {
    let peers = peers(5);
    let mut assembly = Assembly::default();
    let long = payload(LONG_MAX);
    for peer in &peers[..4] {
        for whole in [1, 2] {
            let begun = assembly.take(*peer, &split(whole, &long)[0], NOW);
            assert!(matches!(begun, Some(Brought::More)));
        }
    }
    let small = split(3, &payload(2 * PART_LEN));
    let soon = assembly.take(peers[4], &small[0], NOW + Assembly::STALLED_AFTER);
    assert!(matches!(soon, Some(Brought::Refused(3))));
    let later = NOW + Assembly::STALLED_AFTER + Duration::from_micros(1);
    assert!(matches!(assembly.take(peers[4], &small[0], later), Some(Brought::More)));
    assert_eq!(assembly.take_pushed_out(), Some((peers[0], 1)));
    assert_eq!(assembly.take_pushed_out(), None);
}
