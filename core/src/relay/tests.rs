use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::vec::Vec;

use super::said::{hear, review_attested};
use super::search::first_asked;
use super::*;
use crate::lifecycle;
use crate::paths::Ways;
use crate::peer::Peer;
use crate::receive::tests::with_own_echo;
use crate::time::{Duration, Instant};
use crate::way::Circuit;
use crate::{Config, Network, Node, SecretIdentity};

const PEER: u16 = 0;

fn peer(slot: u16) -> Peer {
    Peer { slot, generation: 0 }
}

fn circuit(relay: u16) -> Circuit {
    Circuit { relay: peer(relay), number: 7 }
}

fn at(number: u8) -> Attested {
    Attested::new(Some(SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, number), 4747)), None)
}

#[test]
fn each_secret_has_its_turn_at_each_relay() {
    let mut attempts = 0;
    let mut turns = Vec::new();
    for _ in 0..1000 {
        turns.push((first_asked(attempts), attempts % 2));
        attempts = lifecycle::one_more(attempts);
    }
    for some in turns.windows(4 * RELAYS) {
        assert_eq!(some.iter().collect::<BTreeSet<_>>().len(), 2 * RELAYS);
    }
}

#[test]
fn another_relay_does_not_say_where_a_peer_is_that_is_reached() {
    with_own_echo(|cx, _| {
        cx.peer(PEER).ways = Ways::NONE;
        hear(PEER, circuit(8), at(1), cx);
        hear(PEER, circuit(9), at(2), cx);
        assert_eq!(cx.peer(PEER).relaying.attested, at(2), "nothing is known yet");
        cx.peer(PEER).ways.take(Way::Relayed(circuit(8)));
        review_attested(PEER, cx);
        assert_eq!(cx.peer(PEER).relaying.attested, at(1));
        for number in 3..6 {
            hear(PEER, Circuit { number: number.into(), ..circuit(9) }, at(number), cx);
            assert_eq!(cx.peer(PEER).relaying.attested, at(1));
        }
        hear(PEER, circuit(8), at(7), cx);
        assert_eq!(cx.peer(PEER).relaying.attested, at(7), "it has moved");
    });
}

#[test]
fn whoever_carries_a_peer_after_the_first_relay_says_where_it_is() {
    with_own_echo(|cx, _| {
        cx.peer(PEER).ways = Ways::NONE;
        cx.peer(PEER).ways.take(Way::Relayed(circuit(8)));
        hear(PEER, circuit(9), at(2), cx);
        assert_eq!(cx.peer(PEER).relaying.attested, at(2), "the first has said nothing");
        hear(PEER, circuit(8), at(1), cx);
        hear(PEER, circuit(9), at(3), cx);
        assert_eq!(cx.peer(PEER).relaying.attested, at(1));
        cx.peer(PEER).ways.take(Way::Relayed(circuit(9)));
        cx.peer(PEER).ways.remove(Way::Relayed(circuit(8)), Instant::ORIGIN);
        review_attested(PEER, cx);
        assert_eq!(cx.peer(PEER).relaying.attested, at(3));
    });
}

crate::storage! {
    /// A relay for two pairs.
    struct Small {
        peers: 1, handshakes: 2, window_bits: 128,
        messages: 8, message_window: 32, buffer: 16384, circuits: 2, punches: 1, records: 16, rumours: 2,
    }
}

#[test]
fn one_of_a_pair_is_offered_the_other_a_few_times_a_second() {
    let mut seed = 0;
    let identity = SecretIdentity::generate(|| {
        seed += 1;
        [seed; 32]
    });
    let id = identity.expect("every other one is usable").0.id();
    let config = Config::new(Network::open("test"));
    let node = Node::new(config, id, [0; 32], Small::EMPTY, Instant::ORIGIN);
    let mut node = node.expect("the storage is sound");
    let cx = &mut node.cx();
    let (pair, others) = ([1, 2].map(peer), [3, 4].map(peer));
    let mut offers = 0;
    for _ in 0..1000 {
        cx.state.now = cx.state.now + Duration::from_millis(1);
        let now = cx.now();
        // It is refused at once, and others are asked for in between.
        for ends in [pair, others] {
            if !circuits::is_too_soon(ends, cx) {
                let slot = circuits::take(ends, true, false, cx).expect("there is room");
                cx.circuit(slot).offer(now);
                offers += u32::from(ends == pair);
                circuits::release(slot, cx);
            }
        }
    }
    assert!((4..=5).contains(&offers), "{offers}");
}

#[test]
fn peers_of_other_networks_have_half_of_the_places_at_most() {
    assert_eq!([1, 2, 3, 4, 128].map(circuits::foreign_share), [1, 1, 1, 2, 64]);
}
