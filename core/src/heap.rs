//! A node's tables on the heap, for drivers that have one (feature `alloc`).

use alloc::boxed::Box;

use crate::{
    Capacity, CircuitSlot, DeadlineSlot, FlightSlot, HandshakeSlot, MessageSlot, PeerSlot,
    ProbeCell, PunchSlot, RecordSlot, RumourSlot, Seen, SessionSlot, Storage, Tables,
};

/// Tables of a capacity that is known when the program runs.
pub struct HeapStorage {
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
    records: Box<[RecordSlot]>,
    record_index: Box<[u16]>,
    rumours: Box<[RumourSlot]>,
    seen: Box<[Seen]>,
}

impl HeapStorage {
    /// Empty tables.
    pub fn new(capacity: Capacity) -> Self {
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
            buffer: alloc::vec![0; capacity.buffer].into(),
            blocks: filled(capacity.blocks(), || 0),
            records: filled(capacity.records, || RecordSlot::EMPTY),
            record_index: filled(capacity.record_index(), || 0),
            rumours: filled(capacity.rumours, || RumourSlot::EMPTY),
            seen: filled(capacity.seen(), || Seen::NOTHING),
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
            records: &mut self.records,
            record_index: &mut self.record_index,
            rumours: &mut self.rumours,
            seen: &mut self.seen,
        }
    }

    fn peers(&self) -> &[PeerSlot] {
        &self.peers
    }

    fn sessions(&self) -> &[SessionSlot] {
        &self.sessions
    }

    fn records(&self) -> &[RecordSlot] {
        &self.records
    }
}
