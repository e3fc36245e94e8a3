//! Sends what it overheard again, byte by byte.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use underpass_core::Duration;

use super::raid::Raid;
use crate::machine::Cx;
use crate::machine::underpass::Roster;
use crate::scenario::model::NodeId;
use crate::trace::PacketInfo;

/// What one datagram takes of the recording beside its bytes, as on an IPv6 link (RFC 8200, RFC
/// 768): so that empty datagrams are bounded, too.
const HEADERS: usize = 40 + 8;

/// Records what crosses the links that it taps. While it acts, it sends the recording once, from the
/// oldest datagram on, then whatever is recorded meanwhile; each from its sender's address.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Whose datagrams, by the addresses that they come from; empty for everybody's.
    pub from: Vec<NodeId>,
    /// Time between two, not zero.
    pub every: Duration,
    /// Bytes of the recording, 48 for each datagram's headers included. The oldest datagrams make
    /// room for new ones.
    pub memory_bytes: usize,
}

pub(super) struct Replayer {
    replay: Replay,
    roster: Arc<Roster>,
    recording: VecDeque<Recorded>,
    recorded_bytes: usize,
    /// Position in `recording` of what is sent next; `next <= recording.len()`.
    next: usize,
}

struct Recorded {
    source: SocketAddr,
    destination: SocketAddr,
    bytes: Box<[u8]>,
}

impl Recorded {
    fn size(&self) -> usize {
        HEADERS + self.bytes.len()
    }
}

impl Replay {
    /// Bytes of a recording unless said otherwise: a day of some nodes that keep in touch.
    pub const MEMORY_BYTES: usize = 16 << 20;

    /// Whether it is after what comes from this address.
    fn wants(&self, source: SocketAddr, roster: &Roster) -> bool {
        let is_sender = |node: &NodeId| roster.is_known_by(*node, source.ip());
        self.from.is_empty() || self.from.iter().any(is_sender)
    }
}

impl Replayer {
    pub(super) fn new(replay: &Replay, roster: &Arc<Roster>) -> Self {
        Self {
            replay: replay.clone(),
            roster: Arc::clone(roster),
            recording: VecDeque::new(),
            recorded_bytes: 0,
            next: 0,
        }
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.recording.pop_front() else { return };
        self.recorded_bytes -= oldest.size();
        self.next = self.next.saturating_sub(1);
    }
}

impl Raid for Replayer {
    fn every(&self) -> Duration {
        self.replay.every
    }

    fn begin(&mut self) {
        self.next = 0;
    }

    fn overheard(&mut self, packet: &PacketInfo<'_>) {
        let &PacketInfo { source, destination, bytes, .. } = packet;
        if !self.replay.wants(source, &self.roster) {
            return;
        }
        let recorded = Recorded { source, destination, bytes: bytes.into() };
        self.recorded_bytes += recorded.size();
        self.recording.push_back(recorded);
        while self.recorded_bytes > self.replay.memory_bytes {
            self.forget_oldest();
        }
    }

    fn strike(&mut self, _: u64, cx: &mut Cx<'_>) {
        let Some(recorded) = self.recording.get(self.next) else { return };
        cx.inject(recorded.source, recorded.destination, &recorded.bytes);
        self.next += 1;
    }
}
