//! Gossip answers with three times what it was asked with, at most.
//!
//! Counted over all peers of a node: the bytes of records and of missed rumours that it has answered with, and those of the
//! questions.

use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::machine::{Answers as Done, Machine};
use crate::scenario::model::NodeId;
use crate::trace::Watch;

/// As for an address that is not proven (RFC 9000, section 8).
const TIMES: u64 = 3;

pub(super) struct Answers {
    names: Arc<[String]>,
    complaint: Complaint,
}

impl Answers {
    pub(super) fn new(setting: &Setting) -> Self {
        Self { names: Arc::clone(&setting.names), complaint: Complaint::default() }
    }
}

impl Watch for Answers {
    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        let Some(inside) = machine.inspect() else { return };
        let Done { asked, answered } = inside.answers();
        if answered > TIMES * asked {
            self.complaint.raise(format!(
                "answers: {} has answered questions of {asked} bytes with {answered} (at {at})",
                self.names[node.0 as usize]
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
