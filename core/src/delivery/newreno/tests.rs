use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1000)
}

/// Fills the window with datagrams at a time, and returns how many.
fn fill(reno: &mut NewReno) -> u32 {
    let mut sent = 0;
    while reno.has_room(DATAGRAM) {
        reno.on_sent(DATAGRAM);
        sent += 1;
    }
    reno.held_back();
    sent
}

fn ack(reno: &mut NewReno, datagrams: u32, sent_at: Instant, now: Instant) {
    let mut growth = Growth::default();
    for _ in 0..datagrams {
        reno.on_acked(DATAGRAM, sent_at, &mut growth);
    }
    reno.grow(&growth, now);
}

#[test]
fn it_begins_with_ten_datagrams_and_doubles() {
    let mut reno = NewReno::new();
    assert_eq!(fill(&mut reno), 10);
    ack(&mut reno, 10, at(0), at(100));
    assert_eq!(fill(&mut reno), 20);
}

#[test]
fn after_a_loss_it_is_half_and_grows_by_a_datagram_in_a_round_trip() {
    let mut reno = NewReno::new();
    fill(&mut reno);
    reno.on_forgotten(DATAGRAM);
    reno.on_congestion(at(0), at(100));
    assert_eq!(reno.window(), 5 * DATAGRAM);
    ack(&mut reno, 9, at(0), at(110));
    assert_eq!(reno.window(), 5 * DATAGRAM, "these were sent before the loss was noticed");
    assert_eq!(fill(&mut reno), 5);
    ack(&mut reno, 5, at(120), at(220));
    assert_eq!(reno.window(), 6 * DATAGRAM);
}

#[test]
fn losses_of_one_round_trip_count_once() {
    let mut reno = NewReno::new();
    reno.on_congestion(at(0), at(100));
    reno.on_congestion(at(90), at(110));
    assert_eq!(reno.window(), 5 * DATAGRAM);
    reno.on_congestion(at(101), at(210));
    assert_eq!(reno.window(), INITIAL / 4);
}

#[test]
fn it_never_falls_below_two_datagrams() {
    let mut reno = NewReno::new();
    for round in 0..20 {
        reno.on_congestion(at(round * 100 + 50), at(round * 100 + 99));
    }
    assert_eq!(reno.window(), 2 * DATAGRAM);
    reno.on_persistent_congestion();
    assert_eq!(reno.window(), 2 * DATAGRAM);
}

#[test]
fn it_does_not_grow_while_something_else_is_the_limit() {
    let mut reno = NewReno::new();
    for round in 0..10 {
        reno.on_sent(DATAGRAM);
        reno.ran_dry();
        ack(&mut reno, 1, at(round), at(round + 1));
    }
    assert_eq!(reno.window(), INITIAL);
}

#[test]
fn a_window_just_filled_is_a_limit_even_if_nothing_waits() {
    let mut reno = NewReno::new();
    for _ in 0..10 {
        reno.on_sent(DATAGRAM);
    }
    reno.ran_dry();
    ack(&mut reno, 10, at(0), at(10));
    assert_eq!(reno.window(), 2 * INITIAL);
}

proptest! {
    #[test]
    fn whatever_happens_the_window_stays_in_its_bounds(
        steps in prop::collection::vec((0u8..5, 0u32..5000, 0u64..1000), 0..300),
    ) {
        let mut reno = NewReno::new();
        let (mut now, mut sent): (Instant, Vec<(u32, Instant)>) = (at(1), Vec::new());
        for (kind, bytes, millis) in steps {
            now = now + crate::time::Duration::from_millis(millis);
            match kind {
                0 => {
                    reno.on_sent(bytes);
                    sent.push((bytes, now));
                }
                1 => if let Some((bytes, sent_at)) = sent.pop() {
                    let mut growth = Growth::default();
                    reno.on_acked(bytes, sent_at, &mut growth);
                    reno.grow(&growth, now);
                }
                2 => if let Some((bytes, sent_at)) = sent.pop() {
                    reno.on_forgotten(bytes);
                    reno.on_congestion(sent_at, now);
                }
                3 => reno.held_back(),
                _ => reno.on_persistent_congestion(),
            }
            prop_assert!((MINIMUM..=MAXIMUM).contains(&reno.window()));
            prop_assert_eq!(reno.in_flight(), sent.iter().map(|(bytes, _)| bytes).sum::<u32>());
        }
    }
}
