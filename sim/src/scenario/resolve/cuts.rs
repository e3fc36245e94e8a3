//! Faults that are in the way of payloads.

use std::collections::BTreeSet;
use std::iter::successors;

use underpass_core::{Config, Duration, Instant};

use super::Resolver;
use super::names::Pair;
use crate::link::{LinkModel, LinkPatch};
use crate::machine::hostile::Attack;
use crate::scenario::model::{self, FaultKind, LinkPlace, Mode, NodeId};
use crate::units::Probability;

/// Of a fault that begins again and again, only so many times are looked at.
const TURNS_MAX: usize = 1000;

/// Whom a fault parts, so that it is quickly told of many pairs.
pub(super) enum Cut {
    /// The group of every node that is in one, by node.
    Partition(Vec<(NodeId, usize)>),
    Block(BTreeSet<NodeId>, BTreeSet<NodeId>),
    Crash(NodeId),
    Interface(NodeId),
    Suspend(NodeId),
    /// Links that lose something meanwhile.
    Lossy(BTreeSet<Way>),
    /// What crosses these nodes' access links is tampered with.
    Tamper(BTreeSet<NodeId>),
    Nothing,
}

/// One direction of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Up(NodeId),
    Pair(NodeId, NodeId),
    Down(NodeId),
}

/// A place on the way of a payload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    Sender,
    Core,
    DownLink,
    Receiver,
}

impl Cut {
    pub(super) fn new(kind: &FaultKind, resolver: &Resolver<'_>) -> Self {
        match kind {
            FaultKind::Partition(groups) => {
                let of = |(group, nodes): (usize, &Vec<NodeId>)| {
                    nodes.iter().map(move |node| (*node, group)).collect::<Vec<_>>()
                };
                let mut group_of: Vec<_> = groups.iter().enumerate().flat_map(of).collect();
                group_of.sort_unstable();
                Self::Partition(group_of)
            }
            FaultKind::Block { from, to } => {
                Self::Block(from.iter().copied().collect(), to.iter().copied().collect())
            }
            FaultKind::Crash(node, _) => Self::Crash(*node),
            FaultKind::Interface(node) => Self::Interface(*node),
            FaultKind::Suspend(node) => Self::Suspend(*node),
            FaultKind::Link(changes) => {
                let ways = changes.iter().flat_map(|change| {
                    let (up, down) = resolver.link_at(change.link);
                    let (there, back) = match change.link {
                        LinkPlace::Access(node) => (Way::Up(node), Way::Down(node)),
                        LinkPlace::Pair(a, b) => (Way::Pair(a, b), Way::Pair(b, a)),
                    };
                    [(there, up.with(&change.up)), (back, down.with(&change.down))]
                });
                Self::Lossy(ways.filter(|(_, link)| loses(link)).map(|(way, _)| way).collect())
            }
            FaultKind::Hostile(acting) => Self::Tamper(tampered(acting, &resolver.nodes)),
            // Which packet carries which payload is not known.
            FaultKind::Drop { .. }
            | FaultKind::DropSent { .. }
            | FaultKind::Restart(..)
            | FaultKind::ChangeSecret(_)
            | FaultKind::RetireSecret(_)
            | FaultKind::Clock { .. } => Self::Nothing,
            // When what is behind a NAT is heard of again is up to that.
            FaultKind::NatReboot(_) | FaultKind::Roam { .. } => Self::Nothing,
        }
    }

    /// Where payloads between two nodes meet this first, if at all.
    fn met_at(&self, (from, to): Pair) -> Option<Point> {
        let point = |meets: bool, at| meets.then_some(at);
        match self {
            Self::Partition(group_of) => {
                let group = |node| {
                    let place = group_of.binary_search_by_key(&node, |(member, _)| *member);
                    place.ok().map(|place| group_of[place].1)
                };
                let parted = matches!((group(from), group(to)), (Some(a), Some(b)) if a != b);
                point(parted, Point::Core)
            }
            Self::Block(senders, receivers) => {
                point(senders.contains(&from) && receivers.contains(&to), Point::Core)
            }
            // A session does not outlive either end.
            Self::Crash(node) => point(*node == from || *node == to, Point::Sender),
            Self::Interface(node) | Self::Suspend(node) => {
                point(*node == from, Point::Sender).or(point(*node == to, Point::Receiver))
            }
            Self::Lossy(ways) => point(ways.contains(&Way::Up(from)), Point::Sender)
                .or(point(ways.contains(&Way::Pair(from, to)), Point::Core))
                .or(point(ways.contains(&Way::Down(to)), Point::DownLink)),
            // Taps are behind the sender's access link and before the receiver's.
            Self::Tamper(tapped) => point(tapped.contains(&from), Point::Core)
                .or(point(tapped.contains(&to), Point::DownLink)),
            Self::Nothing => None,
        }
    }

