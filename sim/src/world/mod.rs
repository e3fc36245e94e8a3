//! The deterministic engine: a world of machines on nodes, a network between them, and one queue
//! of events over virtual time.
//!
//! Same configuration, same seed and same machines give the same run, byte for byte, on every
//! computer. An hour in which nothing happens costs nothing.
//!
//! **Invariant:** nothing here knows a protocol, a file format or a terminal.

use std::fmt;
use std::sync::Arc;

use underpass_core::{Duration, Instant};

use crate::fault::Hold;
use crate::link::LinkModel;
use crate::machine::{Command, Cx, Machine, MachineFactory, Unsupported};
use crate::nat;
use crate::random::Draws;
use crate::scenario::model::{Fault, FaultKind, NatId, NodeId, State};
use crate::trace::{Input, Observation, Trace, Watch, Witness};

mod address;
mod clock;
mod config;
mod host;
mod hostile;
mod kernel;
mod network;
mod packets;
mod queue;
mod suspended;
mod tally;
mod taps;
mod topology;
mod wake;

pub use address::{IPV4_NODES_MAX, ipv4_address, ipv6_address};
pub use config::{NodeSetup, WorldConfig};
pub use tally::{RefusedCounts, Tally};
pub use topology::{Site, Topology};

pub(crate) use kernel::Kernel;
pub(crate) use network::{IPV4_UDP_HEADERS, IPV6_UDP_HEADERS};

use host::Host;
use kernel::Event;
use network::{Network, Stage};
use packets::{Packets, Slot};
use queue::Queue;
use wake::Due;

/// Commands for one node: `count` of them, the first at `at`, then one each `every`. Each is made
/// when its time has come.
pub struct CommandSource {
    /// Whose machine gets them.
    pub node: NodeId,
    /// When the first comes.
    pub at: Instant,
    /// Time between two; zero only if `count` is at most one.
    pub every: Duration,
    /// How many.
    pub count: u64,
    /// Makes the command of that number (from zero) at that time.
    pub make: Box<dyn FnMut(u64, Instant) -> Command + Send>,
}

/// Why a run ended before its time.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Stop {
    /// More events than the configuration allows.
    MaxEvents {
        /// How many it allows.
        max_events: u64,
        /// When the next one was to happen.
        at: Instant,
    },
    /// A machine arms its wake for an instant again and again, and time cannot go on.
    Spinning {
        /// Which machine.
        node: NodeId,
        /// The name of its node.
        name: String,
        /// The instant.
        at: Instant,
    },
    /// A watch saw what must not happen.
    Violation(String),
}

/// What a run came to.
pub struct Outcome {
    /// Over everything that happened: equal for equal runs.
    pub hash: [u8; 32],
    /// Events that it took.
    pub events: u64,
    /// Datagrams, and what became of them.
    pub tally: Tally,
    /// The watches, in the order they were given.
    pub watches: Vec<Box<dyn Watch>>,
}

/// A deterministic world. It is built whole, run, and finished.
pub struct World {
    kernel: Kernel,
    draws: Draws,
    /// By node; `None` while it is off.
    machines: Vec<Option<Box<dyn Machine>>>,
    /// By node.
    factories: Vec<MachineFactory>,
    faults: Vec<Fault>,
    /// With the number of commands each has given.
    sources: Vec<(CommandSource, u64)>,
    events: u64,
    max_events: u64,
    node_names: Vec<String>,
    nat_names: Vec<String>,
}

impl World {
    /// A world at its origin, in which nothing has happened.
    ///
    /// # Panics
    ///
    /// If the configuration contradicts itself: a name twice or with a `>` in it, two links for
    /// one pair, a node or NAT that does not exist, a NAT behind itself, or more nodes and NATs than
    /// there are addresses.
    pub fn new(config: WorldConfig, watches: Vec<Box<dyn Watch>>) -> Self {
        let draws = Draws::new(config.seed);
        config.assert_names();
        let topology = Arc::new(config.topology().expect("there are addresses for all"));
        let access: Vec<(&str, LinkModel, LinkModel)> =
            config.nodes.iter().map(|node| (node.name.as_str(), node.up, node.down)).collect();
        let kernel = Kernel {
            now: Instant::ORIGIN,
            queue: Queue::new(),
            network: Network::new(
                Arc::clone(&topology),
                &access,
                &config.pairs,
                &config.faults,
                &draws,
            ),
            nats: (0..)
                .map(NatId)
                .zip(&config.nats)
                .map(|(id, nat)| {
                    let external = topology.external(id).to_vec();
                    nat::Nat::new(nat.model, external, &draws, &nat.name)
                })
                .collect(),
            hosts: (0u32..)
                .zip(&config.nodes)
                .map(|(id, node)| {
                    let addresses = topology.addresses(NodeId(id), Instant::ORIGIN);
                    Host::new(node.name.clone(), addresses, node.clock_ppm, &draws)
                })
                .collect(),
            packets: Packets::new(),
            trace: Trace::new(config.nodes.len(), watches),
            tally: Tally::default(),
        };
        let mut world = Self {
            kernel,
            draws,
            machines: config.nodes.iter().map(|_| None).collect(),
            factories: Vec::with_capacity(config.nodes.len()),
            faults: config.faults,
            sources: Vec::new(),
            events: 0,
            max_events: config.max_events,
            node_names: config.nodes.iter().map(|node| node.name.clone()).collect(),
            nat_names: config.nats.into_iter().map(|nat| nat.name).collect(),
        };
        for (id, node) in (0u32..).zip(config.nodes) {
            world.kernel.schedule(node.start, Event::Start(NodeId(id)));
            world.factories.push(node.factory);
        }
        world.schedule_faults();
        world
    }

