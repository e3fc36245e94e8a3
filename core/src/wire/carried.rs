//! A datagram on its way through a relay, inside the seal of a session with the relay.

use super::control::kind;
use super::u32_at;

/// What stands before the datagram that is carried: type 1, reserved 3, circuit 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) direction: Direction,
    /// The circuit, by the number that the relay chose.
    pub(crate) circuit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From one of the circuit's ends: the relay is to send it on.
    ToRelay,
    /// From the relay to the other end.
    FromRelay,
}

impl Carried {
    /// Bytes before the datagram that is carried.
    pub(crate) const PREFIX_LEN: usize = 8;

    pub(crate) fn to_relay(circuit: u32) -> Self {
        Self { direction: Direction::ToRelay, circuit }
    }

    pub(crate) fn from_relay(circuit: u32) -> Self {
        Self { direction: Direction::FromRelay, circuit }
    }

    /// `None` if the content of a sealed datagram is something else.
    pub(crate) fn decode(content: &[u8]) -> Option<Self> {
        let prefix = content.get(..Self::PREFIX_LEN)?;
        let direction = match prefix[0] {
            kind::TO_RELAY => Direction::ToRelay,
            kind::FROM_RELAY => Direction::FromRelay,
            _ => return None,
        };
        (prefix[1..4] == [0; 3]).then(|| Self { direction, circuit: u32_at(prefix, 4) })
    }

    /// Writes the prefix.
    ///
    /// # Panics
    /// If `out` is not [`PREFIX_LEN`](Self::PREFIX_LEN) bytes long.
    pub(crate) fn encode(&self, out: &mut [u8]) {
        let kind = match self.direction {
            Direction::ToRelay => kind::TO_RELAY,
            Direction::FromRelay => kind::FROM_RELAY,
        };
        out.copy_from_slice(&[kind, 0, 0, 0, 0, 0, 0, 0]);
        out[4..].copy_from_slice(&self.circuit.to_le_bytes());
    }
}
