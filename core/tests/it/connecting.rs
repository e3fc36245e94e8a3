//! From strangers to a session.

use underpass_core::{
    ConnectError, Counter, Duration, Event, MAX_PAYLOAD, MAX_TRANSMIT, Network, Route, SendError,
};

use crate::net::{A, B, Host, Net, address, path_to};

#[test]
fn two_nodes_connect_and_talk_both_ways() {
    let mut net = Net::connected();
    for (from, to) in [(A, B), (B, A)] {
        let peer = net.peer(from, to).unwrap();
        let packet = net.hosts[from].seal(peer, b"hello").unwrap();
        assert!(
            !packet.bytes.windows(5).any(|window| window == b"hello"),
            "it travels in the clear"
        );
        net.handle(packet).unwrap();
    }
    assert_eq!(net.hosts[A].payloads, [b"hello"]);
    assert_eq!(net.hosts[B].payloads, [b"hello"]);
}

#[test]
fn both_hear_of_the_connection_once_and_of_its_round_trip() {
    let net = Net::connected();
    for host in &net.hosts {
        assert!(matches!(
            host.events[..],
            [Event::Connected(a), Event::Route(b, Route::Direct(_)), Event::RoundTrip(c, _)]
                if a == b && b == c
        ));
    }
}

#[test]
fn both_ends_hold_the_same_handshake_hash() {
    let mut net = Net::connected();
    let (ab, ba) = (net.peer(A, B).unwrap(), net.peer(B, A).unwrap());
    let hash = net.hosts[A].node.handshake_hash(ab).unwrap();
    assert!(hash.is_some());
    assert_eq!(hash, net.hosts[B].node.handshake_hash(ba).unwrap());
}

#[test]
fn no_answer_is_larger_than_the_question() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let hello = net.wire.pop().unwrap();
    assert_eq!(hello.bytes.len(), 192);
    net.handle(hello).unwrap();
    assert_eq!(net.wire.len(), 1);
    assert_eq!(net.wire[0].bytes.len(), 124);
}

/// The answer came when the question was four seconds old, and the proof was lost for two more: by then
/// the other end had forgotten what it was about.
#[test]
fn who_was_answered_late_has_its_time_to_prove_that_it_is_there() {
    const WELCOME: u8 = 2;
    const SEALED: u8 = 16;
    let mut net = Net::new(2);
    net.connect(A, B);
    net.run(Duration::from_secs(4), |packet| packet.bytes[0] != WELCOME);
    net.run(Duration::from_secs(2), |packet| packet.bytes[0] != SEALED);
    assert!(!net.is_active(A, B) && !net.is_active(B, A));
    net.run_for(Duration::from_secs(2));
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert_eq!(net.hosts[A].node.counters().done(Counter::HandshakesBegun), 1);
}

#[test]
fn a_lost_hello_is_repeated_byte_by_byte_on_schedule() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let begun = net.now;
    let mut sent = Vec::new();
    let first = net.wire[0].bytes.clone();
    for _ in 0..7 {
        let packet = net.wire.pop().unwrap();
        assert_eq!(packet.bytes, first);
        sent.push(net.now.saturating_since(begun).as_micros() / 1000);
        net.now = net.hosts[A].node.poll_timeout().unwrap().at;
        net.hosts[A].node.handle_timeout(net.now);
        net.collect(A);
    }
    assert_eq!(sent, [0, 250, 750, 1750, 2750, 3750, 4750]);
}

#[test]
fn a_repeated_hello_gets_the_same_welcome() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let hello = net.wire.pop().unwrap();
    net.handle(hello.clone()).unwrap();
    let welcome = net.wire.pop().unwrap();
    net.handle(hello).unwrap();
    assert_eq!(net.wire.pop().unwrap().bytes, welcome.bytes);
}

#[test]
fn a_hello_alone_changes_nothing_that_can_be_seen() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let hello = net.wire.pop().unwrap();
    net.handle(hello).unwrap();
    net.wire.clear();
    assert_eq!(net.peer(B, A), None);
    net.run(Duration::from_secs(6), |_| false);
    assert_eq!(net.peer(B, A), None);
    assert!(net.hosts[B].events.is_empty());
}

