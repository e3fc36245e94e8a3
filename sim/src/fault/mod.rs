//! What goes wrong with the network and the nodes.

use underpass_core::Instant;

use crate::scenario::model::{Fault, FaultKind, NodeId};

mod drops;
mod outages;
mod power;
mod window;

pub use drops::Drops;
pub use outages::{Blocks, Interfaces};
pub use window::Window;

pub(crate) use power::{Hold, Power};

/// All partitions of a run. They are known from the start, so that whether one stands between two
/// nodes can be told for any time, past or to come.
#[derive(Debug)]
pub struct Partitions {
    partitions: Vec<Partition>,
}

/// Nothing passes between different groups while it lasts.
#[derive(Debug)]
struct Partition {
    window: Window,
    /// By node: its group. A node in no group reaches all.
    group_of: Vec<Option<usize>>,
}

impl Partitions {
    /// The partitions among these faults, in a world of so many nodes.
    ///
    /// # Panics
    ///
    /// If a partition names a node that does not exist, or one node in two groups.
    pub fn new(faults: &[Fault], nodes: usize) -> Self {
        let partitions = faults.iter().filter_map(|fault| match &fault.kind {
            FaultKind::Partition(groups) => {
                Some(Partition { window: Window::of(fault), group_of: group_of(groups, nodes) })
            }
            _ => None,
        });
        Self { partitions: partitions.collect() }
    }

    /// Whether any partition keeps the two nodes apart at that time.
    pub fn separate(&self, a: NodeId, b: NodeId, at: Instant) -> bool {
        self.partitions.iter().any(|partition| partition.separates(a, b, at))
    }
}

impl Partition {
    fn separates(&self, a: NodeId, b: NodeId, at: Instant) -> bool {
        self.window.contains(at)
            && match (self.group_of[a.0 as usize], self.group_of[b.0 as usize]) {
                (Some(a), Some(b)) => a != b,
                _ => false,
            }
    }
}

fn group_of(groups: &[Vec<NodeId>], nodes: usize) -> Vec<Option<usize>> {
    let mut group_of = vec![None; nodes];
    for (group, members) in groups.iter().enumerate() {
        for member in members {
            let earlier = group_of[member.0 as usize].replace(group);
            assert!(earlier.is_none(), "{member:?} is in two groups of a partition");
        }
    }
    group_of
}

#[cfg(test)]
mod tests;
