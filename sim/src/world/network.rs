//! The way of a packet: the NATs in front of its sender, its sender's access link up, the network where
//! both meet (where partitions and blocks stop it, and a pair's own link may lie), the NATs in front of
//! its receiver, its receiver's access link down.

use std::collections::BTreeMap;
use std::sync::Arc;

use underpass_core::Instant;

use super::packets::Packet;
use super::taps::Taps;
use super::topology::{Hop, Topology};
use crate::fault::{Blocks, Drops, Interfaces, Partitions, Window};
use crate::link::{self, Crossing, Incoming, Link, LinkModel};
use crate::nat::Refused;
use crate::random::Draws;
use crate::scenario::model::{Fault, FaultKind, LinkChange, LinkPlace, NatId, NodeId, PairLink};

/// Bytes of an IPv4 header without options, and of a UDP header (RFC 791, RFC 768).
pub(crate) const IPV4_UDP_HEADERS: u32 = 20 + 8;
/// Bytes of an IPv6 header without extensions, and of a UDP header (RFC 8200, RFC 768).
pub(crate) const IPV6_UDP_HEADERS: u32 = 40 + 8;

/// Room for the packet numbers of one sender in the number of a draw, and for senders. What is
/// left has room for the bits of all stages with a link.
const PACKET_NUMBER_BITS: u32 = 40;
const SENDER_BITS: u32 = 21;

/// All links and what may cut them.
pub(super) struct Network {
    pub(super) topology: Arc<Topology>,
    /// By node.
    up: Vec<Link>,
    /// By node.
    down: Vec<Link>,
    pairs: BTreeMap<(NodeId, NodeId), Link>,
    partitions: Partitions,
    blocks: Blocks,
    interfaces: Interfaces,
    drops: Drops,
    pub(super) taps: Taps,
}

/// Where a packet is on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// At a NAT, from what is behind it.
    Outward(NatId),
    /// Before the access link of the sender.
    Up,
    /// Behind the access link of the sender, with the machine at this position of those that tap
    /// the link.
    TapUp(u16),
    /// Before the link of the pair.
    Pair,
    /// At a NAT, towards what is behind it.
    Inward(NatId),
    /// Before the access link of the receiver, with the machine at this position of those that
    /// tap the link.
    TapDown(u16),
    /// Before the access link of the receiver.
    Down,
    /// At the receiver.
    Arrival,
}

/// How a packet comes to an end other than in a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loss {
    Link(link::Loss),
    Partition,
    Block,
    InterfaceDown,
    Dropped,
    Intercepted,
    Refused(Refused),
    NoAddress,
    NodeOff,
    Suspended,
    NoSocket,
}

impl Loss {
    /// Why, in a few words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Link(link::Loss::Random) => "by chance",
            Self::Link(link::Loss::QueueFull) => "the queue is full",
            Self::Link(link::Loss::TooLarge) => "larger than the MTU",
            Self::Partition => "a partition",
            Self::Block => "a block",
            Self::InterfaceDown => "the interface is down",
            Self::Dropped => "singled out",
            Self::Intercepted => "intercepted",
            Self::Refused(why) => why.word(),
            Self::NoAddress => "nobody has the address",
            Self::NodeOff => "the node is off",
            Self::Suspended => "the node is suspended",
            Self::NoSocket => "the port is not bound",
        }
    }
}

impl From<link::Loss> for Loss {
    fn from(loss: link::Loss) -> Self {
        Self::Link(loss)
    }
}

impl Stage {
    /// Stands for the link of this stage in what tells copies of a packet apart.
    pub(super) fn bit(self) -> u8 {
        match self {
            Self::Up => 1,
            Self::Pair => 1 << 1,
            Self::Down => 1 << 2,
            Self::TapUp(_)
            | Self::Outward(_)
            | Self::Inward(_)
            | Self::TapDown(_)
            | Self::Arrival => unreachable!("it has no link"),
        }
    }
}

impl Network {
    pub(super) fn new(
        topology: Arc<Topology>,
        access: &[(&str, LinkModel, LinkModel)],
        pairs: &[PairLink],
        faults: &[Fault],
        draws: &Draws,
    ) -> Self {
        let mut network = Self {
            topology,
            up: access
                .iter()
                .map(|(name, up, _)| Link::new(*up, draws, &format!("{name}>")))
                .collect(),
            down: access
                .iter()
                .map(|(name, _, down)| Link::new(*down, draws, &format!(">{name}")))
                .collect(),
            pairs: BTreeMap::new(),
            partitions: Partitions::new(faults, access.len()),
            blocks: Blocks::new(faults),
            interfaces: Interfaces::new(faults),
            drops: Drops::new(faults),
            taps: Taps::default(),
        };
        let name_of = |node: NodeId| access[node.0 as usize].0;
        let pair_link = |from, to, model| {
            Link::new(model, draws, &format!("{}>{}", name_of(from), name_of(to)))
        };
        for pair in pairs {
            for (from, to, model) in [(pair.a, pair.b, pair.ab), (pair.b, pair.a, pair.ba)] {
                let other = network.pairs.insert((from, to), pair_link(from, to, model));
                assert!(other.is_none(), "two links from {} to {}", name_of(from), name_of(to));
            }
        }
        for fault in faults {
            let FaultKind::Link(changes) = &fault.kind else { continue };
            for change in changes {
                network.change(Window::of(fault), change, &pair_link);
            }
        }
        network
    }

