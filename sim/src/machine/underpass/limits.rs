//! How much a node holds.

use underpass_core::Capacity;

/// How much a node holds; what is not said is as for any other node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Peers at once; else as many as it can ever have to do with, and at least eight.
    pub peers: Option<usize>,
    /// Handshakes under way at once.
    pub handshakes: Option<usize>,
    /// Acknowledged messages at once, out and in.
    pub messages: Option<usize>,
    /// How far a peer's messages may be ahead of the first that has not ended.
    pub message_window: Option<usize>,
    /// Bytes of messages that are kept, out and in.
    pub buffer: Option<usize>,
    /// How far packets may overtake each other.
    pub window_bits: Option<usize>,
    /// Circuits at once, if it relays.
    pub circuits: Option<usize>,
    /// Records of others, if it takes part in gossip.
    pub records: Option<usize>,
}

impl Limits {
    /// A microcontroller.
    pub const BOARD: Self = Self {
        peers: Some(8),
        handshakes: Some(4),
        messages: Some(16),
        message_window: Some(32),
        buffer: Some(4 * 1024),
        window_bits: Some(256),
        circuits: Some(8),
        records: Some(16),
    };

    /// A computer that has room for whatever comes.
    pub const HOST: Self = Self {
        peers: Some(1024),
        handshakes: Some(256),
        messages: Some(1024),
        message_window: Some(1024),
        buffer: Some(4 * 1024 * 1024),
        window_bits: Some(8192),
        circuits: Some(1024),
        records: Some(1024),
    };

    /// The capacity of a node that can ever have to do with so many others. It holds more handshakes
    /// than a board unless it says otherwise, so that a crowd that starts at one instant is through
    /// within a round trip or two.
    pub fn capacity(&self, neighbours: usize, relays: bool, gossips: bool) -> Capacity {
        let records = if gossips { self.records.unwrap_or(256) } else { 0 };
        Capacity {
            // Gossip keeps sessions of its own, and strangers call.
            peers: self.peers.unwrap_or(neighbours.max(8) + if gossips { 16 } else { 0 }),
            handshakes: self.handshakes.unwrap_or(16),
            window_bits: self.window_bits.unwrap_or(1024),
            messages: self.messages.unwrap_or(32),
            message_window: self.message_window.unwrap_or(64),
            buffer: self.buffer.unwrap_or(16 * 1024),
            circuits: if relays { self.circuits.unwrap_or(64) } else { 0 },
            punches: 8,
            records,
            // As many as a board has room for, or a host.
            rumours: if records < 64 { records.min(2) } else { 8 },
        }
    }
}
