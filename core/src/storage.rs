//! Where a node keeps its tables: the capacities come with the storage, so that one build serves
//! eight peers in a board's `.bss` and thousands on a relay's heap.

use serde::{Deserialize, Serialize};

use crate::delivery::{FlightSlot, MessageSlot};
use crate::error::CapacityError;
use crate::gossip::{RecordSlot, RumourSlot, SEEN_PER_RUMOUR, Seen};
use crate::peer::PeerSlot;
use crate::punch::{self, ProbeCell, PunchSlot};
use crate::relay::CircuitSlot;
use crate::saved;
use crate::session::SessionSlot;
use crate::session::handshake::HandshakeSlot;
use crate::table::deadlines::DeadlineSlot;
use crate::table::pool;
use crate::wire::FRAGMENT_LEN;

/// Every table of a node as a slice; [`Capacity`] says how long each must be.
pub struct Tables<'a> {
    /// Peers.
    pub peers: &'a mut [PeerSlot],
    /// Handshakes under way.
    pub handshakes: &'a mut [HandshakeSlot],
    /// Sessions.
    pub sessions: &'a mut [SessionSlot],
    /// Circuits of a relay.
    pub circuits: &'a mut [CircuitSlot],
    /// The words of their replay windows, a session's together.
    pub windows: &'a mut [u64],
    /// Deadlines of peers, of handshakes, and the node's own.
    pub deadlines: &'a mut [DeadlineSlot],
    /// The index from `PeerId` to peer.
    pub index: &'a mut [u16],
    /// Queues and free lists.
    pub queues: &'a mut [u16],
    /// Acknowledged messages on their way out and in.
    pub messages: &'a mut [MessageSlot],
    /// Their packets under way.
    pub flights: &'a mut [FlightSlot],
    /// The words of the windows that tell which messages have come, a peer's together.
    pub message_windows: &'a mut [u32],
    /// The messages' bytes.
    pub buffer: &'a mut [u8],
    /// Which parts of those are in use.
    pub blocks: &'a mut [u32],
    /// Attempts to reach peers directly.
    pub punches: &'a mut [PunchSlot],
    /// How many probes went where.
    pub probe_cells: &'a mut [ProbeCell],
    /// Records of discoverable nodes.
    pub records: &'a mut [RecordSlot],
    /// The index from `PeerId` to record.
    pub record_index: &'a mut [u16],
    /// Rumours that are kept for a while.
    pub rumours: &'a mut [RumourSlot],
    /// Rumours that were heard.
    pub seen: &'a mut [Seen],
}

/// Lends a node its tables, the same at every call.
///
/// [`storage!`](crate::storage!) makes one of a fixed size for a `static`; on a host the slices may
/// come from a heap, outside this crate.
pub trait Storage {
    /// The tables. Their lengths never change.
    fn tables(&mut self) -> Tables<'_>;
    /// The peers, to be read.
    fn peers(&self) -> &[PeerSlot];
    /// The sessions, to be read.
    fn sessions(&self) -> &[SessionSlot];
    /// The records, to be read.
    fn records(&self) -> &[RecordSlot];
}

impl<S: Storage + ?Sized> Storage for &mut S {
    fn tables(&mut self) -> Tables<'_> {
        (**self).tables()
    }
    fn peers(&self) -> &[PeerSlot] {
        (**self).peers()
    }
    fn sessions(&self) -> &[SessionSlot] {
        (**self).sessions()
    }
    fn records(&self) -> &[RecordSlot] {
        (**self).records()
    }
}

