//! A protocol of your own, tested under loss by a checker of your own: it asks until it is answered.
use std::net::SocketAddr;

use underpass_core::{Duration, Instant};
use underpass_sim::machine::{Cx, IpFamily, Machine, Socket};
use underpass_sim::scenario::{Scenario, build::Expect, model::NodeId};
use underpass_sim::trace::{Observation, Watch};

/// Whom it asks, if anybody; by which socket; how many answers it has.
struct PingPong(Option<SocketAddr>, Option<Socket>, u8);

impl Machine for PingPong {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.1 = Some(cx.bind(IpFamily::V4, 7).expect("it has an address"));
        self.timeout(cx);
    }
    fn timeout(&mut self, cx: &mut Cx<'_>) {
        if let Self(Some(peer), Some(socket), number @ 0..100) = *self {
            cx.send(socket, peer, &[number]);
            cx.wake_at(Some(cx.now() + Duration::from_millis(200)));
        }
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        if self.0.is_none() {
            cx.send(on, from, bytes);
        } else if bytes[0] == self.2 {
            cx.observe(Observation::Custom { kind: "pong", value: self.2.into() });
            self.2 += 1;
            self.timeout(cx);
        }
    }
    fn metric(&self, name: &str) -> Option<u64> {
        (name == "pongs").then_some(self.2.into())
    }
}

/// No pong is taken twice, and none left out: the next one, and what was wrong.
#[derive(Clone, Default)]
struct InOrder(i64, Option<String>);

impl Watch for InOrder {
    fn observed(&mut self, at: Instant, _: NodeId, observation: &Observation) {
        if let Observation::Custom { kind: "pong", value } = *observation {
            self.1 = (value != self.0).then(|| format!("in order: {value} (at {at})"));
            self.0 += 1;
        }
    }
    fn violation(&mut self) -> Option<String> {
        self.1.clone()
    }
}

pub(crate) fn main() {
    Scenario::build("A hundred pings are answered, though two in five get lost")
        .duration(Duration::from_secs(120))
        .link(|link| link.delay(Duration::from_millis(20)).loss_percent(13))
        .node("alice", |node| node.machine("ping-pong").peers(["bob"]))
        .node("bob", |node| node.machine("ping-pong"))
        .expect(Expect::metric_at_least("alice", "pongs", 100))
        .simulation()
        .seeds(1..=20)
        .machine("ping-pong", |post| PingPong(post.peer(7), None, 0))
        .checker(InOrder::default())
        .run()
        .assert_passed();
}
