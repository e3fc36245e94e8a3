//! Peers that can be reached in more ways than one.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use underpass_core::{Duration, Event, MAX_TRANSMIT, Path, Route, SendError, Socket};

use crate::net::{A, B, Net, Packet, address, cases};

/// The second addresses of A and B.
const SECOND: [usize; 2] = [100, 101];

/// How long a packet takes on each of the two paths.
struct Delays {
    first: Duration,
    second: Duration,
}

/// A and B with two paths between them, of which they know the first.
fn two_paths() -> Net {
    let mut net = Net::new(2);
    for (host, second) in net.hosts.iter_mut().zip(SECOND) {
        host.second = Some(address(second));
    }
    net.connect(A, B);
    net.settle();
    net
}

fn is_second(packet: &Packet) -> bool {
    SECOND.map(address).contains(&packet.to)
}

/// Lets time pass; `pass` says which packets arrive, and they take as long as their path does.
fn run(net: &mut Net, span: Duration, delays: &Delays, mut pass: impl FnMut(&Packet) -> bool) {
    let end = net.now + span;
    while net.now < end {
        for packet in std::mem::take(&mut net.wire) {
            let delay = if is_second(&packet) { delays.second } else { delays.first };
            if pass(&packet) {
                net.under_way.push((net.now + delay, packet));
            }
        }
        net.now = net.now + Duration::from_millis(1);
        let now = net.now;
        let arrived: Vec<_> = net.under_way.extract_if(.., |(at, _)| *at <= now).collect();
        for (_, packet) in arrived {
            let _ = net.handle(packet);
        }
        for host in [A, B] {
            net.hosts[host].node.handle_timeout(now);
            net.collect(host);
        }
    }
}

/// A asks for B on the second path.
fn try_second(net: &mut Net) {
    let path = Path { socket: Socket(1), remote: address(SECOND[B]) };
    let (id, now) = (net.hosts[B].id(), net.now);
    net.hosts[A].node.connect(id, path, now).expect("it is known");
    net.collect(A);
}

fn route(net: &mut Net) -> Option<SocketAddr> {
    let peer = net.peer(A, B)?;
    match net.hosts[A].node.route(peer).expect("the handle is fresh")? {
        Route::Direct(path) => Some(path.remote),
        _ => None,
    }
}

/// A sends B a payload, on however many ways.
fn send(net: &mut Net, payload: &[u8]) -> Result<usize, SendError> {
    let peer = net.peer(A, B).expect("it is known");
    let mut out = [0; MAX_TRANSMIT];
    let transmit = net.hosts[A].node.send_datagram(peer, payload, &mut out)?;
    let packets: Vec<_> = net.hosts[A].packets(&transmit, &out).collect();
    let count = packets.len();
    net.wire.extend(packets);
    Ok(count)
}

const SLOW_FIRST: Delays =
    Delays { first: Duration::from_millis(50), second: Duration::from_millis(5) };
const EQUAL: Delays =
    Delays { first: Duration::from_millis(20), second: Duration::from_millis(20) };
const SECOND_MS: u64 = 1000;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_clearly_faster_path_is_taken_after_a_stretch_on_both() {
    let mut net = two_paths();
    run(&mut net, ms(11 * SECOND_MS), &SLOW_FIRST, |_| true);
    try_second(&mut net);
    run(&mut net, ms(50), &SLOW_FIRST, |_| true);
    assert_eq!(route(&mut net), Some(address(SECOND[B])));
    assert_eq!(send(&mut net, b"both"), Ok(2));
    run(&mut net, ms(3 * SECOND_MS), &SLOW_FIRST, |_| true);
    assert_eq!(send(&mut net, b"one"), Ok(1));
    run(&mut net, ms(100), &SLOW_FIRST, |_| true);
    assert_eq!(net.hosts[B].payloads, [&b"both"[..], b"one"], "each once");
}

#[test]
fn one_that_is_hardly_faster_is_not() {
    let mut net = two_paths();
    run(&mut net, ms(11 * SECOND_MS), &EQUAL, |_| true);
    try_second(&mut net);
    let delays = Delays { first: ms(20), second: ms(17) };
    run(&mut net, ms(60 * SECOND_MS), &delays, |_| true);
    assert_eq!(route(&mut net), Some(address(B)));
}

