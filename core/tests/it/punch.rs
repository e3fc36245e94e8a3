//! Peers behind NATs that a relay connects, and that find a way without it.

use std::net::SocketAddr;

use underpass_core::{
    Access, Config, Counter, Duration, Event, Instant, Outcome, Peer, RelayReason, Relayed, Route,
    Socket, Whom,
};

use crate::nat::{Nat, Ports};
use crate::net::{A, B, Host, Net, Packet, address, network};

const R: usize = 2;

fn at(address: &str) -> SocketAddr {
    address.parse().expect("an address")
}

const HOME_A: &str = "192.168.1.2:4747";
const HOME_B: &str = "192.168.2.2:4747";

/// A and B, who are reached through so many relays, with NATs of these kinds in front of them, if
/// any, and with this ping interval.
fn homes(relays: usize, ports: [Option<Ports>; 2], interval: Duration) -> Net {
    let mut net = Net::new(2 + relays);
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    for relay in R..R + relays {
        let config = Config { access, ..Config::new(network()) };
        net.hosts[relay] = Host::configured(relay, config, relay as u8 + 50, net.now);
    }
    for (host, (ports, home)) in ports.into_iter().zip([HOME_A, HOME_B]).enumerate() {
        let config = Config { ping_interval: interval, ..Config::new(network()) };
        net.hosts[host] = Host::configured(host, config, host as u8 + 70, net.now);
        if let Some(ports) = ports {
            net.hosts[host].address = at(home);
            net.nats.push(Nat::new(host as u8 + 1, &[at(home)], ports));
        }
        let (now, address) = (net.now, net.hosts[host].address);
        net.hosts[host].node.set_local_addresses(&[(Socket(0), address)], now);
    }
    net.delay = Duration::from_millis(10);
    for host in [A, B] {
        for relay in R..R + relays {
            net.connect(host, relay);
        }
    }
    net.run_for(Duration::from_secs(25));
    net
}

fn behind(ports: [Option<Ports>; 2]) -> Net {
    homes(1, ports, Config::PING_INTERVAL)
}

fn look_for(net: &mut Net, from: usize, to: usize) -> Peer {
    let id = net.hosts[to].id();
    let peer = net.hosts[from].node.connect(id, None, net.now).expect("there is room");
    net.collect(from);
    peer
}

fn route(net: &mut Net, of: usize, other: usize) -> Option<Route> {
    let peer = net.peer(of, other)?;
    net.hosts[of].node.route(peer).expect("the handle is fresh")
}

fn is_direct(net: &mut Net) -> bool {
    let mut is_direct = |of, other| matches!(route(net, of, other), Some(Route::Direct(_)));
    is_direct(A, B) && is_direct(B, A)
}

fn relayed(net: &mut Net, of: usize, other: usize) -> Option<Relayed> {
    let peer = net.peer(of, other).expect("it is known");
    net.hosts[of].node.relayed(peer).expect("the handle is fresh")
}

fn count(net: &Net, of: usize, counter: Counter) -> u64 {
    net.hosts[of].node.counters().done(counter)
}

const CONE: Option<Ports> = Some(Ports::OfSocket);
const COUNTED: Option<Ports> = Some(Ports::Counted);
const SCATTERED: Option<Ports> = Some(Ports::Scattered);

#[test]
fn two_behind_nats_that_keep_their_ports_are_soon_direct() {
    let mut net = behind([CONE, CONE]);
    look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(1));
    assert!(is_direct(&mut net));
    assert_eq!(relayed(&mut net, A, B), None);
    assert_eq!(count(&net, A, Counter::PunchesBegun), 1);
}

#[test]
fn whoever_looks_for_whom() {
    for (from, to) in [(A, B), (B, A)] {
        let mut net = behind([CONE, CONE]);
        look_for(&mut net, from, to);
        net.run_for(Duration::from_secs(1));
        assert!(is_direct(&mut net));
    }
}

#[test]
fn a_nat_with_ports_of_its_own_is_met_by_one_who_is_open() {
    for ports in [[SCATTERED, None], [None, SCATTERED]] {
        let mut net = behind(ports);
        look_for(&mut net, A, B);
        net.run_for(Duration::from_secs(3));
        assert!(is_direct(&mut net));
    }
}

#[test]
fn a_nat_that_counts_is_guessed() {
    let mut net = homes(2, [COUNTED, CONE], Config::PING_INTERVAL);
    look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(3));
    assert!(is_direct(&mut net));
}

