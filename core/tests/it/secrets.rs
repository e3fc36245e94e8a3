//! A network whose secret is changed while it runs.

use underpass_core::{Duration, Network};

use crate::net::{A, B, Host, Net};

const NEW: [u8; 32] = [42; 32];
const OLD: [u8; 32] = [7; 32];

#[test]
fn a_member_that_has_gone_over_reaches_one_that_has_not_and_the_other_way_round() {
    for (from, to) in [(A, B), (B, A)] {
        let mut net = Net::new(2);
        net.hosts[A].node.change_secret(NEW);
        net.connect(from, to);
        net.run_for(Duration::from_secs(20));
        assert!(net.is_active(A, B) && net.is_active(B, A), "{from} calls {to}");
    }
}

#[test]
fn so_does_one_that_was_started_during_the_change() {
    let mut net = Net::new(2);
    let network = Network::closed("test", NEW).with_previous(OLD);
    net.hosts[A] = Host::new(A, network, 50, net.now);
    net.connect(A, B);
    net.run_for(Duration::from_secs(20));
    assert!(net.is_active(A, B) && net.is_active(B, A));
}

#[test]
fn two_that_have_gone_over_use_the_new_secret() {
    let mut net = Net::new(2);
    for host in &mut net.hosts {
        host.node.change_secret(NEW);
    }
    net.connect(A, B);
    let hello = net.wire[0].clone();
    net.settle();
    assert!(net.is_active(A, B));
    net.hosts[B] = Host::new(B, Network::closed("test", OLD), 3, net.now);
    assert!(net.handle(hello).is_err(), "it was made with the old one");
}

#[test]
fn sessions_outlive_the_change() {
    let mut net = Net::connected();
    for host in &mut net.hosts {
        host.node.change_secret(NEW);
        host.node.retire_previous_secret();
    }
    net.run_for(Duration::from_secs(40 * 60));
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert!(net.hosts.iter().all(|host| host.events.len() < 1000));
}

#[test]
fn who_has_not_gone_over_in_time_is_no_member_any_more() {
    let mut net = Net::connected();
    net.hosts[A].node.change_secret(NEW);
    net.hosts[A].node.retire_previous_secret();
    net.run_for(Duration::from_secs(21 * 60));
    assert!(!net.is_active(A, B) && !net.is_active(B, A));
}

#[test]
fn a_handshake_under_a_secret_that_is_retired_comes_to_nothing() {
    let mut net = Net::new(2);
    net.connect(A, B);
    for _ in 0..2 {
        let packet = net.wire.remove(0);
        net.handle(packet).expect("Hello, Welcome");
    }
    net.hosts[B].node.change_secret(NEW);
    net.hosts[B].node.retire_previous_secret();
    net.settle();
    assert!(!net.is_active(B, A));
}
