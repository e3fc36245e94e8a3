//! How messages end that are not acknowledged.

use underpass_core::{Config, Counter, Duration, Event, Outcome};

use crate::net::{A, B, Host, Net, network};

const LIFETIME: Duration = Config::MESSAGE_LIFETIME;

#[test]
fn what_was_never_sent_has_failed_when_its_time_is_over() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let id = net.send(A, B, b"to nobody").unwrap();
    net.run(LIFETIME.saturating_sub(Duration::from_millis(1)), |_| false);
    assert!(net.hosts[A].outcomes().is_empty());
    net.run(Duration::from_millis(1), |_| false);
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Failed)]);
}

#[test]
fn of_what_was_sent_nobody_knows_when_its_time_is_over() {
    let mut net = Net::connected();
    let id = net.send(A, B, b"into the void").unwrap();
    net.run(LIFETIME, |_| false);
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Unknown)]);
}

#[test]
fn an_acknowledgement_after_that_time_counts_no_more() {
    for (late, outcome) in [(1, Outcome::Unknown), (0, Outcome::Acked)] {
        let mut net = Net::connected();
        let id = net.send(A, B, b"hello").unwrap();
        let begun = net.now;
        net.settle();
        net.now = net.hosts[B].node.poll_timeout().unwrap().at;
        net.hosts[B].node.handle_timeout(net.now);
        net.collect(B);
        let ack = net.wire.pop().unwrap();
        // Whoever drives A is late: the timer has not been handled.
        net.now = begun + LIFETIME.saturating_sub(Duration::from_micros(1 - late));
        net.handle(ack).unwrap();
        assert_eq!(net.hosts[A].outcomes(), [(id, outcome)]);
    }
}

#[test]
fn a_lifetime_is_kept_within_its_bounds() {
    for (asked, expected) in [
        (Duration::ZERO, Config::MESSAGE_LIFETIME_MIN),
        (Duration::MAX, Config::MESSAGE_LIFETIME_MAX),
    ] {
        let mut net = Net::new(2);
        let mut config = Config::new(network());
        config.message_lifetime = asked;
        net.hosts[A] = Host::configured(A, config, 9, net.now);
        net.connect(A, B);
        net.send(A, B, b"to nobody").unwrap();
        net.run(expected.saturating_sub(Duration::from_millis(1)), |_| false);
        assert!(net.hosts[A].outcomes().is_empty());
        net.run(Duration::from_millis(1), |_| false);
        assert_eq!(net.hosts[A].outcomes().len(), 1);
    }
}

#[test]
fn closing_a_peer_ends_its_messages_by_its_old_handle() {
    let mut net = Net::connected();
    let peer = net.peer(A, B).unwrap();
    net.send(A, B, b"under way").unwrap();
    net.wire.clear();
    net.hosts[A].node.close(peer, net.now).unwrap();
    net.connect(A, B);
    let events = &net.hosts[A].events;
    let ended = |event: &&Event| matches!(event, Event::Message(to, _, _) if *to == peer);
    assert!(matches!(events.iter().find(ended), Some(Event::Message(_, _, Outcome::Unknown))));
    assert_ne!(net.peer(A, B), Some(peer));
}

#[test]
fn what_was_not_sent_survives_a_restart_of_the_peer_and_what_was_does_not() {
    let mut net = Net::connected();
    let sent = net.send(A, B, b"sent").unwrap();
    net.run(Duration::from_secs(40), |_| false);
    let waiting = net.send(A, B, b"waiting").unwrap();
    net.restart(B, 90);
    net.run_for(Duration::from_secs(15));
    assert_eq!(net.hosts[A].outcomes(), [(sent, Outcome::Unknown), (waiting, Outcome::Acked)]);
    assert_eq!(net.hosts[B].messages.len(), 1);
}

#[test]
fn a_message_sent_in_part_begins_anew_with_a_peer_that_restarted() {
    let mut net = Net::connected();
    net.delay = Duration::from_millis(500);
    // More than the first window lets through at once.
    let ids: Vec<_> = (0..2).map(|_| net.send(A, B, &[3; 4 * 1120]).unwrap()).collect();
    let part = net.send(A, B, &[4; 3 * 1120]).unwrap();
    assert_eq!(net.hosts[A].node.counters().done(Counter::FragmentsSent), 10);
    net.wire.clear();
    net.restart(B, 91);
    net.connect(B, A);
    net.run_for(Duration::from_secs(30));
    let mut outcomes = net.hosts[A].outcomes();
    outcomes.sort();
    assert_eq!(outcomes[..2], [(ids[0], Outcome::Unknown), (ids[1], Outcome::Unknown)]);
    assert_eq!(outcomes[2], (part, Outcome::Acked));
    assert_eq!(net.hosts[B].messages.len(), 1);
}

#[test]
fn a_peer_forgotten_during_a_handshake_does_not_pass_for_one_that_remembers() {
    let mut net = Net::connected();
    let id = net.send(A, B, b"once").unwrap();
    net.settle();
    assert_eq!(net.hosts[B].messages.len(), 1, "and its acknowledgement is lost");
    net.run(Duration::from_secs(36), |_| false);
    // A calls again, B answers, and forgets A before it hears more.
    while net.wire.is_empty() {
        net.now = net.hosts[A].node.poll_timeout().unwrap().at;
        net.hosts[A].node.handle_timeout(net.now);
        net.collect(A);
    }
    for _ in 0..2 {
        let packet = net.wire.remove(0);
        net.handle(packet).unwrap();
    }
    let peer = net.peer(B, A).unwrap();
    net.hosts[B].node.close(peer, net.now).unwrap();
    net.run_for(Duration::from_secs(20));
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert_eq!(net.hosts[B].messages.len(), 1, "it is not delivered again");
    assert_eq!(net.hosts[A].outcomes(), [(id, Outcome::Unknown)]);
}

#[test]
fn a_part_whose_rest_never_comes_is_forgotten_and_makes_room() {
    let mut net = Net::connected();
    net.delay = Duration::from_millis(1);
    // The last fragment of each, the shorter one, is lost.
    for _ in 0..2 {
        net.send(A, B, &[1; 2 * 1120 + 7]).unwrap();
    }
    let is_short = |len: usize| (50..200).contains(&len);
    let a = net.hosts[A].address;
    net.run(Duration::from_secs(61), |packet| packet.from != a || !is_short(packet.bytes.len()));
    assert_eq!(net.hosts[A].outcomes().len(), 2);
    net.run_for(Duration::from_secs(150));
    let ids: Vec<_> = (0..2).map(|_| net.send(A, B, &[2; 5 * 1120]).unwrap()).collect();
    net.run_for(Duration::from_secs(2));
    for id in ids {
        assert!(net.hosts[A].outcomes().contains(&(id, Outcome::Acked)));
    }
}

#[test]
fn one_that_makes_room_for_another_ends_its_messages_too() {
    let mut net = Net::new(6);
    for stranger in 1..5 {
        net.connect(stranger, A);
        net.settle();
    }
    for stranger in 1..5 {
        net.send(A, stranger, b"are you there?").unwrap();
    }
    net.wire.clear();
    net.connect(A, 5);
    let outcomes = net.hosts[A].outcomes();
    assert!(matches!(outcomes[..], [(_, Outcome::Unknown)]), "{outcomes:?}");
}
