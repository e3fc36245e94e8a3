//! Bystanders who replay, race and forge; paths and jobs that are slow.

use underpass_core::inspect;
use underpass_core::{Config, Counter, Duration, PeerState, Stale};

use crate::net::{A, B, Host, Net, Packet, address, network, path_to};

const HELLO: u8 = 1;

#[test]
fn a_replayed_hello_does_not_keep_its_receiver_from_dialling() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let mut recorded = net.wire.pop().unwrap();
    recorded.from = address(200);
    net.restart(A, 40);
    net.restart(B, 41);
    net.connect(B, A);
    net.run_past(Duration::from_secs(60), |net, packet| {
        if packet.bytes[0] == HELLO && packet.to == address(A) {
            let _ = net.handle(recorded.clone());
        }
        true
    });
    assert!(net.is_active(A, B) && net.is_active(B, A));
}

#[test]
fn a_copy_of_a_hello_that_is_faster_does_not_silence_the_original() {
    let mut net = Net::new(2);
    net.connect(A, B);
    net.run_past(Duration::from_secs(60), |net, packet| {
        if packet.bytes[0] == HELLO {
            let copy = Packet { from: address(200), ..packet.clone() };
            let _ = net.handle(copy);
        }
        true
    });
    assert!(net.is_active(A, B) && net.is_active(B, A));
}

#[test]
fn a_forged_welcome_does_not_end_the_retries() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let hello = net.wire.pop().unwrap();
    let mut forged = vec![0; 124];
    forged[..2].copy_from_slice(&[2, 1]);
    forged[8..12].copy_from_slice(&hello.bytes[4..8]);
    forged[12..44].fill(9);
    let key = inspect::mac1_key(&network(), Some(&net.hosts[A].id().agreement_key()));
    let mac1 = inspect::mac1(&key, &forged[..92]);
    forged[92..108].copy_from_slice(&mac1);
    let Host { node, keys, .. } = &mut net.hosts[A];
    node.handle_datagram(path_to(address(B)), &mut forged, net.now).unwrap();
    let job = node.poll_job().unwrap();
    // The job takes longer than the first retry.
    net.now = net.now + Duration::from_millis(260);
    node.handle_timeout(net.now);
    node.complete_job(job.run(keys), net.now).unwrap();
    net.collect(A);
    net.run_for(Duration::from_secs(1));
    assert!(net.is_active(A, B) && net.is_active(B, A));
}

#[test]
fn a_peer_that_comes_back_elsewhere_is_sent_payloads_once_it_has_answered_there() {
    let mut net = Net::connected();
    let old = net.hosts[A].address;
    net.restart(A, 50);
    net.hosts[A].address = address(77);
    net.connect(A, B);
    // Up to the Ping that confirms the session.
    for _ in 0..3 {
        let packet = net.wire.remove(0);
        net.handle(packet).unwrap();
    }
    let sent_to = |net: &mut Net| {
        let peer = net.peer(B, A).unwrap();
        net.hosts[B].seal(peer, b"where to?").unwrap().to
    };
    assert_eq!(sent_to(&mut net), old, "the new address is not proven yet");
    net.settle();
    assert_eq!(sent_to(&mut net), address(77));
}

#[test]
fn a_round_trip_of_four_seconds_connects_at_the_first_attempt() {
    let mut net = Net::new(2);
    net.connect(A, B);
    net.delay = Duration::from_secs(2);
    net.run_for(Duration::from_secs(60));
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert_eq!(net.hosts[A].node.counters().done(Counter::HandshakesBegun), 1);
}

#[test]
fn an_answered_handshake_whose_ping_is_lost_retries_on_schedule() {
    let mut net = Net::new(2);
    net.connect(A, B);
    for _ in 0..2 {
        let packet = net.wire.remove(0);
        net.handle(packet).unwrap();
    }
    let mut number = 0;
    net.run(Duration::from_secs(5), |_| {
        number += 1;
        false
    });
    let pings = net.hosts[A].node.counters().done(Counter::PingsSent);
    assert_eq!(pings, 7, "at 0, 250, 750, ... 4750 ms");
}

#[test]
fn the_shortest_interval_notices_a_dead_peer_too() {
    let mut net = Net::new(2);
    for host in [A, B] {
        let mut config = Config::new(network());
        config.ping_interval = Config::PING_INTERVAL_MIN;
        net.hosts[host] = Host::configured(host, config, host as u8 + 9, net.now);
    }
    net.connect(A, B);
    net.settle();
    net.run(Duration::from_secs(21), |_| false);
    assert_eq!(net.state(A, B), PeerState::Disconnected);
}

#[test]
fn a_result_for_another_node_is_stale() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let mut hello = net.wire.pop().unwrap();
    let mut other = Host::new(3, network(), 5, net.now);
    let path = path_to(address(B));
    other.node.connect(net.hosts[B].id(), path, net.now).unwrap();
    let Host { node, keys, .. } = &mut net.hosts[B];
    node.handle_datagram(path_to(hello.from), &mut hello.bytes, net.now).unwrap();
    // However far each of the two is, the other's result does not fit.
    while let (Some(theirs), Some(job)) = (other.node.poll_job(), node.poll_job()) {
        assert_eq!(node.complete_job(theirs.run(&other.keys), net.now), Err(Stale));
        node.complete_job(job.run(keys), net.now).unwrap();
        let Some(next) = other.node.poll_job() else { break };
        let _ = other.node.complete_job(next.run(&other.keys), net.now);
    }
}

#[test]
fn strangers_do_not_keep_the_application_from_its_own_peers() {
    let mut net = Net::new(6);
    for stranger in 1..5 {
        net.connect(stranger, A);
        net.settle();
    }
    net.connect(A, 5);
    net.settle();
    assert!(net.is_active(A, 5));
    let known = (1..5).filter(|&stranger| net.peer(A, stranger).is_some()).count();
    assert_eq!(known, 3, "one made room");
}
