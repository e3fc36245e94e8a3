//! How much nodes hold, by the kind of machine: as the simulator's.

use underpass_core::Capacity;

/// A computer that has room for whatever comes.
pub const HOST: Capacity = Capacity {
    peers: 1024,
    handshakes: 256,
    window_bits: 8192,
    messages: 1024,
    message_window: 1024,
    buffer: 4 * 1024 * 1024,
    circuits: 1024,
    punches: 32,
    records: 4096,
    rumours: 64,
};

/// A microcontroller.
pub const BOARD: Capacity = Capacity {
    peers: 8,
    handshakes: 4,
    window_bits: 256,
    messages: 16,
    message_window: 32,
    buffer: 4 * 1024,
    circuits: 8,
    punches: 1,
    records: 16,
    rumours: 2,
};
