//! Peers that cannot send to each other, and one that relays between them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use underpass_core::{
    Access, Config, Counter, Dropped, Duration, Event, Network, Outcome, Peer, PeerState,
    RelayLimits, Route, SendError, Socket, Whom,
};

use crate::nat::{Nat, Ports};
use crate::net::{A, B, Host, Net, Packet, address, network};

const R: usize = 2;

/// A and B, who have asked for the relay, and a relay with these limits.
fn with_relay(limits: RelayLimits) -> Net {
    let mut net = Net::new(3);
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    let config = Config { access, relay: limits, ..Config::new(network()) };
    net.hosts[R] = Host::configured(R, config, 99, net.now);
    net.delay = Duration::from_millis(10);
    for host in [A, B] {
        net.connect(host, R);
    }
    net.run(Duration::from_secs(1), apart);
    net
}

/// Nothing passes between A and B.
fn apart(packet: &Packet) -> bool {
    let ends = [address(A), address(B)];
    !(ends.contains(&packet.from) && ends.contains(&packet.to))
}

fn look_for(net: &mut Net, from: usize, to: usize) -> Peer {
    let id = net.hosts[to].id();
    let peer = net.hosts[from].node.connect(id, None, net.now).expect("there is room");
    net.collect(from);
    peer
}

/// A and B, connected through the relay.
fn relayed() -> Net {
    let mut net = with_relay(RelayLimits::DEFAULT);
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(2), apart);
    assert!(net.is_active(A, B) && net.is_active(B, A));
    net
}

fn route(net: &mut Net, of: usize, other: usize) -> Option<Route> {
    let peer = net.peer(of, other)?;
    net.hosts[of].node.route(peer).expect("the handle is fresh")
}

fn is_relayed(net: &mut Net, of: usize, other: usize) -> bool {
    let relay = net.peer(of, R).expect("it is known");
    route(net, of, other) == Some(Route::Relayed(relay))
}

#[test]
fn peers_that_cannot_send_to_each_other_talk_through_a_relay_at_once() {
    let mut net = with_relay(RelayLimits::DEFAULT);
    let begun = net.now;
    look_for(&mut net, A, B);
    while !(net.is_active(A, B) && net.is_active(B, A)) {
        assert!(net.now < begun + Duration::from_millis(200), "it takes a few round trips");
        net.run(Duration::from_millis(10), apart);
    }
    assert!(is_relayed(&mut net, A, B) && is_relayed(&mut net, B, A));
    for (from, to) in [(A, B), (B, A)] {
        net.send(from, to, b"through").unwrap();
        net.run(Duration::from_secs(1), apart);
        assert_eq!(net.hosts[to].messages.last().unwrap().payload, b"through");
        assert_eq!(net.hosts[from].outcomes().last().unwrap().1, Outcome::Acked);
    }
}

#[test]
fn the_longest_payload_fits_through_it() {
    let mut net = relayed();
    let peer = net.peer(A, B).unwrap();
    let payload = [7; underpass_core::MAX_PAYLOAD];
    let packet = net.hosts[A].seal(peer, &payload).unwrap();
    assert_eq!(packet.to, address(R));
    net.wire.push(packet);
    net.run(Duration::from_secs(1), apart);
    assert_eq!(net.hosts[B].payloads, [payload]);
}

#[test]
fn the_relay_sees_nothing_of_what_it_carries_and_keeps_nothing() {
    let mut net = relayed();
    let payload = [0x5a; 64];
    let peer = net.peer(A, B).unwrap();
    let packet = net.hosts[A].seal(peer, &payload).unwrap();
    net.wire.push(packet);
    let relayed = net.hosts[R].node.counters().done(Counter::DatagramsRelayed);
    net.run(Duration::from_millis(30), apart);
    assert!(net.hosts[R].node.counters().done(Counter::DatagramsRelayed) > relayed);
    assert!(net.hosts[R].payloads.is_empty());
    assert_eq!(net.hosts[B].payloads, [payload]);
}

#[test]
fn who_looks_for_the_other_at_the_same_time_shares_one_circuit() {
    let mut net = with_relay(RelayLimits::DEFAULT);
    look_for(&mut net, A, B);
    look_for(&mut net, B, A);
    net.run(Duration::from_secs(3), apart);
    assert!(net.is_active(A, B) && net.is_active(B, A));
    assert!(net.hosts[R].node.counters().done(Counter::CircuitsOpened) <= 1);
}

