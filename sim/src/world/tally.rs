//! How many datagrams there were, and what became of them.

use super::network::Loss;
use crate::link;
use crate::nat::Refused;

/// Every datagram that was sent, and every duplicate that a link made, is in exactly one of the
/// counts from `delivered` on, or still under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Datagrams that machines sent.
    pub datagrams: u64,
    /// Their UDP payload.
    pub bytes: u64,
    /// Second packets that links made of them, or of each other.
    pub duplicated: u64,
    /// Handed to a machine.
    pub delivered: u64,
    /// Lost by chance on a link.
    pub lost: u64,
    /// Dropped at a full queue.
    pub queue_full: u64,
    /// Larger than the MTU of a link.
    pub too_large: u64,
    /// Stopped by a partition.
    pub partitioned: u64,
    /// Stopped by a one-way block.
    pub blocked: u64,
    /// Sent or arrived at a node whose interface was down.
    pub interface_down: u64,
    /// Singled out by a fault.
    pub dropped: u64,
    /// Taken out on a tapped link by a hostile machine.
    pub intercepted: u64,
    /// Refused by a NAT: how many for which reason.
    pub refused: RefusedCounts,
    /// Sent to an address that nobody has, or of the other family than the socket's.
    pub no_address: u64,
    /// Arrived at a node that was off.
    pub node_off: u64,
    /// Arrived at a node that was suspended.
    pub suspended: u64,
    /// Arrived at a port that was not bound.
    pub no_socket: u64,
}

/// Datagrams that NATs refused, by reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RefusedCounts([u64; Refused::ALL.len()]);

impl RefusedCounts {
    /// How many for this reason.
    pub fn of(&self, why: Refused) -> u64 {
        self.0[position(why)]
    }

    /// How many for any.
    pub fn all(&self) -> u64 {
        self.0.iter().sum()
    }
}

fn position(why: Refused) -> usize {
    Refused::ALL.iter().position(|reason| *reason == why).expect("it lists all reasons")
}

impl Tally {
    /// Datagrams neither delivered nor lost so far.
    pub fn under_way(&self) -> u64 {
        let ended = self.delivered
            + self.lost
            + self.queue_full
            + self.too_large
            + self.partitioned
            + self.blocked
            + self.interface_down
            + self.dropped
            + self.intercepted
            + self.refused.all()
            + self.no_address
            + self.node_off
            + self.suspended
            + self.no_socket;
        (self.datagrams + self.duplicated).checked_sub(ended).expect("a datagram ends once")
    }

    pub(super) fn sent(&mut self, length: usize) {
        self.datagrams += 1;
        self.bytes += u64::try_from(length).expect("a datagram is short");
    }

    pub(super) fn lost(&mut self, loss: Loss) {
        let count = match loss {
            Loss::Link(link::Loss::Random) => &mut self.lost,
            Loss::Link(link::Loss::QueueFull) => &mut self.queue_full,
            Loss::Link(link::Loss::TooLarge) => &mut self.too_large,
            Loss::Partition => &mut self.partitioned,
            Loss::Block => &mut self.blocked,
            Loss::InterfaceDown => &mut self.interface_down,
            Loss::Dropped => &mut self.dropped,
            Loss::Intercepted => &mut self.intercepted,
            Loss::Refused(why) => &mut self.refused.0[position(why)],
            Loss::NoAddress => &mut self.no_address,
            Loss::NodeOff => &mut self.node_off,
            Loss::Suspended => &mut self.suspended,
            Loss::NoSocket => &mut self.no_socket,
        };
        *count += 1;
    }
}