/// Lengths of the tables for so many of each; for a storage that draws its tables from a heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Capacity {
    /// Peers at once: 1 to 16,384.
    pub peers: usize,
    /// Handshakes under way at once: 2 to 4,096.
    pub handshakes: usize,
    /// How far packets may overtake each other: a power of two of bits, at least 128.
    pub window_bits: usize,
    /// Acknowledged messages at once, out and in: 2 to 16,384. Neither direction may take the last
    /// quarter of them.
    pub messages: usize,
    /// How far a peer's messages may be ahead of the first that it has not ended: a power of two of
    /// bits, 32 to 1,024.
    pub message_window: usize,
    /// Bytes of messages that are kept, out and in: 1,440 to 10,485,600. Neither direction may take
    /// the last quarter of them, and what one peer has sent in part no more than half of the rest:
    /// so three quarters are the longest message that can be sent, and three eighths, in whole
    /// packets, the longest that can be received; or two packets, if they fit into three quarters.
    /// One of a single packet needs no room there.
    pub buffer: usize,
    /// Circuits that it carries for others as a relay: up to 16,384; none if it never relays.
    pub circuits: usize,
    /// Attempts at once to reach peers directly that are reached through a relay: 1 to 1,024.
    pub punches: usize,
    /// Records of discoverable nodes, those that wait for their check included: up to 16,384; none if it
    /// takes no part in gossip. A long one, with several addresses or tags, takes two places.
    pub records: usize,
    /// Rumours that are kept to be told again: up to 64.
    pub rumours: usize,
}

impl Capacity {
    /// Sessions: every peer may have one and the one before it, every handshake the next.
    pub const fn sessions(&self) -> usize {
        2 * self.peers + self.handshakes
    }

    /// Words of all replay windows.
    pub const fn window_words(&self) -> usize {
        self.sessions() * (self.window_bits / 64)
    }

    /// Deadlines: of peers, of handshakes, and the node's own.
    pub const fn deadlines(&self) -> usize {
        self.peers + self.handshakes + 1
    }

    /// Cells of the index from `PeerId` to record.
    pub const fn record_index(&self) -> usize {
        (2 * self.records).next_power_of_two()
    }

    /// Rumours that are known to have been heard.
    pub const fn seen(&self) -> usize {
        self.rumours * SEEN_PER_RUMOUR
    }

    /// Cells of the index from `PeerId` to peer.
    pub const fn index(&self) -> usize {
        (2 * self.peers).next_power_of_two()
    }

    /// Bytes of all tables together.
    pub const fn bytes(&self) -> usize {
        self.peers * size_of::<PeerSlot>()
            + self.handshakes * size_of::<HandshakeSlot>()
            + self.sessions() * size_of::<SessionSlot>()
            + self.circuits * size_of::<CircuitSlot>()
            + self.window_words() * size_of::<u64>()
            + self.deadlines() * size_of::<DeadlineSlot>()
            + (self.index() + self.queues()) * size_of::<u16>()
            + self.messages * size_of::<MessageSlot>()
            + self.flights() * size_of::<FlightSlot>()
            + (self.message_window_words() + self.blocks()) * size_of::<u32>()
            + self.buffer
            + self.punches * size_of::<PunchSlot>()
            + self.probe_cells() * size_of::<ProbeCell>()
            + self.records * size_of::<RecordSlot>()
            + self.record_index() * size_of::<u16>()
            + self.rumours * size_of::<RumourSlot>()
            + self.seen() * size_of::<Seen>()
    }

    /// Bytes that [`Node::save`](crate::Node::save) may need.
    pub const fn saved_len_max(&self) -> usize {
        saved::len_max(self.peers, self.records)
    }

    /// Cells of the queues and free lists: what is ready, events, jobs; free peers, handshakes and
    /// sessions.
    pub const fn queues(&self) -> usize {
        let ready = self.peers + self.handshakes + self.circuits;
        let queued = ready + self.peers + self.handshakes;
        let free = self.peers + self.handshakes + self.sessions();
        queued + free
    }

    /// Packets of messages under way: one for every fragment that can be kept, and as many as there
    /// are messages for those sent again before their fate was known.
    pub const fn flights(&self) -> usize {
        2 * self.messages + self.buffer / FRAGMENT_LEN
    }

    /// Words of the windows that tell which messages have come.
    pub const fn message_window_words(&self) -> usize {
        self.peers * (self.message_window / 32)
    }

    /// Words of the map of the buffer, a bit for each of its blocks.
    pub const fn blocks(&self) -> usize {
        (self.buffer / pool::BLOCK_LEN).div_ceil(32)
    }

