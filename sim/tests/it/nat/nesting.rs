//! NATs behind NATs.

use std::net::IpAddr;

use underpass_core::Duration;
use underpass_sim::machine::Addresses;
use underpass_sim::nat::{Behaviour, Hairpin, NatModel};
use underpass_sim::scenario::model::{NatId, NodeId};
use underpass_sim::world::World;

use super::behaviour::{Findings, Ports, findings, forgets_after};
use super::probe::{Endpoint, Prober, Says, Server, Step};
use super::setup::{at_ms, config, machine, named, nat, node};

#[test]
fn the_stricter_of_two_decides() {
    let of = |inner, outer| findings(&[named(inner), named(outer)]);
    let strict = of("port-restricted-cone", "carrier-grade");
    assert_eq!(strict.filtering, Behaviour::AddressAndPortDependent);
    assert_eq!(strict.mapping, Behaviour::EndpointIndependent);
    assert_eq!(strict.ports, Ports::Drawn, "the outer one's are seen");
    let symmetric = of("symmetric", "full-cone");
    assert_eq!(symmetric.mapping, Behaviour::AddressAndPortDependent);
    let open = Findings { hairpin: Hairpin::Off, ..of("full-cone", "full-cone") };
    let [mapping, filtering] = [Behaviour::EndpointIndependent; 2];
    let ports = Ports::Kept;
    assert_eq!(open, Findings { mapping, filtering, ports, hairpin: Hairpin::Off });
}

#[test]
fn the_shorter_timeout_counts() {
    let lasting = |secs| NatModel { timeout: Duration::from_secs(secs), ..NatModel::default() };
    forgets_after(&[lasting(20), lasting(60)], Duration::from_secs(20));
    forgets_after(&[lasting(60), lasting(20)], Duration::from_secs(20));
}

const FIRST: Endpoint = Endpoint(0, 0);

/// A script that asks who it is, and greets itself at that endpoint.
fn greeter() -> Prober {
    let ask = Says::Ask { token: 0, to: FIRST, from: FIRST, after_ms: 0 };
    let step = |at_ms, says| Step { at_ms, socket: 0, says };
    Prober::new(vec![step(0, ask), step(500, Says::Greet { seen: 0 })])
}

#[test]
fn addresses_are_those_of_the_networks() {
    let nats = vec![
        nat("carrier", named("carrier-grade"), None),
        nat("home", NatModel::default(), Some(NatId(0))),
    ];
    let nodes = vec![
        node("server-1", None, Server::default),
        node("server-2", None, Server::default),
        node("laptop", Some(NatId(1)), greeter),
        node("phone", Some(NatId(0)), greeter),
    ];
    let config = config(nats, nodes);
    let topology = config.topology().expect("few nodes");
    let address = |node| {
        let Addresses { ipv4, .. } = topology.addresses(NodeId(node), at_ms(0));
        ipv4.expect("it has one").to_string()
    };
    assert_eq!(address(2), "10.0.0.2", "RFC 1918");
    assert_eq!(address(3), "100.64.0.3", "RFC 6598");
    let mut world = World::new(config, Vec::new());
    world.run_until(at_ms(1_000)).expect("nothing stops it");
    let [laptop, phone] = [2, 3].map(|node| machine::<Prober>(&world, NodeId(node)));
    let outside: IpAddr = "198.18.4.1".parse().expect("an address");
    assert_eq!([laptop.seen[&0].ip(), phone.seen[&0].ip()], [outside; 2]);
    // The carrier's NAT turns packets back, and lets everybody in; the home's lets nobody in whom
    // the laptop has not written to.
    assert_eq!((laptop.greetings.len(), phone.greetings.len()), (1, 1));
}
