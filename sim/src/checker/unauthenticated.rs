//! Who proves nothing changes nothing.
//!
//! A datagram that is dropped before its seal was found to fit leaves everything that its receiver
//! knows of its peers as it was: who and where they are, their sessions, what is due for them.
//! Looked at are all datagrams that come from hostile nodes or were changed or doubled on the way,
//! and of all others, which are rarely dropped, every sixteenth of each sender. What a relay has sealed
//! is not looked at: whatever is wrong with a datagram inside, that seal did fit.

use std::collections::BTreeSet;
use std::sync::Arc;

use underpass_core::{Dropped, Instant};

use super::wire::{self, SEALED};
use super::{Complaint, Setting};
use crate::machine::{Inspect, Machine};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};

/// Of datagrams that nobody has meddled with, one in so many is looked at.
const SAMPLED: u64 = 16;

/// Reasons to drop what a peer has sealed: it has used up a counter, and may have shown a path.
const OPENED: [Dropped; 18] = [
    Dropped::NotAllowed,
    Dropped::PeersFull,
    Dropped::SimultaneousOpen,
    Dropped::UnknownMessage,
    Dropped::UnknownCircuit,
    Dropped::RelayLimited,
    Dropped::NestedRelay,
    Dropped::UnexpectedPong,
    Dropped::PunchIgnored,
    Dropped::PunchesFull,
    Dropped::UnexpectedPunchAck,
    Dropped::OtherChannel,
    Dropped::MessagesFull,
    Dropped::BeyondWindow,
    Dropped::FragmentMismatch,
    Dropped::GossipIgnored,
    Dropped::GossipLimited,
    Dropped::UnexpectedAck,
];

pub(super) struct Unauthenticated {
    names: Arc<[String]>,
    hostile: BTreeSet<NodeId>,
    relays: BTreeSet<NodeId>,
    /// What the node that has a datagram in its hands knew before; there is one such node at most.
    before: Option<u64>,
    /// The public-key operation that it was at: whoever is called when that is done hands it in, too.
    operation: Option<u64>,
    /// Why it has dropped it, if it has.
    dropped: Option<&'static str>,
    complaint: Complaint,
}

impl Unauthenticated {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            hostile: setting.hostile.clone(),
            relays: setting.relays.keys().copied().collect(),
            before: None,
            operation: None,
            dropped: None,
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Unauthenticated {
    fn receiving(
        &mut self,
        _: Instant,
        _: NodeId,
        machine: &dyn Machine,
        packet: &PacketInfo<'_>,
        as_sent: bool,
    ) {
        let is_odd = !as_sent || self.hostile.contains(&packet.from);
        let is_relays = self.relays.contains(&packet.from);
        let may_carry = is_relays && wire::kind(packet.bytes) == Some(SEALED);
        let is_looked_at = (is_odd || packet.number.is_multiple_of(SAMPLED)) && !may_carry;
        let inside = machine.inspect().filter(|_| is_looked_at);
        self.before = inside.map(|inside| inside.peers_digest());
        self.operation = inside.and_then(|inside| inside.operation_under_way());
        self.dropped = None;
    }

    fn observed(&mut self, _: Instant, _: NodeId, observation: &Observation) {
        if let Observation::Dropped { reason } = observation {
            self.dropped = Some(reason);
        }
    }

    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        let (Some(before), Some(reason)) = (self.before.take(), self.dropped.take()) else {
            return;
        };
        let is_at_it = |inside: &dyn Inspect| inside.operation_under_way() == self.operation;
        if self.operation.is_some() && !machine.inspect().is_some_and(is_at_it) {
            return;
        }
        let after = machine.inspect().map(|inside| inside.peers_digest());
        let was_opened = OPENED.iter().any(|opened| opened.name() == reason);
        if after != Some(before) && !was_opened {
            self.complaint.raise(format!(
                "unauthenticated: {} knows something else of its peers after a datagram that it \
                 dropped ({reason}, at {at})",
                self.names[node.0 as usize]
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