    /// Cells that count probes.
    pub const fn probe_cells(&self) -> usize {
        self.punches * punch::CELLS_PER_ATTEMPT
    }
}

impl Tables<'_> {
    /// Checks that the lengths go together.
    pub(crate) fn capacity(&self) -> Result<Capacity, CapacityError> {
        let (peers, handshakes) = (self.peers.len(), self.handshakes.len());
        if !(1..=16_384).contains(&peers) {
            return Err(CapacityError::Peers);
        }
        if !(2..=4_096).contains(&handshakes) {
            return Err(CapacityError::Handshakes);
        }
        let words = self.windows.len() / self.sessions.len().max(1);
        if words < 2 || !words.is_power_of_two() {
            return Err(CapacityError::Windows);
        }
        let messages = self.messages.len();
        if !(2..=16_384).contains(&messages) {
            return Err(CapacityError::Messages);
        }
        let message_window = self.message_windows.len() / peers * 32;
        if !(32..=1_024).contains(&message_window) || !message_window.is_power_of_two() {
            return Err(CapacityError::MessageWindow);
        }
        // At least so many that one packet's message fits into three quarters.
        let blocks = self.buffer.len() / pool::BLOCK_LEN;
        if !(9..=usize::from(u16::MAX)).contains(&blocks) {
            return Err(CapacityError::Buffer);
        }
        let circuits = self.circuits.len();
        if circuits > 16_384 {
            return Err(CapacityError::Circuits);
        }
        let punches = self.punches.len();
        if !(1..=1_024).contains(&punches) {
            return Err(CapacityError::Punches);
        }
        let (records, rumours) = (self.records.len(), self.rumours.len());
        if records > 16_384 {
            return Err(CapacityError::Records);
        }
        if rumours > 64 {
            return Err(CapacityError::Rumours);
        }
        let capacity = Capacity {
            peers,
            handshakes,
            window_bits: words * 64,
            messages,
            message_window,
            buffer: self.buffer.len(),
            circuits,
            punches,
            records,
            rumours,
        };
        let fits = self.sessions.len() == capacity.sessions()
            && self.windows.len() == capacity.window_words()
            && self.deadlines.len() == capacity.deadlines()
            && self.index.len() >= capacity.index()
            && self.queues.len() == capacity.queues()
            && self.flights.len() == capacity.flights()
            && self.message_windows.len() == capacity.message_window_words()
            && self.blocks.len() == capacity.blocks()
            && self.probe_cells.len() == capacity.probe_cells()
            && self.record_index.len() >= capacity.record_index()
            && self.seen.len() == capacity.seen();
        if fits { Ok(capacity) } else { Err(CapacityError::Tables) }
    }
}

