use super::*;
use crate::path::{Path, Socket};

const NOW: Instant = Instant::from_micros(1_000_000);

fn way(socket: u8) -> Way {
    Path { socket: Socket(socket), remote: ([192, 0, 2, 1], 4747).into() }.into()
}

/// A peer's packets come this way, and it has answered a `Ping` there after this time.
fn comes_and_answers(ways: &mut Ways, way: Way, round_trip_ms: u64, at: Instant) {
    let known = ways.add(way, Balance::of(100, 0), at);
    known.begin(at);
    known.tried([1; 8], at);
    let answered_at = at + Duration::from_millis(round_trip_ms);
    ways.answered(way, &Probe { nonce: [1; 8] }, answered_at).expect("it was asked");
}

#[test]
fn packets_never_take_a_way_that_there_is_only_word_of() {
    let mut ways = Ways::NONE;
    ways.add(way(1), Balance::of(1000, 0), NOW);
    ways.choose(NOW);
    assert_eq!(ways.course.primary(), None);
    ways.add(way(2), Balance::OWN_CHOICE, NOW);
    ways.choose(NOW);
    assert_eq!(ways.course.primary(), Some(way(2)));
    assert!(!ways.is_proven(), "payloads wait for an answer there");
}

#[test]
fn two_ways_that_a_peer_has_come_to_do_not_take_turns() {
    let mut ways = Ways::NONE;
    comes_and_answers(&mut ways, way(1), 10, NOW);
    comes_and_answers(&mut ways, way(2), 60, NOW + Duration::from_secs(1));
    let first = ways.course.primary();
    for second in 2..20 {
        ways.course.on_time(NOW + Duration::from_secs(second));
        ways.choose(NOW + Duration::from_secs(second));
        assert_eq!(ways.course.primary(), first);
    }
    assert_eq!(ways.course.also(), None);
}

#[test]
fn of_two_ways_that_a_peer_has_come_to_one_that_failed_has_to_be_clearly_faster() {
    for (failing, other) in [(1, 2), (2, 1)] {
        for (round_trip_ms, is_taken) in [(45, false), (10, true)] {
            let mut ways = Ways::NONE;
            comes_and_answers(&mut ways, way(1), 50, NOW);
            comes_and_answers(&mut ways, way(2), 50, NOW + Duration::from_secs(1));
            assert_eq!(ways.course.primary(), Some(way(2)), "the peer has come to it since");
            ways.suspect(way(other), NOW + Duration::from_secs(10));
            comes_and_answers(&mut ways, way(other), 50, NOW + Duration::from_secs(20));
            ways.suspect(way(failing), NOW + Duration::from_secs(30));
            assert_eq!(ways.course.primary(), Some(way(other)));
            comes_and_answers(
                &mut ways,
                way(failing),
                round_trip_ms,
                NOW + Duration::from_secs(40),
            );
            assert_eq!(ways.course.primary() == Some(way(failing)), is_taken);
        }
    }
}

#[test]
fn a_way_that_the_peer_has_come_to_is_used_beside_the_faster_one_for_a_while() {
    let mut ways = Ways::NONE;
    comes_and_answers(&mut ways, way(1), 10, NOW);
    comes_and_answers(&mut ways, way(2), 60, NOW + Duration::from_secs(1));
    assert_eq!(ways.course.primary(), Some(way(1)));
    assert_eq!(ways.course.also(), Some(way(2)));
}

#[test]
fn word_of_a_way_evicts_none_that_has_answered() {
    let mut ways = Ways::NONE;
    for socket in 0..WAYS as u8 {
        comes_and_answers(&mut ways, way(socket), 10, NOW);
    }
    assert!(!ways.has_place());
}
