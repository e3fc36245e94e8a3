//! What the world does to nodes' time: it lets them stand still, and their clocks drift.

use super::World;
use super::host::Missed;
use crate::machine::Command;
use crate::scenario::model::{FaultKind, NodeId};
use crate::trace::{Input, Observation};
use crate::units::Ppm;

impl World {
    /// A fault suspends a node, if that is on.
    pub(super) fn suspend(&mut self, node: NodeId, fault: u32) {
        let host = self.kernel.host_mut(node);
        if !host.power.is_on() {
            return;
        }
        host.suspensions.push(fault);
        if host.suspensions.len() == 1 {
            let entry = host.wake.arm(None);
            assert!(entry.is_none(), "a disarmed wake needs no entry");
            self.kernel.observe(node, &Observation::Suspended);
        }
    }

    /// A fault that suspended a node is over. One that several faults suspend goes on when the last of
    /// them is over, and hears first of what it missed; then its timers come.
    pub(super) fn resume(&mut self, node: NodeId, fault: u32) {
        let host = self.kernel.host_mut(node);
        let suspended = host.suspensions.len();
        host.suspensions.retain(|suspension| *suspension != fault);
        if suspended == 0 || host.is_suspended() {
            return;
        }
        let (missed, active) = (std::mem::take(&mut host.missed), host.active > 0);
        let Missed { reconfigure, readdressed, active: changed } = missed;
        self.kernel.observe(node, &Observation::Resumed);
        self.kernel.arm_wanted(node);
        if readdressed {
            self.kernel.trace.input(self.kernel.now, node, Input::Readdressed);
            self.call(node, |machine, cx| machine.readdressed(cx));
        }
        if changed {
            self.tell_active(node, active);
        }
        if reconfigure {
            // One that has no use for it was set up with nothing.
            let _ = self.call(node, |machine, cx| machine.command(cx, &Command::Reconfigure));
        }
    }

    /// A fault lets clocks drift, or no longer does.
    pub(super) fn set_drift(&mut self, position: u32, begins: bool) {
        let FaultKind::Clock { nodes, ppm } = &self.faults[position as usize].kind else {
            unreachable!("it is about clocks")
        };
        let now = self.kernel.now;
        for &node in nodes {
            let host = self.kernel.host_mut(node);
            match begins {
                true => host.drifts.push((position, *ppm)),
                false => host.drifts.retain(|(fault, _)| *fault != position),
            }
            let added = host.drifts.iter().map(|(_, ppm)| *ppm);
            let drift = Ppm::sum(added.chain([host.clock_ppm]));
            host.clock.set_drift(drift, now);
            if host.runs() {
                self.kernel.arm_wanted(node);
            }
        }
    }
}