    fn change(
        &mut self,
        during: Window,
        change: &LinkChange,
        pair_link: &impl Fn(NodeId, NodeId, LinkModel) -> Link,
    ) {
        let &LinkChange { link, up, down } = change;
        match link {
            LinkPlace::Access(node) => {
                self.up[node.0 as usize].change(during, up);
                self.down[node.0 as usize].change(during, down);
            }
            LinkPlace::Pair(a, b) => {
                for (from, to, patch) in [(a, b, up), (b, a, down)] {
                    let ideal = || pair_link(from, to, LinkModel::IDEAL);
                    self.pairs.entry((from, to)).or_insert_with(ideal).change(during, patch);
                }
            }
        }
    }

    /// Where a packet goes first that leaves its machine.
    pub(super) fn admit(&mut self, packet: &mut Packet, now: Instant) -> Result<Stage, Loss> {
        let is_singled_out = self.drops.drop_sent(packet.from, now);
        if packet.to == Some(packet.from) {
            return Ok(Stage::Arrival);
        }
        if self.interfaces.is_down(packet.from, now) {
            return Err(Loss::InterfaceDown);
        }
        match packet.to {
            Some(to) if self.drops.drop(packet.from, to, now) => Err(Loss::Dropped),
            _ if is_singled_out => Err(Loss::Dropped),
            _ => self.hop(packet, now),
        }
    }

    /// The node with that address, as far as that is known where a packet comes from.
    pub(super) fn recipient(&self, packet: &Packet, now: Instant) -> Option<NodeId> {
        let is_one_family = packet.source.is_ipv4() == packet.destination.is_ipv4();
        let to = || self.topology.recipient(packet.from, packet.destination.ip(), now);
        is_one_family.then(to).flatten()
    }

    /// A packet crosses the link of a stage.
    pub(super) fn cross(
        &mut self,
        stage: Stage,
        packet: &Packet,
        at: Instant,
    ) -> Result<Crossing, Loss> {
        let incoming = Incoming {
            at,
            number: draw_number(packet),
            payload_bytes: payload_bytes(packet),
            wire_bytes: wire_bytes(packet),
            is_duplicate: packet.copy & stage.bit() != 0,
        };
        Ok(self.link_mut(stage, packet).cross(&incoming)?)
    }

    /// Where a packet goes that leaves the link of a stage, or is let through by the machine there.
    pub(super) fn after(
        &mut self,
        stage: Stage,
        packet: &mut Packet,
        at: Instant,
    ) -> Result<Stage, Loss> {
        match stage {
            Stage::Up => self.behind_up(packet, 0, at),
            Stage::TapUp(tap) => self.behind_up(packet, tap + 1, at),
            Stage::Outward(_) | Stage::Inward(_) => self.hop(packet, at),
            Stage::Pair => Ok(self.before_down(packet, 0)),
            Stage::TapDown(tap) => Ok(self.before_down(packet, tap + 1)),
            Stage::Down => Ok(Stage::Arrival),
            Stage::Arrival => unreachable!("it is the last"),
        }
    }

    /// Where a packet goes that the first so many taps on its sender's access link are behind.
    fn behind_up(&mut self, packet: &mut Packet, taps: u16, at: Instant) -> Result<Stage, Loss> {
        match self.taps.behind_up(packet, taps) {
            Some(tap) => Ok(Stage::TapUp(tap)),
            None => {
                packet.has_left = true;
                self.hop(packet, at)
            }
        }
    }

    /// Where a packet goes from a realm that it has come into. Its sender's access link is where no
    /// further NAT is passed outward: routers are at home, and so are their ports open before any answer
    /// can come. Whom a NAT lets in is not known before, so the receiver's link lies behind all.
    fn hop(&mut self, packet: &mut Packet, at: Instant) -> Result<Stage, Loss> {
        let Packet { realm, turned, source, destination, .. } = *packet;
        let is_one_family = source.is_ipv4() == destination.is_ipv4();
        let hop = || self.topology.hop(realm, destination.ip(), turned, at);
        let hop = is_one_family.then(hop).flatten();
        if !packet.has_left && !matches!(hop, Some(Hop::Outward(_))) {
            return Ok(Stage::Up);
        }
        match hop.ok_or(Loss::NoAddress)? {
            Hop::Outward(nat) => Ok(Stage::Outward(nat)),
            Hop::Inward(nat) => {
                self.is_let_in(packet.from, nat, at)?;
                packet.turned = true;
                Ok(Stage::Inward(nat))
            }
            Hop::Node(to) => self.meet(packet, to, at),
        }
    }

