//! What becomes of a session in time: key updates, renewal, refusal, hints.

use underpass_core::{Counter, Dropped, Duration, Event, PeerState};

use crate::net::{A, B, Net, Packet, address};

fn hash(net: &mut Net, of: usize, other: usize) -> Option<[u8; 32]> {
    let peer = net.peer(of, other)?;
    net.hosts[of].node.handshake_hash(peer).expect("the handle is fresh")
}

fn sealed(net: &mut Net, from: usize, to: usize, payload: &[u8]) -> Packet {
    let peer = net.peer(from, to).expect("it is connected");
    net.hosts[from].seal(peer, payload).expect("it is active")
}

fn disconnected(net: &Net) -> bool {
    let is_loss = |event: &Event| matches!(event, Event::Disconnected(_));
    net.hosts.iter().any(|host| host.events.iter().any(is_loss))
}

#[test]
fn keys_are_updated_every_two_minutes_without_a_handshake() {
    let mut net = Net::connected();
    let before = hash(&mut net, A, B);
    let mut epochs = Vec::new();
    net.run(Duration::from_secs(14 * 60 - 5), |packet| {
        epochs.push(packet.bytes[1]);
        true
    });
    epochs.dedup();
    assert_eq!(epochs, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(net.hosts[A].node.counters().done(Counter::KeyUpdates), 6);
    assert_eq!(hash(&mut net, A, B), before, "it is the same session");
    assert!(!disconnected(&net));
}

#[test]
fn what_was_sealed_before_an_update_is_opened_for_half_a_minute_after_it() {
    let mut net = Net::connected();
    net.run_for(Duration::from_secs(119));
    let early = [sealed(&mut net, A, B, b"in time"), sealed(&mut net, A, B, b"too late")];
    net.run_for(Duration::from_secs(10));
    let [in_time, too_late] = early;
    net.handle(in_time).expect("the key is still there");
    net.run_for(Duration::from_secs(40));
    assert_eq!(net.handle(too_late), Err(Dropped::WrongEpoch));
}

#[test]
fn updates_of_which_nothing_arrived_are_followed() {
    let mut net = Net::connected();
    net.run(Duration::from_secs(29), |_| true);
    // Nothing of A's arrives for more than two updates, but B must not take A for gone.
    let mut last = None;
    for _ in 0..3 {
        net.run_for(Duration::from_secs(115));
        last = Some(sealed(&mut net, A, B, b"x"));
    }
    net.handle(last.expect("three were sealed")).expect("B follows");
}

#[test]
fn a_session_is_renewed_after_a_quarter_of_an_hour_and_nobody_notices() {
    let mut net = Net::connected();
    let before = hash(&mut net, A, B);
    net.run_for(Duration::from_secs(14 * 60 + 55));
    assert_eq!(hash(&mut net, A, B), before);
    let under_way = sealed(&mut net, A, B, b"sent before");
    net.run_for(Duration::from_secs(10));
    let after = hash(&mut net, A, B);
    assert_ne!(after, before);
    assert_eq!(after, hash(&mut net, B, A));
    net.handle(under_way).expect("the old session still receives");
    assert!(!disconnected(&net));
    let begun =
        |net: &Net, host: usize| net.hosts[host].node.counters().done(Counter::HandshakesBegun);
    assert_eq!(begun(&net, A) + begun(&net, B), 2, "the first and one renewal");
}

#[test]
fn the_responder_renews_when_the_initiator_does_not_get_through() {
    let mut net = Net::connected();
    let before = hash(&mut net, A, B);
    // A's Hellos are lost.
    net.run(Duration::from_secs(17 * 60), |p| p.from != address(A) || p.bytes.len() != 192);
    assert_ne!(hash(&mut net, A, B), before);
    assert_eq!(hash(&mut net, A, B), hash(&mut net, B, A));
    assert!(!disconnected(&net));
}

#[test]
fn a_session_that_cannot_be_renewed_is_refused_after_twenty_minutes() {
    let mut net = Net::connected();
    net.run(Duration::from_secs(20 * 60 - 2), |packet| packet.bytes.len() != 192);
    assert!(net.is_active(A, B) && net.is_active(B, A));
    net.run(Duration::from_secs(4), |packet| packet.bytes.len() != 192);
    assert_eq!(net.state(A, B), PeerState::Disconnected);
    assert_eq!(net.state(B, A), PeerState::Disconnected);
    assert_eq!(hash(&mut net, A, B), None);
    net.run_for(Duration::from_secs(100));
    assert!(net.is_active(A, B) && net.is_active(B, A));
}

#[test]
fn a_day_of_renewals_costs_no_packet() {
    let mut net = Net::connected();
    for minute in 0..24 * 60u64 {
        net.run_for(Duration::from_secs(59));
        net.hosts[B].payloads.clear();
        let packet = sealed(&mut net, A, B, &minute.to_le_bytes());
        net.run_for(Duration::from_secs(1));
        net.handle(packet).expect("it was sealed a second ago");
        assert_eq!(net.hosts[B].payloads, [minute.to_le_bytes()]);
    }
    assert!(!disconnected(&net));
}

#[test]
fn a_peer_that_lost_its_state_says_so_and_is_back_at_once() {
    let mut net = Net::connected();
    net.run_for(Duration::from_secs(3));
    net.restart(B, 55);
    // A's next ping, at most 10 s later, finds nobody.
    net.run_for(Duration::from_secs(11));
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert_eq!(hash(&mut net, A, B), hash(&mut net, B, A));
    assert!(!disconnected(&net), "A took B back before it missed it");
}

/// What an eavesdropper could say of A's last packet to B.
fn forged_hint(net: &mut Net) -> Packet {
    let seen = sealed(net, A, B, b"seen");
    let mut bytes = vec![7, 1, 0, 0];
    bytes.extend(&seen.bytes[4..16]);
    Packet { from: address(B), to: address(A), bytes }
}

#[test]
fn a_forged_hint_costs_a_hello_each_half_minute_and_ends_nothing() {
    let mut net = Net::connected();
    let mut hellos = 0;
    for _ in 0..300 {
        let hint = forged_hint(&mut net);
        let _ = net.handle(hint);
        net.run(Duration::from_millis(200), |packet| {
            hellos += usize::from(packet.bytes.len() == 192);
            packet.bytes.len() != 192
        });
        assert!(net.is_active(A, B) && net.is_active(B, A));
    }
    // Two attempts in a minute, each of at most seven Hellos.
    assert!((2..=14).contains(&hellos), "{hellos} Hellos");
    assert!(!disconnected(&net));
}

#[test]
fn a_hint_by_who_has_not_seen_the_packet_is_ignored() {
    let mut net = Net::connected();
    let mut hint = forged_hint(&mut net);
    hint.bytes[8] ^= 0x80;
    assert_eq!(net.handle(hint), Err(Dropped::HintIgnored));
    let mut hint = forged_hint(&mut net);
    hint.from = address(5);
    net.run_for(Duration::from_secs(1));
    assert_eq!(net.handle(hint), Err(Dropped::HintIgnored));
}

#[test]
fn no_hint_answers_a_hint_and_few_answer_junk() {
    let mut net = Net::connected();
    let hint = forged_hint(&mut net);
    net.wire.clear();
    let astray = Packet { from: address(A), to: address(B), bytes: hint.bytes };
    let _ = net.handle(astray);
    assert!(net.wire.is_empty());
    for number in 0..100 {
        let mut bytes = vec![16, 0, 0, 0, number, 1, 2, 3];
        bytes.resize(40, 0);
        let _ = net.handle(Packet { from: address(8), to: address(B), bytes });
    }
    assert_eq!(net.hosts[B].node.counters().done(Counter::HintsSent), 1);
}

#[test]
fn renewals_that_failed_are_forgotten_once_one_succeeds() {
    let mut net = Net::connected();
    for _ in 0..9 {
        net.run_for(Duration::from_secs(31));
        let hint = forged_hint(&mut net);
        net.handle(hint).expect("it is believed");
        net.run(Duration::from_secs(6), |packet| packet.bytes.len() != 192);
    }
    net.run_for(Duration::from_secs(16 * 60));
    let renewed = net.now;
    while net.is_active(A, B) {
        assert!(net.now.saturating_since(renewed) < Duration::from_secs(60));
        net.run(Duration::from_millis(100), |_| false);
    }
    let mut called = false;
    net.run(Duration::from_secs(2), |packet| {
        called |= packet.bytes.len() == 192;
        false
    });
    assert!(called, "as after any loss, not as after nine");
}
