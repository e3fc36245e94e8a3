use super::super::newreno::{DATAGRAM, INITIAL};
use super::*;
use crate::path::{Path, Socket};

fn way(socket: u8) -> Way {
    Way::Direct(Path { socket: Socket(socket), remote: ([192, 0, 2, 1], 4747).into() })
}

fn packet(route: &Route) -> Packet {
    Packet {
        number: 0,
        sent_at: Instant::from_micros(1),
        route: route.number(),
        message: 0,
        bytes: DATAGRAM as u16,
        index: 0,
        is_superseded: false,
    }
}

const NOW: Instant = Instant::from_micros(1);

#[test]
fn the_same_path_goes_on_and_another_begins_anew() {
    let mut route = Route::NONE;
    assert!(route.follow(way(1), Some(Duration::from_millis(40))));
    route.on_sent(INITIAL, NOW);
    assert!(!route.follow(way(1), Some(Duration::from_millis(9))));
    assert_eq!(route.admit(DATAGRAM, NOW), Err(Wait::ForRoom));
    assert!(route.follow(way(2), Some(Duration::from_millis(70))));
    assert_eq!(route.admit(DATAGRAM, NOW), Ok(()));
    assert_eq!(route.rtt.smoothed(), Duration::from_millis(70));
}

#[test]
fn what_took_an_earlier_path_says_nothing_of_this_one() {
    let mut route = Route::NONE;
    route.follow(way(1), None);
    let old = packet(&route);
    route.follow(way(2), None);
    route.on_sent(INITIAL, NOW);
    let mut growth = Growth::default();
    route.on_acked(&old, &mut growth);
    route.on_forgotten(&old);
    assert_eq!(route.congestion.in_flight(), INITIAL);
    route.congestion.held_back();
    route.congestion.grow(&growth, NOW);
    assert_eq!(route.congestion.window(), INITIAL);
}

#[test]
fn a_burst_is_followed_by_a_pace() {
    let mut route = Route::NONE;
    route.follow(way(1), Some(Duration::from_millis(100)));
    route.on_sent(INITIAL, NOW);
    route.congestion.on_forgotten(INITIAL);
    let next = NOW + Duration::from_millis(8);
    assert_eq!(route.admit(DATAGRAM, NOW), Err(Wait::Until(next)));
    assert_eq!(route.admit(DATAGRAM, next), Ok(()));
}