    /// Gives a node's machine one command at that time.
    pub fn schedule_command(&mut self, at: Instant, node: NodeId, command: Command) {
        let mut command = Some(command);
        let make = move |_, _| command.take().expect("it is made once");
        let make = Box::new(make);
        self.add_commands(CommandSource { node, at, every: Duration::ZERO, count: 1, make });
    }

    /// Gives a node's machine the commands of a source. At one instant, sources go in the order
    /// in which they were added.
    ///
    /// # Panics
    ///
    /// If there is no such node, or more than one command for one instant.
    pub fn add_commands(&mut self, source: CommandSource) {
        assert!((source.node.0 as usize) < self.machines.len(), "{:?} exists", source.node);
        assert!(source.every > Duration::ZERO || source.count <= 1, "time passes between commands");
        if source.count == 0 {
            return;
        }
        let position = u32::try_from(self.sources.len()).expect("fewer than 2^32 sources");
        self.kernel.schedule(source.at, Event::Command(position));
        self.sources.push((source, 0));
    }

    /// Tells a witness of all that happens from now on.
    pub fn attach(&mut self, witness: Box<dyn Witness>) {
        self.kernel.trace.attach(witness);
    }

    /// Runs up to that time, everything at that very instant included. A world that stopped for
    /// another reason is not to be run further.
    pub fn run_until(&mut self, until: Instant) -> Result<(), Stop> {
        while let Some(at) = self.kernel.queue.next_at().filter(|&at| at <= until) {
            if self.events == self.max_events {
                return Err(Stop::MaxEvents { max_events: self.max_events, at });
            }
            let (_, event) = self.kernel.queue.pop().expect("there is a next event");
            assert!(at >= self.kernel.now, "time does not go back");
            self.kernel.now = at;
            self.events += 1;
            self.dispatch(event)?;
            if let Some(violation) = self.kernel.trace.violation() {
                return Err(Stop::Violation(violation));
            }
        }
        self.kernel.now = self.kernel.now.max(until);
        self.kernel.trace.passed(self.kernel.now);
        self.kernel.trace.violation().map_or(Ok(()), |violation| Err(Stop::Violation(violation)))
    }

    /// The time up to which the world has run.
    pub fn now(&self) -> Instant {
        self.kernel.now
    }

    /// Datagrams so far, and what became of them.
    pub fn tally(&self) -> &Tally {
        &self.kernel.tally
    }

    /// By `NodeId`.
    pub fn node_names(&self) -> &[String] {
        &self.node_names
    }

    /// By `NatId`.
    pub fn nat_names(&self) -> &[String] {
        &self.nat_names
    }

    /// The machine of a node; `None` while the node is off.
    pub fn machine(&self, node: NodeId) -> Option<&dyn Machine> {
        self.machines[node.0 as usize].as_deref()
    }

    /// Ends the run.
    pub fn finish(self) -> Outcome {
        let under_way = u64::try_from(self.kernel.packets.in_use()).expect("a count fits");
        assert_eq!(under_way, self.kernel.tally.under_way(), "every datagram is accounted for");
        let (hash, watches) = self.kernel.trace.finish();
        Outcome { hash, events: self.events, tally: self.kernel.tally, watches }
    }

