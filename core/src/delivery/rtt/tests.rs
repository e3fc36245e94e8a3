use proptest::prelude::*;

use super::*;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_first_measurement_is_taken_as_it_is() {
    let rtt = Rtt::new(Some(ms(100)));
    assert_eq!((rtt.smoothed, rtt.variation), (ms(100), ms(50)));
    assert_eq!(rtt.probe_timeout(), ms(100 + 200 + 25));
}

#[test]
fn a_path_never_measured_is_assumed_to_take_a_third_of_a_second() {
    assert_eq!(Rtt::new(None).smoothed(), ms(333));
}

#[test]
fn a_sample_moves_the_average_by_an_eighth_and_the_variation_by_a_quarter() {
    let mut rtt = Rtt::new(Some(ms(100)));
    rtt.sample(ms(180), Duration::ZERO);
    assert_eq!((rtt.smoothed, rtt.variation), (ms(110), Duration::from_micros(57_500)));
}

#[test]
fn the_peers_delay_is_taken_off_unless_that_is_below_the_shortest_seen() {
    let mut rtt = Rtt::new(Some(ms(100)));
    rtt.sample(ms(120), ms(20));
    assert_eq!(rtt.smoothed, ms(100));
    rtt.sample(ms(108), ms(20));
    assert_eq!(rtt.smoothed, ms(101), "taken in full");
}

#[test]
fn a_peer_that_claims_a_long_delay_is_believed_only_the_longest_allowed() {
    let mut rtt = Rtt::new(Some(ms(100)));
    rtt.sample(ms(205), Duration::MAX);
    assert_eq!(rtt.smoothed, ms(110), "205 less 25");
}

#[test]
fn a_loss_is_noticed_after_nine_eighths_of_a_round_trip() {
    assert_eq!(Rtt::new(Some(ms(80))).loss_delay(), ms(90));
    assert_eq!(Rtt::new(Some(Duration::ZERO)).loss_delay(), GRANULARITY);
}

proptest! {
    #[test]
    fn the_average_stays_among_what_was_measured(
        samples in prop::collection::vec((any::<u64>(), any::<u64>()), 1..50),
    ) {
        let mut rtt = Rtt::new(samples.first().map(|(latest, _)| Duration::from_micros(*latest)));
        for (latest, delay) in &samples {
            rtt.sample(Duration::from_micros(*latest), Duration::from_micros(*delay));
        }
        let longest = samples.iter().map(|(latest, _)| *latest).max().unwrap();
        prop_assert!(rtt.smoothed.as_micros() <= longest);
        prop_assert!(rtt.smoothed >= rtt.min.saturating_sub(Duration::from_micros(1)));
        prop_assert!(rtt.loss_delay() >= GRANULARITY);
        prop_assert!(rtt.probe_timeout() >= rtt.smoothed + ACK_DELAY_MAX);
    }
}