#[test]
fn simultaneous_opens_end_in_one_session() {
    let mut net = Net::new(2);
    net.connect(A, B);
    net.connect(B, A);
    net.settle();
    assert!(net.is_active(A, B) && net.is_active(B, A));
    let (ab, ba) = (net.peer(A, B).unwrap(), net.peer(B, A).unwrap());
    assert_eq!(net.hosts[A].node.handshake_hash(ab), net.hosts[B].node.handshake_hash(ba));
}

#[test]
fn another_network_gets_no_answer() {
    for other in
        [Network::closed("test", [8; 32]), Network::closed("other", [7; 32]), Network::open("test")]
    {
        let mut net = Net::new(2);
        net.hosts[B] = Host::new(B, other, 9, net.now);
        net.connect(A, B);
        let hello = net.wire.pop().unwrap();
        assert!(net.handle(hello).is_err());
        assert!(net.wire.is_empty());
    }
}

#[test]
fn a_payload_of_the_largest_size_fits_and_one_more_byte_does_not() {
    let mut net = Net::connected();
    let peer = net.peer(A, B).unwrap();
    let node = &mut net.hosts[A].node;
    let mut out = [0; MAX_TRANSMIT];
    assert!(node.send_datagram(peer, &[1; MAX_PAYLOAD], &mut out).is_ok());
    let refused = node.send_datagram(peer, &[1; MAX_PAYLOAD + 1], &mut out);
    assert_eq!(refused, Err(SendError::TooLong));
}

#[test]
fn nothing_is_sent_to_a_peer_that_has_not_answered() {
    let mut net = Net::new(2);
    let peer = net.connect(A, B);
    let refused = net.hosts[A].node.send_datagram(peer, b"early", &mut [0; MAX_TRANSMIT]);
    assert_eq!(refused, Err(SendError::NotConnected));
}

#[test]
fn a_node_does_not_dial_itself() {
    let mut net = Net::new(1);
    let (id, path) = (net.hosts[A].id(), path_to(net.hosts[A].address));
    let refused = net.hosts[A].node.connect(id, path, net.now);
    assert_eq!(refused, Err(ConnectError::OwnIdentity));
}

#[test]
fn a_full_table_refuses_and_a_closed_peer_makes_room() {
    let mut net = Net::new(6);
    let first = net.connect(A, 1);
    for other in 2..5 {
        net.connect(A, other);
    }
    let (id, path, now) = (net.hosts[5].id(), path_to(net.hosts[5].address), net.now);
    let node = &mut net.hosts[A].node;
    assert_eq!(node.connect(id, path, now), Err(ConnectError::Full));
    node.close(first, now).unwrap();
    assert!(node.connect(id, path, now).is_ok());
    assert!(node.peer_id(first).is_err(), "the old handle still works");
}

#[test]
fn an_old_address_does_not_lead_a_peer_away_that_is_calling() {
    let mut net = Net::new(2);
    net.connect(A, B);
    for _ in 0..3 {
        let packet = net.wire.remove(0);
        net.handle(packet).expect("Hello, Welcome, Ping");
    }
    // B's own Ping is lost, and its application asks for A where A no longer is.
    net.wire.clear();
    let (id, now) = (net.hosts[A].id(), net.now);
    net.hosts[B].node.connect(id, path_to(address(99)), now).expect("it is known");
    net.run_for(Duration::from_secs(2));
    assert!(net.is_active(B, A));
}

#[test]
fn a_node_lists_the_peers_that_it_knows() {
    let mut net = Net::connected();
    let known = |net: &Net| net.hosts[A].node.peers_known().collect::<Vec<_>>();
    let peer = net.peer(A, B).unwrap();
    assert_eq!(known(&net), [peer]);
    let now = net.now;
    let called = net.hosts[A].node.connect_address(path_to(address(3)), now).unwrap();
    assert!(known(&net).contains(&called));
    net.hosts[A].node.close(peer, now).unwrap();
    assert_eq!(known(&net), [called]);
}
