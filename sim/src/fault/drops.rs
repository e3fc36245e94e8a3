//! Single packets that are lost.

use std::collections::BTreeMap;

use underpass_core::Instant;

use super::Window;
use crate::scenario::model::{Fault, FaultKind, NodeId};

/// All faults of a run that drop one packet each.
#[derive(Debug)]
pub struct Drops {
    drops: Vec<Drop>,
}

#[derive(Debug)]
struct Drop {
    window: Window,
    nth: u64,
    /// How many packets each pair has sent, and in which turn of the window.
    sent: BTreeMap<(NodeId, NodeId), (u64, u64)>,
}

impl Drops {
    /// The drops among these faults.
    pub fn new(faults: &[Fault]) -> Self {
        let drops = faults.iter().filter_map(|fault| match &fault.kind {
            FaultKind::Drop { pairs, nth } => Some(Drop {
                window: Window::of(fault),
                nth: *nth,
                sent: pairs.iter().map(|&pair| (pair, (0, 0))).collect(),
            }),
            _ => None,
        });
        Self { drops: drops.collect() }
    }

    /// Counts a packet that is sent now; says whether it is dropped. Every packet is counted once,
    /// in the order of sending.
    pub fn drop(&mut self, from: NodeId, to: NodeId, now: Instant) -> bool {
        let mut dropped = false;
        for drop in &mut self.drops {
            dropped |= drop.hits((from, to), now);
        }
        dropped
    }
}

impl Drop {
    fn hits(&mut self, pair: (NodeId, NodeId), now: Instant) -> bool {
        let Some(turn) = self.window.turn(now) else { return false };
        let Some((counted, sent)) = self.sent.get_mut(&pair) else { return false };
        if *counted != turn {
            (*counted, *sent) = (turn, 0);
        }
        *sent += 1;
        *sent == self.nth
    }
}
