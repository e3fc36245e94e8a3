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
    pub(super) const SEND: Range<usize> = 16..19;
    pub(super) const NUMBER: Range<usize> = 19..23;
    pub(super) const SENT_AT: Range<usize> = 23..29;
    pub(super) const SIZE: Range<usize> = 29..32;
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
    pub const LEN: usize = field::SIZE.end;

    /// The last moment that a stamp has room for: after almost nine years.
    pub const SENT_AT_MAX: Instant = Instant::from_micros((1 << 48) - 1);

    /// A payload of `size` bytes that begins with this stamp.
    ///
    /// # Panics
    /// If `size` has no room for a stamp or is above 2^24, if the statement is not among the first
    /// 2^24 or sends more than 2^32 payloads, or after [`SENT_AT_MAX`](Self::SENT_AT_MAX).
    pub fn payload(&self, canary: Canary, size: usize) -> Vec<u8> {
        // The rest repeats the canary, so that no part of a payload passes in the clear.
        let mut payload: Vec<u8> = canary.0.iter().copied().cycle().take(size).collect();
        put(&mut payload[field::SEND], self.send.0.into());
        put(&mut payload[field::NUMBER], self.number);
        put(&mut payload[field::SENT_AT], self.sent_at.as_micros());
        put(&mut payload[field::SIZE], u64::try_from(size).expect("a usize has at most 64 bits"));
        payload
    }

    /// The stamp of a payload; `None` if this is no whole payload with this canary, every byte as it
    /// was made.
    pub fn of(payload: &[u8], canary: Canary) -> Option<Self> {
        let stamp = Self {
            send: SendId(u32::try_from(number_at(payload, field::SEND)?).ok()?),
            number: number_at(payload, field::NUMBER)?,
            sent_at: Instant::from_micros(number_at(payload, field::SENT_AT)?),
        };
        let is_whole = u64::try_from(payload.len()).ok() == number_at(payload, field::SIZE);
        let is_canary = |part: &[u8]| *part == canary.0[..part.len()];
        let mut rest = payload.get(Self::LEN..)?.chunks(canary.0.len());
        (is_whole && is_canary(&payload[field::CANARY]) && rest.all(is_canary)).then_some(stamp)
    }
}

/// What stands at the beginning of what an application on a node sends, as long as a [`Stamp`] and with
/// the same canary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AppFrame {
    /// Whether it answers something.
    pub(crate) is_answer: bool,
    /// The application's name for it.
    pub(crate) number: u64,
}

impl AppFrame {
    /// In the place of a statement's position, of which no scenario has so many.
    const SENDS: [u64; 2] = [(1 << 24) - 1, (1 << 24) - 2];

    /// The payload around an application's bytes; `None` if these are more than 2^24.
    pub(crate) fn around(self, canary: Canary, bytes: &[u8]) -> Option<Vec<u8>> {
        let size = u64::try_from(bytes.len()).ok().filter(|size| *size < 1 << 24)?;
        let mut payload = vec![0; Stamp::LEN];
        payload[field::CANARY].copy_from_slice(&canary.0);
        put(&mut payload[field::SEND], Self::SENDS[usize::from(self.is_answer)]);
        put(&mut payload[field::NUMBER], self.number & u64::from(u32::MAX));
        put(&mut payload[field::SENT_AT], self.number >> u32::BITS);
        put(&mut payload[field::SIZE], size);
        payload.extend(bytes);
        Some(payload)
    }

    /// The frame of a payload, and what is in it; `None` if this is no whole one with this canary.
    pub(crate) fn of(payload: &[u8], canary: Canary) -> Option<(Self, &[u8])> {
        let send = number_at(payload, field::SEND)?;
        let is_answer = Self::SENDS.iter().position(|known| *known == send)? == 1;
        let life = number_at(payload, field::SENT_AT)?;
        let number = number_at(payload, field::NUMBER)? | life << u32::BITS;
        let bytes = payload.get(Stamp::LEN..)?;
        let is_whole = u64::try_from(bytes.len()).ok() == number_at(payload, field::SIZE);
        let is_ours = is_whole && payload[field::CANARY] == canary.0 && life >> u32::BITS == 0;
        is_ours.then_some((Self { is_answer, number }, bytes))
    }
}

/// Little-endian.
fn put(field: &mut [u8], number: u64) {
    let bytes = number.to_le_bytes();
    let (low, high) = bytes.split_at(field.len());
    assert!(high.iter().all(|byte| *byte == 0), "{number} has no room in a stamp");
    field.copy_from_slice(low);
}

fn number_at(payload: &[u8], field: Range<usize>) -> Option<u64> {
    let mut bytes = [0; 8];
    bytes[..field.len()].copy_from_slice(payload.get(field)?);
    Some(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use underpass_core::MAX_MESSAGE;

    use super::*;

    #[test]
    fn a_payload_of_any_size_carries_its_stamp() {
        let canary = Canary::new(&Draws::new(1));
        let stamp = Stamp { send: SendId(3), number: 9, sent_at: Instant::from_micros(77) };
        for size in [Stamp::LEN, 33, 1152, MAX_MESSAGE] {
            let payload = stamp.payload(canary, size);
            assert_eq!(payload.len(), size);
            assert_eq!(Stamp::of(&payload, canary), Some(stamp));
        }
    }

    #[test]
    fn a_payload_that_was_changed_or_cut_has_no_stamp() {
        let canary = Canary::new(&Draws::new(1));
        let stamp = Stamp { send: SendId(3), number: 9, sent_at: Instant::from_micros(77) };
        let payload = stamp.payload(canary, 64);
        for length in 0..64 {
            assert_eq!(Stamp::of(&payload[..length], canary), None);
        }
        // The fields of the stamp may have any value; what they say was not sent.
        for position in (0..16).chain(Stamp::LEN..64) {
            let mut changed = payload.clone();
            changed[position] ^= 1;
            assert_eq!(Stamp::of(&changed, canary), None);
        }
    }

    #[test]
    fn what_an_application_says_is_told_from_what_a_statement_sends() {
        let canary = Canary::new(&Draws::new(1));
        for (is_answer, number) in [(false, 0), (true, u64::MAX), (false, 1 << 32)] {
            let frame = AppFrame { is_answer, number };
            let payload = frame.around(canary, b"hello").expect("short");
            assert_eq!(AppFrame::of(&payload, canary), Some((frame, b"hello".as_slice())));
            assert_eq!(AppFrame::of(&payload[..payload.len() - 1], canary), None);
            assert_eq!(Stamp::of(&payload, canary), None);
        }
        let stamp = Stamp { send: SendId(3), number: 9, sent_at: Instant::from_micros(77) };
        assert_eq!(AppFrame::of(&stamp.payload(canary, 64), canary), None);
    }

    #[test]
    fn a_payload_of_another_run_has_no_stamp() {
        let (one, other) = (Canary::new(&Draws::new(1)), Canary::new(&Draws::new(2)));
        let stamp = Stamp { send: SendId(0), number: 0, sent_at: Instant::ORIGIN };
        assert_eq!(Stamp::of(&stamp.payload(one, 64), other), None);
        assert_eq!(Stamp::of(&one.0, one), None);
    }
}
