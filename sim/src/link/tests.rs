use underpass_core::{Duration, Instant};

use super::{Crossing, Incoming, Link, LinkModel, LinkPatch, Loss, LossModel};
use crate::fault::Window;
use crate::random::Draws;
use crate::scenario::model::{Fault, FaultKind};
use crate::units::{Probability, Rate};

mod chance;
mod queue;
mod spread;

fn link(model: LinkModel) -> Link {
    Link::new(model, &Draws::new(1), "a>b")
}

fn at_ms(at_ms: u64) -> Instant {
    Instant::ORIGIN + Duration::from_millis(at_ms)
}

fn kbit(kbit: u64) -> Option<Rate> {
    Rate::from_bits_per_second(1000 * kbit)
}

fn incoming(at: Instant, number: u64, wire_bytes: u64) -> Incoming {
    let payload_bytes = wire_bytes.saturating_sub(28);
    Incoming { at, number, payload_bytes, wire_bytes, is_duplicate: false }
}

impl Link {
    /// When a packet leaves, whatever else happens to it.
    fn exit_of(&mut self, at: Instant, number: u64, wire_bytes: u64) -> Result<Instant, Loss> {
        self.cross(&incoming(at, number, wire_bytes)).map(|crossing| crossing.exit)
    }
}

fn percent(percent: u64) -> Probability {
    Probability::ratio(percent, 100).unwrap()
}

fn lossy(percents: u64) -> LinkModel {
    LinkModel { loss: LossModel::Random(percent(percents)), ..LinkModel::IDEAL }
}

#[test]
fn an_ideal_link_changes_nothing() {
    assert_eq!(link(LinkModel::IDEAL).exit_of(at_ms(5), 0, 100), Ok(at_ms(5)));
}

#[test]
fn without_jitter_every_packet_takes_the_delay() {
    let mut link = link(LinkModel { delay: Duration::from_millis(20), ..LinkModel::IDEAL });
    assert!(
        (0..100).all(|number| link.exit_of(at_ms(number), number, 100) == Ok(at_ms(number + 20)))
    );
}

#[test]
fn jitter_never_makes_a_packet_arrive_before_it_was_sent() {
    let (delay, jitter) = (Duration::from_millis(1), Duration::from_millis(5));
    let mut link = link(LinkModel { delay, jitter, ..LinkModel::IDEAL });
    let exits: Vec<Instant> =
        (0..1000).map(|number| link.exit_of(at_ms(10), number, 100).unwrap()).collect();
    assert_eq!(exits.iter().min(), Some(&at_ms(10)));
    assert!(exits.iter().max().unwrap() <= &at_ms(16));
}

#[test]
fn jitter_reorders_on_a_link_without_a_rate() {
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
    let mut link = link(LinkModel { delay, jitter, ..LinkModel::IDEAL });
    let exits: Vec<Instant> =
        (0..100).map(|number| link.exit_of(at_ms(number), number, 100).unwrap()).collect();
    assert!(!exits.is_sorted());
}

#[test]
fn a_limited_rate_keeps_the_order_under_jitter() {
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
    let mut link = link(LinkModel { delay, jitter, rate: kbit(8_000), ..LinkModel::IDEAL });
    let exits: Vec<Instant> =
        (0..100).map(|number| link.exit_of(at_ms(number), number, 100).unwrap()).collect();
    assert!(exits.is_sorted());
}

#[test]
fn packets_that_jitter_holds_back_come_out_at_the_rate() {
    let (delay, jitter) = (Duration::from_millis(100), Duration::from_millis(100));
    let mut link = link(LinkModel { delay, jitter, rate: kbit(800), ..LinkModel::IDEAL });
    // 100 bytes take a millisecond.
    let exits = (0..1000).map(|number| link.exit_of(at_ms(2 * number), number, 100).unwrap());
    let exits: Vec<Instant> = exits.collect();
    let gaps = exits.windows(2).map(|pair| pair[1].saturating_since(pair[0]));
    assert_eq!(gaps.min(), Some(Duration::from_millis(1)));
}

#[test]
fn whether_a_packet_is_lost_depends_on_its_number_alone() {
    let mut forwards = link(lossy(50));
    let mut backwards = link(LinkModel { jitter: Duration::from_millis(1), ..lossy(50) });
    let first: Vec<bool> =
        (0..100).map(|number| forwards.exit_of(at_ms(0), number, 100).is_ok()).collect();
    let second: Vec<bool> =
        (0..100).rev().map(|number| backwards.exit_of(at_ms(9), number, 700).is_ok()).collect();
    assert!(first.iter().eq(second.iter().rev()));
    assert!(first.contains(&true) && first.contains(&false));
}

#[test]
fn links_of_different_names_lose_different_packets() {
    let mut one = Link::new(lossy(50), &Draws::new(1), "a>b");
    let mut other = Link::new(lossy(50), &Draws::new(1), "b>a");
    let differ = (0..100)
        .filter(|&number| one.exit_of(at_ms(0), number, 1) != other.exit_of(at_ms(0), number, 1))
        .count();
    assert!((25..75).contains(&differ), "{differ}");
}

