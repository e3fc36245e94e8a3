use proptest::collection::vec;
use proptest::prelude::*;
use underpass_core::Instant;

use super::{Due, Wake};

const fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

#[test]
fn a_wake_moved_later_adds_no_entry_and_fires_once() {
    let mut wake = Wake::default();
    assert_eq!(wake.arm(Some(at(10))), Some(at(10)));
    assert_eq!(wake.arm(Some(at(20))), None);
    assert_eq!(wake.arm(Some(at(30))), None);
    assert_eq!(wake.came_up(at(10)), Due::Requeue(at(30)));
    assert_eq!(wake.came_up(at(30)), Due::Fire);
}

#[test]
fn a_wake_moved_earlier_fires_at_the_earlier_time() {
    let mut wake = Wake::default();
    wake.arm(Some(at(30)));
    assert_eq!(wake.arm(Some(at(10))), Some(at(10)));
    assert_eq!(wake.came_up(at(10)), Due::Fire);
    assert_eq!(wake.came_up(at(30)), Due::Nothing);
}

#[test]
fn a_disarmed_wake_does_not_fire() {
    let mut wake = Wake::default();
    wake.arm(Some(at(10)));
    assert_eq!(wake.arm(None), None);
    assert_eq!(wake.came_up(at(10)), Due::Nothing);
}

#[test]
fn an_entry_left_over_serves_a_later_wake() {
    let mut wake = Wake::default();
    wake.arm(Some(at(30)));
    wake.arm(Some(at(10)));
    wake.came_up(at(10));
    assert_eq!(wake.arm(Some(at(40))), None);
    assert_eq!(wake.came_up(at(30)), Due::Requeue(at(40)));
}

proptest! {
    /// Against a wake that is simply looked at every microsecond.
    #[test]
    fn it_fires_when_it_should(arms in vec(prop::option::of((0u64..60, 1u64..40)), 60)) {
        let mut wake = Wake::default();
        let mut entries = std::collections::BTreeSet::new();
        let mut model: Option<Instant> = None;
        for (now, arm) in (0u64..).zip(&arms) {
            let mut fired = false;
            while entries.remove(&at(now)) {
                match wake.came_up(at(now)) {
                    Due::Fire => {
                        prop_assert!(!fired, "twice at {now}");
                        fired = true;
                    }
                    Due::Requeue(later) => prop_assert!(later > at(now) && entries.insert(later)),
                    Due::Nothing => {}
                }
            }
            prop_assert_eq!(fired, model.take_if(|armed| *armed == at(now)).is_some());
            if let Some((coin, ahead)) = arm {
                model = (*coin < 40).then(|| at(now + ahead));
                if let Some(entry) = wake.arm(model) {
                    prop_assert!(entries.insert(entry), "two entries at {entry}");
                }
            }
        }
    }
}
