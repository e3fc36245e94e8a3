//! What a sensor and its peer say to each other. Numbers are little-endian.

/// The handler of [`Reading`]s, at the peer.
pub const READING: u16 = 1;

/// The handler of [`Command`]s, at the sensor. Each is a request, and answered by a [`Status`].
pub const COMMAND: u16 = 2;

/// What was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Readings before this one since the sensor was started.
    pub number: u32,
    /// Time since then, in milliseconds; after 49 days from 0 again.
    pub uptime_ms: u32,
    /// See [`Board::measure`](crate::Board::measure).
    pub milli: i32,
}

impl Reading {
    /// Bytes of a reading: its fields in their order.
    pub const LEN: usize = 12;

    /// As it is sent.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&self.number.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.uptime_ms.to_le_bytes());
        bytes[8..].copy_from_slice(&self.milli.to_le_bytes());
        bytes
    }

    /// What was sent; `None` if that is no reading.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ([number, uptime_ms, milli], []) = bytes.as_chunks() else { return None };
        Some(Self {
            number: u32::from_le_bytes(*number),
            uptime_ms: u32::from_le_bytes(*uptime_ms),
            milli: i32::from_le_bytes(*milli),
        })
    }
}

/// What the lamp shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lamp {
    /// Nothing.
    Off,
    /// Light.
    On,
    /// Light while the peer is there, blinking while it is looked for.
    State,
}

/// What the peer may ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// To be told how the sensor is; nothing else.
    Status,
    /// Something of the lamp.
    Lamp(Lamp),
    /// A reading every so many milliseconds, from now on. Kept within
    /// [`Sensor::INTERVAL_MS_MIN`](crate::Sensor::INTERVAL_MS_MIN) and an hour.
    Interval {
        /// So many.
        ms: u32,
    },
}

impl Command {
    /// Bytes of a command: its number, and four for the interval, else zero.
    pub const LEN: usize = 5;

    /// As it is sent.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let (number, value) = match self {
            Self::Status => (0, 0),
            Self::Lamp(Lamp::Off) => (1, 0),
            Self::Lamp(Lamp::On) => (2, 0),
            Self::Lamp(Lamp::State) => (3, 0),
            Self::Interval { ms } => (4, ms),
        };
        let mut bytes = [number; Self::LEN];
        bytes[1..].copy_from_slice(&value.to_le_bytes());
        bytes
    }

    /// What was sent; `None` if that is no command.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (number, value) = bytes.split_first()?;
        let ms = u32::from_le_bytes(value.try_into().ok()?);
        Some(match number {
            0 => Self::Status,
            1 => Self::Lamp(Lamp::Off),
            2 => Self::Lamp(Lamp::On),
            3 => Self::Lamp(Lamp::State),
            4 => Self::Interval { ms },
            _ => return None,
        })
    }
}

/// How a sensor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// Whether the lamp is lit.
    pub is_lit: bool,
    /// Readings that the peer has acknowledged.
    pub acked: u32,
    /// Readings that ended otherwise.
    pub lost: u32,
    /// Readings that were not sent, as too many were under way.
    pub skipped: u32,
    /// See [`Board::stack_used`](crate::Board::stack_used).
    pub stack_used: u32,
}

impl Status {
    /// Bytes of a status: its fields in their order.
    pub const LEN: usize = 17;

    /// As it is sent.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [self.is_lit.into(); Self::LEN];
        let values = [self.acked, self.lost, self.skipped, self.stack_used];
        for (place, value) in bytes[1..].chunks_exact_mut(4).zip(values) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// What was sent; `None` if that is no status.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (is_lit, values) = bytes.split_first()?;
        let ([acked, lost, skipped, stack_used], []) = values.as_chunks() else { return None };
        Some(Self {
            is_lit: *is_lit != 0,
            acked: u32::from_le_bytes(*acked),
            lost: u32::from_le_bytes(*lost),
            skipped: u32::from_le_bytes(*skipped),
            stack_used: u32::from_le_bytes(*stack_used),
        })
    }
}
