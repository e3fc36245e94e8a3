//! The ring in madsim: a node for each machine, a task for its pings and one for its answers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use madsim::net::UdpSocket;
use madsim::runtime::Runtime;
use madsim::time;

use crate::{EVERY, LASTS, LATENCY, LENGTH, PING, PONG, PORT};

/// Runs a ring of so many machines; returns how many datagrams were sent.
pub(crate) fn run(machines: u32) -> u64 {
    let mut config = madsim::Config::default();
    config.net.send_latency = LATENCY.0..LATENCY.1;
    let runtime = Runtime::with_seed_and_config(1, config);
    let sent = Arc::new(AtomicU64::new(0));
    for machine in 0..machines {
        let node = runtime.create_node().ip(address(machine).ip()).build();
        let offset = EVERY * machine / machines;
        node.spawn(neighbour(machine, address((machine + 1) % machines), offset, sent.clone()));
    }
    runtime.block_on(async { time::sleep(LASTS).await });
    sent.load(Ordering::Relaxed)
}

async fn neighbour(machine: u32, next: SocketAddr, offset: Duration, sent: Arc<AtomicU64>) {
    let bound = UdpSocket::bind(address(machine)).await;
    let socket = Arc::new(bound.expect("nobody else is on this node"));
    madsim::task::spawn(answer(socket.clone(), sent.clone()));
    let mut ticks = time::interval_at(time::Instant::now() + offset, EVERY);
    loop {
        ticks.tick().await;
        socket.send_to(next, &[PING; LENGTH]).await.expect("the network is up");
        sent.fetch_add(1, Ordering::Relaxed);
    }
}

async fn answer(socket: Arc<UdpSocket>, sent: Arc<AtomicU64>) {
    let mut buffer = [0; LENGTH];
    loop {
        let (_, from) = socket.recv_from(&mut buffer).await.expect("the network is up");
        if buffer[0] == PING {
            socket.send_to(from, &[PONG; LENGTH]).await.expect("the network is up");
            sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn address(machine: u32) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::from(0x0a00_0001 + machine)), PORT).into()
}
