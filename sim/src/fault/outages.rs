//! Where nothing gets through for a time, one way or at one node.

use std::collections::{BTreeMap, BTreeSet};

use underpass_core::Instant;

use super::Window;
use crate::scenario::model::{Fault, FaultKind, NodeId};

/// All one-way blocks of a run.
#[derive(Debug)]
pub struct Blocks {
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    window: Window,
    from: BTreeSet<NodeId>,
    to: BTreeSet<NodeId>,
}

impl Blocks {
    /// The blocks among these faults.
    pub fn new(faults: &[Fault]) -> Self {
        let blocks = faults.iter().filter_map(|fault| match &fault.kind {
            FaultKind::Block { from, to } => Some(Block {
                window: Window::of(fault),
                from: from.iter().copied().collect(),
                to: to.iter().copied().collect(),
            }),
            _ => None,
        });
        Self { blocks: blocks.collect() }
    }

    /// Whether any block is in the way from one node to another at that time.
    pub fn stop(&self, from: NodeId, to: NodeId, at: Instant) -> bool {
        let stops = |block: &Block| {
            block.window.contains(at) && block.from.contains(&from) && block.to.contains(&to)
        };
        self.blocks.iter().any(stops)
    }
}

/// All interfaces of a run that are down for a time.
#[derive(Debug)]
pub struct Interfaces {
    /// By node, where there is any.
    down: BTreeMap<NodeId, Vec<Window>>,
}

impl Interfaces {
    /// The interfaces among these faults.
    pub fn new(faults: &[Fault]) -> Self {
        let mut down: BTreeMap<NodeId, Vec<Window>> = BTreeMap::new();
        for fault in faults {
            if let FaultKind::Interface(node) = fault.kind {
                down.entry(node).or_default().push(Window::of(fault));
            }
        }
        Self { down }
    }

    /// Whether nothing goes into or out of the node at that time.
    pub fn is_down(&self, node: NodeId, at: Instant) -> bool {
        let mut windows = self.down.get(&node).into_iter().flatten();
        windows.any(|window| window.contains(at))
    }
}