    /// How long a payload outlasts this; `None` if it does so however long that takes.
    fn outlasted(&self, send: &model::Send) -> Option<Duration> {
        match (send.mode, self) {
            (Mode::Datagram | Mode::Broadcast, _) => Some(Duration::ZERO),
            // What is lost is sent again.
            (Mode::Message, Self::Lossy(_) | Self::Tamper(_)) => None,
            // What is off or suspended accepts nothing.
            (Mode::Message, Self::Crash(node) | Self::Suspend(node)) if *node == send.from => {
                Some(Duration::ZERO)
            }
            (Mode::Message, _) => Some(Config::MESSAGE_LIFETIME),
        }
    }
}

/// Whose access links those of these machines tap that change what passes.
fn tampered(acting: &[NodeId], nodes: &[model::Node]) -> BTreeSet<NodeId> {
    let hostile = acting.iter().filter_map(|id| nodes[id.0 as usize].hostile.as_ref());
    let tampering = hostile.filter(|hostile| matches!(hostile.attack, Attack::Tamper(_)));
    tampering.flat_map(|hostile| hostile.taps.iter().copied()).collect()
}

fn loses(link: &LinkModel) -> bool {
    link.loss.loses() || link.corrupt != Probability::NEVER
}

impl Resolver<'_> {
    /// A fault that parts two nodes, and when one sends to the other what meets it.
    pub(super) fn cut_on_the_way(&self, pair: Pair) -> Option<(usize, Instant)> {
        let sends: Vec<&model::Send> = self.sends_of(pair).collect();
        self.faults.iter().zip(&self.cuts).enumerate().find_map(|(index, (fault, cut))| {
            let after = self.time_to(cut.met_at(pair)?, pair)?;
            let is_spared = self.is_bridged(cut, pair);
            let moment = sends.iter().find_map(|send| {
                if is_spared && send.mode == Mode::Message {
                    return None;
                }
                let outlasted = cut.outlasted(send)?;
                self.sent_into(send, fault, after, outlasted)
            })?;
            Some((index, moment))
        })
    }

    /// Whether a relay is left that reaches both.
    fn is_bridged(&self, cut: &Cut, (from, to): Pair) -> bool {
        let is_open = |pair| cut.met_at(pair).is_none();
        self.relays_between((from, to)).any(|relay| is_open((from, relay)) && is_open((relay, to)))
    }

    /// How long after they are sent payloads come to a point of their way, if that is known.
    fn time_to(&self, point: Point, (from, to): Pair) -> Option<Duration> {
        let access = |node| self.link_at(LinkPlace::Access(node));
        let links = [
            (Point::Core, access(from).0),
            (Point::DownLink, self.link_at(LinkPlace::Pair(from, to)).0),
            (Point::Receiver, access(to).1),
        ];
        let mut crossed = links.iter().filter(|(behind, _)| *behind <= point);
        crossed.try_fold(Duration::ZERO, |time, (_, link)| {
            Some(time.saturating_add(self.time_of(link)?))
        })
    }

    /// How long every packet takes to cross a link, if that is known.
    fn time_of(&self, link: &LinkModel) -> Option<Duration> {
        // Jitter and a queue make the way as long as they like.
        let varies = link.jitter > Duration::ZERO
            || link.rate.is_some()
            || link.reorder != Probability::NEVER;
        (!varies && !self.delays_change()).then_some(link.delay)
    }

    /// Whether some fault makes packets take another time.
    fn delays_change(&self) -> bool {
        let changes = |patch: &LinkPatch| {
            patch.afresh
                || patch.delay.is_some()
                || patch.jitter.is_some()
                || patch.rate.is_some()
                || patch.reorder.is_some()
        };
        self.faults.iter().any(|fault| match &fault.kind {
            FaultKind::Link(links) => {
                links.first().is_some_and(|link| changes(&link.up) || changes(&link.down))
            }
            _ => false,
        })
    }

    /// When the first payload goes out that is in a fault's way so long `after`, and does not outlast it.
    fn sent_into(
        &self,
        send: &model::Send,
        fault: &model::Fault,
        after: Duration,
        outlasted: Duration,
    ) -> Option<Instant> {
        let again = |at: &Instant| fault.every.map(|every| *at + every);
        let begins = successors(Some(fault.at), again).take_while(|at| *at < self.end);
        let mut begins = begins.take(TURNS_MAX);
        begins.find_map(|begins| sent_into(send, begins, fault.lasts, after, outlasted))
    }
}

/// When the first payload goes out that is in the way of what begins then, and is there no longer when
/// that is over.
fn sent_into(
    send: &model::Send,
    begins: Instant,
    lasts: Option<Duration>,
    after: Duration,
    outlasted: Duration,
) -> Option<Instant> {
    let wait = begins.saturating_since(send.at + after).as_micros();
    let before = match send.every {
        Duration::ZERO if wait > 0 => return None,
        Duration::ZERO => 0,
        every => wait.div_ceil(every.as_micros()),
    };
    let moment = send.at + send.every.saturating_mul(before);
    let over = lasts.is_some_and(|lasts| moment + after + outlasted >= begins + lasts);
    (before < send.count && !over).then_some(moment)
}
