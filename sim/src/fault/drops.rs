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
    /// How many packets each of them has sent, and in which turn of the window.
    sent: BTreeMap<Sender, (u64, u64)>,
}

/// Whose packets are counted: a node's to one other, or to all.
type Sender = (NodeId, Option<NodeId>);

impl Drops {
    /// The drops among these faults.
    pub fn new(faults: &[Fault]) -> Self {
        let drops = faults.iter().filter_map(|fault| {
            let (senders, nth): (Vec<Sender>, u64) = match &fault.kind {
                FaultKind::Drop { pairs, nth } => {
                    (pairs.iter().map(|&(from, to)| (from, Some(to))).collect(), *nth)
                }
                FaultKind::DropSent { from, nth } => {
                    (from.iter().map(|&from| (from, None)).collect(), *nth)
                }
                _ => return None,
            };
            let sent = senders.into_iter().map(|sender| (sender, (0, 0))).collect();
            Some(Drop { window: Window::of(fault), nth, sent })
        });
        Self { drops: drops.collect() }
    }

    /// Counts a packet that a node sends now to another; says whether it is dropped. Every packet is
    /// counted once, in the order of sending.
    pub fn drop(&mut self, from: NodeId, to: NodeId, now: Instant) -> bool {
        self.hit((from, Some(to)), now)
    }

    /// The same of one that it sends to anybody.
    pub fn drop_sent(&mut self, from: NodeId, now: Instant) -> bool {
        self.hit((from, None), now)
    }

    fn hit(&mut self, sender: Sender, now: Instant) -> bool {
        let mut dropped = false;
        for drop in &mut self.drops {
            dropped |= drop.hits(sender, now);
        }
        dropped
    }
}

impl Drop {
    fn hits(&mut self, sender: Sender, now: Instant) -> bool {
        let Some(turn) = self.window.turn(now) else { return false };
        let Some((counted, sent)) = self.sent.get_mut(&sender) else { return false };
        if *counted != turn {
            (*counted, *sent) = (turn, 0);
        }
        *sent += 1;
        *sent == self.nth
    }
}
