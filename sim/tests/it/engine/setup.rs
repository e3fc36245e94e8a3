//! Small worlds for the tests of the engine.

use std::net::SocketAddr;

use underpass_core::{Duration, Instant};
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{
    Command, Cx, IpFamily, Machine, MachineFactory, SendId, Socket, Unsupported,
};
use underpass_sim::scenario::model::{Fault, FaultKind, Mode, NodeId, PairLink};
use underpass_sim::trace::{Observation, PacketInfo, Watch};
use underpass_sim::units::Ppm;
use underpass_sim::world::{NodeSetup, Outcome, World, WorldConfig, ipv4_address};

pub(crate) const A: NodeId = NodeId(0);
pub(crate) const B: NodeId = NodeId(1);
pub(crate) const C: NodeId = NodeId(2);

pub(crate) const PORT: u16 = 4000;

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn at_ms(at_ms: u64) -> Instant {
    Instant::ORIGIN + ms(at_ms)
}

pub(crate) fn address_of(node: NodeId) -> SocketAddr {
    SocketAddr::from((ipv4_address(node).expect("few nodes"), PORT))
}

pub(crate) fn delayed(delay_ms: u64) -> LinkModel {
    LinkModel { delay: ms(delay_ms), ..LinkModel::IDEAL }
}

/// A world of couriers named `a`, `b` and so on, with the same access link each.
pub(crate) fn config(nodes: u32, access: LinkModel) -> WorldConfig {
    let node = |id: u32| NodeSetup {
        name: char::from_u32(u32::from('a') + id).expect("few nodes").to_string(),
        start: Instant::ORIGIN,
        ipv4: true,
        ipv6: false,
        behind: None,
        up: access,
        down: access,
        clock_ppm: Ppm::ZERO,
        factory: factory(Courier::default),
    };
    WorldConfig {
        seed: 1,
        nodes: (0..nodes).map(node).collect(),
        nats: Vec::new(),
        pairs: Vec::new(),
        faults: Vec::new(),
        max_events: u64::MAX,
    }
}

pub(crate) fn world(config: WorldConfig) -> World {
    World::new(config, vec![Box::<Log>::default()])
}

pub(crate) fn factory<M: Machine>(make: impl Fn() -> M + Send + 'static) -> MachineFactory {
    Box::new(move |_, _| Box::new(make()))
}

pub(crate) fn fault(at_ms_: u64, lasts_ms: Option<u64>, kind: FaultKind) -> Fault {
    Fault { name: String::new(), at: at_ms(at_ms_), lasts: lasts_ms.map(ms), every: None, kind }
}

pub(crate) fn pair(a: NodeId, b: NodeId, model: LinkModel) -> PairLink {
    PairLink { a, b, ab: model, ba: model }
}

pub(crate) fn send(number: u64, to: NodeId) -> Command {
    Command::Send { send: SendId(0), number, to, mode: Mode::Datagram, payload: vec![0; 32] }
}

/// Has a courier send a payload to another.
pub(crate) fn schedule_send(world: &mut World, send_at_ms: u64, from: NodeId, to: NodeId) {
    world.schedule_command(at_ms(send_at_ms), from, send(send_at_ms, to));
}

/// Everything that the nodes observed and that arrived, in order.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) observed: Vec<(Instant, NodeId, Observation)>,
    pub(crate) arrived: Vec<(Instant, NodeId, NodeId)>,
}

impl Watch for Log {
    fn arrived(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.arrived.push((at, packet.from, packet.to.expect("it arrived")));
    }

    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        self.observed.push((at, node, *observation));
    }
}

impl Log {
    pub(crate) fn of(outcome: &Outcome) -> &Self {
        outcome.watches[0].downcast_ref().expect("the first watch is the log")
    }

    /// The observations of a node, in order.
    pub(crate) fn of_node(&self, node: NodeId) -> Vec<(Instant, Observation)> {
        let of_node = self.observed.iter().filter(|(_, by, _)| *by == node);
        of_node.map(|&(at, _, observation)| (at, observation)).collect()
    }

    /// When what arrived from one node at another.
    pub(crate) fn arrivals(&self, from: NodeId, to: NodeId) -> Vec<Instant> {
        let between = self.arrived.iter().filter(|arrival| (arrival.1, arrival.2) == (from, to));
        between.map(|arrival| arrival.0).collect()
    }
}

/// Sends what it is told to, and reports what it gets.
#[derive(Default)]
pub(crate) struct Courier {
    socket: Option<Socket>,
    pub(crate) received: u64,
}

impl Machine for Courier {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.socket = Some(cx.bind(IpFamily::V4, PORT).expect("it has an address"));
    }

    fn datagram(&mut self, _: &mut Cx<'_>, on: Socket, _: SocketAddr, _: &mut [u8]) {
        assert_eq!(Some(on), self.socket);
        self.received += 1;
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {
        unreachable!("it arms no wake");
    }

    fn command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Result<(), Unsupported> {
        let Command::Send { to, payload, .. } = command else { return Err(Unsupported) };
        let socket = self.socket.expect("it was started");
        cx.transmit(|buffer| {
            buffer[..payload.len()].copy_from_slice(payload);
            Some((socket, address_of(*to), payload.len()))
        });
        Ok(())
    }

    fn metric(&self, name: &str) -> Option<u64> {
        (name == "received").then_some(self.received)
    }
}

/// Does what a test says when it starts and when it wakes, and nothing else.
pub(crate) struct Sleeper<S, T> {
    pub(crate) on_start: S,
    pub(crate) on_timeout: T,
}

impl<S, T> Machine for Sleeper<S, T>
where
    S: FnMut(&mut Cx<'_>) + Send + 'static,
    T: FnMut(&mut Cx<'_>) + Send + 'static,
{
    fn start(&mut self, cx: &mut Cx<'_>) {
        (self.on_start)(cx);
    }

    fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {}

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        (self.on_timeout)(cx);
    }

    fn command(&mut self, _: &mut Cx<'_>, _: &Command) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}

/// An observation that marks a moment.
pub(crate) fn mark(value: i64) -> Observation {
    Observation::Custom { kind: "mark", value }
}
