//! Nodes within the test's own process.

use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Config, Network, SecretIdentity};
use underpass_host::{Handle, Handlers, HostPort, PeerAddress, Settings};

pub(crate) fn network() -> Network {
    Network::closed("inside", [7; 32])
}

/// Of a node whose identity is this number.
pub(crate) fn settings(number: u8, peers: Vec<PeerAddress>, handlers: Handlers) -> Settings {
    let mut draw = [number; 32];
    let identity = SecretIdentity::generate(|| {
        draw[0] += 1;
        draw
    });
    Settings {
        identity: Arc::new(identity.expect("a usable key").0),
        config: Config::new(network()),
        capacity: underpass_host::HOST,
        listen: vec!["127.0.0.1:0".parse().expect("an address")],
        peers,
        foreign_relays: Vec::new(),
        allow: Vec::new(),
        state: None,
        record: None,
        handlers,
    }
}

pub(crate) async fn listens_at(handle: &Handle) -> SocketAddr {
    let status = handle.status().await.expect("it runs");
    status.listen[0].parse().expect("an address")
}

pub(crate) async fn address_of(handle: &Handle) -> PeerAddress {
    let listen = listens_at(handle).await;
    let host = HostPort { host: listen.ip().to_string(), port: listen.port() };
    PeerAddress::KeyAt(handle.id(), host)
}
