//! A protocol of your own in networks made by chance: what fails comes back as the smallest file that does.
use std::net::SocketAddr;

use proptest::test_runner::{Config, TestRunner};
use underpass_core::{Duration, Instant};
use underpass_sim::Simulation;
use underpass_sim::explore::{Explored, arb_scenario};
use underpass_sim::machine::{Cx, IpFamily, Machine, Socket};
use underpass_sim::scenario::model::NodeId;
use underpass_sim::trace::{Observation, Watch};

/// Tells the first whom it knows how often it has done so, every second, and takes only news.
struct Counting(Option<SocketAddr>, Option<Socket>, u32, u32);

impl Machine for Counting {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.1 = cx.bind(IpFamily::V4, 7).ok();
        self.timeout(cx);
    }
    fn timeout(&mut self, cx: &mut Cx<'_>) {
        self.2 += 1;
        if let (Some(peer), Some(socket)) = (self.0, self.1) {
            cx.send(socket, peer, &self.2.to_le_bytes());
        }
        cx.wake_at(Some(cx.now() + Duration::from_secs(1)));
    }
    fn datagram(&mut self, cx: &mut Cx<'_>, _: Socket, _: SocketAddr, bytes: &mut [u8]) {
        let Ok(count) = <[u8; 4]>::try_from(&*bytes).map(u32::from_le_bytes) else { return };
        // Not so, and a duplicate or a late packet breaks the rule below.
        if count > self.3 {
            self.3 = count;
            cx.observe(Observation::Custom { kind: "count", value: count.into() });
        }
    }
}

/// No node is told the same number twice, or one that is out of date, but for one that has restarted.
#[derive(Clone, Default)]
struct OnlyNews(std::collections::BTreeMap<NodeId, i64>, Option<String>);

impl Watch for OnlyNews {
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        match *observation {
            Observation::Started { .. } => _ = self.0.remove(&node),
            Observation::Custom { kind: "count", value } => {
                let before = self.0.insert(node, value);
                if before.is_some_and(|before| before >= value) {
                    self.1 = Some(format!("only news: {node:?} was told {value} (at {at})"));
                }
            }
            _ => {}
        }
    }
    fn violation(&mut self) -> Option<String> {
        self.1.clone()
    }
}

pub(crate) fn main() {
    let networks = arb_scenario().nodes(2..5).faults(0..4).seconds(20..60).machine("counting");
    let config = Config { cases: 30, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let run = |scenario: Explored| {
        let simulation = Simulation::new(&scenario).checker(OnlyNews::default());
        let simulation = simulation.machine("counting", |post| Counting(post.peer(7), None, 0, 0));
        simulation.run().assert_passed();
        Ok(())
    };
    runner.run(&networks, run).expect("only news is taken, whatever happens");
}