#[test]
fn where_no_way_is_the_relay_stays_and_why_is_told() {
    let mut net = homes(2, [SCATTERED, SCATTERED], Config::PING_INTERVAL);
    let peer = look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(30));
    assert!(matches!(route(&mut net, A, B), Some(Route::Relayed(_))));
    let why = relayed(&mut net, A, B).expect("it is relayed");
    assert_eq!(why.reason, RelayReason::BothPortsVary);
    assert!(why.probes > 0 && why.next_try > Some(net.now));
    let [Some(one), Some(other)] = why.seen_at else { panic!("two addresses: {why:?}") };
    assert!(one.ip() == other.ip() && one.port() != other.port());
    let told = |reason| net.hosts[A].events.contains(&Event::Relayed(peer, reason));
    assert!(told(RelayReason::Trying) && told(RelayReason::BothPortsVary));
}

#[test]
fn with_one_relay_nothing_is_said_of_ports_that_may_vary() {
    let mut net = behind([SCATTERED, SCATTERED]);
    look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(30));
    assert_eq!(relayed(&mut net, A, B).map(|why| why.reason), Some(RelayReason::NoAnswer));
}

#[test]
fn two_in_one_home_meet_there() {
    let mut net = behind([CONE, CONE]);
    let neighbours = [at(HOME_A), at("192.168.1.3:4747")];
    net.nats = vec![Nat::new(1, &neighbours, Ports::OfSocket)];
    net.hosts[B].address = neighbours[1];
    let now = net.now;
    net.hosts[B].node.set_local_addresses(&[(Socket(0), neighbours[1])], now);
    for host in [A, B] {
        net.hosts[host].node.network_changed(now);
        net.collect(host);
    }
    net.run_for(Duration::from_secs(30));
    look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(3));
    let Some(Route::Direct(path)) = route(&mut net, A, B) else { panic!("it is direct") };
    assert_eq!(path.remote, neighbours[1]);
}

#[test]
fn who_names_a_victim_gets_it_no_packet() {
    let mut net = behind([CONE, SCATTERED]);
    let victims = [at("203.0.113.9:5353"), at("203.0.113.9:4747"), at("10.0.0.1:8080")];
    let named = victims.map(|victim| (Socket(0), victim));
    let now = net.now;
    net.hosts[B].node.set_local_addresses(&named, now);
    look_for(&mut net, A, B);
    let mut probed = 0;
    net.run(Duration::from_secs(3600), |packet| {
        assert!(!victims.iter().any(|victim| victim.ip() == packet.to.ip()));
        probed += usize::from(packet.from == at(HOME_A) && packet.to != address(R));
        true
    });
    assert!(probed > 0);
}

/// Drops one packet in so many, in an order that follows from the seed.
fn lossy(seed: u32, one_in: u32) -> impl FnMut(&Packet) -> bool {
    let mut state = seed;
    move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        !(state >> 16).is_multiple_of(one_in)
    }
}

#[test]
fn lost_packets_delay_it_at_most() {
    let direct = |one_in, within_secs| {
        let is_direct = |seed: &u32| {
            let mut net = behind([CONE, CONE]);
            look_for(&mut net, A, B);
            net.run(Duration::from_secs(within_secs), lossy(*seed, one_in));
            is_direct(&mut net)
        };
        (0..50).filter(is_direct).count()
    };
    assert_eq!(direct(20, 10), 50, "with one in twenty lost");
    let most = direct(5, 20);
    assert!(most >= 48, "{most} of 50 with one in five lost");
}

#[test]
fn attempts_that_come_to_nothing_are_few_and_small() {
    let mut net = homes(2, [SCATTERED, SCATTERED], Config::PING_INTERVAL);
    look_for(&mut net, A, B);
    look_for(&mut net, B, A);
    net.run_for(Duration::from_secs(3600));
    for host in [A, B] {
        let begun = count(&net, host, Counter::PunchesBegun);
        assert!((5..=8).contains(&begun), "{begun} attempts in an hour");
        assert!(count(&net, host, Counter::ProbesSent) <= 8 * begun);
        assert!(count(&net, host, Counter::PunchMessagesSent) <= 2 * begun);
    }
}

#[test]
fn a_nat_that_reboots_costs_the_way_only_for_a_while() {
    let mut net = behind([CONE, CONE]);
    look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(600));
    assert!(is_direct(&mut net));
    net.nats[B].reboot();
    let mut events = std::mem::take(&mut net.hosts[A].events);
    for _ in 0..200 {
        net.send(A, B, b"still there?").expect("there is room");
        net.run_for(Duration::from_millis(100));
    }
    events.append(&mut net.hosts[A].events);
    assert!(is_direct(&mut net));
    assert!(!events.iter().any(|event| matches!(event, Event::Disconnected(_))));
    assert_eq!(net.hosts[B].messages.len(), 200);
}

#[test]
fn where_nobody_is_heard_that_is_told_of_those_known_by_key_alone_too() {
    let mut net = Net::new(3);
    net.connect(A, R);
    let peer = look_for(&mut net, A, B);
    net.run(Duration::from_secs(60), |_| false);
    let told = Event::Relayed(peer, RelayReason::UdpBlocked);
    assert!(net.hosts[A].events.contains(&told));
    assert_eq!(relayed(&mut net, A, B).map(|why| why.reason), Some(RelayReason::UdpBlocked));
    net.run_for(Duration::from_secs(90));
    assert!(net.is_active(A, R));
    assert_eq!(relayed(&mut net, A, B), None);
}

