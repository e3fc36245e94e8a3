//! No table holds more than there is room for.

use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::machine::{Machine, Table};
use crate::scenario::model::NodeId;
use crate::trace::Watch;

pub(super) struct Memory {
    names: Arc<[String]>,
    complaint: Complaint,
}

impl Memory {
    pub(super) fn new(setting: &Setting) -> Self {
        Self { names: Arc::clone(&setting.names), complaint: Complaint::default() }
    }
}

impl Watch for Memory {
    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        let Some(inside) = machine.inspect() else { return };
        inside.tables(&mut |Table { name, used, capacity }| {
            if used > capacity {
                self.complaint.raise(format!(
                    "memory: {} holds {used} {name} and has room for {capacity} (at {at})",
                    self.names[node.0 as usize]
                ));
            }
        });
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
