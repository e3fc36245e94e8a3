//! What a recording is worth.

use std::fs;
use std::path::PathBuf;

use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Config, HeapStorage, Network, Player, SecretIdentity};

use super::{Settings, start};
use crate::HOST;
use crate::handle::{Handle, To};
use crate::handler::Handlers;
use crate::peer_address::{HostPort, PeerAddress};

/// A node with a recording in this file.
fn node(number: u8, peers: Vec<PeerAddress>, record: Option<PathBuf>) -> Handle {
    let mut draw = [number; 32];
    let identity = SecretIdentity::generate(|| {
        draw[0] += 1;
        draw
    });
    let settings = Settings {
        identity: Arc::new(identity.expect("a usable key").0),
        config: Config::new(Network::open("test")),
        capacity: HOST,
        listen: vec!["127.0.0.1:0".parse().expect("an address")],
        peers,
        foreign_relays: Vec::new(),
        allow: Vec::new(),
        state: None,
        record,
        handlers: Handlers::new(),
    };
    start(settings).expect("it starts").0
}

#[tokio::test]
async fn a_recording_plays_as_the_node_did() {
    let file = std::env::temp_dir().join(format!("underpass-{}.rec", std::process::id()));
    let a = node(1, Vec::new(), None);
    let listen = a.status().await.expect("it runs").listen[0].parse::<SocketAddr>();
    let listen = listen.expect("an address");
    let host = HostPort { host: listen.ip().to_string(), port: listen.port() };
    let b = node(2, vec![PeerAddress::KeyAt(a.id(), host)], Some(file.clone()));
    b.send(To::Peer(PeerAddress::Key(a.id())), 1, vec![7; 5000]).await.expect("delivered");
    b.shut_down().await;
    let recording = fs::read(&file).expect("there");
    fs::remove_file(&file).expect("ours");
    let capacity = Player::<HeapStorage>::capacity(&recording).expect("a recording");
    let mut player = Player::new(&recording, HeapStorage::new(capacity)).expect("it begins well");
    player.finish().expect("all comes out as it did");
    let acked = underpass_core::Counter::MessagesAcked;
    assert!(player.node().counters().done(acked) >= 1);
}
