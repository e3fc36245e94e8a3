//! What cannot be seen from outside: memory, events, addresses. The rest is in `tests/it/engine`.

use std::net::SocketAddr;

use underpass_core::{Duration, Instant};

use super::{IPV4_NODES_MAX, NodeSetup, World, WorldConfig, ipv4_address, ipv6_address};
use crate::link::LinkModel;
use crate::machine::{Command, Cx, IpFamily, Machine, Socket, Unsupported};
use crate::scenario::model::NodeId;
use crate::units::{Ppm, Rate};

const PORT: u16 = 7;
const PERIOD: Duration = Duration::from_millis(10);

/// Sends to the other of two nodes once a period.
struct Talker(Option<Socket>);

impl Machine for Talker {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.0 = Some(cx.bind(IpFamily::V6, PORT).unwrap());
        cx.wake_at(Some(cx.now() + PERIOD));
    }

    fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {}

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        let other = ipv6_address(NodeId(1 - cx.node().0));
        let to = SocketAddr::from((other, PORT));
        let socket = self.0.unwrap();
        assert!(cx.transmit(|_| Some((socket, to, 100))));
        assert!(!cx.transmit(|_| None));
        cx.wake_at(Some(cx.now() + PERIOD));
    }

    fn command(&mut self, _: &mut Cx<'_>, _: &Command) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}

fn talkers(down: LinkModel) -> World {
    let delay = Duration::from_millis(25);
    let node = |name: &str| NodeSetup {
        name: name.to_owned(),
        start: Instant::ORIGIN,
        ipv4: false,
        ipv6: true,
        behind: None,
        up: LinkModel { delay, ..LinkModel::IDEAL },
        down,
        clock_ppm: Ppm::ZERO,
        factory: Box::new(|_, _| Box::new(Talker(None))),
    };
    let config = WorldConfig {
        seed: 1,
        nodes: vec![node("a"), node("b")],
        nats: Vec::new(),
        pairs: Vec::new(),
        faults: Vec::new(),
        max_events: u64::MAX,
    };
    World::new(config, Vec::new())
}

fn secs(secs: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(secs)
}

#[test]
fn buffers_are_used_again() {
    let mut world = talkers(LinkModel::IDEAL);
    world.run_until(secs(100)).unwrap();
    assert_eq!(world.kernel.tally.datagrams, 20_000);
    // Three of each node are under way at most, and one is being sent.
    assert!(world.kernel.packets.in_use() <= 6);
    assert!(world.kernel.packets.capacity() <= 7, "{}", world.kernel.packets.capacity());
}

#[test]
fn a_packet_is_one_event() {
    let mut world = talkers(LinkModel::IDEAL);
    world.run_until(secs(10)).unwrap();
    let tally = world.kernel.tally;
    let starts = 2;
    let wakes = tally.datagrams;
    assert_eq!(world.events, starts + wakes + tally.delivered);
}

#[test]
fn a_packet_into_a_queue_is_two_events() {
    let rate = Rate::from_bits_per_second(10_000_000);
    let mut world = talkers(LinkModel { rate, ..LinkModel::IDEAL });
    world.run_until(secs(10)).unwrap();
    let tally = world.kernel.tally;
    let starts = 2;
    let wakes = tally.datagrams;
    assert_eq!(world.events, starts + wakes + 2 * tally.delivered);
}

#[test]
fn a_world_can_move_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<World>();
}

#[test]
fn public_addresses_are_given_out_in_order() {
    assert_eq!(ipv4_address(NodeId(0)).unwrap().to_string(), "198.18.0.1");
    assert_eq!(ipv4_address(NodeId(IPV4_NODES_MAX - 1)).unwrap().to_string(), "198.19.255.254");
    assert_eq!(ipv4_address(NodeId(IPV4_NODES_MAX)), None);
    assert_eq!(ipv6_address(NodeId(0)).to_string(), "2001:db8::1");
}
