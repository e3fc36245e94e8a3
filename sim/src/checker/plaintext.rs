//! No datagram carries what an application gave to be sent in the clear.
//!
//! All that applications say goes through sessions, and a session seals it; there is no mode
//! without encryption. Every payload of a run contains its canary, which nothing else does.

use std::sync::Arc;

use memchr::memmem::Finder;
use underpass_core::Instant;

use super::{Complaint, Setting};
use crate::trace::{PacketInfo, Watch};

pub(super) struct Plaintext {
    names: Arc<[String]>,
    canary: Finder<'static>,
    complaint: Complaint,
}

impl Plaintext {
    pub(super) fn new(setting: &Setting) -> Self {
        Self {
            names: Arc::clone(&setting.names),
            canary: Finder::new(&setting.canary.0).into_owned(),
            complaint: Complaint::default(),
        }
    }
}

impl Watch for Plaintext {
    fn transmitted(&mut self, at: Instant, packet: &PacketInfo<'_>) {
        if packet.bytes.len() < self.canary.needle().len() {
            return;
        }
        if let Some(place) = self.canary.find(packet.bytes) {
            let (from, to) = (&self.names[packet.from.0 as usize], packet.destination);
            self.complaint.raise(format!(
                "plaintext: {from} sent an application's bytes to {to} unsealed (at {at}, from \
                 byte {place} of its datagram {})",
                packet.number
            ));
        }
    }

    fn violation(&mut self) -> Option<String> {
        self.complaint.text()
    }
}
