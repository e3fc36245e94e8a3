use std::vec::Vec;

use super::*;

fn peer(slot: u16) -> Peer {
    Peer { slot, generation: 0 }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 7], port))
}

fn after(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

/// Each vantage point with the port that it sees, a second apart.
fn seen(ports: &[(u16, u16)]) -> Observed {
    let mut observed = Observed::NOTHING;
    for ((vantage, port), seconds) in ports.iter().zip(0..) {
        observed.note(peer(*vantage), Socket(0), at(*port), after(seconds));
    }
    observed
}

#[test]
fn one_vantage_point_tells_nothing_of_the_mapping() {
    assert_eq!(seen(&[]).mapping(), Mapping::Unknown);
    assert_eq!(seen(&[(1, 4000)]).mapping(), Mapping::Unknown);
    assert_eq!(seen(&[(1, 4000), (1, 5000)]).mapping(), Mapping::Unknown);
}

#[test]
fn two_vantage_points_tell_whether_ports_vary() {
    assert_eq!(seen(&[(1, 4000), (2, 4000)]).mapping(), Mapping::EndpointIndependent);
    assert_eq!(seen(&[(1, 4000), (2, 4001)]).mapping(), Mapping::Varies);
    assert_eq!(seen(&[(1, 4000), (2, 4000), (3, 4700)]).mapping(), Mapping::Varies);
}

#[test]
fn observations_far_apart_are_not_compared() {
    let mut observed = seen(&[(1, 4000)]);
    observed.note(peer(2), Socket(0), at(5000), after(61));
    assert_eq!(observed.mapping(), Mapping::Unknown);
}

#[test]
fn what_was_seen_long_ago_counts_no_longer() {
    let mut observed = seen(&[(1, 4000), (2, 4002)]);
    assert_eq!(observed.mapping(), Mapping::Varies);
    observed.note(peer(3), Socket(1), at(5000), after(600));
    assert_eq!(observed.mapping(), Mapping::Varies);
    assert!(observed.note(peer(3), Socket(1), at(4000), after(700)));
    assert_eq!(observed.mapping(), Mapping::Unknown);
    assert!(predicted(&observed).is_empty());
}

#[test]
fn sockets_are_not_compared_with_each_other() {
    let mut observed = seen(&[(1, 4000)]);
    observed.note(peer(2), Socket(1), at(5000), after(1));
    assert_eq!(observed.mapping(), Mapping::Unknown);
}

#[test]
fn a_peer_within_a_private_network_says_nothing_of_its_edge() {
    let mut observed = seen(&[(1, 4000)]);
    observed.note(peer(2), Socket(0), SocketAddr::from(([192, 168, 1, 2], 4747)), after(1));
    assert_eq!(observed.mapping(), Mapping::Unknown);
}

fn predicted(observed: &Observed) -> Vec<u16> {
    observed.predicted().map(|address| address.port()).collect()
}

#[test]
fn a_nat_that_counts_is_expected_to_go_on() {
    assert_eq!(predicted(&seen(&[(1, 4000), (2, 4002)])), [4004, 4006, 4008, 4010]);
    assert_eq!(predicted(&seen(&[(1, 4002), (2, 4000)])), [4004, 4006, 4008, 4010]);
    assert_eq!(predicted(&seen(&[(1, 65533), (2, 65534)])), [65535], "there are no more ports");
}

#[test]
fn ports_without_an_order_predict_nothing() {
    assert!(predicted(&seen(&[(1, 4000), (2, 4000)])).is_empty());
    assert!(predicted(&seen(&[(1, 4000), (2, 4017)])).is_empty());
}

#[test]
fn probes_since_then_have_taken_ports_too() {
    let mut observed = seen(&[(1, 4000), (2, 4001)]);
    observed.probed(3);
    assert_eq!(predicted(&observed), [4005, 4006, 4007, 4008]);
    observed.note(peer(1), Socket(0), at(4003), after(2));
    assert_eq!(predicted(&observed)[0], 4005, "counted from what was seen since");
}

#[test]
fn the_newest_addresses_come_first_and_the_oldest_is_forgotten() {
    let observed = seen(&[(1, 1), (2, 2), (3, 3), (4, 4), (5, 4)]);
    let ports: Vec<_> = observed.addresses(after(9)).iter().map(SocketAddr::port).collect();
    assert_eq!(ports, [4, 3, 2]);
    assert!(observed.addresses(after(800)).is_empty());
}

#[test]
fn only_another_address_is_news() {
    let mut observed = seen(&[(1, 4000)]);
    assert!(!observed.note(peer(1), Socket(0), at(4000), after(5)));
    assert!(!observed.note(peer(2), Socket(0), at(4000), after(5)));
    assert!(observed.note(peer(1), Socket(0), at(4100), after(6)));
}
