//! Loads to measure the engine by. They assert what they did, not how long it took:
//! `time cargo test --release --package underpass-sim --test it -- --ignored engine_cost::ring_1000`

use std::net::SocketAddr;

use underpass_core::{Duration, Instant};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{Command, Cx, IpFamily, Machine, Socket, Unsupported};
use underpass_sim::scenario::model::NodeId;
use underpass_sim::world::{NodeSetup, Outcome, World, WorldConfig, ipv4_address};

const PORT: u16 = 4000;
const PING: u8 = 0;
const PONG: u8 = 1;

/// Pings its next neighbours in a ring, and answers theirs.
struct Neighbour {
    socket: Option<Socket>,
    peers: Vec<SocketAddr>,
    every: Duration,
    next: Instant,
    pongs: u64,
}

fn send(cx: &mut Cx<'_>, socket: Socket, to: SocketAddr, kind: u8) {
    cx.transmit(|buffer| {
        buffer[..64].fill(kind);
        Some((socket, to, 64))
    });
}

impl Machine for Neighbour {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.socket = Some(cx.bind(IpFamily::V4, PORT).unwrap());
        let offset_us = cx.stream(&["offset"]).below(0, self.every.as_micros());
        self.next = cx.now() + Duration::from_micros(offset_us);
        cx.wake_at(Some(self.next));
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        match bytes[0] {
            PING => send(cx, on, from, PONG),
            _ => self.pongs += 1,
        }
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        for &peer in &self.peers {
            send(cx, self.socket.unwrap(), peer, PING);
        }
        self.next = self.next + self.every;
        cx.wake_at(Some(self.next));
    }

    fn command(&mut self, _: &mut Cx<'_>, _: &Command) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn metric(&self, _: &str) -> Option<u64> {
        Some(self.pongs)
    }
}

fn run(nodes: u32, peers: u32, every: Duration, lasts: Duration) -> Outcome {
    // 1 to 5 ms from machine to machine.
    let half = Duration::from_micros(1_500);
    let access = LinkModel { delay: half, jitter: Duration::from_millis(1), ..LinkModel::IDEAL };
    let node = |id: u32| NodeSetup {
        name: format!("node-{id}"),
        start: Instant::ORIGIN,
        ipv4: true,
        ipv6: false,
        up: access,
        down: access,
        factory: Box::new(move |_, _| {
            let address = |peer| SocketAddr::from((ipv4_address(NodeId(peer)).unwrap(), PORT));
            Box::new(Neighbour {
                socket: None,
                peers: (1..=peers).map(|step| address((id + step) % nodes)).collect(),
                every,
                next: Instant::ORIGIN,
                pongs: 0,
            })
        }),
    };
    let config = WorldConfig {
        seed: 1,
        nodes: (0..nodes).map(node).collect(),
        pairs: Vec::new(),
        faults: Vec::new(),
        max_events: u64::MAX,
    };
    let mut world = World::new(config, Vec::new());
    world.run_until(Instant::ORIGIN + lasts).unwrap();
    let pongs: u64 =
        (0..nodes).map(|node| world.machine(NodeId(node)).unwrap().metric("").unwrap()).sum();
    let outcome = world.finish();
    assert!(
        2 * pongs <= outcome.tally.delivered
            && 2 * pongs + 200 * u64::from(nodes) > outcome.tally.datagrams
    );
    println!("{} events, {} datagrams", outcome.events, outcome.tally.datagrams);
    outcome
}

fn ring(nodes: u32) {
    let lasts_s = 60;
    let outcome = run(nodes, 1, Duration::from_millis(10), Duration::from_secs(lasts_s));
    assert!(outcome.tally.datagrams > u64::from(nodes) * (lasts_s - 1) * 200);
}

#[test]
#[ignore = "a load to measure by"]
fn ring_10() {
    ring(10);
}

#[test]
#[ignore = "a load to measure by"]
fn ring_100() {
    ring(100);
}

#[test]
#[ignore = "a load to measure by"]
fn ring_1000() {
    ring(1000);
}

#[test]
#[ignore = "a load to measure by"]
fn fifty_nodes_for_an_hour() {
    let outcome = run(50, 6, Duration::from_secs(10), Duration::from_secs(3600));
    assert_eq!(outcome.tally.datagrams / 1000, 50 * 6 * 2 * 360 / 1000);
}

#[test]
#[ignore = "a load to measure by"]
fn ten_thousand_nodes_for_a_minute() {
    run(10_000, 6, Duration::from_secs(10), Duration::from_secs(60));
}
