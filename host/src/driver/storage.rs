//! A node's tables on the heap.

use underpass_core::{
    Capacity, CircuitSlot, DeadlineSlot, FlightSlot, HandshakeSlot, MessageSlot, PeerSlot,
    ProbeCell, PunchSlot, SessionSlot, Storage, Tables,
};

/// Tables of any capacity.
pub(crate) struct HeapStorage {
    peers: Box<[PeerSlot]>,
    handshakes: Box<[HandshakeSlot]>,
    sessions: Box<[SessionSlot]>,
    circuits: Box<[CircuitSlot]>,
    punches: Box<[PunchSlot]>,
    probe_cells: Box<[ProbeCell]>,
    windows: Box<[u64]>,
    deadlines: Box<[DeadlineSlot]>,
    index: Box<[u16]>,
    queues: Box<[u16]>,
    messages: Box<[MessageSlot]>,
    flights: Box<[FlightSlot]>,
    message_windows: Box<[u32]>,
    buffer: Box<[u8]>,
    blocks: Box<[u32]>,
}

impl HeapStorage {
    /// Empty tables.
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self {
            peers: filled(capacity.peers, || PeerSlot::EMPTY),
            handshakes: filled(capacity.handshakes, || HandshakeSlot::EMPTY),
            sessions: filled(capacity.sessions(), || SessionSlot::EMPTY),
            circuits: filled(capacity.circuits, || CircuitSlot::EMPTY),
            punches: filled(capacity.punches, || PunchSlot::EMPTY),
            probe_cells: filled(capacity.probe_cells(), || ProbeCell::EMPTY),
            windows: filled(capacity.window_words(), || 0),
            deadlines: filled(capacity.deadlines(), || DeadlineSlot::EMPTY),
            index: filled(capacity.index(), || 0),
            queues: filled(capacity.queues(), || 0),
            messages: filled(capacity.messages, || MessageSlot::EMPTY),
            flights: filled(capacity.flights(), || FlightSlot::EMPTY),
            message_windows: filled(capacity.message_window_words(), || 0),
            // Zeros that nobody has written yet take up no memory.
            buffer: vec![0; capacity.buffer].into(),
            blocks: filled(capacity.blocks(), || 0),
        }
    }
}

fn filled<T>(len: usize, empty: impl Fn() -> T) -> Box<[T]> {
    (0..len).map(|_| empty()).collect()
}

impl Storage for HeapStorage {
    fn tables(&mut self) -> Tables<'_> {
        Tables {
            peers: &mut self.peers,
            handshakes: &mut self.handshakes,
            sessions: &mut self.sessions,
            circuits: &mut self.circuits,
            punches: &mut self.punches,
            probe_cells: &mut self.probe_cells,
            windows: &mut self.windows,
            deadlines: &mut self.deadlines,
            index: &mut self.index,
            queues: &mut self.queues,
            messages: &mut self.messages,
            flights: &mut self.flights,
            message_windows: &mut self.message_windows,
            buffer: &mut self.buffer,
            blocks: &mut self.blocks,
        }
    }

    fn peers(&self) -> &[PeerSlot] {
        &self.peers
    }

    fn sessions(&self) -> &[SessionSlot] {
        &self.sessions
    }
}
