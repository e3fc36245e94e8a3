use underpass_core::Instant;
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{BindError, Cx, IpFamily};
use underpass_sim::scenario::model::NodeId;
use underpass_sim::units::{Probability, Rate};

use super::setup::{
    A, B, C, Log, Sleeper, address_of, at_ms, config, delayed, factory, ms, pair, schedule_send,
    world,
};

fn rate_of_one_packet_a_millisecond() -> Option<Rate> {
    // A courier's packet: 32 bytes of payload, 28 of headers.
    Rate::from_bits_per_second(60 * 8 * 1000)
}

#[test]
fn a_packet_takes_the_delays_of_all_its_links() {
    let mut config = config(3, LinkModel::IDEAL);
    config.nodes[0].up = delayed(1);
    config.nodes[1].down = delayed(20);
    config.pairs.push(pair(B, A, delayed(300)));
    let mut world = world(config);
    schedule_send(&mut world, 0, A, B);
    schedule_send(&mut world, 0, A, C);
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(321)]);
    assert_eq!(Log::of(&outcome).arrivals(A, C), [at_ms(1)]);
}

#[test]
fn packets_of_all_senders_share_the_queue_of_the_receiver() {
    let mut config = config(3, delayed(5));
    config.nodes[2].down.rate = rate_of_one_packet_a_millisecond();
    let mut world = world(config);
    for sender in [B, A, B] {
        schedule_send(&mut world, 0, sender, C);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    // 5 ms up and 5 ms down; a's packet comes first, since both reach the queue together.
    assert_eq!(Log::of(&outcome).arrivals(A, C), [at_ms(11)]);
    assert_eq!(Log::of(&outcome).arrivals(B, C), [at_ms(12), at_ms(13)]);
}

#[test]
fn a_pair_link_has_its_own_queue() {
    let mut config = config(3, delayed(5));
    let rate = rate_of_one_packet_a_millisecond();
    config.pairs.push(pair(A, B, LinkModel { rate, ..LinkModel::IDEAL }));
    let mut world = world(config);
    for to in [B, B, C] {
        schedule_send(&mut world, 0, A, to);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(11), at_ms(12)]);
    assert_eq!(Log::of(&outcome).arrivals(A, C), [at_ms(10)]);
}

#[test]
fn a_full_queue_drops_and_counts() {
    let mut config = config(2, LinkModel::IDEAL);
    config.nodes[0].up.rate = rate_of_one_packet_a_millisecond();
    config.nodes[0].up.limit = 4;
    let mut world = world(config);
    for _ in 0..10 {
        schedule_send(&mut world, 0, A, B);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let tally = world.finish().tally;
    assert_eq!((tally.delivered, tally.queue_full), (4, 6));
}

#[test]
fn loss_on_both_access_links_adds_up() {
    let loss = Probability::ratio(1, 10).unwrap();
    let mut world = world(config(2, LinkModel { loss, ..delayed(1) }));
    for send_at_ms in 0..10_000 {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    world.run_until(at_ms(11_000)).unwrap();
    let tally = world.finish().tally;
    assert_eq!(tally.delivered + tally.lost, 10_000);
    // 19 in 100; the standard deviation is 39.
    assert!((1_780..2_020).contains(&tally.lost), "{}", tally.lost);
}

#[test]
fn jitter_on_both_access_links_adds_up() {
    let mut world = world(config(2, LinkModel { jitter: ms(5), ..delayed(10) }));
    for send_at_ms in 0..10_000 {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    world.run_until(at_ms(11_000)).unwrap();
    let outcome = world.finish();
    let arrivals = Log::of(&outcome).arrivals(A, B);
    let sum_us: u64 = arrivals.iter().map(|at| at.as_micros()).sum();
    let mean_latency_us = sum_us / 10_000 - 4_999_500;
    // The standard deviation of the mean is 41 us.
    assert!((19_850..20_150).contains(&mean_latency_us), "{mean_latency_us}");
}

#[test]
fn what_a_node_sends_to_itself_crosses_no_link() {
    let lossy = LinkModel { loss: Probability::ALWAYS, ..delayed(5) };
    let mut world = world(config(1, lossy));
    schedule_send(&mut world, 7, A, A);
    world.run_until(at_ms(100)).unwrap();
    assert_eq!(Log::of(&world.finish()).arrivals(A, A), [at_ms(7)]);
}

#[test]
fn a_packet_to_nobody_vanishes_and_is_counted() {
    let mut config = config(3, LinkModel::IDEAL);
    config.nodes[1].start = at_ms(50);
    config.nodes[2].factory =
        factory(|| Sleeper { on_start: |_: &mut Cx<'_>| (), on_timeout: |_: &mut Cx<'_>| () });
    let mut world = world(config);
    schedule_send(&mut world, 0, A, B); // off
    schedule_send(&mut world, 0, A, C); // binds nothing
    schedule_send(&mut world, 0, A, NodeId(9));
    world.run_until(at_ms(100)).unwrap();
    let tally = world.finish().tally;
    assert_eq!((tally.node_off, tally.no_socket, tally.no_address), (1, 1, 1));
    assert_eq!((tally.datagrams, tally.delivered), (3, 0));
}

#[test]
fn a_socket_sends_to_its_own_family_alone() {
    let mut config = config(2, LinkModel::IDEAL);
    config.nodes[1].ipv6 = true;
    config.nodes[0].ipv6 = true;
    config.nodes[0].factory = factory(|| Sleeper {
        on_start: |cx: &mut Cx<'_>| {
            let socket = cx.bind(IpFamily::V6, 7).unwrap();
            assert!(cx.transmit(|_| Some((socket, address_of(B), 10))));
        },
        on_timeout: |_: &mut Cx<'_>| (),
    });
    let mut world = world(config);
    world.run_until(Instant::ORIGIN).unwrap();
    assert_eq!(world.finish().tally.no_address, 1);
}

#[test]
fn a_port_is_bound_once_and_only_where_there_is_an_address() {
    let mut config = config(1, LinkModel::IDEAL);
    config.nodes[0].factory = factory(|| Sleeper {
        on_start: |cx: &mut Cx<'_>| {
            assert!(cx.bind(IpFamily::V4, 7).is_ok());
            assert_eq!(cx.bind(IpFamily::V4, 7), Err(BindError::PortInUse));
            assert_eq!(cx.bind(IpFamily::V4, 0), Err(BindError::PortZero));
            assert_eq!(cx.bind(IpFamily::V6, 7), Err(BindError::NoAddress));
            for port in 8..263 {
                assert!(cx.bind(IpFamily::V4, port).is_ok());
            }
            assert_eq!(cx.bind(IpFamily::V4, 263), Err(BindError::TooManySockets));
        },
        on_timeout: |_: &mut Cx<'_>| (),
    });
    world(config).run_until(Instant::ORIGIN).unwrap();
}