#[test]
fn a_path_that_loses_everything_is_left_within_two_seconds_of_traffic() {
    let mut net = two_paths();
    run(&mut net, ms(11 * SECOND_MS), &SLOW_FIRST, |_| true);
    try_second(&mut net);
    run(&mut net, ms(10 * SECOND_MS), &SLOW_FIRST, |_| true);
    assert_eq!(route(&mut net), Some(address(SECOND[B])));
    let before = net.hosts[B].payloads.len();
    for number in 0..50u8 {
        send(&mut net, &[number]).unwrap();
        run(&mut net, ms(100), &SLOW_FIRST, |packet| !is_second(packet));
    }
    assert_eq!(route(&mut net), Some(address(B)));
    let lost = 50 - (net.hosts[B].payloads.len() - before);
    assert!((1..=18).contains(&lost), "{lost} lost, one each 100 ms");
    assert!(!net.hosts[A].events.iter().any(|event| matches!(event, Event::Disconnected(_))));
}

#[test]
fn a_lost_pong_downgrades_nothing() {
    let mut net = two_paths();
    run(&mut net, ms(11 * SECOND_MS), &SLOW_FIRST, |_| true);
    try_second(&mut net);
    run(&mut net, ms(5 * SECOND_MS), &SLOW_FIRST, |_| true);
    net.hosts[A].events.clear();
    let mut lost = 0;
    run(&mut net, ms(60 * SECOND_MS), &SLOW_FIRST, |packet| {
        let is_lost = packet.to == address(SECOND[A]) && lost == 0;
        lost += usize::from(is_lost);
        !is_lost
    });
    assert_eq!(lost, 1);
    assert!(!net.hosts[A].events.iter().any(|event| matches!(event, Event::Route(..))));
}

#[test]
fn a_path_that_flaps_is_used_beside_the_other_and_costs_nothing() {
    let mut net = two_paths();
    run(&mut net, ms(11 * SECOND_MS), &SLOW_FIRST, |_| true);
    try_second(&mut net);
    run(&mut net, ms(5 * SECOND_MS), &SLOW_FIRST, |_| true);
    let before = net.hosts[B].payloads.len();
    let (mut sent, mut lost_alone) = (0, 0);
    for round in 0..60 {
        let is_down = round % 4 == 3;
        for _ in 0..10 {
            sent += 1;
            let ways = send(&mut net, b"on and on").unwrap();
            lost_alone += usize::from(is_down && ways == 1);
            run(&mut net, ms(100), &SLOW_FIRST, |packet| !(is_down && is_second(packet)));
        }
    }
    let arrived = net.hosts[B].payloads.len() - before;
    assert_eq!(arrived, sent - lost_alone, "only what went one way was lost");
}

#[test]
fn the_sender_waits_for_the_slower_of_two_paths_rather_than_overrun_the_window() {
    let mut net = two_paths();
    let delays = Delays { first: ms(900), second: ms(5) };
    run(&mut net, ms(12 * SECOND_MS), &delays, |_| true);
    try_second(&mut net);
    run(&mut net, ms(50), &delays, |_| true);
    // The board has a window of 256 bits.
    let sent = (0..256u32).map_while(|n| send(&mut net, &n.to_le_bytes()).ok()).count();
    assert!((100..=128).contains(&sent), "{sent}");
    assert_eq!(send(&mut net, b"more"), Err(SendError::Busy));
    // The fast one loses everything that was sent.
    net.wire.retain(|packet| !is_second(packet));
    run(&mut net, ms(2 * SECOND_MS), &delays, |_| true);
    assert_eq!(net.hosts[B].payloads.len(), sent, "the slow one delivers it all");
    assert!(send(&mut net, b"more").is_ok());
}

/// Long packets do not pass by the first path.
fn swallows_long(packet: &Packet) -> bool {
    is_second(packet) || packet.bytes.len() < 600
}

#[test]
fn a_path_that_loses_long_packets_is_left_whenever_there_is_another() {
    let mut net = two_paths();
    run(&mut net, ms(11 * SECOND_MS), &EQUAL, |_| true);
    net.send(A, B, &[1; 1000]).expect("there is room");
    run(&mut net, ms(70 * SECOND_MS), &EQUAL, swallows_long);
    try_second(&mut net);
    net.send(A, B, &[2; 1000]).expect("there is room");
    run(&mut net, ms(40 * SECOND_MS), &EQUAL, swallows_long);
    let arrived: Vec<_> = net.hosts[B].messages.iter().map(|got| got.payload[0]).collect();
    assert_eq!(arrived, [2]);
    assert_eq!(route(&mut net), Some(address(SECOND[B])));
}