    /// A packet is in the realm of its receiver.
    fn meet(&mut self, packet: &mut Packet, to: NodeId, at: Instant) -> Result<Stage, Loss> {
        let from = packet.from;
        self.is_open(from, to, at)?;
        // Whom a NAT has chosen was not known when the packet was sent.
        let is_chosen = packet.to.replace(to).is_none() && packet.copy == 0;
        if is_chosen && self.drops.drop(from, to, at) {
            return Err(Loss::Dropped);
        }
        let is_direct = packet.realm == self.topology.behind(from, at) && !packet.turned;
        Ok(match is_direct && self.pairs.contains_key(&(from, to)) {
            true => Stage::Pair,
            false => self.before_down(packet, 0),
        })
    }

    fn is_open(&self, from: NodeId, to: NodeId, at: Instant) -> Result<(), Loss> {
        if self.partitions.separate(from, to, at) {
            Err(Loss::Partition)
        } else if self.blocks.stop(from, to, at) {
            Err(Loss::Block)
        } else {
            Ok(())
        }
    }

    /// Who is behind a NAT is known to that alone. A packet comes to it if there is anybody whom it
    /// may come to.
    fn is_let_in(&self, from: NodeId, nat: NatId, at: Instant) -> Result<(), Loss> {
        let mut kept_out = Ok(());
        for to in self.topology.below(nat, at) {
            kept_out = self.is_open(from, to, at);
            if kept_out.is_ok() {
                break;
            }
        }
        kept_out
    }

    /// Likewise with those on its receiver's.
    fn before_down(&self, packet: &Packet, taps: u16) -> Stage {
        let to = packet.to.expect("only packets to somebody come this far");
        self.taps.before_down(packet, to, taps).map_or(Stage::Down, Stage::TapDown)
    }

    /// Whether a packet must wait for its time at a stage, because what becomes of it there depends
    /// on others, or a machine or a NAT decides. Through all other links it can be brought beforehand: a
    /// packet is one event, and one more for each tap, NAT and link that remembers.
    pub(super) fn must_wait(&mut self, stage: Stage, packet: &Packet) -> bool {
        match stage {
            // Nothing before it takes any time.
            Stage::Up => false,
            Stage::Pair | Stage::Down => self.link_mut(stage, packet).remembers(),
            Stage::TapUp(_)
            | Stage::Outward(_)
            | Stage::Inward(_)
            | Stage::TapDown(_)
            | Stage::Arrival => true,
        }
    }

    /// Whether the packet comes to a node that takes none from outside.
    pub(super) fn is_kept_out(&self, packet: &Packet, to: NodeId, now: Instant) -> bool {
        packet.from != to && self.interfaces.is_down(to, now)
    }

    fn link_mut(&mut self, stage: Stage, packet: &Packet) -> &mut Link {
        let to = || packet.to.expect("only packets to somebody come this far");
        match stage {
            Stage::Up => &mut self.up[packet.from.0 as usize],
            Stage::Pair => self.pairs.get_mut(&(packet.from, to())).expect("the pair has a link"),
            Stage::Down => &mut self.down[to().0 as usize],
            Stage::TapUp(_)
            | Stage::Outward(_)
            | Stage::Inward(_)
            | Stage::TapDown(_)
            | Stage::Arrival => unreachable!("it has no link"),
        }
    }
}

/// The packet's number in the draws of a link. It names the packet, not its turn: on a link that
/// several nodes share, one node's packets do not shift the draws of another's.
fn draw_number(packet: &Packet) -> u64 {
    assert!(packet.number < 1 << PACKET_NUMBER_BITS && packet.from.0 < 1 << SENDER_BITS);
    let sender = u64::from(packet.copy) << SENDER_BITS | u64::from(packet.from.0);
    sender << PACKET_NUMBER_BITS | packet.number
}

fn payload_bytes(packet: &Packet) -> u64 {
    u64::try_from(packet.length).expect("a datagram is short")
}

/// What the packet takes of a link's rate and MTU.
fn wire_bytes(packet: &Packet) -> u64 {
    let headers = if packet.destination.is_ipv4() { IPV4_UDP_HEADERS } else { IPV6_UDP_HEADERS };
    u64::from(headers) + payload_bytes(packet)
}
