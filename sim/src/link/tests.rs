use underpass_core::{Duration, Instant};

use super::{Link, LinkModel, Loss};
use crate::random::Draws;
use crate::units::{Probability, Rate};

fn link(model: LinkModel) -> Link {
    Link::new(model, &Draws::new(1), "a>b")
}

fn at_ms(at_ms: u64) -> Instant {
    Instant::ORIGIN + Duration::from_millis(at_ms)
}

fn kbit(kbit: u64) -> Option<Rate> {
    Rate::from_bits_per_second(1000 * kbit)
}

#[test]
fn an_ideal_link_changes_nothing() {
    assert_eq!(link(LinkModel::IDEAL).cross(at_ms(5), 0, 100), Ok(at_ms(5)));
}

#[test]
fn without_jitter_every_packet_takes_the_delay() {
    let mut link = link(LinkModel { delay: Duration::from_millis(20), ..LinkModel::IDEAL });
    assert!(
        (0..100).all(|number| link.cross(at_ms(number), number, 100) == Ok(at_ms(number + 20)))
    );
}

#[test]
fn jitter_is_uniform_around_the_delay() {
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
    let mut link = link(LinkModel { delay, jitter, ..LinkModel::IDEAL });
    let latencies_us: Vec<u64> = (0..10_000)
        .map(|number| link.cross(Instant::ORIGIN, number, 100).unwrap().as_micros())
        .collect();
    let (least, most) = (latencies_us.iter().min().unwrap(), latencies_us.iter().max().unwrap());
    assert!((15_000..15_020).contains(least) && (24_980..=25_000).contains(most));
    // The standard deviation of the mean is 29 us.
    let mean = latencies_us.iter().sum::<u64>() / 10_000;
    assert!((19_900..20_100).contains(&mean), "{mean}");
    let in_lower_quarter = latencies_us.iter().filter(|&&us| us < 17_500).count();
    assert!((2_350..2_650).contains(&in_lower_quarter), "{in_lower_quarter}");
}

#[test]
fn jitter_never_makes_a_packet_arrive_before_it_was_sent() {
    let (delay, jitter) = (Duration::from_millis(1), Duration::from_millis(5));
    let mut link = link(LinkModel { delay, jitter, ..LinkModel::IDEAL });
    let exits: Vec<Instant> =
        (0..1000).map(|number| link.cross(at_ms(10), number, 100).unwrap()).collect();
    assert_eq!(exits.iter().min(), Some(&at_ms(10)));
    assert!(exits.iter().max().unwrap() <= &at_ms(16));
}

#[test]
fn jitter_reorders_on_a_link_without_a_rate() {
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
    let mut link = link(LinkModel { delay, jitter, ..LinkModel::IDEAL });
    let exits: Vec<Instant> =
        (0..100).map(|number| link.cross(at_ms(number), number, 100).unwrap()).collect();
    assert!(!exits.is_sorted());
}

#[test]
fn a_limited_rate_keeps_the_order_under_jitter() {
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
    let mut link = link(LinkModel { delay, jitter, rate: kbit(8_000), ..LinkModel::IDEAL });
    let exits: Vec<Instant> =
        (0..100).map(|number| link.cross(at_ms(number), number, 100).unwrap()).collect();
    assert!(exits.is_sorted());
}

#[test]
fn packets_that_jitter_holds_back_come_out_at_the_rate() {
    let (delay, jitter) = (Duration::from_millis(100), Duration::from_millis(100));
    let mut link = link(LinkModel { delay, jitter, rate: kbit(800), ..LinkModel::IDEAL });
    // 100 bytes take a millisecond.
    let exits = (0..1000).map(|number| link.cross(at_ms(2 * number), number, 100).unwrap());
    let exits: Vec<Instant> = exits.collect();
    let gaps = exits.windows(2).map(|pair| pair[1].saturating_since(pair[0]));
    assert_eq!(gaps.min(), Some(Duration::from_millis(1)));
}

#[test]
fn loss_hits_the_stated_share() {
    let loss = Probability::ratio(1, 10).unwrap();
    let mut link = link(LinkModel { loss, ..LinkModel::IDEAL });
    let lost = (0..10_000)
        .filter(|&number| link.cross(Instant::ORIGIN, number, 100) == Err(Loss::Random))
        .count();
    // The standard deviation is 30.
    assert!((900..1100).contains(&lost), "{lost}");
}

#[test]
fn whether_a_packet_is_lost_depends_on_its_number_alone() {
    let loss = Probability::ratio(1, 2).unwrap();
    let mut forwards = link(LinkModel { loss, ..LinkModel::IDEAL });
    let jitter = Duration::from_millis(1);
    let mut backwards = link(LinkModel { loss, jitter, ..LinkModel::IDEAL });
    let first: Vec<bool> =
        (0..100).map(|number| forwards.cross(at_ms(0), number, 100).is_ok()).collect();
    let second: Vec<bool> =
        (0..100).rev().map(|number| backwards.cross(at_ms(9), number, 700).is_ok()).collect();
    assert!(first.iter().eq(second.iter().rev()));
    assert!(first.contains(&true) && first.contains(&false));
}

#[test]
fn links_of_different_names_lose_different_packets() {
    let model = LinkModel { loss: Probability::ratio(1, 2).unwrap(), ..LinkModel::IDEAL };
    let mut one = Link::new(model, &Draws::new(1), "a>b");
    let mut other = Link::new(model, &Draws::new(1), "b>a");
    let differ = (0..100)
        .filter(|&number| one.cross(at_ms(0), number, 1) != other.cross(at_ms(0), number, 1))
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
    assert_eq!(link.cross(at_ms(0), 0, 100), Ok(at_ms(8)));
    assert_eq!(link.cross(at_ms(0), 1, 200), Ok(at_ms(10)));
    // By then the link is idle again.
    assert_eq!(link.cross(at_ms(50), 2, 100), Ok(at_ms(58)));
}

#[test]
fn serialization_rounds_up_without_drift() {
    // 100 bytes take 266.66... us.
    let mut link = link(LinkModel { rate: kbit(3_000), ..LinkModel::IDEAL });
    let exits_us: Vec<u64> =
        (0..900).map(|number| link.cross(at_ms(0), number, 100).unwrap().as_micros()).collect();
    assert_eq!(exits_us[..3], [267, 534, 800]);
    assert_eq!(exits_us[899], 240_000);
}

#[test]
fn a_full_queue_drops_the_last_to_come() {
    let mut link = link(LinkModel { rate: kbit(800), limit: 3, ..LinkModel::IDEAL });
    let exits: Vec<_> = (0..5).map(|number| link.cross(at_ms(0), number, 100)).collect();
    assert_eq!(exits[..3], [Ok(at_ms(1)), Ok(at_ms(2)), Ok(at_ms(3))]);
    assert_eq!(exits[3..], [Err(Loss::QueueFull); 2]);
    // One was sent in the meantime: there is room for one.
    assert_eq!(link.cross(at_ms(1), 5, 100), Ok(at_ms(4)));
    assert_eq!(link.cross(at_ms(1), 6, 100), Err(Loss::QueueFull));
}

#[test]
fn a_packet_lost_by_chance_takes_no_room_in_the_queue() {
    let model =
        LinkModel { loss: Probability::ALWAYS, rate: kbit(800), limit: 1, ..LinkModel::IDEAL };
    let mut link = link(model);
    assert_eq!(link.cross(at_ms(0), 0, 100), Err(Loss::Random));
    assert_eq!(link.cross(at_ms(0), 1, 100), Err(Loss::Random));
}