    /// Those that act at an instant. All others are told beforehand to what they concern, and need
    /// no event.
    fn schedule_faults(&mut self) {
        for (position, fault) in (0u32..).zip(&self.faults) {
            let nodes = match &fault.kind {
                FaultKind::Crash(node, _) | FaultKind::Restart(node, _) => {
                    std::slice::from_ref(node)
                }
                FaultKind::Hostile(nodes) => nodes,
                FaultKind::Roam { node, .. } => std::slice::from_ref(node),
                FaultKind::Suspend(node) => std::slice::from_ref(node),
                FaultKind::Clock { nodes, .. } => nodes,
                FaultKind::NatReboot(nat) => {
                    assert!((nat.0 as usize) < self.kernel.nats.len(), "{nat:?} exists");
                    &[]
                }
                FaultKind::Partition(_)
                | FaultKind::Block { .. }
                | FaultKind::Link(_)
                | FaultKind::Interface(_)
                | FaultKind::Drop { .. }
                | FaultKind::DropSent { .. }
                // What owners do is a command.
                | FaultKind::ChangeSecret(_)
                | FaultKind::RetireSecret(_) => continue,
            };
            for node in nodes {
                assert!((node.0 as usize) < self.machines.len(), "{node:?} exists");
            }
            self.kernel.schedule(fault.at, Event::FaultBegins(position));
        }
    }

