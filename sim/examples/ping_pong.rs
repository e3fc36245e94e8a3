//! A protocol of your own, tested under loss: it asks until it is answered.
use std::net::{IpAddr, SocketAddr};

use underpass_core::{Duration, Instant};
use underpass_sim::Simulation;
use underpass_sim::machine::{Cx, IpFamily, Machine, Post, Socket};
use underpass_sim::scenario::{Scenario, build::Expect, model::NodeId};
use underpass_sim::trace::{Observation, Watch};

/// Counts up with its peer, or answers where it has none.
struct PingPong {
    peer: Option<IpAddr>,
    socket: Option<Socket>,
    pongs: u8,
}

impl PingPong {
    fn send(&self, cx: &mut Cx<'_>, to: SocketAddr, number: u8) {
        let socket = self.socket.expect("it was started");
        cx.transmit(|out| {
            out[0] = number;
            Some((socket, to, 1))
        });
    }
}

impl Machine for PingPong {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.socket = Some(cx.bind(IpFamily::V4, 7).expect("it has an address"));
        self.timeout(cx);
    }
    fn timeout(&mut self, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer.filter(|_| self.pongs < 100) else { return };
        self.send(cx, SocketAddr::new(peer, 7), self.pongs);
        cx.wake_at(Some(cx.now() + Duration::from_millis(200)));
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, _: Socket, from: SocketAddr, bytes: &mut [u8]) {
        match self.peer {
            None => self.send(cx, from, bytes[0]),
            Some(_) if bytes[0] != self.pongs => {} // The answer to a ping that was sent twice.
            Some(_) => {
                cx.observe(Observation::Custom { kind: "pong", value: self.pongs.into() });
                self.pongs += 1;
                self.timeout(cx);
            }
        }
    }
    fn metric(&self, name: &str) -> Option<u64> {
        (name == "pongs").then_some(self.pongs.into())
    }
}

/// No pong is taken twice, and none left out.
#[derive(Clone, Default)]
struct InOrder {
    next: i64,
    wrong: Option<String>,
}

impl Watch for InOrder {
    fn observed(&mut self, at: Instant, _: NodeId, observation: &Observation) {
        let Observation::Custom { kind: "pong", value } = *observation else { return };
        if value != self.next {
            self.wrong = Some(format!("in order: {value} (at {at})"));
        }
        self.next += 1;
    }
    fn violation(&mut self) -> Option<String> {
        self.wrong.clone()
    }
}

fn main() {
    let scenario = Scenario::build("A hundred pings are answered, though a quarter is lost")
        .duration(Duration::from_secs(120))
        .seeds(20)
        .link(|link| link.delay(Duration::from_millis(20)).loss_percent(13))
        .node("alice", |node| node.machine("ping-pong").peers(["bob"]))
        .node("bob", |node| node.machine("ping-pong"))
        .expect(Expect::metric_at_least("alice", "pongs", 100))
        .finish()
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(true)));
    let make = |post: &Post| {
        let peer = post.peers.first().and_then(|(_, at)| at.ipv4).map(IpAddr::V4);
        Box::new(PingPong { peer, socket: None, pongs: 0 }) as Box<dyn Machine>
    };
    let runs =
        Simulation::new(&scenario).machine("ping-pong", make).checker(InOrder::default()).run();
    runs.assert_passed();
    println!("{runs}");
}
