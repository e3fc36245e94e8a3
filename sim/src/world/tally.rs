//! How many datagrams there were, and what became of them.

use super::network::Loss;
use crate::link;

/// Every datagram sent is in exactly one of the other counts, or still under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Datagrams that machines sent.
    pub datagrams: u64,
    /// Their UDP payload.
    pub bytes: u64,
    /// Handed to a machine.
    pub delivered: u64,
    /// Lost by chance on a link.
    pub lost: u64,
    /// Dropped at a full queue.
    pub queue_full: u64,
    /// Stopped by a partition.
    pub partitioned: u64,
    /// Taken out on a tapped link by a hostile machine.
    pub intercepted: u64,
    /// Sent to an address that nobody has, or of the other family than the socket's.
    pub no_address: u64,
    /// Arrived at a node that was off.
    pub node_off: u64,
    /// Arrived at a port that was not bound.
    pub no_socket: u64,
}

impl Tally {
    /// Datagrams neither delivered nor lost so far.
    pub fn under_way(&self) -> u64 {
        let ended = self.delivered
            + self.lost
            + self.queue_full
            + self.partitioned
            + self.intercepted
            + self.no_address
            + self.node_off
            + self.no_socket;
        self.datagrams.checked_sub(ended).expect("a datagram ends once")
    }

    pub(super) fn sent(&mut self, length: usize) {
        self.datagrams += 1;
        self.bytes += u64::try_from(length).expect("a datagram is short");
    }

    pub(super) fn lost(&mut self, loss: Loss) {
        let count = match loss {
            Loss::Link(link::Loss::Random) => &mut self.lost,
            Loss::Link(link::Loss::QueueFull) => &mut self.queue_full,
            Loss::Partition => &mut self.partitioned,
            Loss::Intercepted => &mut self.intercepted,
            Loss::NoAddress => &mut self.no_address,
            Loss::NodeOff => &mut self.node_off,
            Loss::NoSocket => &mut self.no_socket,
        };
        *count += 1;
    }
}
