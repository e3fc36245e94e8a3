//! No timer spins.
//!
//! A wake that leads to nothing, neither a datagram nor a report, is one that could have been left
//! out. Within a second a node has no more of them than timers. (That nobody is woken without end at
//! one instant, the world itself sees to.)

use std::sync::Arc;

use underpass_core::{Duration, Instant};

use super::{Complaint, Setting};
use crate::machine::{HANDSHAKES, Machine, PEERS, Table};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};

const SPAN: Duration = Duration::from_secs(1);
/// Timers of a peer and of a handshake.
const OF_PEER: usize = 9;
const OF_HANDSHAKE: usize = 2;
/// Of a machine that does not show its tables.
const UNKNOWN: usize = 100;

pub(super) struct Timers {
    names: Arc<[String]>,
    /// By node: idle wakes, and since when they are counted.
    idle: Vec<(Instant, usize)>,
    /// The call under way is a wake, and nothing has come of it so far.
    is_idle: bool,
    complaint: Complaint,
}

impl Timers {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            idle: vec![(Instant::ORIGIN, 0); setting.names.len()],
            is_idle: false,
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Timers {
    fn woken(&mut self, _: Instant, _: NodeId) {
        self.is_idle = true;
    }

    fn transmitted(&mut self, _: Instant, _: &PacketInfo<'_>) {
        self.is_idle = false;
    }

    fn observed(&mut self, _: Instant, _: NodeId, _: &Observation) {
        self.is_idle = false;
    }

    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        if !std::mem::take(&mut self.is_idle) {
            return;
        }
        let (since, count) = &mut self.idle[node.0 as usize];
        if at.saturating_since(*since) >= SPAN {
            (*since, *count) = (at, 0);
        }
        *count += 1;
        if *count > timers(machine) {
            self.complaint.raise(format!(
                "timers: {} was woken {count} times for nothing since {since} (at {at})",
                self.names[node.0 as usize]
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}

/// How many timers a machine has room for.
fn timers(machine: &dyn Machine) -> usize {
    let Some(inside) = machine.inspect() else { return UNKNOWN };
    let mut timers = 0;
    inside.tables(&mut |Table { name, capacity, .. }| {
        timers += match name {
            PEERS => OF_PEER * capacity,
            HANDSHAKES => OF_HANDSHAKE * capacity,
            _ => 0,
        };
    });
    timers
}
