//! Faults that are in the way of payloads.

use underpass_core::{Duration, Instant};

use super::Resolver;
use super::names::Pair;
use crate::link::LinkModel;
use crate::scenario::model::{self, FaultKind, NodeId};

/// Whom a fault parts, so that it is quickly told of many pairs.
pub(super) enum Cut {
    /// The group of every node that is in one, by node.
    Partition(Vec<(NodeId, usize)>),
    Crash(NodeId),
    Nothing,
}

impl Cut {
    pub(super) fn new(kind: &FaultKind) -> Self {
        match kind {
            FaultKind::Partition(groups) => {
                let of = |(group, nodes): (usize, &Vec<NodeId>)| {
                    nodes.iter().map(move |node| (*node, group)).collect::<Vec<_>>()
                };
                let mut group_of: Vec<_> = groups.iter().enumerate().flat_map(of).collect();
                group_of.sort_unstable();
                Self::Partition(group_of)
            }
            FaultKind::Crash(node) => Self::Crash(*node),
            _ => Self::Nothing,
        }
    }

    /// How long after they are sent payloads meet this behind their sender's access link, if that
    /// is known.
    fn met_after(&self, up: &LinkModel) -> Option<Duration> {
        match self {
            // Jitter and a queue make the way to a partition as long as they like.
            Self::Partition(_) if up.jitter > Duration::ZERO || up.rate.is_some() => None,
            Self::Partition(_) => Some(up.delay),
            Self::Crash(_) => Some(Duration::ZERO),
            Self::Nothing => None,
        }
    }

    fn parts(&self, (from, to): Pair) -> bool {
        match self {
            Self::Partition(group_of) => {
                let group = |node| {
                    let place = group_of.binary_search_by_key(&node, |(member, _)| *member);
                    place.ok().map(|place| group_of[place].1)
                };
                matches!((group(from), group(to)), (Some(a), Some(b)) if a != b)
            }
            Self::Crash(node) => *node == from || *node == to,
            Self::Nothing => false,
        }
    }
}

impl Resolver<'_> {
    /// A fault that parts two nodes, and when one sends to the other what meets it.
    pub(super) fn cut_on_the_way(&self, pair: Pair) -> Option<(usize, Instant)> {
        let up = &self.nodes[pair.0.0 as usize].up;
        let sends: Vec<&model::Send> = self.sends_of(pair).collect();
        self.faults.iter().zip(&self.cuts).enumerate().find_map(|(index, (fault, cut))| {
            let after = cut.met_after(up)?;
            // Most payloads go out at another time: that is told sooner than who is parted.
            let moment = sends.iter().find_map(|send| sent_into(send, fault, after))?;
            cut.parts(pair).then_some((index, moment))
        })
    }
}

/// When the first payload goes out that is in a fault's way so long `after`.
fn sent_into(send: &model::Send, fault: &model::Fault, after: Duration) -> Option<Instant> {
    let wait = fault.at.saturating_since(send.at + after).as_micros();
    let before = match send.every {
        Duration::ZERO if wait > 0 => return None,
        Duration::ZERO => 0,
        every => wait.div_ceil(every.as_micros()),
    };
    let moment = send.at + send.every.saturating_mul(before);
    let over = fault.lasts.is_some_and(|lasts| moment + after >= fault.at + lasts);
    (before < send.count && !over).then_some(moment)
}
