//! The simulator without our protocol: machines in a ring that ping and answer.

use std::net::SocketAddr;
use std::time::{Duration as WallTime, Instant as WallClock};

use underpass_core::{Duration, Instant};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{Command, Cx, IpFamily, Machine, Socket, Unsupported};
use underpass_sim::scenario::model::NodeId;
use underpass_sim::units::Ppm;
use underpass_sim::world::{NodeSetup, World, WorldConfig, ipv4_address};

const PORT: u16 = 4000;
const PING: u8 = 0;
const PONG: u8 = 1;
const EVERY: Duration = Duration::from_millis(10);

/// Pings its next neighbour every 10 ms, and answers the pings of the other.
struct Neighbour {
    socket: Option<Socket>,
    next_in_ring: SocketAddr,
    due: Instant,
}

impl Neighbour {
    fn send(cx: &mut Cx<'_>, socket: Socket, to: SocketAddr, kind: u8) {
        cx.transmit(|buffer| {
            buffer[..64].fill(kind);
            Some((socket, to, 64))
        });
    }
}

impl Machine for Neighbour {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.socket = cx.bind(IpFamily::V4, PORT).ok();
        let offset_us = cx.stream(&["offset"]).below(0, EVERY.as_micros());
        self.due = cx.now() + Duration::from_micros(offset_us);
        cx.wake_at(Some(self.due));
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        if bytes[0] == PING {
            Self::send(cx, on, from, PONG);
        }
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        if let Some(socket) = self.socket {
            Self::send(cx, socket, self.next_in_ring, PING);
        }
        self.due = self.due + EVERY;
        cx.wake_at(Some(self.due));
    }

    fn command(&mut self, _: &mut Cx<'_>, _: &Command) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}

/// Runs a ring of so many machines for a virtual minute, 1 to 5 ms from each to the next, with the
/// hash over all that happens. Returns the wall time and the datagrams.
///
/// # Panics
/// If the run stops early, or the ring is larger than the simulator's IPv4 network.
pub fn run(machines: u32) -> (WallTime, u64) {
    let access = LinkModel {
        delay: Duration::from_micros(1_500),
        jitter: Duration::from_millis(1),
        ..LinkModel::IDEAL
    };
    let node = |id: u32| NodeSetup {
        name: format!("node-{id}"),
        start: Instant::ORIGIN,
        ipv4: true,
        ipv6: false,
        behind: None,
        up: access,
        down: access,
        clock_ppm: Ppm::ZERO,
        factory: Box::new(move |_, _| {
            let next = ipv4_address(NodeId((id + 1) % machines)).expect("the ring is small");
            let next_in_ring = SocketAddr::from((next, PORT));
            Box::new(Neighbour { socket: None, next_in_ring, due: Instant::ORIGIN })
        }),
    };
    let config = WorldConfig {
        seed: 1,
        nodes: (0..machines).map(node).collect(),
        nats: Vec::new(),
        pairs: Vec::new(),
        faults: Vec::new(),
        max_events: u64::MAX,
    };
    let start = WallClock::now();
    let mut world = World::new(config, Vec::new());
    world.run_until(Instant::ORIGIN + Duration::from_secs(60)).expect("nothing can go wrong");
    let datagrams = world.finish().tally.datagrams;
    (start.elapsed(), datagrams)
}