#[test]
fn who_has_no_place_at_a_relay_looks_for_others_there_all_the_same() {
    let mut net = with_relay(RelayLimits { reservations: 1, ..RelayLimits::DEFAULT });
    look_for(&mut net, A, B);
    look_for(&mut net, B, A);
    net.run(Duration::from_secs(3), apart);
    assert!(net.is_active(A, B) && net.is_active(B, A), "one of them can be found");
}

#[test]
fn strangers_leave_places_for_those_whom_a_relay_knows() {
    let (relay_at, first, last, known_at) = (0, 1, 3, 4);
    let mut net = Net::new(5);
    let relay = RelayLimits { reservations: 3, ..RelayLimits::DEFAULT };
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    let config = Config { access, relay, ..Config::new(network()) };
    net.hosts[relay_at] = Host::configured(relay_at, config, 98, net.now);
    let known = net.hosts[known_at].node.id();
    net.hosts[relay_at].node.allow(known, net.now).unwrap();
    for host in first..=known_at {
        net.connect(host, relay_at);
        net.run(Duration::from_secs(1), |_| true);
    }
    for host in [last, known_at] {
        look_for(&mut net, first, host);
    }
    net.run(Duration::from_secs(3), |packet| {
        packet.to == address(relay_at) || packet.from == address(relay_at)
    });
    assert_eq!(net.state(first, last), PeerState::Init, "the third stranger has no place");
    assert!(net.is_active(first, known_at));
}

#[test]
fn a_peer_that_comes_to_the_relay_later_is_found_then() {
    let mut net = with_relay(RelayLimits::DEFAULT);
    net.restart(B, 50);
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(20), apart);
    assert_eq!(net.state(A, B), PeerState::Init);
    net.connect(B, R);
    net.run(Duration::from_secs(30), apart);
    assert!(net.is_active(A, B));
}

/// A relay that answered pings while every answer about the reservation was lost was asked again after a
/// minute, and until then nobody was found there.
#[test]
fn a_relay_that_has_not_answered_is_soon_asked_again() {
    const RESERVE: usize = 34;
    let mut net = with_relay(RelayLimits::DEFAULT);
    net.restart(A, 50);
    net.connect(A, R);
    look_for(&mut net, A, B);
    let asks = |packet: &Packet| packet.from == address(A) && packet.bytes.len() == RESERVE;
    let mut lost = 0;
    net.run(Duration::from_secs(6), |packet| {
        lost += u32::from(asks(packet));
        apart(packet) && !asks(packet)
    });
    assert!(lost >= 7 && !net.is_active(A, B), "{lost}");
    net.run(Duration::from_secs(10), apart);
    assert!(net.is_active(A, B));
}

#[test]
fn a_relay_relays_for_nobody_unless_it_is_allowed() {
    let mut net = Net::new(3);
    for host in [A, B] {
        net.connect(host, R);
    }
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(60), apart);
    assert_eq!(net.state(A, B), PeerState::Init);
}

#[test]
fn who_answers_nobody_is_not_there_for_the_one_who_looks() {
    let mut net = with_relay(RelayLimits::DEFAULT);
    let now = net.now;
    net.hosts[B].node.set_access(Access { answers: Whom::Pinned, ..Access::DEFAULT }, now);
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(60), apart);
    assert_eq!(net.state(A, B), PeerState::Init);
    assert!(net.peer(B, A).is_none());
}

#[test]
fn a_relay_that_falls_silent_ends_what_it_carried_and_another_takes_over() {
    let mut net = Net::new(4);
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    for (number, relay) in [(98, 2), (99, 3)] {
        let config = Config { access, ..Config::new(network()) };
        net.hosts[relay] = Host::configured(relay, config, number, net.now);
    }
    net.delay = Duration::from_millis(10);
    for host in [A, B] {
        net.connect(host, 2);
        net.connect(host, 3);
    }
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(3), apart);
    let Some(Route::Relayed(first)) = route(&mut net, A, B) else { panic!("it is relayed") };
    let dead = if net.peer(A, 2) == Some(first) { 2 } else { 3 };
    let passes = move |packet: &Packet| {
        apart(packet) && packet.to != address(dead) && packet.from != address(dead)
    };
    net.hosts[A].events.clear();
    // Traffic shows at once that nothing comes through.
    for _ in 0..40 {
        let _ = net.send(A, B, b"are you there?");
        net.run(Duration::from_millis(100), passes);
    }
    let Some(Route::Relayed(second)) = route(&mut net, A, B) else { panic!("it is relayed") };
    assert_ne!(second, first);
    assert!(!net.hosts[A].events.iter().any(|event| matches!(event, Event::Disconnected(_))));
    net.run(Duration::from_secs(5), passes);
    assert_eq!(net.hosts[B].messages.len(), 40);
}

