//! What the simulator's applications send: a stamp by which a payload is recognised wherever it
//! comes out, also where it must not.

use std::ops::Range;

use underpass_core::Instant;

use crate::machine::SendId;
use crate::random::Draws;

/// 16 bytes that occur in every payload of a run and nowhere else: a datagram that shows them
/// carries plaintext.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Canary(pub [u8; 16]);

/// What stands at the beginning of every payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// The statement it belongs to.
    pub send: SendId,
    /// Counts the payloads of that statement from zero.
    pub number: u64,
    /// When the application sent it.
    pub sent_at: Instant,
}

mod field {
    use std::ops::Range;
    pub(super) const CANARY: Range<usize> = 0..16;
    pub(super) const SEND: Range<usize> = 16..20;
    pub(super) const NUMBER: Range<usize> = 20..24;
    pub(super) const SENT_AT: Range<usize> = 24..32;
}

impl Canary {
    /// The canary of all runs with this seed.
    pub fn new(draws: &Draws) -> Self {
        let drawn = draws.stream(&["canary"]).bytes(0);
        Self(*drawn.first_chunk().expect("16 of 32 bytes"))
    }
}

impl Stamp {
    /// Bytes of a stamp, and the least that a payload can have.
    pub const LEN: usize = field::SENT_AT.end;

    /// A payload of `size` bytes that begins with this stamp.
    ///
    /// # Panics
    /// If `size` has no room for a stamp, or the statement sends more than 2^32 payloads.
    pub fn payload(&self, canary: Canary, size: usize) -> Vec<u8> {
        let number = u32::try_from(self.number).expect("fewer than 2^32 payloads");
        // The rest repeats the canary, so that no part of a payload passes in the clear.
        let mut payload: Vec<u8> = canary.0.iter().copied().cycle().take(size).collect();
        payload[field::SEND].copy_from_slice(&self.send.0.to_le_bytes());
        payload[field::NUMBER].copy_from_slice(&number.to_le_bytes());
        payload[field::SENT_AT].copy_from_slice(&self.sent_at.as_micros().to_le_bytes());
        payload
    }

    /// The stamp of a payload; `None` if it has none with this canary.
    pub fn of(payload: &[u8], canary: Canary) -> Option<Self> {
        if payload.len() < Self::LEN || payload[field::CANARY] != canary.0 {
            return None;
        }
        let u32_at =
            |range: Range<usize>| Some(u32::from_le_bytes(payload.get(range)?.try_into().ok()?));
        let sent_at = u64::from_le_bytes(payload[field::SENT_AT].try_into().ok()?);
        Some(Self {
            send: SendId(u32_at(field::SEND)?),
            number: u32_at(field::NUMBER)?.into(),
            sent_at: Instant::from_micros(sent_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_of_any_size_carries_its_stamp() {
        let canary = Canary::new(&Draws::new(1));
        let stamp = Stamp { send: SendId(3), number: 9, sent_at: Instant::from_micros(77) };
        for size in [Stamp::LEN, 33, 1152] {
            let payload = stamp.payload(canary, size);
            assert_eq!(payload.len(), size);
            assert_eq!(Stamp::of(&payload, canary), Some(stamp));
        }
    }

    #[test]
    fn a_payload_of_another_run_has_no_stamp() {
        let (one, other) = (Canary::new(&Draws::new(1)), Canary::new(&Draws::new(2)));
        let stamp = Stamp { send: SendId(0), number: 0, sent_at: Instant::ORIGIN };
        assert_eq!(Stamp::of(&stamp.payload(one, 64), other), None);
        assert_eq!(Stamp::of(&one.0, one), None);
    }
}
