//! Faults that are in the way of payloads.

use std::collections::BTreeSet;

use underpass_core::{Config, Duration, Instant};

use super::Resolver;
use super::names::Pair;
use crate::link::LinkModel;
use crate::machine::hostile::Attack;
use crate::scenario::model::{self, FaultKind, Mode, NodeId};

/// Whom a fault parts, so that it is quickly told of many pairs.
pub(super) enum Cut {
    /// The group of every node that is in one, by node.
    Partition(Vec<(NodeId, usize)>),
    Crash(NodeId),
    /// What crosses these nodes' access links is tampered with.
    Tamper(BTreeSet<NodeId>),
    Nothing,
}

impl Cut {
    pub(super) fn new(kind: &FaultKind, nodes: &[model::Node]) -> Self {
        match kind {
            FaultKind::Partition(groups) => {
                let of = |(group, nodes): (usize, &Vec<NodeId>)| {
                    nodes.iter().map(move |node| (*node, group)).collect::<Vec<_>>()
                };
                let mut group_of: Vec<_> = groups.iter().enumerate().flat_map(of).collect();
                group_of.sort_unstable();
                Self::Partition(group_of)
            }
            FaultKind::Crash(node, _) => Self::Crash(*node),
            FaultKind::Hostile(acting) => Self::Tamper(tampered(acting, nodes)),
            _ => Self::Nothing,
        }
    }

    /// How long after they are sent payloads meet this behind their sender's access link, if that
    /// is known.
    fn met_after(&self, up: &LinkModel) -> Option<Duration> {
        match self {
            // Jitter and a queue make the way to a partition as long as they like.
            Self::Partition(_) | Self::Tamper(_)
                if up.jitter > Duration::ZERO || up.rate.is_some() =>
            {
                None
            }
            Self::Partition(_) | Self::Tamper(_) => Some(up.delay),
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
            Self::Tamper(tapped) => tapped.contains(&from) || tapped.contains(&to),
            Self::Nothing => false,
        }
    }

    /// How long a payload outlasts this; `None` if it does so however long that takes.
    fn outlasted(&self, send: &model::Send) -> Option<Duration> {
        match (send.mode, self) {
            (Mode::Datagram, _) => Some(Duration::ZERO),
            (Mode::Message, Self::Tamper(_)) => None,
            // What is off accepts nothing.
            (Mode::Message, Self::Crash(node)) if *node == send.from => Some(Duration::ZERO),
            (Mode::Message, _) => Some(Config::MESSAGE_LIFETIME),
        }
    }

    /// Whether payloads meet it before their receiver's access link only.
    fn is_at_receiver(&self, (from, _): Pair) -> bool {
        matches!(self, Self::Tamper(tapped) if !tapped.contains(&from))
    }
}

/// Whose access links those of these machines tap that change what passes.
fn tampered(acting: &[NodeId], nodes: &[model::Node]) -> BTreeSet<NodeId> {
    let hostile = acting.iter().filter_map(|id| nodes[id.0 as usize].hostile.as_ref());
    let tampering = hostile.filter(|hostile| matches!(hostile.attack, Attack::Tamper(_)));
    tampering.flat_map(|hostile| hostile.taps.iter().copied()).collect()
}

impl Resolver<'_> {
    /// A fault that parts two nodes, and when one sends to the other what meets it.
    pub(super) fn cut_on_the_way(&self, pair: Pair) -> Option<(usize, Instant)> {
        let up = &self.nodes[pair.0.0 as usize].up;
        let sends: Vec<&model::Send> = self.sends_of(pair).collect();
        self.faults.iter().zip(&self.cuts).enumerate().find_map(|(index, (fault, cut))| {
            let after = cut.met_after(up)?;
            // Most payloads go out at another time: that is told sooner than who is parted.
            let moment = sends.iter().find_map(|send| {
                let outlasted = cut.outlasted(send)?;
                sent_into(send, fault, after, outlasted)
            })?;
            // Behind a link of the pair it is later, and not known when.
            let is_late = cut.is_at_receiver(pair) && self.pair_losses.contains_key(&pair);
            (cut.parts(pair) && !is_late).then_some((index, moment))
        })
    }
}

/// When the first payload goes out that is in a fault's way so long `after`, and is there no longer
/// when that is over.
fn sent_into(
    send: &model::Send,
    fault: &model::Fault,
    after: Duration,
    outlasted: Duration,
) -> Option<Instant> {
    let wait = fault.at.saturating_since(send.at + after).as_micros();
    let before = match send.every {
        Duration::ZERO if wait > 0 => return None,
        Duration::ZERO => 0,
        every => wait.div_ceil(every.as_micros()),
    };
    let moment = send.at + send.every.saturating_mul(before);
    let kept_until = moment + after + outlasted;
    let over = fault.lasts.is_some_and(|lasts| kept_until >= fault.at + lasts);
    (before < send.count && !over).then_some(moment)
}