/// A and B with three relays, of which the third comes last.
fn with_three_relays() -> Net {
    let mut net = Net::new(5);
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    net.delay = Duration::from_millis(10);
    for relay in 2..5 {
        let config = Config { access, ..Config::new(network()) };
        net.hosts[relay] = Host::configured(relay, config, 96 + relay as u8, net.now);
        for host in [A, B] {
            net.connect(host, relay);
        }
        net.run(Duration::from_secs(1), apart);
    }
    look_for(&mut net, A, B);
    net
}

fn is_through(net: &mut Net, relay: usize) -> bool {
    [(A, B), (B, A)].into_iter().all(|(of, other)| {
        let relay = net.peer(of, relay).map(Route::Relayed);
        relay.is_some() && route(net, of, other) == relay
    })
}

/// Nothing passes to or from these relays, nor between A and B.
fn without(dead: &[usize]) -> impl Fn(&Packet) -> bool {
    move |packet| {
        let is_dead = |relay: &usize| [packet.from, packet.to].contains(&address(*relay));
        apart(packet) && !dead.iter().any(is_dead)
    }
}

#[test]
fn a_third_relay_takes_the_place_of_one_that_died_before_it_is_needed() {
    let mut net = with_three_relays();
    net.run(Duration::from_secs(120), without(&[2]));
    assert!(is_through(&mut net, 3));
    net.hosts[A].events.clear();
    net.run(Duration::from_secs(20), without(&[2, 3]));
    assert!(is_through(&mut net, 4));
    assert!(!net.hosts[A].events.iter().any(|event| matches!(event, Event::Disconnected(_))));
}

#[test]
fn a_relay_that_is_closed_leaves_its_place_to_a_third() {
    let mut net = with_three_relays();
    net.run(Duration::from_secs(2), apart);
    for host in [A, B] {
        let (peer, now) = (net.peer(host, 2).unwrap(), net.now);
        net.hosts[host].node.close(peer, now).unwrap();
        net.collect(host);
    }
    net.run(Duration::from_secs(10), apart);
    // Whichever of the other two it is now.
    assert!(net.is_active(A, B) && net.is_active(B, A));
    net.run(Duration::from_secs(60), without(&[3]));
    assert!(is_through(&mut net, 4));
}

#[test]
fn a_relay_that_never_answers_leaves_its_place_to_a_third() {
    const RESERVE: usize = 34;
    let mut net = with_three_relays();
    for host in [A, B] {
        net.restart(host, 50 + host as u8);
    }
    let mute = |packet: &Packet| {
        let is_mute = [2, 3].map(address).contains(&packet.to);
        apart(packet) && !(is_mute && packet.bytes.len() == RESERVE)
    };
    for relay in 2..5 {
        for host in [A, B] {
            net.connect(host, relay);
        }
        net.run(Duration::from_secs(1), mute);
    }
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(60), mute);
    assert!(is_through(&mut net, 4));
}

#[test]
fn after_two_moves_a_relay_still_says_where_a_peer_is() {
    let mut net = Net::new(3);
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    let config = Config { access, ..Config::new(network()) };
    net.hosts[R] = Host::configured(R, config, 99, net.now);
    net.delay = Duration::from_millis(10);
    let home = |host: usize| SocketAddr::from(([192, 168, 1 + host as u8, 2], 4747));
    let nat = |number, host| Nat::new(number, &[home(host)], Ports::OfSocket);
    net.nats = vec![nat(1, A), nat(2, B)];
    for host in [A, B] {
        let (at, now) = (home(host), net.now);
        net.hosts[host].address = at;
        net.hosts[host].node.set_local_addresses(&[(Socket(0), at)], now);
        net.connect(host, R);
    }
    net.run_for(Duration::from_secs(25));
    look_for(&mut net, A, B);
    for number in [1, 9, 10, 11] {
        net.nats[0] = nat(number, A);
        net.run_for(Duration::from_secs(150));
        for (of, other) in [(A, B), (B, A)] {
            let peer = net.peer(of, other).unwrap();
            let reason = net.hosts[of].node.relayed(peer);
            assert!(matches!(reason, Ok(None)), "{number}: {reason:?}");
        }
    }
}

