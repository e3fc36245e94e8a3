//! What the world does for hostile machines: it lets them hear, decide, and act for a while.

use super::World;
use super::network::{Loss, Stage};
use super::packets::Slot;
use crate::machine::{Cx, Machine, Powers, Verdict};
use crate::scenario::model::{FaultKind, NodeId};
use crate::trace::Input;

impl World {
    /// Gives a node's machine powers that others do not have, for all its lives.
    ///
    /// # Panics
    ///
    /// If a node does not exist, or would tap its own link.
    pub fn grant(&mut self, node: NodeId, powers: &Powers) {
        let nodes = self.machines.len();
        for &link in &powers.taps {
            assert!((link.0 as usize) < nodes, "{link:?} exists");
            assert!(link != node, "{node:?} taps another's link");
            self.kernel.network.taps.add(node, link, nodes);
        }
        self.kernel.host_mut(node).injects |= powers.injects;
    }

    /// A packet comes to a machine that taps a link on its way, and goes on as that says.
    pub(super) fn overhear(&mut self, slot: Slot, stage: Stage) {
        let now = self.kernel.now;
        let mut packet = self.kernel.packets.take(slot);
        let (tapper, link) = self.kernel.network.taps.at(&packet, stage).expect("it is tapped");
        let mut verdict = Verdict::Pass;
        if self.kernel.host(tapper).runs() {
            self.kernel.trace.overheard(now, tapper, &packet.info(), packet.is_as_sent());
            let call = |machine: &mut dyn Machine, cx: &mut Cx<'_>| {
                machine.overheard(cx, link, &packet.info())
            };
            verdict = self.call(tapper, call);
            self.kernel.trace.judged(now, tapper, &verdict);
        }
        if let Verdict::Replace(bytes) = &verdict {
            packet.replace(bytes);
        }
        self.kernel.packets.put_back(slot, packet);
        match verdict {
            Verdict::Pass | Verdict::Replace(_) => self.kernel.go_on(slot, stage),
            Verdict::Drop => self.kernel.lose(slot, Loss::Intercepted, now),
        }
    }

    /// A fault lets its hostile machines act, or no longer does. One that several faults name acts
    /// until the last of them is over.
    pub(super) fn set_active(&mut self, position: u32, active: bool) {
        let FaultKind::Hostile(nodes) = &self.faults[position as usize].kind else {
            unreachable!("only hostile machines become active")
        };
        for node in nodes.clone() {
            let host = self.kernel.host_mut(node);
            let others = host.active - u32::from(!active);
            host.active = others + u32::from(active);
            if others > 0 {
                continue;
            }
            if host.is_suspended() {
                host.missed.active ^= true;
            } else if host.power.is_on() {
                self.tell_active(node, active);
            }
        }
    }

    pub(super) fn tell_active(&mut self, node: NodeId, active: bool) {
        self.kernel.trace.input(self.kernel.now, node, Input::Active(active));
        self.call(node, |machine, cx| machine.set_active(cx, active));
    }
}
