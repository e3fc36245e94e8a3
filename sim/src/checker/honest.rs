//! Keeps what hostile nodes do away from a checker.

use std::collections::BTreeSet;

use underpass_core::Instant;

use super::Setting;
use crate::machine::Machine;
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};

/// A checker that sees what honest nodes send, get and report.
pub(super) struct Honest<W> {
    hostile: BTreeSet<NodeId>,
    checker: W,
}

impl<W: Watch> Honest<W> {
    pub(super) fn watched(setting: &Setting, checker: W) -> Box<dyn Watch> {
        Box::new(Self { hostile: setting.hostile.clone(), checker })
    }

    fn is_honest(&self, node: NodeId) -> bool {
        !self.hostile.contains(&node)
    }
}

impl<W: Watch> Watch for Honest<W> {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        if self.is_honest(packet.from) {
            self.checker.transmitted(at, packet);
        }
    }

    fn arrived(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        if packet.to.is_some_and(|to| self.is_honest(to)) {
            self.checker.arrived(at, packet);
        }
    }

    fn receiving(
        &mut self,
        at: Instant,
        to: NodeId,
        machine: &dyn Machine,
        packet: &PacketInfo<'_>,
        as_sent: bool,
    ) {
        if self.is_honest(to) {
            self.checker.receiving(at, to, machine, packet, as_sent);
        }
    }

    fn woken(&mut self, at: Instant, node: NodeId) {
        if self.is_honest(node) {
            self.checker.woken(at, node);
        }
    }

    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        if self.is_honest(node) {
            self.checker.called(at, node, machine);
        }
    }

    fn passed(&mut self, at: Instant) {
        self.checker.passed(at);
    }

    fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
        if self.is_honest(node) {
            self.checker.observed(at, node, observation);
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.checker.violation()
    }
}
