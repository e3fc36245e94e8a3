//! What a recording is worth, and how long an end takes.

use std::fs;
use std::path::PathBuf;

use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::{Config, HeapStorage, Network, Player, SecretIdentity};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::{Calls, Driver, Settings, shutdown, start};
use crate::HOST;
use crate::handle::{Handle, Question, To};
use crate::handler::{Answer, Handlers};
use crate::message::Incoming;
use crate::peer_address::{HostPort, PeerAddress};

fn settings(number: u8, peers: Vec<PeerAddress>) -> Settings {
    let mut draw = [number; 32];
    let identity = SecretIdentity::generate(|| {
        draw[0] += 1;
        draw
    });
    Settings {
        identity: Arc::new(identity.expect("a usable key").0),
        config: Config::new(Network::open("test")),
        capacity: HOST,
        listen: vec!["127.0.0.1:0".parse().expect("an address")],
        peers,
        foreign_relays: Vec::new(),
        allow: Vec::new(),
        state: None,
        record: None,
        handlers: Handlers::new(),
    }
}

/// A node with a recording in this file.
fn node(number: u8, peers: Vec<PeerAddress>, record: Option<PathBuf>) -> Handle {
    start(Settings { record, ..settings(number, peers) }).expect("it starts").0
}

async fn address_of(handle: &Handle) -> PeerAddress {
    let listen = handle.status().await.expect("it runs").listen[0].parse::<SocketAddr>();
    let listen = listen.expect("an address");
    let host = HostPort { host: listen.ip().to_string(), port: listen.port() };
    PeerAddress::KeyAt(handle.id(), host)
}

#[tokio::test]
async fn a_recording_plays_as_the_node_did() {
    let file = std::env::temp_dir().join(format!("underpass-{}.rec", std::process::id()));
    let a = node(1, Vec::new(), None);
    let b = node(2, vec![address_of(&a).await], Some(file.clone()));
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

/// By the runtime's clock, which goes on to the next timer whenever there is nothing else to do.
#[tokio::test]
async fn peers_that_say_nothing_and_handlers_that_never_end_hold_up_no_end() {
    let (a, gone) = start(settings(3, Vec::new())).expect("it starts");
    let never = Handlers::new().on(1, |_: Incoming| std::future::pending::<Answer>());
    let own = Settings { handlers: never, ..settings(4, vec![address_of(&a).await]) };
    let (b, driver) = start(own).expect("it starts");
    let to = |handle: &Handle| To::Peer(PeerAddress::Key(handle.id()));
    b.send(to(&a), 2, Vec::new()).await.expect("delivered");
    a.send(to(&b), 1, Vec::new()).await.expect("its handler never ends");
    gone.abort();
    let waits = tokio::spawn({
        let (b, a) = (b.clone(), to(&a));
        async move { b.send(a, 2, Vec::new()).await }
    });
    tokio::task::yield_now().await;
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    b.shut_down().await;
    assert!(start.elapsed() <= shutdown::WITHIN, "{:?}", start.elapsed());
    driver.await.expect("no panic");
    waits.await.expect("no panic").expect_err("nobody has it");
}

#[tokio::test]
async fn a_disk_that_hangs_holds_up_no_end() {
    let file = std::env::temp_dir().join(format!("underpass-{}.redb", std::process::id()));
    let own = Settings { state: Some(file.clone()), ..settings(5, Vec::new()) };
    let driver = Driver::new(own, broadcast::channel(1).0).expect("it starts");
    let database = driver.state.clone().expect("there is one");
    let hangs = database.hang();
    let ((_sends, sends), (questions, asked)) = (mpsc::channel(1), mpsc::channel(1));
    let driver = tokio::spawn(driver.run(Calls { sends, questions: asked }));
    let (told, was_told) = oneshot::channel();
    assert!(questions.send(Question::ShutDown(told)).await.is_ok());
    // Generous: it is other processes that this one waits for.
    let ended = tokio::time::timeout(10 * shutdown::WITHIN, was_told).await;
    ended.expect("it ends").expect("it says so");
    driver.await.expect("no panic");
    drop(hangs);
    fs::remove_file(&file).expect("ours");
}
