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
        (packet.copy, packet.altered) = (0, false);
        (packet.source, packet.destination, packet.length) = (source, destination, length);
    }

    fn depart(&mut self, slot: Slot) {
        let packet = self.packets.get(slot);
        self.tally.sent(packet.length);
        match self.network.admit(packet, self.now) {
            Ok(Stage::Arrival) => self.enqueue(slot, Stage::Arrival, self.now),
            Ok(stage) => self.carry(slot, stage, self.now),
            Err(loss) => self.lose(slot, loss),
        }
    }

    /// The machine that overheard a packet lets it go on.
    pub(super) fn pass_tap(&mut self, slot: Slot, stage: Stage) {
        match self.network.after(stage, self.packets.get(slot), self.now) {
            Ok(next) => self.proceed(slot, next, self.now),
            Err(loss) => self.lose(slot, loss),
        }
    }

    /// Brings a packet from the entrance of a link as far as nothing but the packet itself decides
    /// what becomes of it.
    pub(super) fn carry(&mut self, slot: Slot, stage: Stage, at: Instant) {
        match self.cross(slot, stage, at) {
            Ok((next, at)) => self.proceed(slot, next, at),
            Err(loss) => self.lose(slot, loss),
        }
    }

    /// A packet comes to a stage behind others.
    fn proceed(&mut self, slot: Slot, stage: Stage, at: Instant) {
        if self.network.must_wait(stage, self.packets.get(slot)) {
            self.enqueue(slot, stage, at);
        } else {
            self.carry(slot, stage, at);
        }
    }

    /// A packet crosses one link: where it comes then, and when. If the link makes a second packet
    /// of it, that one is on its own way afterwards.
    fn cross(&mut self, slot: Slot, stage: Stage, at: Instant) -> Result<(Stage, Instant), Loss> {
        let crossing = self.network.cross(stage, self.packets.get(slot), at)?;
        if crossing.duplicated {
            let copy = self.packets.duplicate(slot, stage.bit());
            self.tally.duplicated += 1;
            self.carry(copy, stage, at);
        }
        let packet = self.packets.get_mut(slot);
        if let Some(bit) = crossing.flipped_bit {
            packet.flip(bit);
        }
        let next = self.network.after(stage, packet, crossing.exit)?;
        Ok((next, crossing.exit))
    }

    /// The socket that takes a packet that arrived, if any does.
    pub(super) fn accept(&self, to: NodeId, packet: &Packet) -> Result<Socket, Loss> {
        if self.network.is_kept_out(packet, to, self.now) {
            return Err(Loss::InterfaceDown);
        }
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

    fn enqueue(&mut self, slot: Slot, stage: Stage, at: Instant) {
        let packet = self.packets.get(slot);
        let tapper = self.network.taps.at(packet, stage).map(|(tapper, _)| tapper);
        let to = tapper.or(packet.to).expect("a packet to nobody is lost");
        let key = Key::packet(at, to, packet.from, packet.number, packet.copy);
        self.queue.push(key, Event::Packet(slot, stage));
    }

    pub(super) fn lose(&mut self, slot: Slot, loss: Loss) {
        self.tally.lost(loss);
        self.packets.release(slot);
    }
}
