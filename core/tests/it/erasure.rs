//! Secrets that have served are nowhere in a node's memory.

use std::fs::File;
use std::os::unix::fs::FileExt;

use underpass_core::Duration;
use underpass_core::inspect::{SecretKind, each_secret};

use crate::net::{A, B, Net, TestNode, path_to};

/// The bytes that a node consists of, as they are.
fn memory(node: &TestNode) -> Vec<u8> {
    let mut bytes = vec![0; size_of_val(node)];
    let address = std::ptr::from_ref(node).addr();
    let memory = File::open("/proc/self/mem").expect("a process may read its own memory");
    memory.read_exact_at(&mut bytes, address as u64).expect("the node is there");
    bytes
}

fn holds(node: &TestNode, secret: &[u8; 32]) -> bool {
    memory(node).windows(secret.len()).any(|window| window == secret)
}

/// The secrets of a kind that a node holds; all of them are found in its memory.
fn secrets(net: &mut Net, host: usize, kind: SecretKind) -> Vec<[u8; 32]> {
    let node = &mut net.hosts[host].node;
    let mut secrets = Vec::new();
    each_secret(node, |of, secret| {
        if of == kind && *secret != [0; 32] {
            secrets.push(*secret);
        }
    });
    assert!(secrets.iter().all(|secret| holds(node, secret)), "the search finds nothing");
    secrets
}

fn assert_gone(net: &Net, host: usize, secrets: &[[u8; 32]]) {
    assert!(!secrets.is_empty());
    for (number, secret) in secrets.iter().enumerate() {
        assert!(!holds(&net.hosts[host].node, secret), "number {number} of {}", secrets.len());
    }
}

/// Everything that both ends of a handshake held at any time is gone with it, but for the network's
/// secret.
fn handshake_leaves_nothing(begin: impl Fn(&mut Net)) {
    let mut net = Net::new(2);
    begin(&mut net);
    let mut held = [Vec::new(), Vec::new()];
    held[A].extend(secrets(&mut net, A, SecretKind::Handshake));
    while !net.wire.is_empty() {
        let mut packet = net.wire.remove(0);
        let to = if packet.to == net.hosts[A].address { A } else { B };
        let path = path_to(packet.from);
        let _ = net.hosts[to].node.handle_datagram(path, &mut packet.bytes, net.now);
        held[to].extend(secrets(&mut net, to, SecretKind::Handshake));
        while let Some(job) = net.hosts[to].node.poll_job() {
            let done = job.run(&net.hosts[to].keys);
            net.hosts[to].node.complete_job(done, net.now).expect("it is waited for");
            held[to].extend(secrets(&mut net, to, SecretKind::Handshake));
        }
        net.collect(to);
    }
    assert!(net.is_active(A, B) && net.is_active(B, A));
    for host in [A, B] {
        let network = secrets(&mut net, host, SecretKind::Network);
        held[host].retain(|secret| !network.contains(secret));
        assert_gone(&net, host, &held[host]);
    }
}

#[test]
fn a_handshake_leaves_nothing_behind() {
    handshake_leaves_nothing(|net| {
        net.connect(A, B);
    });
}

#[test]
fn nor_does_one_by_address() {
    handshake_leaves_nothing(|net| {
        net.connect_address(A, B);
    });
}

#[test]
fn nor_does_one_that_nobody_answers() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let network = secrets(&mut net, A, SecretKind::Network);
    let mut held = secrets(&mut net, A, SecretKind::Handshake);
    held.retain(|secret| !network.contains(secret));
    net.run(Duration::from_millis(5_500), |_| false);
    assert_gone(&net, A, &held);
}

#[test]
fn a_key_is_gone_when_its_update_is_half_a_minute_old() {
    let mut net = Net::connected();
    let held = [A, B].map(|host| secrets(&mut net, host, SecretKind::Session));
    net.run_for(Duration::from_secs(165));
    for host in [A, B] {
        assert_gone(&net, host, &held[host]);
    }
}

#[test]
fn a_session_is_gone_half_a_minute_after_its_renewal() {
    let mut net = Net::connected();
    net.run_for(Duration::from_secs(15 * 60 - 5));
    let held = [A, B].map(|host| secrets(&mut net, host, SecretKind::Session));
    net.run_for(Duration::from_secs(40));
    for host in [A, B] {
        assert_gone(&net, host, &held[host]);
    }
}

#[test]
fn a_closed_peer_leaves_no_key() {
    let mut net = Net::connected();
    let held = secrets(&mut net, A, SecretKind::Session);
    let (peer, now) = (net.peer(A, B).unwrap(), net.now);
    net.hosts[A].node.close(peer, now).expect("it is known");
    assert_gone(&net, A, &held);
}

#[test]
fn a_silent_peer_leaves_no_key() {
    let mut net = Net::connected();
    let held = secrets(&mut net, A, SecretKind::Session);
    net.run(Duration::from_secs(36), |_| false);
    assert_gone(&net, A, &held);
}

#[test]
fn a_generator_forgets_what_it_drew_from() {
    let mut net = Net::new(2);
    let held = secrets(&mut net, A, SecretKind::Generator);
    net.connect(A, B);
    assert_gone(&net, A, &held);
}

#[test]
fn a_retired_network_secret_is_gone() {
    let mut net = Net::connected();
    let held = secrets(&mut net, A, SecretKind::Network);
    net.hosts[A].node.change_secret([42; 32]);
    net.hosts[A].node.retire_previous_secret();
    assert_gone(&net, A, &held);
}
