//! Peers of whom only an address is known.

use underpass_core::{Counter, Dropped, Duration, Event, Network, PeerState};

use crate::net::{A, B, Host, Net, address};

#[test]
fn an_address_is_enough() {
    let mut net = Net::new(2);
    let peer = net.connect_address(A, B);
    assert_eq!(net.hosts[A].node.peer_id(peer), Ok(None), "nobody knows yet");
    net.settle();
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert_eq!(net.hosts[A].node.peer_id(peer), Ok(Some(net.hosts[B].id())));
    assert!(net.hosts[A].events.contains(&Event::Connected(peer)));
}

#[test]
fn both_ends_name_the_handshake_alike() {
    let mut net = Net::new(2);
    net.connect_address(A, B);
    net.settle();
    let hash = |net: &mut Net, of, other| {
        let peer = net.peer(of, other).unwrap();
        net.hosts[of].node.handshake_hash(peer).unwrap().expect("there is a session")
    };
    assert_eq!(hash(&mut net, A, B), hash(&mut net, B, A));
}

#[test]
fn every_message_of_it_may_be_lost_once() {
    for lost in 0..6 {
        let mut net = Net::new(2);
        net.connect_address(A, B);
        let mut number = 0;
        net.run(Duration::from_secs(4), |_| {
            number += 1;
            number != lost + 1
        });
        assert!(net.is_active(A, B) && net.is_active(B, A), "datagram {lost} was lost");
    }
}

#[test]
fn whoever_was_reached_by_address_is_dialled_by_key_from_then_on() {
    let mut net = Net::new(2);
    net.connect_address(A, B);
    net.settle();
    net.run(Duration::from_secs(60), |_| false);
    assert_eq!(net.state(A, B), PeerState::Disconnected);
    let mut kinds = Vec::new();
    net.run(Duration::from_secs(120), |packet| {
        kinds.push(packet.bytes[0]);
        true
    });
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert!(kinds.contains(&1) && !kinds.contains(&3), "{kinds:?}");
}

#[test]
fn nobody_at_the_address_is_asked_again_and_again() {
    let mut net = Net::new(2);
    net.connect_address(A, B);
    net.run(Duration::from_secs(20), |_| false);
    net.run_for(Duration::from_secs(60));
    assert!(net.is_active(A, B));
}

#[test]
fn a_call_by_address_can_be_called_off() {
    let mut net = Net::new(2);
    let peer = net.connect_address(A, B);
    net.wire.clear();
    let now = net.now;
    net.hosts[A].node.close(peer, now).expect("it is known by its handle");
    assert!(net.hosts[A].node.poll_timeout().is_none());
    assert!(net.hosts[A].node.peer_id(peer).is_err());
}

#[test]
fn the_same_address_is_one_peer() {
    let mut net = Net::new(2);
    assert_eq!(net.connect_address(A, B), net.connect_address(A, B));
}

#[test]
fn an_address_that_proves_to_be_a_known_peer_leads_to_that_one() {
    let mut net = Net::connected();
    let known = net.peer(A, B).unwrap();
    net.hosts[A].events.clear();
    let asked = net.connect_address(A, B);
    net.settle();
    assert!(net.hosts[A].node.peer_id(asked).is_err(), "there is nobody else");
    assert!(net.hosts[A].events.contains(&Event::Connected(known)));
    assert!(net.is_active(A, B));
}

#[test]
fn a_known_peer_found_at_a_new_address_is_connected_there() {
    let mut net = Net::connected();
    net.hosts[B].address = address(7);
    net.run(Duration::from_secs(60), |_| false);
    net.connect_address(A, B);
    net.run_for(Duration::from_secs(2));
    assert!(net.is_active(A, B));
}

#[test]
fn two_that_call_each_other_by_address_end_with_one_session() {
    let mut net = Net::new(2);
    net.connect_address(A, B);
    net.connect_address(B, A);
    net.run_for(Duration::from_secs(60));
    assert!(net.is_active(A, B) && net.is_active(B, A));
    let peers = [net.peer(A, B).unwrap(), net.peer(B, A).unwrap()];
    let hash = |host: usize| net.hosts[host].node.handshake_hash(peers[host]).unwrap();
    assert_eq!(hash(A), hash(B));
}

#[test]
fn a_node_does_not_take_itself_for_a_peer() {
    let mut net = Net::new(1);
    net.connect_address(A, A);
    net.run_for(Duration::from_secs(10));
    let counters = net.hosts[A].node.counters();
    assert!(counters.dropped(Dropped::OwnIdentity) > 0);
    assert_eq!(counters.done(Counter::HandshakesConfirmed), 0);
}

#[test]
fn another_network_does_not_answer() {
    let mut net = Net::new(2);
    net.hosts[B] = Host::new(B, Network::closed("test", [8; 32]), 1, net.now);
    net.connect_address(A, B);
    net.run_for(Duration::from_secs(10));
    assert_eq!(net.hosts[B].node.counters().done(Counter::DatagramsSent), 0);
    assert!(net.hosts[B].node.counters().dropped(Dropped::WrongMac1) > 0);
}

#[test]
fn a_recorded_call_by_address_makes_no_peer() {
    let mut net = Net::new(2);
    net.connect_address(A, B);
    let hello = net.wire[0].clone();
    net.settle();
    net.restart(B, 9);
    net.handle(hello).expect("it looks like any other");
    net.wire.clear();
    assert!(net.peer(B, A).is_none());
    net.run(Duration::from_secs(10), |packet| packet.to != address(B));
    assert!(net.peer(B, A).is_none(), "its sender never proved to be there");
}

#[test]
fn a_peer_that_seems_active_and_is_found_elsewhere_is_met_there() {
    let mut net = Net::connected();
    net.run_for(Duration::from_secs(3));
    net.restart(B, 44);
    net.hosts[B].address = address(7);
    net.connect_address(A, B);
    net.run_for(Duration::from_secs(60));
    assert!(net.is_active(A, B) && net.is_active(B, A));
}
