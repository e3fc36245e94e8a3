//! Tables of the capacity that a recording asks for, out of memory that nothing else uses.

use core::mem::MaybeUninit;

use underpass_core::{
    Capacity, CircuitSlot, DeadlineSlot, FlightSlot, HandshakeSlot, MessageSlot, PeerSlot,
    ProbeCell, PunchSlot, RecordSlot, RumourSlot, Seen, SessionSlot, Storage, Tables,
};

/// Memory that is given away from the front.
pub(crate) struct Arena(&'static mut [MaybeUninit<u8>]);

impl Arena {
    /// All of this.
    pub(crate) const fn new(memory: &'static mut [MaybeUninit<u8>]) -> Self {
        Self(memory)
    }

    /// So many, each empty.
    fn take<T>(&mut self, len: usize, empty: impl Fn() -> T) -> &'static mut [T] {
        let memory = core::mem::take(&mut self.0);
        let padding = memory.as_ptr().align_offset(align_of::<T>());
        let (taken, rest) = memory[padding..].split_at_mut(len * size_of::<T>());
        self.0 = rest;
        // SAFETY: it is aligned, as long as that, and nobody else's for ever; any bytes are a slot that
        // was not written yet.
        let slots = unsafe {
            core::slice::from_raw_parts_mut(taken.as_mut_ptr().cast::<MaybeUninit<T>>(), len)
        };
        for slot in &mut *slots {
            slot.write(empty());
        }
        // SAFETY: each has just been written.
        unsafe { slots.assume_init_mut() }
    }

    /// Empty tables.
    pub(crate) fn tables(mut self, capacity: &Capacity) -> Carved {
        Carved(Tables {
            peers: self.take(capacity.peers, || PeerSlot::EMPTY),
            handshakes: self.take(capacity.handshakes, || HandshakeSlot::EMPTY),
            sessions: self.take(capacity.sessions(), || SessionSlot::EMPTY),
            circuits: self.take(capacity.circuits, || CircuitSlot::EMPTY),
            windows: self.take(capacity.window_words(), || 0),
            deadlines: self.take(capacity.deadlines(), || DeadlineSlot::EMPTY),
            index: self.take(capacity.index(), || 0),
            queues: self.take(capacity.queues(), || 0),
            messages: self.take(capacity.messages, || MessageSlot::EMPTY),
            flights: self.take(capacity.flights(), || FlightSlot::EMPTY),
            message_windows: self.take(capacity.message_window_words(), || 0),
            buffer: self.take(capacity.buffer, || 0),
            blocks: self.take(capacity.blocks(), || 0),
            punches: self.take(capacity.punches, || PunchSlot::EMPTY),
            probe_cells: self.take(capacity.probe_cells(), || ProbeCell::EMPTY),
            records: self.take(capacity.records, || RecordSlot::EMPTY),
            record_index: self.take(capacity.record_index(), || 0),
            rumours: self.take(capacity.rumours, || RumourSlot::EMPTY),
            seen: self.take(capacity.seen(), || Seen::NOTHING),
        })
    }
}

/// Tables out of an arena.
pub(crate) struct Carved(Tables<'static>);

impl Storage for Carved {
    fn tables(&mut self) -> Tables<'_> {
        let Tables {
            peers,
            handshakes,
            sessions,
            circuits,
            windows,
            deadlines,
            index,
            queues,
            messages,
            flights,
            message_windows,
            buffer,
            blocks,
            punches,
            probe_cells,
            records,
            record_index,
            rumours,
            seen,
        } = &mut self.0;
        Tables {
            peers,
            handshakes,
            sessions,
            circuits,
            windows,
            deadlines,
            index,
            queues,
            messages,
            flights,
            message_windows,
            buffer,
            blocks,
            punches,
            probe_cells,
            records,
            record_index,
            rumours,
            seen,
        }
    }

    fn peers(&self) -> &[PeerSlot] {
        self.0.peers
    }

    fn sessions(&self) -> &[SessionSlot] {
        self.0.sessions
    }

    fn records(&self) -> &[RecordSlot] {
        self.0.records
    }
}