    fn dispatch(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::Packet(slot, Stage::Arrival) => self.deliver(slot),
            Event::Packet(slot, stage @ (Stage::TapUp(_) | Stage::TapDown(_))) => {
                self.overhear(slot, stage);
            }
            Event::Packet(slot, stage @ (Stage::Outward(_) | Stage::Inward(_))) => {
                self.kernel.translate(slot, stage);
            }
            Event::Packet(slot, stage @ (Stage::Up | Stage::Pair | Stage::Down)) => {
                self.kernel.carry(slot, stage, self.kernel.now);
            }
            Event::Wake(node) => self.wake(node)?,
            Event::Command(source) => self.command(source),
            Event::Start(node) => self.release(node, Hold::NotStarted),
            Event::FaultBegins(fault) => self.begin_fault(fault),
            Event::FaultEnds(fault) => self.end_fault(fault),
        }
        Ok(())
    }

    fn deliver(&mut self, slot: Slot) {
        let mut packet = self.kernel.packets.take(slot);
        let to = packet.to.expect("only packets to somebody arrive");
        match self.kernel.accept(to, &packet) {
            Ok(socket) => {
                self.kernel.tally.delivered += 1;
                let (now, as_sent) = (self.kernel.now, packet.is_as_sent());
                self.kernel.trace.arrived(now, to, &packet.info(), as_sent);
                let machine = self.machines[to.0 as usize].as_deref().expect("the node is on");
                self.kernel.trace.receiving(now, to, machine, &packet.info(), as_sent);
                let from = packet.source;
                self.call(to, |machine, cx| {
                    machine.datagram(cx, socket, from, packet.bytes_mut());
                });
            }
            Err(loss) => {
                let now = self.kernel.now;
                self.kernel.tally.lost(loss);
                self.kernel.trace.lost(now, &packet.info(), now, loss.words());
            }
        }
        self.kernel.packets.put_back(slot, packet);
        self.kernel.packets.release(slot);
    }

    fn wake(&mut self, node: NodeId) -> Result<(), Stop> {
        let at = self.kernel.now;
        let host = self.kernel.host_mut(node);
        match host.wake.came_up(at) {
            Due::Fire => {
                if host.count_wake(at) {
                    return Err(Stop::Spinning { node, name: host.name.clone(), at });
                }
                host.wanted = None;
                self.kernel.trace.woken(at, node);
                self.call(node, |machine, cx| machine.timeout(cx));
            }
            Due::Requeue(later) => self.kernel.queue_wake(node, later),
            Due::Nothing => {}
        }
        Ok(())
    }

    fn command(&mut self, position: u32) {
        let now = self.kernel.now;
        let (source, given) = &mut self.sources[position as usize];
        let (node, number) = (source.node, *given);
        let command = (source.make)(number, now);
        *given += 1;
        if *given < source.count {
            let next = now + source.every;
            self.kernel.schedule(next, Event::Command(position));
        }
        let host = self.kernel.host_mut(node);
        if !host.power.is_on() {
            return self.refuse(node, &command, "the node is off");
        }
        if host.is_suspended() {
            host.missed.reconfigure |= command == Command::Reconfigure;
            return self.refuse(node, &command, "the node is suspended");
        }
        self.kernel.trace.input(now, node, Input::Command { source: position, number });
        if let Err(Unsupported) = self.call(node, |machine, cx| machine.command(cx, &command)) {
            self.refuse(node, &command, "the machine does not support it");
        }
    }

    fn refuse(&mut self, node: NodeId, command: &Command, why: &'static str) {
        match *command {
            Command::Send { send, number, to, .. } => {
                self.kernel.observe(node, &Observation::Refused { send, number, to, why });
            }
            // Whoever asked finds it undone.
            Command::Reconfigure => {}
        }
    }

    fn begin_fault(&mut self, position: u32) {
        let Fault { lasts, every, .. } = self.faults[position as usize];
        let now = self.kernel.now;
        if let Some(every) = every {
            self.kernel.schedule(now + every, Event::FaultBegins(position));
        }
        let lasts = match self.faults[position as usize].kind {
            FaultKind::Crash(node, state) => {
                self.stop(node, state);
                self.kernel.host_mut(node).power.hold(Hold::Crash(position));
                lasts
            }
            FaultKind::Restart(node, state) => {
                self.stop(node, state);
                self.kernel.host_mut(node).power.release_all();
                self.start(node);
                None
            }
            FaultKind::Hostile(_) => {
                self.set_active(position, true);
                lasts
            }
            FaultKind::NatReboot(nat) => {
                self.kernel.reboot(nat);
                None
            }
            FaultKind::Roam { node, .. } => {
                self.readdress(node);
                None
            }
            FaultKind::Suspend(node) => {
                self.suspend(node, position);
                lasts
            }
            FaultKind::Clock { .. } => {
                self.set_drift(position, true);
                lasts
            }
            FaultKind::Partition(_)
            | FaultKind::Block { .. }
            | FaultKind::Link(_)
            | FaultKind::Interface(_)
            | FaultKind::Drop { .. }
            | FaultKind::DropSent { .. }
            | FaultKind::ChangeSecret(_)
            | FaultKind::RetireSecret(_) => unreachable!("it has no event"),
        };
        if let Some(lasts) = lasts {
            self.kernel.schedule(now + lasts, Event::FaultEnds(position));
        }
    }

    fn end_fault(&mut self, position: u32) {
        match self.faults[position as usize].kind {
            FaultKind::Crash(node, _) => self.release(node, Hold::Crash(position)),
            FaultKind::Hostile(_) => self.set_active(position, false),
            FaultKind::Suspend(node) => self.resume(node, position),
            FaultKind::Clock { .. } => self.set_drift(position, false),
            FaultKind::Restart(..)
            | FaultKind::NatReboot(_)
            | FaultKind::Roam { .. }
            | FaultKind::Partition(_)
            | FaultKind::Block { .. }
            | FaultKind::Link(_)
            | FaultKind::Interface(_)
            | FaultKind::Drop { .. }
            | FaultKind::DropSent { .. }
            | FaultKind::ChangeSecret(_)
            | FaultKind::RetireSecret(_) => unreachable!("it has no end event"),
        }
    }

    /// A node has come somewhere else.
    fn readdress(&mut self, node: NodeId) {
        let now = self.kernel.now;
        let addresses = self.kernel.network.topology.addresses(node, now);
        let host = self.kernel.host_mut(node);
        host.readdress(addresses);
        if host.is_suspended() {
            host.missed.readdressed = true;
        } else if host.power.is_on() {
            self.kernel.trace.input(now, node, Input::Readdressed);
            self.call(node, |machine, cx| machine.readdressed(cx));
        }
    }

    fn release(&mut self, node: NodeId, hold: Hold) {
        if self.kernel.host_mut(node).power.release(hold) {
            self.start(node);
        }
    }

    fn start(&mut self, node: NodeId) {
        let incarnation = self.kernel.host_mut(node).begin_incarnation(&self.draws);
        let factory = &self.factories[node.0 as usize];
        self.machines[node.0 as usize] = Some(factory(node, incarnation));
        self.kernel.trace.input(self.kernel.now, node, Input::Start);
        self.kernel.observe(node, &Observation::Started { incarnation });
        self.call(node, |machine, cx| machine.start(cx));
        if self.kernel.host(node).active > 0 {
            self.tell_active(node, true);
        }
    }

    /// Switches a node off, if it is on. What is on its way to it goes on.
    fn stop(&mut self, node: NodeId, state: State) {
        match state {
            State::Lost => self.kernel.host_mut(node).flash.clear(),
            State::Kept => {}
        }
        if self.machines[node.0 as usize].take().is_some() {
            self.kernel.host_mut(node).end_incarnation();
            self.kernel.observe(node, &Observation::Stopped);
        }
    }

    fn call<R>(
        &mut self,
        node: NodeId,
        call: impl FnOnce(&mut dyn Machine, &mut Cx<'_>) -> R,
    ) -> R {
        let machine = self.machines[node.0 as usize].as_deref_mut().expect("the node is on");
        let result = call(machine, &mut Cx::new(&mut self.kernel, node));
        self.kernel.trace.called(self.kernel.now, node, machine);
        result
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxEvents { max_events, at } => {
                let s = if *max_events == 1 { "" } else { "s" };
                write!(f, "the run needs more than {max_events} event{s} (it got to {at})")
            }
            Self::Spinning { name, at, .. } => write!(
                f,
                "the machine on {name} spins: more than {} wakes at {at}",
                host::WAKES_PER_INSTANT_MAX,
            ),
            Self::Violation(violation) => f.write_str(violation),
        }
    }
}

impl std::error::Error for Stop {}

#[cfg(test)]
mod tests;
