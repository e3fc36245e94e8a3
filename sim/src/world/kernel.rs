//! What the world does on behalf of machines: sockets, packets, wakes and reports.
//!
//! Everything of the world but the machines is here, so that a machine can be called and use it.

use std::net::SocketAddr;

use underpass_core::Instant;

use super::host::Host;
use super::network::{Loss, Network, Stage};
use super::packets::{Packet, Packets, Slot};
use super::queue::{Key, Queue};
use super::tally::Tally;
use crate::machine::Socket;
use crate::nat::{Flow, Nat, Outbound, Refused};
use crate::scenario::model::{NatId, NodeId};
use crate::trace::{Observation, Trace};

pub(crate) struct Kernel {
    pub(super) now: Instant,
    pub(super) queue: Queue<Event>,
    pub(super) hosts: Vec<Host>,
    pub(super) nats: Vec<Nat>,
    pub(crate) packets: Packets,
    pub(super) network: Network,
    pub(super) trace: Trace,
    pub(super) tally: Tally,
}

/// What a NAT made of a packet, where that is then, and whether it is on its way inward.
struct Passed {
    flow: Flow,
    realm: Option<NatId>,
    turned: bool,
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

    pub(super) fn reboot(&mut self, nat: NatId) {
        self.nats[nat.0 as usize].reboot();
        self.trace.rebooted(self.now, nat);
    }

    pub(super) fn schedule(&mut self, at: Instant, event: Event) {
        self.queue.push(event.world_key(at.max(self.now)), event);
    }

    /// What a node's own clock shows.
    pub(crate) fn clock(&self, node: NodeId) -> Instant {
        self.host(node).clock.at(self.now)
    }

    /// Arms a node's wake for a time of its own clock.
    pub(crate) fn arm_wake(&mut self, node: NodeId, at: Option<Instant>) {
        self.host_mut(node).wanted = at;
        self.arm_wanted(node);
    }

    /// Arms a node's wake for what its machine wants, as its clock goes now.
    pub(super) fn arm_wanted(&mut self, node: NodeId) {
        let now = self.now;
        let host = self.host_mut(node);
        let at = host.wanted.map(|wanted| host.clock.when(wanted).max(now));
        if let Some(entry) = host.wake.arm(at) {
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
        let packet = self.packets.get_mut(slot);
        assert!(length <= packet.buffer.len(), "a machine claims {length} bytes in the buffer");
        (packet.from, packet.number) = (node, number);
        (packet.copy, packet.altered) = (0, false);
        (packet.has_left, packet.turned) = (false, false);
        (packet.origin, packet.source, packet.destination) = (source, source, destination);
        packet.length = length;
        packet.realm = self.network.topology.behind(node, self.now);
        packet.to = self.network.recipient(packet, self.now);
    }

    fn depart(&mut self, slot: Slot) {
        let packet = self.packets.get_mut(slot);
        self.tally.sent(packet.length);
        match self.network.admit(packet, self.now) {
            Ok(stage) => self.proceed(slot, stage, self.now),
            Err(loss) => self.lose(slot, loss, self.now),
        }
    }

    /// A packet is at a NAT, which lets it pass or not.
    pub(super) fn translate(&mut self, slot: Slot, stage: Stage) {
        let now = self.now;
        let packet = self.packets.get_mut(slot);
        let flow = Flow { source: packet.source, destination: packet.destination };
        let (nat, passed) = match stage {
            Stage::Outward(nat) => (nat, self.outbound(nat, flow)),
            Stage::Inward(nat) => (nat, self.inbound(nat, flow)),
            _ => unreachable!("no NAT is there"),
        };
        let packet = self.packets.get_mut(slot);
        match passed {
            Ok(Passed { flow, realm, turned }) => {
                (packet.source, packet.destination) = (flow.source, flow.destination);
                (packet.realm, packet.turned) = (realm, turned);
                self.trace.translated(now, nat, &packet.info());
                self.go_on(slot, stage);
            }
            Err(why) => {
                self.trace.refused(now, nat, &packet.info(), why);
                self.lose(slot, Loss::Refused(why), now);
            }
        }
    }

    fn outbound(&mut self, nat: NatId, flow: Flow) -> Result<Passed, Refused> {
        Ok(match self.nats[nat.0 as usize].outbound(flow, self.now)? {
            Outbound::Forward(flow) => {
                Passed { flow, realm: self.network.topology.outer(nat), turned: false }
            }
            Outbound::Hairpin(flow) => Passed { flow, realm: Some(nat), turned: true },
        })
    }

    fn inbound(&mut self, nat: NatId, flow: Flow) -> Result<Passed, Refused> {
        let flow = self.nats[nat.0 as usize].inbound(flow, self.now)?;
        Ok(Passed { flow, realm: Some(nat), turned: true })
    }

    /// A packet leaves a stage at which somebody decided over it.
    pub(super) fn go_on(&mut self, slot: Slot, stage: Stage) {
        match self.network.after(stage, self.packets.get_mut(slot), self.now) {
            Ok(next) => self.proceed(slot, next, self.now),
            Err(loss) => self.lose(slot, loss, self.now),
        }
    }

    /// Brings a packet from the entrance of a link as far as nothing but the packet itself decides
    /// what becomes of it.
    pub(super) fn carry(&mut self, slot: Slot, stage: Stage, at: Instant) {
        match self.cross(slot, stage, at) {
            Ok((next, at)) => self.proceed(slot, next, at),
            Err(loss) => self.lose(slot, loss, at),
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
        if !host.addresses().has(packet.destination.ip()) {
            return Err(Loss::NoAddress);
        }
        if !host.power.is_on() {
            return Err(Loss::NodeOff);
        }
        if host.is_suspended() {
            return Err(Loss::Suspended);
        }
        host.socket_at(packet.destination).ok_or(Loss::NoSocket)
    }

    fn enqueue(&mut self, slot: Slot, stage: Stage, at: Instant) {
        let packet = self.packets.get(slot);
        let place = |node| Key::packet(at, node, packet.from, packet.number, packet.copy);
        let key = match stage {
            Stage::Outward(nat) | Stage::Inward(nat) => {
                place(packet.from).at_nat(nat, self.hosts.len())
            }
            _ => {
                let tapper = self.network.taps.at(packet, stage).map(|(tapper, _)| tapper);
                place(tapper.or(packet.to).expect("a packet to nobody is lost"))
            }
        };
        self.queue.push(key, Event::Packet(slot, stage));
    }

    /// A packet goes no further from `at` on.
    pub(super) fn lose(&mut self, slot: Slot, loss: Loss, at: Instant) {
        self.tally.lost(loss);
        self.trace.lost(self.now, &self.packets.get(slot).info(), at, loss.words());
        self.packets.release(slot);
    }
}
