//! Keys that were updated are forgotten.
//!
//! A session's keys are updated one way, and what was sealed before an update is opened for
//! [`PREVIOUS_KEPT`] after the first datagram that was sealed after it, and no longer: whoever gets at a
//! node's memory then reads nothing older. Epochs stand in the clear: once a node has opened one for so long,
//! it drops whatever names the one before, and older ones at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use underpass_core::{Duration, Instant};

use super::wire::Seal;
use super::{Complaint, Setting};
use crate::scenario::model::NodeId;
use crate::trace::{Observation, PacketInfo, Watch};
use crate::units::Ppm;

const PREVIOUS_KEPT: Duration = Duration::from_secs(30);
/// Epochs are counted in a byte, and more than half of its range is behind.
const BEHIND: u8 = 128;

pub(super) struct Retired {
    names: Arc<[String]>,
    slowest: Vec<Ppm>,
    /// By node, of its present life: by the index of the session the newest epoch opened, and since when.
    newest: Vec<BTreeMap<u32, (u8, Instant)>>,
    /// What a node was handed last, unless it dropped it.
    handed: Option<(NodeId, Seal, Instant)>,
    complaint: Complaint,
}

impl Retired {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            slowest: setting.slowest.clone(),
            newest: setting.per_node(),
            handed: None,
            complaint: Complaint::default(),
        }
    }

    /// A node reports a drop before it does anything else: what it was handed before was opened.
    fn settle(&mut self) {
        let Some((node, seal, at)) = self.handed.take() else { return };
        let Seal { epoch, receiver, .. } = seal;
        let (newest, since) = self.newest[node.0 as usize].entry(receiver).or_insert((epoch, at));
        let behind = newest.wrapping_sub(epoch);
        match behind {
            0 => {}
            BEHIND.. => (*newest, *since) = (epoch, at),
            _ => {
                let kept = self.slowest[node.0 as usize].at_most(PREVIOUS_KEPT);
                if behind > 1 || at > *since + kept {
                    self.complaint.raise(format!(
                        "retired: {} opened a datagram of epoch {epoch}, though it has opened epoch \
                         {newest} since {since} (at {at}, session index {receiver:#010x})",
                        self.names[node.0 as usize]
                    ));
                }
            }
        }
    }
}

impl Watch for Retired {
    fn transmitted(&mut self, _: Instant, _: &PacketInfo<'_>) {
        self.settle();
    }

    fn arrived(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        self.settle();
        let seal = Seal::of(packet.bytes);
        self.handed = packet.to.zip(seal).map(|(to, seal)| (to, seal, at));
    }

    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        match observation {
            Observation::Dropped { .. } => self.handed = None,
            Observation::Started { .. } | Observation::Stopped => {
                self.settle();
                self.newest[node.0 as usize].clear();
            }
            _ => self.settle(),
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
