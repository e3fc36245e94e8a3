//! How checkers and recorders see a run.

use std::any::Any;
use std::net::SocketAddr;

use underpass_core::Instant;

use super::Observation;
use crate::machine::Machine;
use crate::nat::Refused;
use crate::scenario::model::{NatId, NodeId};

/// Sees everything that happens in a world, in order, and may find fault with it.
pub trait Watch: Any + Send {
    /// A datagram left its machine; it may still be lost.
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        let _ = (at, packet);
    }

    /// A datagram is about to be handed to the machine it is for.
    fn arrived(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        let _ = (at, packet);
    }

    /// The machine is about to be handed a datagram; `as_sent` unless it is a duplicate, or something
    /// has changed it on its way.
    fn receiving(
        &mut self,
        at: Instant,
        to: NodeId,
        machine: &dyn Machine,
        packet: &PacketInfo<'_>,
        as_sent: bool,
    ) {
        let _ = (at, to, machine, packet, as_sent);
    }

    /// The machine is about to be called because its wake came due.
    fn woken(&mut self, at: Instant, node: NodeId) {
        let _ = (at, node);
    }

    /// The machine was called, for whatever reason, and is done.
    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        let _ = (at, node, machine);
    }

    /// Everything up to and including this time has happened.
    fn passed(&mut self, at: Instant) {
        let _ = at;
    }

    /// A datagram has passed a NAT, and is as it goes on now.
    fn translated(&mut self, at: Instant, nat: NatId, packet: &PacketInfo<'_>) {
        let _ = (at, nat, packet);
    }

    /// A NAT let a datagram no further.
    fn refused(&mut self, at: Instant, nat: NatId, packet: &PacketInfo<'_>, why: Refused) {
        let _ = (at, nat, packet, why);
    }

    /// A node reported something.
    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        let _ = (at, node, observation);
    }

    /// What must not happen and did, if anything: ends the run. Asked after every event, so it
    /// should have its answer ready.
    fn violation(&mut self) -> Option<String> {
        None
    }
}

impl dyn Watch {
    /// The watch as what it is, to be changed, if it is a `W`.
    pub fn downcast_mut<W: Watch>(&mut self) -> Option<&mut W> {
        (self as &mut dyn Any).downcast_mut()
    }

    /// The watch as what it is, if it is a `W`.
    pub fn downcast_ref<W: Watch>(&self) -> Option<&W> {
        (self as &dyn Any).downcast_ref()
    }
}

/// A datagram on its way.
#[derive(Clone, Copy, Debug)]
pub struct PacketInfo<'p> {
    /// Whose it is.
    pub from: NodeId,
    /// Counts the datagrams of that node from zero, across its restarts.
    pub number: u64,
    /// 0 for the datagram that was sent; tells the duplicates apart that links made of it.
    pub copy: u8,
    /// The address and port that it was sent from.
    pub origin: SocketAddr,
    /// The address and port it comes from: another than `origin` behind a NAT that translates.
    pub source: SocketAddr,
    /// The address and port it goes to.
    pub destination: SocketAddr,
    /// The node with that address, if there is one; not known where a NAT decides further on.
    pub to: Option<NodeId>,
    /// The UDP payload.
    pub bytes: &'p [u8],
}
