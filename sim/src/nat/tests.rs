use std::net::{IpAddr, SocketAddr};

use underpass_core::{Duration, Instant};

use super::{
    Behaviour, Flow, Hairpin, Nat, NatModel, Outbound, Pooling, PortAllocation, PortRange, Refresh,
    Refused, Translate, Unsolicited,
};
use crate::random::Draws;

mod filtering;
mod hairpin;
mod ipv6;
mod kernel;
mod lifetime;
mod limits;
mod naive;
mod ports;
mod presets;

const BEHAVIOURS: [Behaviour; 3] = [
    Behaviour::EndpointIndependent,
    Behaviour::AddressDependent,
    Behaviour::AddressAndPortDependent,
];

const LAPTOP: &str = "192.168.1.2:5000";
const PHONE: &str = "192.168.1.3:5000";
const EXTERNAL: &str = "198.18.0.1";
const SERVER: &str = "198.18.9.1:6000";
const SAME_ADDRESS: &str = "198.18.9.1:6001";
const STRANGER: &str = "198.18.9.2:6000";

fn socket(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn at_ms(at_ms: u64) -> Instant {
    Instant::ORIGIN + Duration::from_millis(at_ms)
}

/// A NAT with one external address.
fn nat(model: NatModel) -> Nat {
    with_addresses(model, &[EXTERNAL])
}

fn with_addresses(model: NatModel, external: &[&str]) -> Nat {
    Nat::new(model, external.iter().map(|text| ip(text)).collect(), &Draws::new(1), "home")
}

fn named(name: &str) -> NatModel {
    NatModel::named(name).unwrap()
}

impl Nat {
    /// Sends something out; returns the endpoint it comes from.
    fn send(&mut self, from: &str, to: &str, now: Instant) -> Result<SocketAddr, Refused> {
        let flow = Flow { source: socket(from), destination: socket(to) };
        match self.outbound(flow, now)? {
            Outbound::Forward(sent) => {
                assert_eq!(sent.destination, flow.destination);
                Ok(sent.source)
            }
            turned @ Outbound::Hairpin(_) => panic!("{turned:?}"),
        }
    }

    /// Something comes in; returns the endpoint it goes to.
    fn receive(&mut self, from: &str, to: SocketAddr, now: Instant) -> Result<SocketAddr, Refused> {
        let passed = self.inbound(Flow { source: socket(from), destination: to }, now)?;
        assert_eq!(passed.source, socket(from));
        Ok(passed.destination)
    }
}
