//! Worlds with NATs, and what machines say to each other there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use underpass_core::{Duration, Instant};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{Machine, MachineFactory};
use underpass_sim::nat::NatModel;
use underpass_sim::scenario::model::{Nat, NatId, NodeId};
use underpass_sim::units::Ppm;
use underpass_sim::world::{NodeSetup, World, WorldConfig, ipv4_address};

pub(crate) const DELAY_MS: u64 = 10;

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn at_ms(at_ms: u64) -> Instant {
    Instant::ORIGIN + ms(at_ms)
}

pub(crate) fn named(name: &str) -> NatModel {
    NatModel::named(name).expect("it is a preset")
}

/// The address of a node in public.
pub(crate) fn public(node: NodeId, port: u16) -> SocketAddr {
    SocketAddr::from((ipv4_address(node).expect("few nodes"), port))
}

pub(crate) fn nat(name: &str, model: NatModel, behind: Option<NatId>) -> Nat {
    Nat { name: name.into(), model, pool: 1, behind }
}

/// A node with a delay of [`DELAY_MS`] each way.
pub(crate) fn node<M: Machine>(
    name: &str,
    behind: Option<NatId>,
    make: impl Fn() -> M + Send + 'static,
) -> NodeSetup {
    let factory: MachineFactory = Box::new(move |_, _| Box::new(make()));
    let link = LinkModel { delay: ms(DELAY_MS), ..LinkModel::IDEAL };
    NodeSetup {
        name: name.into(),
        start: Instant::ORIGIN,
        ipv4: true,
        ipv6: false,
        behind,
        up: link,
        down: link,
        clock_ppm: Ppm::ZERO,
        factory,
    }
}

pub(crate) fn config(nats: Vec<Nat>, nodes: Vec<NodeSetup>) -> WorldConfig {
    let (pairs, faults) = (Vec::new(), Vec::new());
    WorldConfig { seed: 1, nodes, nats, pairs, faults, max_events: 1_000_000 }
}

pub(crate) fn machine<M: Machine>(world: &World, node: NodeId) -> &M {
    world.machine(node).expect("it is on").downcast_ref().expect("it is one of these")
}

/// An IPv4 endpoint in six bytes.
pub(crate) fn encode(endpoint: SocketAddr) -> [u8; 6] {
    let IpAddr::V4(address) = endpoint.ip() else { panic!("these tests speak IPv4") };
    let ([a, b, c, d], [e, f]) = (address.octets(), endpoint.port().to_be_bytes());
    [a, b, c, d, e, f]
}

pub(crate) fn decode(bytes: &[u8]) -> SocketAddr {
    let [a, b, c, d, e, f] = bytes.try_into().expect("six bytes");
    SocketAddr::from((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([e, f])))
}
