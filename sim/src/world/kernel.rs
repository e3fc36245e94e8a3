//! What the world does on behalf of machines: sockets, packets, wakes and reports.
//!
//! Everything of the world but the machines is here, so that a machine can be called and use it.

use std::net::SocketAddr;

use underpass_core::Instant;

use super::address::node_of_address;
use super::host::{Host, family_of};
use super::network::{Loss, Network, Stage};
use super::packets::{Packet, Packets, Slot};
use super::queue::{Key, Queue};
use super::tally::Tally;
use crate::machine::{IpFamily, Socket};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, Trace};

pub(crate) struct Kernel {
    pub(super) now: Instant,
    pub(super) queue: Queue<Event>,
    pub(super) hosts: Vec<Host>,
    pub(crate) packets: Packets,
    pub(super) network: Network,
    pub(super) trace: Trace,
    pub(super) tally: Tally,
}

/// Something that happens at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The fault at this position begins.
    FaultBegins(u32),
    /// The fault at this position ends.
    FaultEnds(u32),
    /// A node is to be switched on for the first time.
    Start(NodeId),
    /// The source at this position gives its next command.
    Command(u32),
    /// A packet comes to a stage of its way.
    Packet(Slot, Stage),
    /// A node's wake may have come due.
    Wake(NodeId),
}

impl Event {
    /// The key of one of the world's own events. At one instant, a fault that begins comes before
    /// one that ends: two crashes without a gap do not let the node flicker.
    pub(super) fn world_key(self, at: Instant) -> Key {
        match self {
            Self::FaultBegins(fault) => Key::world(at, 0, fault),
            Self::FaultEnds(fault) => Key::world(at, 1, fault),
            Self::Start(node) => Key::world(at, 2, node.0),
            Self::Command(source) => Key::world(at, 3, source),
            Self::Packet(..) | Self::Wake(_) => unreachable!("an event of a node"),
        }
    }
}

impl Kernel {
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    pub(crate) fn host(&self, node: NodeId) -> &Host {
        &self.hosts[node.0 as usize]
    }

    pub(crate) fn host_mut(&mut self, node: NodeId) -> &mut Host {
        &mut self.hosts[node.0 as usize]
    }

    pub(crate) fn observe(&mut self, node: NodeId, observation: &Observation) {
        self.trace.observed(self.now, node, observation);
    }

    pub(super) fn schedule(&mut self, at: Instant, event: Event) {
        self.queue.push(event.world_key(at.max(self.now)), event);
    }

    pub(crate) fn arm_wake(&mut self, node: NodeId, at: Option<Instant>) {
        let at = at.map(|at| at.max(self.now));
        if let Some(entry) = self.host_mut(node).wake.arm(at) {
            self.queue_wake(node, entry);
        }
    }

    pub(super) fn queue_wake(&mut self, node: NodeId, at: Instant) {
        self.queue.push(Key::wake(at, node), Event::Wake(node));
    }

    /// Sends the packet in `slot`, whose buffer is filled.
    pub(crate) fn transmit(
        &mut self,
        node: NodeId,
        socket: Socket,
        slot: Slot,
        destination: SocketAddr,
        length: usize,
    ) {
        let source = self.host(node).source_of(socket);
        self.address(slot, node, source, destination, length);
        self.trace.transmitted(self.now, &self.packets.get(slot).info());
        self.depart(slot);
    }

    /// Sends these bytes from any address.
    ///
    /// # Panics
    ///
    /// If the node may not, or the bytes are more than a buffer holds.
    pub(crate) fn inject(
        &mut self,
        node: NodeId,
        source: SocketAddr,
        destination: SocketAddr,
        bytes: &[u8],
    ) {
        assert!(self.host(node).injects, "{node:?} was not granted to inject datagrams");
        let slot = self.packets.acquire();
        self.packets.get_mut(slot).replace(bytes);
        self.address(slot, node, source, destination, bytes.len());
        self.trace.injected(self.now, &self.packets.get(slot).info());
        self.depart(slot);
    }

    /// Makes the filled buffer in `slot` the node's next packet.
    fn address(
        &mut self,
        slot: Slot,
        node: NodeId,
        source: SocketAddr,
        destination: SocketAddr,
        length: usize,
    ) {
        let host = &mut self.hosts[node.0 as usize];
        let number = host.sent;
        host.sent += 1;
        let to = self.recipient(source, destination);
        let packet = self.packets.get_mut(slot);
        assert!(length <= packet.buffer.len(), "a machine claims {length} bytes in the buffer");
        (packet.from, packet.number, packet.to) = (node, number, to);
        (packet.source, packet.destination, packet.length) = (source, destination, length);
    }

    fn depart(&mut self, slot: Slot) {
        let packet = self.packets.get(slot);
        self.tally.sent(packet.length);
        let next = self.network.send(packet, self.now);
        self.proceed(slot, next);
    }

    /// The machine that overheard a packet lets it go on.
    pub(super) fn pass_tap(&mut self, slot: Slot, stage: Stage) {
        let next = self.network.pass_tap(self.packets.get(slot), stage, self.now);
        self.proceed(slot, next);
    }

    /// The packet comes to a link whose queue had to be waited for.
    pub(super) fn forward(&mut self, slot: Slot, stage: Stage) {
        let packet = self.packets.get(slot);
        let to = packet.to.expect("only packets to somebody come this far");
        let next = match stage {
            Stage::Pair => self.network.cross_pair(packet, to, self.now),
            Stage::Down => self.network.cross_down(packet, to, self.now),
            Stage::TapUp(_) | Stage::TapDown(_) => unreachable!("its machine is asked first"),
            Stage::Arrival => unreachable!("there is no link after the last"),
        };
        self.proceed(slot, next);
    }

    /// The socket that takes a packet that arrived, if any does.
    pub(super) fn accept(&self, to: NodeId, packet: &Packet) -> Result<Socket, Loss> {
        let host = self.host(to);
        if !host.power.is_on() {
            return Err(Loss::NodeOff);
        }
        host.socket_at(packet.destination).ok_or(Loss::NoSocket)
    }

    /// The node that has the address, if it can be reached from `source`.
    fn recipient(&self, source: SocketAddr, destination: SocketAddr) -> Option<NodeId> {
        let family = family_of(destination);
        if family != family_of(source) {
            return None;
        }
        let node = node_of_address(destination.ip())?;
        let addresses = self.hosts.get(node.0 as usize)?.addresses();
        let has_address = match family {
            IpFamily::V4 => addresses.ipv4.is_some(),
            IpFamily::V6 => addresses.ipv6.is_some(),
        };
        has_address.then_some(node)
    }

    fn proceed(&mut self, slot: Slot, next: Result<(Stage, Instant), Loss>) {
        match next {
            Ok((stage, at)) => {
                let packet = self.packets.get(slot);
                let tapper = self.network.taps.at(packet, stage).map(|(tapper, _)| tapper);
                let to = tapper.or(packet.to).expect("a packet to nobody is lost");
                let key = Key::packet(at, to, packet.from, packet.number);
                self.queue.push(key, Event::Packet(slot, stage));
            }
            Err(loss) => {
                self.tally.lost(loss);
                self.packets.release(slot);
            }
        }
    }
}