#[test]
fn a_relay_that_restarts_is_asked_again_and_the_circuit_is_made_anew() {
    let mut net = relayed();
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    let config = Config { access, ..Config::new(network()) };
    net.hosts[R] = Host::configured(R, config, 55, net.now);
    net.hosts[A].events.clear();
    net.run(Duration::from_secs(20), apart);
    assert!(is_relayed(&mut net, A, B) && is_relayed(&mut net, B, A));
    assert!(!net.hosts[A].events.iter().any(|event| matches!(event, Event::Disconnected(_))));
    assert_eq!(net.hosts[R].node.counters().done(Counter::CircuitsOpened), 1);
}

#[test]
fn a_relay_says_when_an_end_of_a_circuit_is_gone() {
    let mut net = relayed();
    let peer = net.peer(R, B).unwrap();
    let now = net.now;
    net.hosts[R].node.close(peer, now).unwrap();
    net.collect(R);
    net.run(Duration::from_millis(30), apart);
    assert_eq!(route(&mut net, A, B), None);
}

/// A sends B at once more than a relay with a limit of four thousand bytes a second may carry.
fn sends_too_much(net: &mut Net) {
    let peer = net.peer(A, B).unwrap();
    for _ in 0..20 {
        let packet = net.hosts[A].seal(peer, &[1; 1000]).unwrap();
        net.wire.push(packet);
    }
    net.run(Duration::from_secs(1), apart);
    assert!(net.hosts[B].payloads.len() < 4);
    assert!(net.hosts[R].node.counters().dropped(Dropped::RelayLimited) > 10);
}

#[test]
fn what_is_beyond_the_limit_is_dropped_and_said() {
    let limits = RelayLimits { circuit_bytes: 4_000, ..RelayLimits::DEFAULT };
    let mut net = with_relay(limits);
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(2), apart);
    sends_too_much(&mut net);
    assert_eq!(net.hosts[A].node.counters().done(Counter::RelayLimits), 1);
    // Pings still pass.
    net.run(Duration::from_secs(60), apart);
    assert!(net.is_active(A, B));
}

#[test]
fn what_an_end_sends_is_carried_wherever_it_comes_from() {
    let mut net = relayed();
    let peer = net.peer(A, B).unwrap();
    let mut packet = net.hosts[A].seal(peer, b"mine").unwrap();
    packet.from = address(77);
    let before = net.hosts[R].node.counters().done(Counter::DatagramsRelayed);
    // The address is no proof; the session is, and it is A's.
    net.handle(packet).unwrap();
    assert_eq!(net.hosts[R].node.counters().done(Counter::DatagramsRelayed), before + 1);
}

/// A and B are of one network, the relay of another; it relays for others with this limit.
fn with_foreign_relay(foreign_bytes: u32) -> Net {
    let mut net = beside_foreign_relay(foreign_bytes);
    for host in [A, B] {
        use_foreign_relay(&mut net, host);
    }
    net.run(Duration::from_secs(2), apart);
    net
}

/// The same before A and B have asked for it.
fn beside_foreign_relay(foreign_bytes: u32) -> Net {
    let mut net = Net::new(3);
    let relay = RelayLimits { foreign_bytes, ..RelayLimits::DEFAULT };
    let other = Network::closed("another", [9; 32]);
    let config = Config { relay, ..Config::new(other) };
    net.hosts[R] = Host::configured(R, config, 99, net.now);
    net.delay = Duration::from_millis(10);
    net
}

fn use_foreign_relay(net: &mut Net, host: usize) {
    let (id, path, now) = (net.hosts[R].id(), crate::net::path_to(address(R)), net.now);
    net.hosts[host].node.connect_foreign_relay(id, path, now).expect("there is room");
    net.collect(host);
}

#[test]
fn a_relay_of_another_network_relays_if_it_is_willing() {
    let mut net = with_foreign_relay(100_000);
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(3), apart);
    assert!(is_relayed(&mut net, A, B) && is_relayed(&mut net, B, A));
    net.send(A, B, b"through").unwrap();
    net.run(Duration::from_secs(1), apart);
    assert_eq!(net.hosts[A].outcomes().last().unwrap().1, Outcome::Acked);
}

#[test]
fn unless_it_is_it_does_not_even_answer() {
    let mut net = with_foreign_relay(0);
    assert_eq!(net.state(A, R), PeerState::Init);
    assert_eq!(net.hosts[R].node.counters().done(Counter::DatagramsSent), 0);
}

