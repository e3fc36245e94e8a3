use proptest::prelude::*;

use super::*;

fn at_us(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn ppm(ppm: i64) -> Ppm {
    Ppm::new(ppm).expect("in bounds")
}

/// A clock whose drift has changed a few times, and when it did so last.
fn changed() -> impl Strategy<Value = (Clock, u64)> {
    let change = (0..10_000_000_000_u64, -1000..=1000_i64);
    (-1000..=1000_i64, prop::collection::vec(change, 0..5)).prop_map(|(first, changes)| {
        let (mut clock, mut now) = (Clock::new(ppm(first)), 0);
        for (after, drift) in changes {
            now += after;
            clock.set_drift(ppm(drift), at_us(now));
        }
        (clock, now)
    })
}

#[test]
fn a_fast_clock_gains_its_millionths() {
    let day = 86_400_000_000;
    assert_eq!(Clock::new(ppm(500)).at(at_us(day)), at_us(day + 43_200_000));
    assert_eq!(Clock::new(ppm(-500)).at(at_us(day)), at_us(day - 43_200_000));
    assert_eq!(Clock::new(Ppm::ZERO).at(at_us(day)), at_us(day));
}

#[test]
fn a_window_of_drift_leaves_what_it_gained() {
    let second = 1_000_000;
    let mut clock = Clock::new(Ppm::ZERO);
    clock.set_drift(ppm(1000), at_us(10 * second));
    clock.set_drift(Ppm::ZERO, at_us(20 * second));
    assert_eq!(clock.at(at_us(30 * second)), at_us(30 * second + 10_000));
}

proptest! {
    #[test]
    fn time_does_not_go_back((clock, now) in changed(), a: u32, b: u32) {
        let (early, late) = (a.min(b), a.max(b));
        prop_assert!(clock.at(at_us(now + u64::from(early))) <= clock.at(at_us(now + u64::from(late))));
    }

    #[test]
    fn a_change_of_drift_is_no_step((clock, now) in changed(), after: u32, drift in -1000..=1000_i64) {
        let then = at_us(now + u64::from(after));
        let mut other = clock;
        other.set_drift(ppm(drift), then);
        prop_assert_eq!(other.at(then), clock.at(then));
    }

    #[test]
    fn what_it_will_show_it_shows_then_and_not_before((clock, now) in changed(), ahead in 1..u64::from(u32::MAX)) {
        let shown = clock.at(at_us(now)) + Duration::from_micros(ahead);
        let when = clock.when(shown);
        prop_assert!(clock.at(when) >= shown);
        prop_assert!(clock.at(when - Duration::from_micros(1)) < shown);
    }
}
