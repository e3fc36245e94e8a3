//! Who is there, who is gone, and the way back.

use underpass_core::{Config, Counter, Duration, Event, PeerState};

use crate::net::{A, B, Host, Net, address, network};

const MINUTE: Duration = Duration::from_secs(60);

/// Whether this host has ever reported a peer lost.
fn was_lost(net: &Net, host: usize) -> bool {
    net.hosts[host].events.iter().any(|event| matches!(event, Event::Disconnected(_)))
}

#[test]
fn a_quiet_pair_stays_active_and_sends_only_its_pings() {
    let mut net = Net::connected();
    let before = net.hosts[A].node.counters().done(Counter::DatagramsSent);
    net.run_for(MINUTE);
    assert!(net.is_active(A, B) && net.is_active(B, A));
    let sent = net.hosts[A].node.counters().done(Counter::DatagramsSent) - before;
    assert_eq!(sent, 12, "six pings and six answers");
}

#[test]
fn a_silent_peer_is_gone_after_three_intervals_and_the_last_try() {
    let mut net = Net::connected();
    net.run(Duration::from_secs(34), |_| false);
    assert_eq!(net.state(A, B), PeerState::Active);
    net.run(Duration::from_secs(2), |_| false);
    assert_eq!(net.state(A, B), PeerState::Disconnected);
    assert!(matches!(net.hosts[A].events.last(), Some(Event::Disconnected(_))));
}

#[test]
fn the_third_ping_still_saves_the_session() {
    let mut net = Net::connected();
    net.run(Duration::from_secs(29), |_| false);
    net.run_for(Duration::from_secs(5));
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert!(!was_lost(&net, A) && !was_lost(&net, B));
}

#[test]
fn a_lost_ping_is_repeated_and_costs_nothing() {
    let mut net = Net::connected();
    let mut number = 0;
    net.run(MINUTE, |_| {
        number += 1;
        number % 3 != 0
    });
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert!(!was_lost(&net, A) && !was_lost(&net, B));
}

#[test]
fn peers_find_each_other_again_after_a_cut() {
    let mut net = Net::connected();
    net.run(MINUTE, |_| false);
    assert_eq!(net.state(A, B), PeerState::Disconnected);
    net.run_for(Duration::from_secs(70));
    assert!(net.is_active(A, B) && net.is_active(B, A));
}

#[test]
fn a_peer_that_lost_everything_is_taken_back_at_once() {
    let mut net = Net::connected();
    net.restart(A, 50);
    net.connect(A, B);
    net.settle();
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert!(!was_lost(&net, B));
}

#[test]
fn a_peer_that_nobody_answers_is_dialled_ever_more_rarely() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let mut begun = Vec::new();
    for _ in 0..10 {
        net.run(MINUTE, |_| false);
        begun.push(net.hosts[A].node.counters().done(Counter::HandshakesBegun));
    }
    assert!(begun[0] >= 3, "{begun:?}");
    let last_minutes = begun[9] - begun[5];
    assert!((2..=5).contains(&last_minutes), "about once a minute: {begun:?}");
}

#[test]
fn a_replayed_recording_of_everything_proves_no_life() {
    let mut net = Net::connected();
    let mut recording = Vec::new();
    net.run(MINUTE, |packet| {
        recording.push(packet.clone());
        true
    });
    // B is off; somebody plays everything it ever sent.
    let b = net.hosts[B].address;
    for _ in 0..36 {
        net.run(Duration::from_secs(1), |_| false);
        for packet in recording.iter().filter(|packet| packet.from == b) {
            assert!(net.handle(packet.clone()).is_err());
        }
        net.wire.clear();
    }
    assert_eq!(net.state(A, B), PeerState::Disconnected);
}

#[test]
fn who_asks_for_rare_pings_holds_its_place_no_longer_than_others() {
    let mut net = Net::new(6);
    for guest in 2..6 {
        let mut config = Config::new(network());
        config.ping_interval = Config::PING_INTERVAL_MAX;
        net.hosts[guest] = Host::configured(guest, config, guest as u8, net.now);
        net.connect(guest, B);
        net.settle();
        // It is not heard of again.
        net.hosts[guest].address = address(250);
    }
    net.connect(A, B);
    net.run_for(Duration::from_secs(60));
    assert!(net.is_active(A, B));
}
