//! How fast messages are sent on a path with a round trip.

use underpass_core::{Counter, Duration, Instant, Outcome};

use crate::net::{A, B, Net, Packet};

const ONE_WAY: Duration = Duration::from_millis(50);

/// Hosts 100 ms apart, who know it.
fn apart() -> Net {
    let mut net = Net::new(2);
    net.delay = ONE_WAY;
    net.connect(A, B);
    net.run_for(Duration::from_secs(1));
    assert!(net.is_active(A, B));
    net
}

fn is_fragment(packet: &Packet) -> bool {
    packet.bytes.len() > 200
}

fn retransmitted(net: &Net) -> u64 {
    net.hosts[A].node.counters().done(Counter::FragmentsRetransmitted)
}

#[test]
fn ten_packets_go_at_once_and_no_more() {
    let mut net = apart();
    for _ in 0..2 {
        net.send(A, B, &[1; 5 * 1120]).unwrap();
    }
    net.send(A, B, &[1; 1120]).unwrap();
    assert_eq!(net.wire.iter().filter(|packet| is_fragment(packet)).count(), 10);
    net.run_for(Duration::from_secs(1));
    assert_eq!(net.hosts[A].outcomes().len(), 3);
    assert_eq!(retransmitted(&net), 0);
}

#[test]
fn without_loss_nothing_is_sent_twice() {
    let mut net = apart();
    let mut sent = 0;
    for _ in 0..200 {
        while net.send(A, B, &[1; 2 * 1120]).is_ok() {
            sent += 1;
        }
        net.run_for(Duration::from_millis(10));
    }
    net.run_for(Duration::from_secs(1));
    assert_eq!(net.hosts[B].messages.len(), sent);
    assert_eq!(retransmitted(&net), 0);
}

#[test]
fn what_is_lost_is_sent_again_and_little_else() {
    let mut net = apart();
    let (mut accepted, mut seen, mut lost) = (0, 0, 0);
    while net.now < Instant::from_micros(60_000_000) {
        while net.send(A, B, &[1; 1120]).is_ok() {
            accepted += 1;
        }
        net.run(Duration::from_millis(10), |packet| {
            seen += u64::from(is_fragment(packet));
            let drop = is_fragment(packet) && seen % 50 == 0;
            lost += u64::from(drop);
            !drop
        });
    }
    net.run_for(Duration::from_secs(2));
    assert!(lost > 50, "{lost} lost");
    assert_eq!(net.hosts[B].messages.len(), accepted);
    assert!(retransmitted(&net) <= lost + lost / 20, "{} of {lost}", retransmitted(&net));
}

#[test]
fn a_lost_packet_is_noticed_by_those_behind_it_within_a_round_trip_and_a_half() {
    let mut net = apart();
    let (begun, mut lost, mut again) = (net.now, false, None);
    for _ in 0..8 {
        net.send(A, B, &[1; 1120]).unwrap();
    }
    let mut times: Vec<(Instant, Vec<u8>)> = Vec::new();
    for _ in 0..30 {
        let now = net.now;
        net.run(Duration::from_millis(10), |packet| {
            times.push((now, packet.bytes.clone()));
            let drop = is_fragment(packet) && !lost;
            lost |= drop;
            !drop
        });
        if again.is_none() && retransmitted(&net) > 0 {
            again = Some(net.now);
        }
    }
    let after = again.expect("it is sent again").saturating_since(begun);
    assert!(after <= Duration::from_millis(150), "{after}");
    assert_eq!(retransmitted(&net), 1);
    assert_eq!(net.hosts[A].outcomes().len(), 8);
}

#[test]
fn the_last_packet_is_asked_for_after_a_probe_timeout() {
    let mut net = apart();
    net.send(A, B, b"last").unwrap();
    net.wire.clear();
    // A round trip of 100 ms varies by 50 at first, and a receiver may wait 25.
    net.run_for(Duration::from_millis(324));
    assert_eq!(retransmitted(&net), 0);
    net.run_for(Duration::from_millis(1));
    assert_eq!(retransmitted(&net), 1);
    net.run_for(Duration::from_millis(200));
    assert_eq!(net.hosts[A].outcomes().len(), 1);
}

#[test]
fn a_round_trip_that_grows_costs_a_few_probes_and_the_first_answer_counts() {
    let mut net = apart();
    // So that the variation is small.
    for _ in 0..40 {
        net.send(A, B, b"steady").unwrap();
        net.run_for(Duration::from_millis(200));
    }
    assert_eq!(retransmitted(&net), 0);
    net.delay = Duration::from_millis(500);
    let id = net.send(A, B, b"slow").unwrap();
    net.run_for(Duration::from_millis(1030));
    assert_eq!(net.hosts[A].outcomes().last(), Some(&(id, Outcome::Acked)));
    assert!(retransmitted(&net) >= 2);
}

#[test]
fn probes_to_a_peer_that_does_not_answer_become_rarer_down_to_one_in_five_seconds() {
    let mut net = apart();
    net.send(A, B, b"anybody?").unwrap();
    net.run(Duration::from_secs(30), |packet| packet.bytes.len() > 1000);
    let probes = net.hosts[A].node.counters().done(Counter::FragmentsSent);
    assert!((8..=12).contains(&probes), "{probes} in half a minute");
}

#[test]
fn a_peer_with_much_to_be_sent_does_not_starve_another() {
    let mut net = Net::new(3);
    for other in [1, 2] {
        net.connect(A, other);
        net.settle();
    }
    let peers = [net.peer(A, 1).unwrap(), net.peer(A, 2).unwrap()];
    let send = |net: &mut Net, to: usize, len: usize| {
        let message = underpass_core::Outgoing {
            kind: 0,
            purpose: underpass_core::Purpose::Notice,
            payload: &vec![0; len],
        };
        net.hosts[A].node.send_message(peers[to], message, net.now).unwrap();
    };
    send(&mut net, 0, 5 * 1120);
    send(&mut net, 1, 10);
    net.collect(A);
    let to_second = net.hosts[2].address;
    assert!(net.wire[..2].iter().any(|packet| packet.to == to_second));
}
