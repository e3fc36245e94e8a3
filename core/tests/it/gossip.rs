//! Peers that find each other by hearsay.

mod hostile;
mod membership;
mod relays;
mod rumours;
mod silence;

use std::net::SocketAddr;

use underpass_core::{Config, Gossip, KnownPeer, Network, PeerId, Socket, Tag};

use crate::net::{Host, Net, network};

/// A host that takes part as it is told to, at an address in a network of its own.
fn host(number: usize, gossip: Gossip, seed: u8, net: &Net) -> Host {
    configured(number, Config { gossip, ..Config::new(network()) }, seed, net)
}

fn configured(number: usize, config: Config, seed: u8, net: &Net) -> Host {
    let mut host = Host::configured(number, config, seed, net.now);
    host.address = SocketAddr::from(([20, number as u8, 0, 1], 4747));
    let own = [(Socket(0), host.address)];
    host.node.set_local_addresses(&own, net.now);
    host
}

/// Hosts that know nothing of each other yet.
fn net_of(all: &[Gossip]) -> Net {
    let mut net = Net::new(0);
    for (number, gossip) in all.iter().enumerate() {
        let host = host(number, *gossip, number as u8 + 100, &net);
        net.hosts.push(host);
    }
    net.delay = underpass_core::Duration::from_millis(10);
    net
}

fn knows(net: &Net, of: usize, other: usize) -> Option<KnownPeer> {
    let id: PeerId = net.hosts[other].id();
    net.hosts[of].node.known_peers().find(|known| known.id == id)
}

fn tag(name: &str) -> Tag {
    let network: Network = network();
    Tag::new(&network, name)
}
