use std::collections::BTreeSet;

use underpass_core::Instant;
use underpass_sim::link::{GilbertElliott, LinkModel, LossModel};
use underpass_sim::machine::{BindError, Cx, IpFamily};
use underpass_sim::scenario::model::NodeId;
use underpass_sim::trace::{PacketInfo, Watch};
use underpass_sim::units::{Probability, Rate};
use underpass_sim::world::{Outcome, World, WorldConfig};

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
    let loss = LossModel::Random(Probability::ratio(1, 10).unwrap());
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
    let lossy = LinkModel { loss: LossModel::Random(Probability::ALWAYS), ..delayed(5) };
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

fn percent(percent: u64) -> Probability {
    Probability::ratio(percent, 100).unwrap()
}

#[test]
fn every_link_on_the_way_may_duplicate_what_the_others_made() {
    let doubles = LinkModel { duplicate: Probability::ALWAYS, ..delayed(10) };
    let mut config = config(2, doubles);
    config.pairs.push(pair(A, B, doubles));
    let mut world = world(config);
    schedule_send(&mut world, 0, A, B);
    world.run_until(at_ms(100)).unwrap();
    let outcome = world.finish();
    assert_eq!(Log::of(&outcome).arrivals(A, B), [at_ms(30); 8]);
    let tally = outcome.tally;
    assert_eq!((tally.datagrams, tally.duplicated, tally.delivered), (1, 7, 8));
}

#[test]
fn a_duplicate_has_a_way_of_its_own() {
    let mut config = config(2, LinkModel { jitter: ms(10), ..delayed(10) });
    config.nodes[0].up.duplicate = Probability::ALWAYS;
    config.nodes[1].down.loss = LossModel::Random(percent(50));
    let mut world = world(config);
    for send_at_ms in 0..100 {
        schedule_send(&mut world, 100 * send_at_ms, A, B);
    }
    world.run_until(at_ms(11_000)).unwrap();
    let outcome = world.finish();
    let arrivals = Log::of(&outcome).arrivals(A, B);
    let of = |sent: u64| arrivals.iter().filter(move |at| at.as_micros() / 100_000 == sent);
    // Half of a half: a pair of which both arrive, at two times.
    let both = (0..100).filter(|sent| of(*sent).count() == 2).count();
    let one = (0..100).filter(|sent| of(*sent).count() == 1).count();
    assert!((5..=45).contains(&both) && (25..=75).contains(&one), "{both} and {one}");
    let times: BTreeSet<_> = arrivals.iter().collect();
    assert_eq!(times.len(), arrivals.len());
}

#[test]
fn duplicates_take_their_share_of_a_queue() {
    let mut config = config(2, LinkModel::IDEAL);
    config.nodes[0].up.duplicate = Probability::ALWAYS;
    config.nodes[1].down.rate = rate_of_one_packet_a_millisecond();
    let mut world = world(config);
    schedule_send(&mut world, 0, A, B);
    world.run_until(at_ms(100)).unwrap();
    assert_eq!(Log::of(&world.finish()).arrivals(A, B), [at_ms(1), at_ms(2)]);
}

/// Keeps what arrives.
#[derive(Default)]
struct Received(Vec<Vec<u8>>);

impl Watch for Received {
    fn arrived(&mut self, _: Instant, packet: &PacketInfo<'_>) {
        self.0.push(packet.bytes.to_vec());
    }
}

fn received(config: WorldConfig) -> (Vec<Vec<u8>>, Outcome) {
    let mut world = World::new(config, vec![Box::<Received>::default()]);
    for send_at_ms in 0..100 {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    world.run_until(at_ms(1_000)).unwrap();
    let mut outcome = world.finish();
    let received: &mut Received = outcome.watches[0].downcast_mut().unwrap();
    (std::mem::take(&mut received.0), outcome)
}

fn bits(bytes: &[u8]) -> u32 {
    bytes.iter().map(|byte| byte.count_ones()).sum()
}

#[test]
fn a_corrupted_packet_arrives_with_one_bit_flipped() {
    let mut config = config(2, LinkModel::IDEAL);
    config.nodes[0].up.corrupt = Probability::ALWAYS;
    let (received, _) = received(config);
    assert_eq!(received.len(), 100);
    // A courier's payload is all zeros.
    assert!(received.iter().all(|bytes| bits(bytes) == 1));
    assert!(received.iter().any(|bytes| bits(&bytes[16..]) == 1));
    assert!(received.iter().any(|bytes| bits(&bytes[..16]) == 1));
}

/// As in tc-netem, the second packet is made before the first is touched.
#[test]
fn a_duplicate_is_corrupted_by_its_own_chance() {
    let mut config = config(2, LinkModel::IDEAL);
    let up = &mut config.nodes[0].up;
    (up.duplicate, up.corrupt) = (Probability::ALWAYS, percent(50));
    let (received, _) = received(config);
    assert_eq!(received.len(), 200);
    let apart = received.chunks(2).filter(|pair| bits(&pair[0]) != bits(&pair[1])).count();
    assert!((25..=75).contains(&apart), "{apart}");
}

#[test]
fn the_hash_covers_what_links_make_of_packets() {
    let hash = |change: fn(&mut LinkModel)| {
        let mut config = config(2, LinkModel::IDEAL);
        change(&mut config.nodes[0].up);
        received(config).1.hash
    };
    let hashes: BTreeSet<[u8; 32]> = [
        hash(|_| ()),
        hash(|up| up.corrupt = Probability::ALWAYS),
        hash(|up| up.corrupt = percent(50)),
        hash(|up| up.duplicate = Probability::ALWAYS),
    ]
    .into();
    assert_eq!(hashes.len(), 4);
}

#[test]
fn an_mtu_counts_headers_and_what_it_drops_is_counted() {
    let mut config = config(2, LinkModel::IDEAL);
    // A courier's packet: 32 bytes of payload, 28 of headers.
    config.nodes[0].up.mtu = Some(60);
    config.nodes[1].up.mtu = Some(59);
    let mut world = world(config);
    schedule_send(&mut world, 0, A, B);
    schedule_send(&mut world, 0, B, A);
    world.run_until(at_ms(100)).unwrap();
    let tally = world.finish().tally;
    assert_eq!((tally.delivered, tally.too_large), (1, 1));
}

/// The state of a link with memory follows the order in which packets come to it, not the order in
/// which they were sent.
#[test]
fn bursts_hit_what_comes_to_a_link_together() {
    let mut config = config(3, LinkModel::IDEAL);
    config.nodes[0].up = delayed(500);
    let [p, r, loss_bad] = [1, 10, 100].map(percent);
    let bursty = GilbertElliott { p, r, loss_bad, loss_good: Probability::NEVER };
    config.nodes[2].down.loss = LossModel::GilbertElliott(bursty);
    let mut world = world(config);
    for send_at_ms in 0..10_000 {
        schedule_send(&mut world, send_at_ms, A, C);
        schedule_send(&mut world, send_at_ms + 500, B, C);
    }
    world.run_until(at_ms(12_000)).unwrap();
    let outcome = world.finish();
    let log = Log::of(&outcome);
    let [from_a, from_b] =
        [A, B].map(|from| -> BTreeSet<Instant> { log.arrivals(from, C).into_iter().collect() });
    // A packet of each comes in every millisecond, and neighbours share their fate but for 11 in
    // 100 changes of state.
    let alike = (500..10_500)
        .filter(|at| from_a.contains(&at_ms(*at)) == from_b.contains(&at_ms(*at)))
        .count();
    assert!(outcome.tally.lost > 500);
    assert!(alike > 9_500, "{alike}");
}