#[test]
fn its_peers_have_nothing_but_relaying_of_it() {
    let mut net = with_foreign_relay(100_000);
    assert_eq!(net.send(A, R, b"hello"), Err(SendError::Unsupported));
    assert_eq!(net.send(R, A, b"hello"), Err(SendError::Unsupported));
    let peer = net.peer(A, R).unwrap();
    assert_eq!(net.hosts[A].seal(peer, b"hello").unwrap_err(), SendError::Unsupported);
}

#[test]
fn it_relays_only_between_peers_of_the_same_network() {
    let mut net = with_foreign_relay(100_000);
    let config = Config::new(Network::closed("a third", [3; 32]));
    net.hosts[B] = Host::configured(B, config, 77, net.now);
    use_foreign_relay(&mut net, B);
    net.run(Duration::from_secs(40), apart);
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(10), apart);
    assert_eq!(net.hosts[R].node.counters().done(Counter::CircuitsOpened), 0);
    assert_eq!(net.state(A, B), PeerState::Init);
}

#[test]
fn all_of_them_together_have_a_limit_of_their_own() {
    let mut net = with_foreign_relay(4_000);
    look_for(&mut net, A, B);
    net.run(Duration::from_secs(3), apart);
    sends_too_much(&mut net);
}

#[test]
fn a_relay_that_is_closed_while_it_is_proved_something_leaves_no_work_behind() {
    for packets in 0..8 {
        let mut net = beside_foreign_relay(100_000);
        use_foreign_relay(&mut net, A);
        for _ in 0..packets {
            if !net.wire.is_empty() {
                let packet = net.wire.remove(0);
                net.handle(packet).expect("nothing is refused between these two");
            }
        }
        let (peer, now) = (net.peer(A, R).unwrap(), net.now);
        net.hosts[A].node.close(peer, now).unwrap();
        // Whatever was under way, there is an end to it.
        net.collect(A);
    }
}

#[test]
fn two_that_have_left_the_relay_stay_in_touch_when_it_restarts() {
    for seconds in 20..40 {
        let mut net = relayed();
        net.run_for(Duration::from_secs(seconds));
        assert!(matches!(route(&mut net, A, B), Some(Route::Direct(_))));
        let access = Access { relays: Whom::Network, ..Access::DEFAULT };
        let config = Config { access, ..Config::new(network()) };
        net.hosts[R] = Host::configured(R, config, 55, net.now);
        (net.hosts[A].events, net.hosts[B].events) = Default::default();
        net.run_for(Duration::from_secs(120));
        for host in [A, B] {
            let peer = net.peer(host, 1 - host).unwrap();
            assert!(!net.hosts[host].events.contains(&Event::Disconnected(peer)), "{seconds} s");
        }
    }
}

#[test]
fn whom_a_relay_has_forgotten_is_found_there_again() {
    let mut net = with_relay(RelayLimits::DEFAULT);
    let (peer, now) = (net.peer(R, A).unwrap(), net.now);
    net.hosts[R].node.close(peer, now).unwrap();
    net.run(Duration::from_secs(30), apart);
    look_for(&mut net, B, A);
    net.run(Duration::from_secs(30), apart);
    assert!(net.is_active(B, A));
}

#[test]
fn whoever_is_closed_hears_no_more_of_where_one_is() {
    let mut net = relayed();
    let (peer, now) = (net.peer(B, A).unwrap(), net.now);
    net.hosts[B].node.close(peer, now).unwrap();
    net.collect(B);
    net.run(Duration::from_millis(50), apart);
    assert_eq!(route(&mut net, A, B), None, "the relay has said that the circuit is gone");
}

#[test]
fn copies_through_two_circuits_of_one_relay_leave_in_the_order_of_their_counters() {
    // The relay misses B, and B not the relay: there is another circuit soon, beside the one that B has.
    for tenths in (300..400).step_by(5) {
        let mut net = relayed();
        let is_of_b = |packet: &Packet| [packet.from, packet.to].contains(&address(B));
        net.run(Duration::from_millis(100 * tenths), |packet| apart(packet) && !is_of_b(packet));
        let mut newest = BTreeMap::new();
        for _ in 0..100 {
            let _ = net.send(B, A, b"through");
            net.run(Duration::from_millis(100), |packet| {
                if (packet.from, packet.to) == (address(B), address(R)) && packet.bytes[0] == 16 {
                    let session: [u8; 4] = packet.bytes[4..8].try_into().unwrap();
                    let counter = u64::from_le_bytes(packet.bytes[8..16].try_into().unwrap());
                    assert!(newest.insert(session, counter) <= Some(counter), "{tenths}");
                }
                apart(packet)
            });
        }
    }
}
