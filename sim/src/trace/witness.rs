//! Everything that happens in a world, as those see it who write it down.

use std::fmt;
use std::hash::Hasher as _;
use std::net::SocketAddr;

use siphasher::sip::SipHasher13;
use underpass_core::Instant;

use super::{Observation, PacketInfo};
use crate::scenario::model::{NatId, NodeId};

/// Is told of everything, in the order in which the world does it. Where nobody listens, it costs
/// nothing.
pub trait Witness: Send {
    /// This happened now.
    fn happened(&mut self, now: Instant, what: &Happening<&PacketInfo<'_>>);
}

/// One thing that happens in a world, with its packet as a `P`.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Happening<P> {
    /// A node's machine is about to be called for this reason.
    Called(NodeId, Call),
    /// A datagram leaves its machine.
    Transmitted(P),
    /// A datagram leaves a machine from an address that need not be its own.
    Injected(P),
    /// A machine is about to overhear a datagram.
    Overheard(NodeId, P),
    /// A machine does this with what it has just overheard.
    Judged(NodeId, &'static str),
    /// A NAT lets a datagram pass, which is as it goes on now.
    Translated(NatId, P),
    /// A NAT has forgotten all its mappings.
    Rebooted(NatId),
    /// A datagram is about to be handed to this node's machine.
    Arrived(NodeId, P),
    /// A datagram goes no further from this time on, which may lie ahead: a world brings a packet as
    /// far as nothing but the packet itself decides.
    Lost {
        /// Which.
        packet: P,
        /// When.
        at: Instant,
        /// Why, in a few words.
        why: &'static str,
    },
    /// A node reports something.
    Observed(NodeId, Observation),
}

/// Why a machine is called, unless it is for a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Call {
    /// Its node was switched on.
    Start,
    /// Its wake came due.
    Wake,
    /// A source of commands gives it the one of that number.
    Command {
        /// Which source.
        source: u32,
        /// Which of its commands, from zero.
        number: u64,
    },
    /// It may act from now on, or no longer.
    Active(bool),
    /// Its node has other addresses.
    Readdressed,
}

/// A datagram without its bytes: what tells two apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PacketDigest {
    /// Whose it is.
    pub from: NodeId,
    /// Counts the datagrams of that node from zero.
    pub number: u64,
    /// 0 for the datagram that was sent; tells the duplicates apart that links made of it.
    pub copy: u8,
    /// The address and port it comes from, there.
    pub source: SocketAddr,
    /// The address and port it goes to, there.
    pub destination: SocketAddr,
    /// Length of the UDP payload.
    pub len: usize,
    /// SipHash of the UDP payload.
    pub bytes: u64,
}

impl From<&PacketInfo<'_>> for PacketDigest {
    fn from(packet: &PacketInfo<'_>) -> Self {
        let &PacketInfo { from, number, copy, source, destination, bytes, .. } = packet;
        let mut hasher = SipHasher13::new();
        hasher.write(bytes);
        let (len, bytes) = (bytes.len(), hasher.finish());
        Self { from, number, copy, source, destination, len, bytes }
    }
}

impl Happening<&PacketInfo<'_>> {
    /// The same, to be kept.
    pub fn digest(&self) -> Happening<PacketDigest> {
        match *self {
            Self::Called(node, call) => Happening::Called(node, call),
            Self::Transmitted(packet) => Happening::Transmitted(packet.into()),
            Self::Injected(packet) => Happening::Injected(packet.into()),
            Self::Overheard(node, packet) => Happening::Overheard(node, packet.into()),
            Self::Judged(node, what) => Happening::Judged(node, what),
            Self::Translated(nat, packet) => Happening::Translated(nat, packet.into()),
            Self::Rebooted(nat) => Happening::Rebooted(nat),
            Self::Arrived(node, packet) => Happening::Arrived(node, packet.into()),
            Self::Lost { packet, at, why } => Happening::Lost { packet: packet.into(), at, why },
            Self::Observed(node, observation) => Happening::Observed(node, observation),
        }
    }
}

impl Happening<PacketDigest> {
    /// Where it happened, by the names of nodes and NATs, and what, in a line.
    pub fn describe(&self, nodes: &[String], nats: &[String]) -> (String, String) {
        let node = |id: NodeId| nodes[id.0 as usize].clone();
        let nat = |id: NatId| nats[id.0 as usize].clone();
        match self {
            Self::Called(id, call) => (node(*id), call.to_string()),
            Self::Transmitted(packet) => (node(packet.from), format!("sends {packet}")),
            Self::Injected(packet) => (node(packet.from), format!("injects {packet}")),
            Self::Overheard(id, packet) => {
                (node(*id), format!("overhears {packet}, sent by {}", node(packet.from)))
            }
            Self::Judged(id, what) => (node(*id), format!("{what} it")),
            Self::Translated(id, packet) => {
                (nat(*id), format!("lets pass {packet}, sent by {}", node(packet.from)))
            }
            Self::Rebooted(id) => (nat(*id), "reboots".into()),
            Self::Arrived(id, packet) => {
                (node(*id), format!("gets {packet}, sent by {}", node(packet.from)))
            }
            Self::Lost { packet, at, why } => {
                (node(packet.from), format!("loses {packet} at {at}: {why}"))
            }
            Self::Observed(id, observation) => {
                let name_of = |id: NodeId| nodes[id.0 as usize].as_str();
                (node(*id), format!("reports {}", observation.describe(name_of)))
            }
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("is switched on"),
            Self::Wake => f.write_str("wakes"),
            Self::Command { source, number } => {
                write!(f, "is given command {number} of source {source}")
            }
            Self::Active(true) => f.write_str("may act from now on"),
            Self::Active(false) => f.write_str("may act no longer"),
            Self::Readdressed => f.write_str("has other addresses"),
        }
    }
}

impl fmt::Display for PacketDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, copy, source, destination, len, bytes, .. } = self;
        let copy = if *copy == 0 { "" } else { ", a duplicate" };
        write!(f, "datagram {number}{copy} ({source} to {destination}, {len} bytes, {bytes:016x})")
    }
}