#[test]
fn who_leaves_a_direct_way_that_swallows_long_packets_is_told_why() {
    let mut net = behind([CONE, CONE]);
    let peer = look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(20));
    assert!(is_direct(&mut net));
    net.hosts[A].events.clear();
    net.send(A, B, &[7; 1200]).expect("there is room");
    let relay = address(R);
    net.run(Duration::from_secs(5), |packet| {
        packet.bytes.len() < 600 || packet.from == relay || packet.to == relay
    });
    assert!(net.hosts[A].events.contains(&Event::Relayed(peer, RelayReason::Lossy)));
    assert_eq!(net.hosts[B].messages.len(), 1);
}

#[test]
fn who_is_told_of_another_network_looks_again_at_once() {
    let mut net = behind([SCATTERED, CONE]);
    look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(1200));
    assert!(!is_direct(&mut net));
    net.nats[A] = Nat::new(9, &[at(HOME_A)], Ports::OfSocket);
    let now = net.now;
    net.hosts[A].node.network_changed(now);
    net.collect(A);
    net.run_for(Duration::from_secs(15));
    assert!(is_direct(&mut net));
}

/// How often a host sends anything in an hour, once it has found out how long its NAT keeps a way.
fn wakes_an_hour(timeout: Duration) -> usize {
    let interval = Duration::from_secs(300);
    let mut net = homes(1, [CONE, CONE], interval);
    net.nats =
        std::mem::take(&mut net.nats).into_iter().map(|nat| nat.with_timeout(timeout)).collect();
    look_for(&mut net, A, B);
    net.run_for(Duration::from_secs(3600));
    assert!(is_direct(&mut net));
    let (mut wakes, mut last) = (0, Instant::ORIGIN);
    for _ in 0..3600 {
        let mut sends = false;
        net.run(Duration::from_secs(1), |packet| {
            sends |= packet.from == at(HOME_A);
            true
        });
        if sends && net.now.saturating_since(last) > Duration::from_secs(2) {
            (wakes, last) = (wakes + 1, net.now);
        }
    }
    wakes
}

#[test]
fn a_node_that_sleeps_is_woken_as_rarely_as_its_nat_allows() {
    let (short, long) =
        (wakes_an_hour(Duration::from_secs(60)), wakes_an_hour(Duration::from_secs(3600)));
    assert!(long < 60, "{long} times an hour without a NAT that forgets");
    assert!((60..=200).contains(&short), "{short} times an hour behind one that does in a minute");
}

#[test]
fn a_sleeper_is_kept_within_reach_by_the_end_that_its_nat_locks_out() {
    let mut net = Net::new(2);
    let interval = Duration::from_secs(120);
    let config = Config { ping_interval: interval, ..Config::new(network()) };
    net.hosts[B] = Host::configured(B, config, 70, net.now);
    net.hosts[B].address = at(HOME_B);
    let nat = Nat::new(1, &[at(HOME_B)], Ports::Kept);
    net.nats.push(nat.with_timeout(Duration::from_secs(40)));
    net.delay = Duration::from_millis(10);
    net.connect(B, A);
    // Its own pings open what had been closed, and so it learns nothing from them.
    net.run_for(Duration::from_secs(900));
    for silence in 40..120 {
        net.run_for(Duration::from_secs(silence));
        net.send(A, B, b"wake up").unwrap();
        net.run_for(Duration::from_secs(5));
        let outcome = net.hosts[A].outcomes().last().map(|(_, outcome)| *outcome);
        assert_eq!(outcome, Some(Outcome::Acked), "after {silence} s");
        net.hosts[A].events.clear();
    }
}

/// Its questions open the NAT for two seconds each, and what is sent in between does not come in.
#[test]
fn who_is_behind_a_nat_that_soon_forgets_is_told_when_it_asks() {
    for wait_secs in 0..10 {
        let mut net = Net::new(2);
        let nat = Nat::new(1, &[at(HOME_A)], Ports::OfSocket);
        net.nats.push(nat.with_timeout(Duration::from_secs(2)));
        net.hosts[A].address = at(HOME_A);
        net.delay = Duration::from_millis(10);
        net.connect(A, B);
        net.run_for(Duration::from_secs(60 + wait_secs));
        assert!(net.is_active(A, B) && net.is_active(B, A));
        net.send(B, A, b"are you there?").expect("there is room");
        net.run_for(Duration::from_secs(25));
        assert_eq!(net.hosts[A].messages.len(), 1, "after {wait_secs} s");
    }
}
