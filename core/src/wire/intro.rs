//! What each side says of itself in the sealed payload of a handshake.

use super::{Malformed, VERSION, array_at, u32_at};
use crate::time::Duration;

/// What each side says of itself in its sealed handshake payload.
///
/// 32 bytes: version 1, fragments of the longest message it takes 1, message window 2, capabilities
/// 4, ping interval in milliseconds 4, channel 8, hello number 8, replay window in bits 2,
/// reserved 2. A reader ignores what it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intro {
    pub(crate) version: u8,
    /// Fragments of the longest message that it takes; zero if it takes none.
    pub(crate) fragments_max: u8,
    /// Messages under way towards it at once.
    pub(crate) message_window: u16,
    /// See [`CAN_RELAY`] and [`CAN_GOSSIP`]; other bits are not defined yet.
    pub(crate) capabilities: u32,
    pub(crate) ping_interval: Duration,
    /// Drawn with its record of the other: a new one means that what it knew of the other is lost.
    pub(crate) channel: u64,
    /// Counts the handshakes that it has begun in this channel; zero from a responder.
    pub(crate) hello: u64,
    /// How far packets towards it may overtake each other.
    pub(crate) replay_window: u16,
}

/// The capability to relay for members of the network.
pub(crate) const CAN_RELAY: u32 = 1;
/// Its sender takes part in gossip.
pub(crate) const CAN_GOSSIP: u32 = 2;

impl Intro {
    pub(crate) const LEN: usize = 32;

    /// All that is left of one after a restart. It says nothing of what its sender takes.
    pub(crate) fn remembered(channel: u64, hello: u64) -> Self {
        Self {
            version: 0,
            fragments_max: 0,
            message_window: 0,
            capabilities: 0,
            ping_interval: Duration::ZERO,
            channel,
            hello,
            replay_window: 0,
        }
    }

    pub(crate) fn can_relay(&self) -> bool {
        self.capabilities & CAN_RELAY != 0
    }

    pub(crate) fn can_gossip(&self) -> bool {
        self.capabilities & CAN_GOSSIP != 0
    }

    /// Whether its sender has said it in this life of the node.
    pub(crate) fn is_heard(&self) -> bool {
        self.version == VERSION
    }

    pub(super) fn encode(&self, out: &mut [u8]) {
        let interval_ms = self.ping_interval.as_micros() / 1000;
        let interval_ms = u32::try_from(interval_ms).unwrap_or(u32::MAX);
        out.fill(0);
        (out[0], out[1]) = (self.version, self.fragments_max);
        out[2..4].copy_from_slice(&self.message_window.to_le_bytes());
        out[4..8].copy_from_slice(&self.capabilities.to_le_bytes());
        out[8..12].copy_from_slice(&interval_ms.to_le_bytes());
        out[12..20].copy_from_slice(&self.channel.to_le_bytes());
        out[20..28].copy_from_slice(&self.hello.to_le_bytes());
        out[28..30].copy_from_slice(&self.replay_window.to_le_bytes());
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        if payload.len() < Self::LEN {
            return Err(Malformed::Length);
        }
        if payload[0] != VERSION {
            return Err(Malformed::Version);
        }
        Ok(Self {
            version: payload[0],
            fragments_max: payload[1],
            message_window: u16::from_le_bytes(array_at(payload, 2)),
            capabilities: u32_at(payload, 4),
            ping_interval: Duration::from_millis(u32_at(payload, 8).into()),
            channel: u64::from_le_bytes(array_at(payload, 12)),
            hello: u64::from_le_bytes(array_at(payload, 20)),
            replay_window: u16::from_le_bytes(array_at(payload, 28)),
        })
    }
}
