//! The way of a packet: its sender's access link up, the core of the network (where partitions
//! cut, and a pair's own link may lie), its receiver's access link down.

use std::collections::BTreeMap;

use underpass_core::Instant;

use super::packets::Packet;
use super::taps::Taps;
use crate::fault::Partitions;
use crate::link::{self, Link, LinkModel};
use crate::random::Draws;
use crate::scenario::model::{Fault, NodeId, PairLink};

/// Bytes of an IPv4 header without options, and of a UDP header (RFC 791, RFC 768).
const IPV4_UDP_HEADERS: u64 = 20 + 8;
/// Bytes of an IPv6 header without extensions, and of a UDP header (RFC 8200, RFC 768).
const IPV6_UDP_HEADERS: u64 = 40 + 8;

/// Room for the packet numbers of one sender in the number of a draw.
const PACKET_NUMBER_BITS: u32 = 40;

/// All links and what may cut them.
pub(super) struct Network {
    /// By node.
    up: Vec<Link>,
    /// By node.
    down: Vec<Link>,
    pairs: BTreeMap<(NodeId, NodeId), Link>,
    partitions: Partitions,
    pub(super) taps: Taps,
}

/// Where a packet is on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Behind the access link of the sender, with the machine at this position of those that tap
    /// the link.
    TapUp(u16),
    /// Before the link of the pair.
    Pair,
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
    Intercepted,
    NoAddress,
    NodeOff,
    NoSocket,
}

impl From<link::Loss> for Loss {
    fn from(loss: link::Loss) -> Self {
        Self::Link(loss)
    }
}

/// Where a packet is next, and when. Stages in between, of which nothing but the packet's own
/// number decides, are passed already: a packet is one event, and one more for each queue that it
/// shares with packets of others.
type Next = Result<(Stage, Instant), Loss>;

impl Network {
    pub(super) fn new(
        access: &[(&str, LinkModel, LinkModel)],
        pairs: &[PairLink],
        faults: &[Fault],
        draws: &Draws,
    ) -> Self {
        let name_of = |node: NodeId| access[node.0 as usize].0;
        let mut links = BTreeMap::new();
        for pair in pairs {
            for (from, to, model) in [(pair.a, pair.b, pair.ab), (pair.b, pair.a, pair.ba)] {
                let name = format!("{}>{}", name_of(from), name_of(to));
                let other = links.insert((from, to), Link::new(model, draws, &name));
                assert!(other.is_none(), "there are two links {name}");
            }
        }
        Self {
            up: access
                .iter()
                .map(|(name, up, _)| Link::new(*up, draws, &format!("{name}>")))
                .collect(),
            down: access
                .iter()
                .map(|(name, _, down)| Link::new(*down, draws, &format!(">{name}")))
                .collect(),
            pairs: links,
            partitions: Partitions::new(faults, access.len()),
            taps: Taps::default(),
        }
    }

    /// A packet leaves its machine.
    pub(super) fn send(&mut self, packet: &Packet, now: Instant) -> Next {
        if packet.to == Some(packet.from) {
            return Ok((Stage::Arrival, now));
        }
        let up = &mut self.up[packet.from.0 as usize];
        let at = up.cross(now, draw_number(packet), wire_bytes(packet))?;
        match self.taps.behind_up(packet, 0) {
            Some(tap) => Ok((Stage::TapUp(tap), at)),
            None => self.leave_up(packet, at),
        }
    }

    /// A packet has been let through by the machine that overheard it.
    pub(super) fn pass_tap(&mut self, packet: &Packet, stage: Stage, at: Instant) -> Next {
        match stage {
            Stage::TapUp(tap) => match self.taps.behind_up(packet, tap + 1) {
                Some(next) => Ok((Stage::TapUp(next), at)),
                None => self.leave_up(packet, at),
            },
            Stage::TapDown(tap) => {
                let to = packet.to.expect("only packets to somebody come this far");
                match self.taps.before_down(packet, to, tap + 1) {
                    Some(next) => Ok((Stage::TapDown(next), at)),
                    None => self.enter_down(packet, to, at),
                }
            }
            Stage::Pair | Stage::Down | Stage::Arrival => unreachable!("nobody taps there"),
        }
    }

    /// A packet is through its sender's access link.
    fn leave_up(&mut self, packet: &Packet, at: Instant) -> Next {
        let to = packet.to.ok_or(Loss::NoAddress)?;
        if self.partitions.separate(packet.from, to, at) {
            return Err(Loss::Partition);
        }
        match self.pairs.get(&(packet.from, to)) {
            None => self.reach_down(packet, to, at),
            Some(pair) if pair.has_queue() => Ok((Stage::Pair, at)),
            Some(_) => self.cross_pair(packet, to, at),
        }
    }

    /// A packet enters the link of its pair.
    pub(super) fn cross_pair(&mut self, packet: &Packet, to: NodeId, at: Instant) -> Next {
        let pair = self.pairs.get_mut(&(packet.from, to)).expect("the pair has a link");
        let at = pair.cross(at, draw_number(packet), wire_bytes(packet))?;
        self.reach_down(packet, to, at)
    }

    /// A packet enters the access link of its receiver.
    pub(super) fn cross_down(&mut self, packet: &Packet, to: NodeId, at: Instant) -> Next {
        let down = &mut self.down[to.0 as usize];
        let at = down.cross(at, draw_number(packet), wire_bytes(packet))?;
        Ok((Stage::Arrival, at))
    }

    fn reach_down(&mut self, packet: &Packet, to: NodeId, at: Instant) -> Next {
        match self.taps.before_down(packet, to, 0) {
            Some(tap) => Ok((Stage::TapDown(tap), at)),
            None => self.enter_down(packet, to, at),
        }
    }

    fn enter_down(&mut self, packet: &Packet, to: NodeId, at: Instant) -> Next {
        if self.down[to.0 as usize].has_queue() {
            return Ok((Stage::Down, at));
        }
        self.cross_down(packet, to, at)
    }
}

/// The packet's number in the draws of a link. It names the packet, not its turn: on a link that
/// several nodes share, one node's packets do not shift the draws of another's.
fn draw_number(packet: &Packet) -> u64 {
    assert!(
        packet.number < 1 << PACKET_NUMBER_BITS && packet.from.0 < 1 << (64 - PACKET_NUMBER_BITS)
    );
    u64::from(packet.from.0) << PACKET_NUMBER_BITS | packet.number
}

/// What the packet takes of a link's rate.
fn wire_bytes(packet: &Packet) -> u64 {
    let headers = if packet.destination.is_ipv4() { IPV4_UDP_HEADERS } else { IPV6_UDP_HEADERS };
    headers + u64::try_from(packet.length).expect("a datagram is short")
}
