//! Whom a node deals with.

use underpass_core::{Access, Dropped, Duration, PeerState, Use, Whom};

use crate::net::{A, B, Net, Packet, address, path_to};

fn answers(whom: Whom) -> Access {
    Access { answers: whom, ..Access::DEFAULT }
}

fn allow(net: &mut Net, host: usize, other: usize) {
    let (id, now) = (net.hosts[other].id(), net.now);
    net.hosts[host].node.allow(id, now).expect("there is room");
}

#[test]
fn a_node_with_a_list_answers_who_is_on_it_and_nobody_else() {
    let mut net = Net::new(3);
    let now = net.now;
    net.hosts[B].node.set_access(answers(Whom::Listed), now);
    allow(&mut net, B, A);
    net.connect(A, B);
    net.connect(2, B);
    net.run_for(Duration::from_secs(20));
    assert!(net.is_active(A, B));
    assert!(!net.is_active(2, B) && net.peer(B, 2).is_none());
    assert!(net.hosts[B].node.counters().dropped(Dropped::NotAllowed) > 0);
}

#[test]
fn a_node_that_answers_nobody_still_reaches_whom_it_asks_for() {
    let mut net = Net::new(2);
    let now = net.now;
    net.hosts[A].node.set_access(answers(Whom::Nobody), now);
    net.connect(B, A);
    net.run_for(Duration::from_secs(10));
    assert!(!net.is_active(B, A));
    net.connect(A, B);
    net.run_for(Duration::from_secs(10));
    assert!(net.is_active(A, B));
}

#[test]
fn who_knows_only_an_address_is_answered_where_everybody_is() {
    let mut net = Net::new(2);
    let now = net.now;
    net.hosts[B].node.set_access(answers(Whom::Listed), now);
    allow(&mut net, B, A);
    net.connect_address(A, B);
    let sent =
        |net: &Net| net.hosts[B].node.counters().done(underpass_core::Counter::DatagramsSent);
    net.run_for(Duration::from_secs(4));
    assert_eq!(sent(&net), 0);
    let now = net.now;
    net.hosts[B].node.set_access(answers(Whom::Network), now);
    net.run_for(Duration::from_secs(10));
    assert!(net.is_active(A, B));
}

#[test]
fn a_peer_that_is_no_longer_answered_is_gone_at_once() {
    let mut net = Net::connected();
    let now = net.now;
    net.hosts[B].node.set_access(answers(Whom::Pinned), now);
    assert_eq!(net.state(B, A), PeerState::Disconnected);
    net.run_for(Duration::from_secs(60));
    assert_eq!(net.state(B, A), PeerState::Disconnected);
    let now = net.now;
    net.hosts[B].node.set_access(answers(Whom::Network), now);
    net.run_for(Duration::from_secs(100));
    assert!(net.is_active(B, A));
}

#[test]
fn payloads_are_taken_from_those_whom_the_policy_names() {
    let mut net = Net::connected();
    let send = |net: &mut Net| {
        let peer = net.peer(A, B).unwrap();
        let sent = net.hosts[A].seal(peer, b"hello").unwrap();
        net.handle(sent)
    };
    let now = net.now;
    let access = Access { messages: Whom::Listed, ..Access::DEFAULT };
    net.hosts[B].node.set_access(access, now);
    assert_eq!(send(&mut net), Err(Dropped::NotAllowed));
    assert!(net.hosts[B].payloads.is_empty());
    allow(&mut net, B, A);
    assert_eq!(send(&mut net), Ok(()));
    assert!(net.is_active(B, A));
}

#[test]
fn a_relay_can_be_asked_whom_it_serves() {
    let mut net = Net::connected();
    let peer = net.peer(A, B).unwrap();
    let may = |net: &Net| net.hosts[A].node.allows(Use::Relays, peer).expect("it is known");
    assert!(!may(&net), "for nobody unless told so");
    let now = net.now;
    let access = Access { relays: Whom::Pinned, ..Access::DEFAULT };
    net.hosts[A].node.set_access(access, now);
    assert!(may(&net), "A has asked for B");
}

#[test]
fn a_node_that_answers_nobody_does_not_show_that_it_is_there() {
    let mut net = Net::new(5);
    let now = net.now;
    net.hosts[B].node.set_access(answers(Whom::Nobody), now);
    for caller in [A, 2, 3] {
        net.connect(caller, B);
    }
    net.connect_address(4, B);
    // Nor to junk that looks like a packet of a session, for which no secret is needed.
    let mut junk = vec![16, 0, 0, 0, 9, 9, 9, 9];
    junk.resize(32, 0);
    net.wire.push(Packet { from: address(9), to: address(B), bytes: junk });
    // All before it has done any work.
    for mut packet in std::mem::take(&mut net.wire) {
        let path = path_to(packet.from);
        let _ = net.hosts[B].node.handle_datagram(path, &mut packet.bytes, now);
    }
    net.collect(B);
    assert!(net.wire.is_empty(), "{:?}", net.wire);
}

#[test]
fn a_change_of_mind_ends_handshakes_that_are_under_way() {
    let mut net = Net::new(2);
    net.connect_address(A, B);
    let mut hello = net.wire.pop().expect("A calls");
    let (again, now) = (hello.clone(), net.now);
    let path = path_to(hello.from);
    net.hosts[B].node.handle_datagram(path, &mut hello.bytes, now).expect("B answers everybody");
    net.hosts[B].node.set_access(answers(Whom::Listed), now);
    net.collect(B);
    assert!(net.wire.is_empty(), "it would show B's key");
    assert_eq!(net.handle(again), Err(Dropped::NotAllowed));
    assert!(net.wire.is_empty());
}