#[test]
fn packets_go_out_one_after_the_other_at_the_rate() {
    let mut link = link(LinkModel {
        rate: kbit(800), // 100 bytes a millisecond
        delay: Duration::from_millis(7),
        ..LinkModel::IDEAL
    });
    assert_eq!(link.exit_of(at_ms(0), 0, 100), Ok(at_ms(8)));
    assert_eq!(link.exit_of(at_ms(0), 1, 200), Ok(at_ms(10)));
    // By then the link is idle again.
    assert_eq!(link.exit_of(at_ms(50), 2, 100), Ok(at_ms(58)));
}

#[test]
fn serialization_rounds_up_without_drift() {
    // 100 bytes take 266.66... us.
    let mut link = link(LinkModel { rate: kbit(3_000), ..LinkModel::IDEAL });
    let exits_us: Vec<u64> =
        (0..900).map(|number| link.exit_of(at_ms(0), number, 100).unwrap().as_micros()).collect();
    assert_eq!(exits_us[..3], [267, 534, 800]);
    assert_eq!(exits_us[899], 240_000);
}

#[test]
fn a_full_queue_drops_the_last_to_come() {
    let mut link = link(LinkModel { rate: kbit(800), limit: 3, ..LinkModel::IDEAL });
    let exits: Vec<_> = (0..5).map(|number| link.exit_of(at_ms(0), number, 100)).collect();
    assert_eq!(exits[..3], [Ok(at_ms(1)), Ok(at_ms(2)), Ok(at_ms(3))]);
    assert_eq!(exits[3..], [Err(Loss::QueueFull); 2]);
    // One was sent in the meantime: there is room for one.
    assert_eq!(link.exit_of(at_ms(1), 5, 100), Ok(at_ms(4)));
    assert_eq!(link.exit_of(at_ms(1), 6, 100), Err(Loss::QueueFull));
}

#[test]
fn a_packet_lost_by_chance_takes_no_room_in_the_queue() {
    let mut link = link(LinkModel { rate: kbit(800), limit: 1, ..lossy(100) });
    assert_eq!(link.exit_of(at_ms(0), 0, 100), Err(Loss::Random));
    assert_eq!(link.exit_of(at_ms(0), 1, 100), Err(Loss::Random));
}

#[test]
fn a_packet_larger_than_the_mtu_is_dropped() {
    let mut link = link(LinkModel { mtu: Some(1280), ..LinkModel::IDEAL });
    assert_eq!(link.exit_of(at_ms(0), 0, 1280), Ok(at_ms(0)));
    assert_eq!(link.exit_of(at_ms(0), 1, 1281), Err(Loss::TooLarge));
}

/// From 10 ms up to 20 ms.
fn meanwhile() -> Window {
    let lasts = Some(Duration::from_millis(10));
    let kind = FaultKind::Link(Vec::new());
    Window::of(&Fault { name: String::new(), at: at_ms(10), lasts, every: None, kind })
}

#[test]
fn a_change_holds_for_what_enters_meanwhile() {
    let delay = Duration::from_millis(100);
    let mut link = link(LinkModel { delay: Duration::from_millis(5), ..LinkModel::IDEAL });
    link.change(meanwhile(), LinkPatch { delay: Some(delay), ..LinkPatch::default() });
    let exits = [9, 10, 19, 20].map(|at| link.exit_of(at_ms(at), at, 100).unwrap());
    assert_eq!(exits, [14, 110, 119, 25].map(at_ms));
}

#[test]
fn the_later_of_two_changes_wins_where_they_differ() {
    let patch = |delay_ms: u64, mtu| LinkPatch {
        delay: Some(Duration::from_millis(delay_ms)),
        mtu,
        ..LinkPatch::default()
    };
    let mut link = link(LinkModel::IDEAL);
    link.change(meanwhile(), patch(1, Some(500)));
    link.change(meanwhile(), patch(2, None));
    assert_eq!(link.exit_of(at_ms(10), 0, 500), Ok(at_ms(12)));
    assert_eq!(link.exit_of(at_ms(10), 1, 501), Err(Loss::TooLarge));
}

#[test]
fn a_change_to_a_whole_link_leaves_nothing_of_the_old_one() {
    let mut link = link(LinkModel { mtu: Some(500), rate: kbit(80), ..lossy(100) });
    let delay = Some(Duration::from_millis(3));
    link.change(meanwhile(), LinkPatch { afresh: true, delay, ..LinkPatch::default() });
    assert_eq!(link.exit_of(at_ms(10), 0, 1000), Ok(at_ms(13)));
}

#[test]
fn what_waits_already_keeps_its_time_when_the_rate_changes() {
    let mut link = link(LinkModel { rate: kbit(80), ..LinkModel::IDEAL });
    link.change(meanwhile(), LinkPatch { rate: kbit(800), ..LinkPatch::default() });
    // 100 bytes take ten milliseconds, and one from the tenth on.
    assert_eq!(link.exit_of(at_ms(0), 0, 100), Ok(at_ms(10)));
    assert_eq!(link.exit_of(at_ms(0), 1, 100), Ok(at_ms(20)));
    assert_eq!(link.exit_of(at_ms(10), 2, 100), Ok(at_ms(21)));
    assert_eq!(link.exit_of(at_ms(30), 3, 100), Ok(at_ms(40)));
}

#[test]
fn a_link_that_remembers_for_a_time_says_so_from_the_start() {
    let mut link = link(lossy(50));
    assert!(!link.remembers());
    link.change(meanwhile(), LinkPatch { rate: kbit(80), ..LinkPatch::default() });
    assert!(link.remembers());
}