/// Declares a storage of fixed size.
///
/// ```
/// underpass_core::storage! {
///     /// For a board.
///     pub struct Board {
///         peers: 8, handshakes: 4, window_bits: 256,
///         messages: 16, message_window: 32, buffer: 4096, circuits: 0, punches: 1,
///         records: 16, rumours: 2,
///     }
/// }
/// let mut storage = Board::EMPTY; // or a `static` on a board
/// ```
#[macro_export]
macro_rules! storage {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        peers: $peers:expr, handshakes: $handshakes:expr, window_bits: $window_bits:expr,
        messages: $messages:expr, message_window: $message_window:expr, buffer: $buffer:expr,
        circuits: $circuits:expr, punches: $punches:expr,
        records: $records:expr, rumours: $rumours:expr $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name {
            peers: [$crate::PeerSlot; $name::CAPACITY.peers],
            handshakes: [$crate::HandshakeSlot; $name::CAPACITY.handshakes],
            sessions: [$crate::SessionSlot; $name::CAPACITY.sessions()],
            circuits: [$crate::CircuitSlot; $name::CAPACITY.circuits],
            windows: [u64; $name::CAPACITY.window_words()],
            deadlines: [$crate::DeadlineSlot; $name::CAPACITY.deadlines()],
            index: [u16; $name::CAPACITY.index()],
            queues: [u16; $name::CAPACITY.queues()],
            messages: [$crate::MessageSlot; $name::CAPACITY.messages],
            flights: [$crate::FlightSlot; $name::CAPACITY.flights()],
            message_windows: [u32; $name::CAPACITY.message_window_words()],
            buffer: [u8; $name::CAPACITY.buffer],
            blocks: [u32; $name::CAPACITY.blocks()],
            punches: [$crate::PunchSlot; $name::CAPACITY.punches],
            probe_cells: [$crate::ProbeCell; $name::CAPACITY.probe_cells()],
            records: [$crate::RecordSlot; $name::CAPACITY.records],
            record_index: [u16; $name::CAPACITY.record_index()],
            rumours: [$crate::RumourSlot; $name::CAPACITY.rumours],
            seen: [$crate::Seen; $name::CAPACITY.seen()],
        }

        impl $name {
            /// How much it holds.
            $vis const CAPACITY: $crate::Capacity = $crate::Capacity {
                peers: $peers,
                handshakes: $handshakes,
                window_bits: $window_bits,
                messages: $messages,
                message_window: $message_window,
                buffer: $buffer,
                circuits: $circuits,
                punches: $punches,
                records: $records,
                rumours: $rumours,
            };

            /// A storage in which nothing is stored.
            $vis const EMPTY: Self = Self {
                peers: [const { $crate::PeerSlot::EMPTY }; $name::CAPACITY.peers],
                handshakes: [const { $crate::HandshakeSlot::EMPTY }; $name::CAPACITY.handshakes],
                sessions: [const { $crate::SessionSlot::EMPTY }; $name::CAPACITY.sessions()],
                circuits: [const { $crate::CircuitSlot::EMPTY }; $name::CAPACITY.circuits],
                windows: [0; $name::CAPACITY.window_words()],
                deadlines: [$crate::DeadlineSlot::EMPTY; $name::CAPACITY.deadlines()],
                index: [0; $name::CAPACITY.index()],
                queues: [0; $name::CAPACITY.queues()],
                messages: [const { $crate::MessageSlot::EMPTY }; $name::CAPACITY.messages],
                flights: [const { $crate::FlightSlot::EMPTY }; $name::CAPACITY.flights()],
                message_windows: [0; $name::CAPACITY.message_window_words()],
                buffer: [0; $name::CAPACITY.buffer],
                blocks: [0; $name::CAPACITY.blocks()],
                punches: [const { $crate::PunchSlot::EMPTY }; $name::CAPACITY.punches],
                probe_cells: [$crate::ProbeCell::EMPTY; $name::CAPACITY.probe_cells()],
                records: [const { $crate::RecordSlot::EMPTY }; $name::CAPACITY.records],
                record_index: [0; $name::CAPACITY.record_index()],
                rumours: [const { $crate::RumourSlot::EMPTY }; $name::CAPACITY.rumours],
                seen: [$crate::Seen::NOTHING; $name::CAPACITY.seen()],
            };
        }

        impl $crate::Storage for $name {
            fn tables(&mut self) -> $crate::Tables<'_> {
                $crate::Tables {
                    peers: &mut self.peers,
                    handshakes: &mut self.handshakes,
                    sessions: &mut self.sessions,
                    circuits: &mut self.circuits,
                    windows: &mut self.windows,
                    deadlines: &mut self.deadlines,
                    index: &mut self.index,
                    queues: &mut self.queues,
                    messages: &mut self.messages,
                    flights: &mut self.flights,
                    message_windows: &mut self.message_windows,
                    buffer: &mut self.buffer,
                    blocks: &mut self.blocks,
                    punches: &mut self.punches,
                    probe_cells: &mut self.probe_cells,
                    records: &mut self.records,
                    record_index: &mut self.record_index,
                    rumours: &mut self.rumours,
                    seen: &mut self.seen,
                }
            }
            fn peers(&self) -> &[$crate::PeerSlot] {
                &self.peers
            }
            fn sessions(&self) -> &[$crate::SessionSlot] {
                &self.sessions
            }
            fn records(&self) -> &[$crate::RecordSlot] {
                &self.records
            }
        }
    };
}

#[cfg(test)]
mod tests;
