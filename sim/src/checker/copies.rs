//! A rumour costs few copies.
//!
//! An honest node tells each rumour once to each neighbour. Whoever becomes one has missed what the node
//! still keeps, and may ask for it a few times before all of it is checked.

use std::sync::Arc;

use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::machine::{Copies as Done, Machine};
use crate::scenario::model::NodeId;
use crate::trace::Watch;

/// Neighbours that a node has at most (PROTOCOL: five, and two that asked).
const NEIGHBOURS: u64 = 7;
/// Rumours that a host keeps.
const KEPT: u64 = 8;
/// Shuffles that a newcomer holds one after the other, before the first answer is checked.
const SHUFFLES: u64 = 3;

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
        let Done { heard, told, gained } = inside.copies();
        // Its own end is none that it has heard.
        let most = (heard + 1) * NEIGHBOURS + gained * heard.min(KEPT) * SHUFFLES;
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
