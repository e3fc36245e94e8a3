use std::vec::Vec;

use super::*;
use crate::path::Socket;

fn to(count: u16) -> Burst {
    let path = |port| Path { socket: Socket(0), remote: ([203, 0, 113, 7], port).into() };
    Burst::to((0..count).map(path).collect())
}

/// When each probe goes out, in milliseconds, and to which port.
fn run(mut burst: Burst) -> Vec<(u64, u16)> {
    let (mut probes, mut at) = (Vec::new(), Duration::ZERO);
    loop {
        let gap = burst.next_round();
        while let Some(path) = burst.take_turn() {
            probes.push((at.as_micros() / 1000, path.remote.port()));
        }
        assert!(!burst.owes());
        match gap {
            Some(gap) => at = at + gap,
            None => return probes,
        }
    }
}

#[test]
fn one_address_is_probed_more_and_more_slowly() {
    let times: Vec<_> = run(to(1)).iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 200, 500, 1000, 2000, 3000, 4000, 5000]);
}

#[test]
fn several_addresses_share_the_probes_the_first_ones_first() {
    assert_eq!(
        run(to(3)),
        [(0, 0), (0, 1), (0, 2), (200, 0), (200, 1), (200, 2), (500, 0), (500, 1)],
    );
    assert_eq!(run(to(5)).len(), PROBES);
}

#[test]
fn nobody_to_probe_is_no_burst() {
    assert!(run(to(0)).is_empty());
}

#[test]
fn only_the_nonce_that_went_there_is_answered_from_there() {
    let (mut burst, now) = (to(2), Instant::from_micros(7));
    burst.next_round();
    let [one, other] = [(); 2].map(|()| burst.take_turn().expect("it is due"));
    burst.note_sent([1; 8], one, Instant::ORIGIN);
    burst.note_sent([2; 8], other, Instant::ORIGIN);
    assert_eq!(burst.answered([1; 8], one, now), Some(Duration::from_micros(7)));
    assert_eq!(burst.answered([1; 8], other, now), None);
    assert_eq!(burst.answered([3; 8], one, now), None);
}