#[test]
fn a_path_that_has_taken_long_packets_since_is_left_for_no_longer_than_the_first_time() {
    const FAST_FIRST: Delays = Delays { first: SLOW_FIRST.second, second: SLOW_FIRST.first };
    for (passes_between, is_back) in [(true, true), (false, false)] {
        let mut net = two_paths();
        try_second(&mut net);
        run(&mut net, ms(11 * SECOND_MS), &FAST_FIRST, |_| true);
        net.send(A, B, &[1; 1200]).expect("there is room");
        run(&mut net, ms(5 * SECOND_MS), &FAST_FIRST, swallows_long);
        assert_eq!(route(&mut net), Some(address(SECOND[B])));
        run(&mut net, ms(75 * SECOND_MS), &FAST_FIRST, |_| true);
        assert_eq!(route(&mut net), Some(address(B)));
        let between = if passes_between { &[2; 1200][..] } else { &[2; 100] };
        net.send(A, B, between).expect("there is room");
        run(&mut net, ms(SECOND_MS), &FAST_FIRST, |_| true);
        net.send(A, B, &[3; 1200]).expect("there is room");
        run(&mut net, ms(5 * SECOND_MS), &FAST_FIRST, swallows_long);
        assert_eq!(route(&mut net), Some(address(SECOND[B])));
        run(&mut net, ms(75 * SECOND_MS), &FAST_FIRST, |_| true);
        assert_eq!(route(&mut net) == Some(address(B)), is_back);
    }
}

#[test]
fn copies_of_a_peers_packets_from_everywhere_do_not_make_a_node_ping_as_often() {
    let mut net = two_paths();
    let is_to_a = |packet: &Packet| packet.to == address(A);
    run(&mut net, ms(11 * SECOND_MS), &EQUAL, |_| true);
    run(&mut net, ms(14 * SECOND_MS), &EQUAL, |packet| is_to_a(packet) && packet.bytes.len() > 100);
    let peer = net.peer(B, A).expect("it is known");
    let mut pings = 0;
    for number in 0..100 {
        let mut packet = net.hosts[B].seal(peer, b"from anywhere").expect("it is active");
        packet.from.set_port(10_000 + number);
        net.handle(packet).expect("it is authentic");
        run(&mut net, ms(10), &EQUAL, |packet| {
            pings += usize::from(!is_to_a(packet));
            false
        });
    }
    assert!((5..=40).contains(&pings), "{pings} in a second");
}

proptest! {
    #![proptest_config(cases(40))]

    /// Whatever either path delivers during a planned switch arrives, once.
    #[test]
    fn a_planned_switch_loses_nothing_that_either_path_delivered(
        first_ms in 25u64..150, second_ms in 1u64..10,
        losses in vec((any::<bool>(), any::<bool>()), 250),
    ) {
        let delays = Delays { first: ms(first_ms), second: ms(second_ms) };
        let mut net = two_paths();
        run(&mut net, ms(11 * SECOND_MS), &delays, |_| true);
        try_second(&mut net);
        let (mut delivered, mut refused) = (BTreeSet::new(), 0);
        let before = net.hosts[B].payloads.len();
        for (number, (first_lost, second_lost)) in (0..).zip(&losses) {
            let payload = u32::to_le_bytes(number);
            let first_packet = net.wire.len();
            if send(&mut net, &payload).is_err() {
                refused += 1;
                run(&mut net, ms(16), &delays, |_| true);
                continue;
            }
            let mut arrives = false;
            let sent: Vec<_> = net.wire.drain(first_packet..).collect();
            for packet in sent {
                let is_lost = if is_second(&packet) { *second_lost } else { *first_lost };
                if !is_lost {
                    arrives = true;
                    net.wire.push(packet);
                }
            }
            if arrives {
                delivered.insert(payload);
            }
            run(&mut net, ms(16), &delays, |_| true);
        }
        run(&mut net, ms(500), &delays, |_| true);
        let arrived = &net.hosts[B].payloads[before..];
        let once: BTreeSet<_> = arrived.iter().map(|payload| payload[..].try_into().unwrap()).collect();
        prop_assert_eq!(arrived.len(), once.len());
        prop_assert_eq!(once, delivered);
        prop_assert!(refused < 20, "{} refused", refused);
    }
}
