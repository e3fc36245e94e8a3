//! A NAT with many mappings, and packets through all of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration as WallTime, Instant as WallClock};

use underpass_core::{Duration, Instant};
use underpass_sim::nat::{Flow, Nat, NatModel, Outbound};
use underpass_sim::random::Draws;

/// Packets of a measurement, in each direction.
pub const PACKETS: u32 = 1_000_000;

/// What a measurement found.
pub struct Cost {
    /// What the packets from inside took.
    pub outbound: WallTime,
    /// What those from outside took.
    pub inbound: WallTime,
    /// Of the tables, unused parts included.
    pub bytes_per_mapping: usize,
}

/// Sends packets both ways through a port-restricted cone with so many mappings, each of which has
/// one remote endpoint; which one comes next jumps about.
///
/// # Panics
/// If a packet does not pass, or there are more mappings than ports or none.
pub fn run(mappings: u32) -> Cost {
    let model = NatModel::named("port-restricted-cone").expect("a preset");
    let external = Ipv4Addr::new(198, 18, 0, 1);
    let mut nat = Nat::new(model, vec![external.into()], &Draws::new(1), "bench");
    let mut now = Instant::ORIGIN;
    let out: Vec<Flow> = (0..mappings).map(flow).collect();
    let back: Vec<Flow> = out.iter().map(|&flow| answer(send(&mut nat, flow, now))).collect();

    let start = WallClock::now();
    for &flow in scattered(&out) {
        now = now + Duration::from_micros(1);
        send(&mut nat, flow, now);
    }
    let outbound = start.elapsed();

    let start = WallClock::now();
    for &flow in scattered(&back) {
        now = now + Duration::from_micros(1);
        nat.inbound(flow, now).expect("what was asked for passes");
    }
    let inbound = start.elapsed();

    assert_eq!(nat.mappings(now), mappings as usize);
    Cost { outbound, inbound, bytes_per_mapping: nat.bytes() / mappings as usize }
}

/// As many hosts as there are mappings, all with the same port.
fn flow(number: u32) -> Flow {
    let source = Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() + number);
    let destination = Ipv4Addr::new(198, 18, 9, 1);
    Flow { source: SocketAddr::from((source, 5000)), destination: (destination, 6000).into() }
}

fn send(nat: &mut Nat, flow: Flow, now: Instant) -> Flow {
    match nat.outbound(flow, now).expect("there is room") {
        Outbound::Forward(sent) => sent,
        turned @ Outbound::Hairpin(_) => panic!("{turned:?}"),
    }
}

fn answer(sent: Flow) -> Flow {
    Flow { source: sent.destination, destination: sent.source }
}

/// All of them, over and over, in steps that are no power of two, so that neighbours in memory are
/// not used one after the other.
fn scattered(flows: &[Flow]) -> impl Iterator<Item = &Flow> {
    (0..PACKETS as usize).map(|step| &flows[step * 7919 % flows.len()])
}
