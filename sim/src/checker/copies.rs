//! A rumour costs few copies.
//!
//! An honest node tells each rumour once to each neighbour, and to whoever asks what it has missed: how much that
//! may be, [`Answers`](super::answers::Answers) watches.

use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::machine::{Copies as Done, Machine};
use crate::scenario::model::NodeId;
use crate::trace::Watch;

/// Neighbours that a node has at most (PROTOCOL: five, and two that asked).
const NEIGHBOURS: u64 = 7;

pub(super) struct Copies {
    names: Arc<[String]>,
    complaint: Complaint,
}

impl Copies {
    pub(super) fn new(setting: &Setting) -> Self {
        Self { names: Arc::clone(&setting.names), complaint: Complaint::default() }
    }
}

impl Watch for Copies {
    fn called(&mut self, at: Instant, node: NodeId, machine: &dyn Machine) {
        let Some(inside) = machine.inspect() else { return };
        let Done { heard, told, answered } = inside.copies();
        // Its own end is none that it has heard.
        let most = (heard + 1) * NEIGHBOURS + answered;
        if told > most {
            self.complaint.raise(format!(
                "copies: {} has sent {told} copies of {heard} rumours, not {most} at most (at {at})",
                self.names[node.0 as usize]
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
