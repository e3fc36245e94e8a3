use std::vec::Vec;

use super::*;
use crate::peer::Peer;
use crate::time::Instant;

fn at(address: &str) -> SocketAddr {
    address.parse().expect("an address")
}

fn attested(addresses: &[&str]) -> Attested {
    let (mut v4, mut v6) = (None, None);
    for address in addresses {
        match at(address) {
            SocketAddr::V4(address) => v4 = Some(address),
            SocketAddr::V6(address) => v6 = Some(address),
        }
    }
    Attested::new(v4, v6)
}

/// A node with these addresses on its host, seen there by one peer after another.
fn node(local: &[&str], seen: &[&str]) -> Shared {
    let mut shared = Shared::NEW;
    shared.local.extend(local.iter().map(|address| (Socket(0), at(address))));
    for (address, slot) in seen.iter().zip(0..) {
        let vantage = Peer { slot, generation: 0 };
        shared.observed.note(vantage, Socket(0), at(address), Instant::ORIGIN);
    }
    shared
}

fn named(shared: &Shared, attested: &Attested) -> Vec<SocketAddr> {
    own(shared, attested, Instant::ORIGIN).iter().collect()
}

/// Where probes go to a peer that names these addresses.
fn probed(
    mapping: Mapping,
    named: &[&str],
    attested: &Attested,
    shared: &Shared,
) -> Vec<SocketAddr> {
    let mut candidates = Candidates::default();
    named.iter().for_each(|address| candidates.add(at(address)));
    let theirs = Punch { attempt: 1, round_trip_us: 0, mapping, candidates };
    let relay = Path { socket: Socket(0), remote: at("192.0.2.1:4747") };
    targets(&theirs, attested, shared, Some(relay), Instant::ORIGIN)
        .iter()
        .map(|path| path.remote)
        .collect()
}

#[test]
fn what_a_host_is_called_within_only_those_in_its_network_are_told() {
    let shared = node(&["192.168.1.2:4747"], &["203.0.113.7:4000"]);
    let seen = at("203.0.113.7:4000");
    assert_eq!(named(&shared, &attested(&["198.51.100.1:4747"])), [seen]);
    let neighbour = attested(&["203.0.113.7:5000"]);
    assert_eq!(named(&shared, &neighbour), [at("192.168.1.2:4747"), seen]);
}

#[test]
fn ipv6_is_named_before_what_a_nat_shows() {
    let shared = node(&["[2001:db8::5]:4747", "[fe80::1]:4747"], &["203.0.113.7:4000"]);
    let elsewhere = attested(&["198.51.100.1:4747"]);
    assert_eq!(named(&shared, &elsewhere), [at("[2001:db8::5]:4747"), at("203.0.113.7:4000")]);
}

#[test]
fn guesses_are_named_before_what_was_seen() {
    let shared = node(&[], &["203.0.113.7:4000", "203.0.113.7:4001"]);
    let ports: Vec<_> = named(&shared, &Attested::NOWHERE).iter().map(SocketAddr::port).collect();
    assert_eq!(ports[..4], [4002, 4003, 4004, 4005]);
    assert_eq!(ports.len(), 6);
}

#[test]
fn a_peer_is_probed_where_a_relay_sees_it_even_if_it_names_nothing() {
    let seen = attested(&["198.51.100.1:4747"]);
    let probed = probed(Mapping::Unknown, &[], &seen, &Shared::NEW);
    assert_eq!(probed, [at("198.51.100.1:4747")]);
}

#[test]
fn a_third_party_gets_no_probe() {
    let seen = attested(&["198.51.100.1:4747"]);
    let victims = ["203.0.113.99:53000", "192.168.1.1:8080", "198.51.100.1:53", "127.0.0.1:4747"];
    let probed = probed(Mapping::Unknown, &victims, &seen, &Shared::NEW);
    assert_eq!(probed, [at("198.51.100.1:4747")]);
}

#[test]
fn a_varying_port_is_guessed_first() {
    let seen = attested(&["198.51.100.1:4747"]);
    let guesses = ["198.51.100.1:4748", "198.51.100.1:4749"];
    let probed = probed(Mapping::Varies, &guesses, &seen, &Shared::NEW);
    assert_eq!(probed, [at(guesses[0]), at(guesses[1]), at("198.51.100.1:4747")]);
}

#[test]
fn a_family_without_a_socket_is_not_probed() {
    let seen = attested(&["[2001:db8::5]:4747", "198.51.100.1:4747"]);
    let probed_by = |shared: &Shared| probed(Mapping::Unknown, &[], &seen, shared);
    assert_eq!(probed_by(&Shared::NEW), [at("198.51.100.1:4747")]);
    let dual = node(&["[2001:db8:1::1]:4747"], &[]);
    assert_eq!(probed_by(&dual), [at("[2001:db8::5]:4747"), at("198.51.100.1:4747")]);
}
