//! Which machines overhear what crosses which access links.

use super::network::Stage;
use super::packets::Packet;
use crate::scenario::model::NodeId;

/// The machines that tap each access link.
#[derive(Debug, Default)]
pub(super) struct Taps {
    /// By node, in the order in which they hear a packet; empty while nobody taps anything.
    tappers: Vec<Vec<NodeId>>,
}

impl Taps {
    /// Lets a machine hear what crosses the access link of a node, in a world of so many. Once is
    /// enough.
    pub(super) fn add(&mut self, tapper: NodeId, link: NodeId, nodes: usize) {
        self.tappers.resize_with(nodes, Vec::new);
        let tappers = &mut self.tappers[link.0 as usize];
        if !tappers.contains(&tapper) {
            assert!(tappers.len() < usize::from(u16::MAX), "too many machines tap one link");
            tappers.push(tapper);
        }
    }

    /// The first machine from this position on that hears a packet behind its sender's link.
    pub(super) fn behind_up(&self, packet: &Packet, position: u16) -> Option<u16> {
        self.next(packet.from, position, |tapper| tapper != packet.from)
    }

    /// The first machine from this position on that hears a packet before its receiver's link: not
    /// the one that sent it, and nobody who heard it before. What the link in between made of it
    /// nobody has heard.
    pub(super) fn before_down(&self, packet: &Packet, to: NodeId, position: u16) -> Option<u16> {
        let made_here = packet.copy & Stage::Pair.bit() != 0;
        let heard = |tapper| !made_here && self.of(packet.from).contains(&tapper);
        self.next(to, position, |tapper| tapper != packet.from && !heard(tapper))
    }

    /// Who hears a packet at this stage, and on whose access link.
    pub(super) fn at(&self, packet: &Packet, stage: Stage) -> Option<(NodeId, NodeId)> {
        let (link, position) = match stage {
            Stage::TapUp(position) => (packet.from, position),
            Stage::TapDown(position) => (packet.to?, position),
            Stage::Up
            | Stage::Outward(_)
            | Stage::Pair
            | Stage::Inward(_)
            | Stage::Down
            | Stage::Arrival => return None,
        };
        self.of(link).get(usize::from(position)).map(|tapper| (*tapper, link))
    }

    fn next(&self, link: NodeId, from: u16, hears: impl Fn(NodeId) -> bool) -> Option<u16> {
        let tappers = (0..).zip(self.of(link)).skip(usize::from(from));
        let mut hearing = tappers.filter(|(_, tapper)| hears(**tapper));
        hearing.next().map(|(position, _)| position)
    }

    fn of(&self, link: NodeId) -> &[NodeId] {
        self.tappers.get(link.0 as usize).map_or(&[], Vec::as_slice)
    }
}
