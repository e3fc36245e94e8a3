//! A packet of an acknowledged message: hand-laid, as payloads are.

use super::control::{UnknownMessage, kind};
use super::{MAX_CONTENT, array_at, u32_at};
use crate::message::{Purpose, RequestNumber};

/// Bytes in every fragment but a message's last. A whole number of the pool's blocks, so that no
/// fragment of a message ends within one that another begins in.
pub(crate) const FRAGMENT_LEN: usize = 1120;
/// A bit of a word for each.
pub(crate) const FRAGMENTS_MAX: u8 = 64;

/// The longest message that any peer takes. How much a peer takes depends on its storage.
pub const MAX_MESSAGE: usize = FRAGMENTS_MAX as usize * FRAGMENT_LEN;

const _: () = assert!(field::REPLY_BYTES + FRAGMENT_LEN <= MAX_CONTENT);

/// One packet of a message; most messages are only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) kind: u16,
    /// Bytes of the whole message.
    pub(crate) len: u32,
    /// Which message.
    pub(crate) number: u64,
    /// Which packet: another one every time.
    pub(crate) transmit: u64,
    /// The lowest number of a message that its sender has not ended.
    pub(crate) floor: u64,
    /// Which of the message's fragments.
    pub(crate) index: u8,
    pub(crate) bytes: &'a [u8],
}

/// Offsets within the content; the first byte is the content's type.
mod field {
    pub(super) const PURPOSE: usize = 1;
    pub(super) const KIND: usize = 2;
    pub(super) const LEN: usize = 4;
    pub(super) const NUMBER: usize = 8;
    pub(super) const TRANSMIT: usize = 16;
    pub(super) const FLOOR: usize = 24;
    pub(super) const INDEX: usize = 26;
    pub(super) const RESERVED: usize = 27;
    pub(super) const BYTES: usize = 28;
    /// In a reply only.
    pub(super) const REQUEST: usize = 28;
    pub(super) const REPLY_BYTES: usize = REQUEST + 8;
}

/// The values of the purpose's byte.
mod purpose {
    pub(super) const NOTICE: u8 = 0;
    pub(super) const REQUEST: u8 = 1;
    pub(super) const REPLY: u8 = 2;
}

/// Fragments of a message of so many bytes: at least one.
pub(crate) fn fragments(len: usize) -> usize {
    len.div_ceil(FRAGMENT_LEN).max(1)
}

/// Bytes in this fragment of a message of so many bytes.
pub(crate) fn fragment_len(len: usize, index: u8) -> usize {
    (len - usize::from(index) * FRAGMENT_LEN).min(FRAGMENT_LEN)
}

impl<'a> Fragment<'a> {
    /// Bytes of the header with this purpose, the content's type included.
    fn header_len(purpose: Purpose) -> usize {
        if let Purpose::Reply(_) = purpose { field::REPLY_BYTES } else { field::BYTES }
    }

    /// Bytes of the whole content.
    pub(crate) fn content_len(&self) -> usize {
        Self::header_len(self.purpose) + self.bytes.len()
    }

    /// Writes the whole content and returns its length.
    ///
    /// # Panics
    /// If `out` is shorter than [`MAX_CONTENT`].
    pub(crate) fn encode(&self, out: &mut [u8]) -> usize {
        let header_len = Self::header_len(self.purpose);
        out[0] = kind::FRAGMENT;
        out[field::PURPOSE] = match self.purpose {
            Purpose::Notice => purpose::NOTICE,
            Purpose::Request => purpose::REQUEST,
            Purpose::Reply(request) => {
                out[field::REQUEST..field::REPLY_BYTES].copy_from_slice(&request.0.to_le_bytes());
                purpose::REPLY
            }
        };
        out[field::KIND..field::LEN].copy_from_slice(&self.kind.to_le_bytes());
        out[field::LEN..field::NUMBER].copy_from_slice(&self.len.to_le_bytes());
        out[field::NUMBER..field::TRANSMIT].copy_from_slice(&self.number.to_le_bytes());
        out[field::TRANSMIT..field::FLOOR].copy_from_slice(&self.transmit.to_le_bytes());
        let floor = u16::try_from(self.number - self.floor).expect("no window is as long");
        out[field::FLOOR..field::INDEX].copy_from_slice(&floor.to_le_bytes());
        (out[field::INDEX], out[field::RESERVED]) = (self.index, 0);
        out[header_len..][..self.bytes.len()].copy_from_slice(self.bytes);
        self.content_len()
    }

    /// Reads a content of this type: what is returned is consistent in itself.
    pub(super) fn decode(content: &'a [u8]) -> Result<Self, UnknownMessage> {
        if content.len() < field::BYTES || content[field::RESERVED] != 0 {
            return Err(UnknownMessage);
        }
        let purpose = match content[field::PURPOSE] {
            purpose::NOTICE => Purpose::Notice,
            purpose::REQUEST => Purpose::Request,
            purpose::REPLY if content.len() >= field::REPLY_BYTES => {
                Purpose::Reply(RequestNumber(u64_at(content, field::REQUEST)))
            }
            _ => return Err(UnknownMessage),
        };
        let bytes = &content[Self::header_len(purpose)..];
        let (len, index) = (u32_at(content, field::LEN), content[field::INDEX]);
        let whole = usize::try_from(len).map_err(|_| UnknownMessage)?;
        let fits = whole <= MAX_MESSAGE
            && usize::from(index) < fragments(whole)
            && bytes.len() == fragment_len(whole, index);
        let number = u64_at(content, field::NUMBER);
        let behind = u16::from_le_bytes(array_at(content, field::FLOOR));
        let floor = number.checked_sub(behind.into()).filter(|_| fits).ok_or(UnknownMessage)?;
        let kind = u16::from_le_bytes(array_at(content, field::KIND));
        let transmit = u64_at(content, field::TRANSMIT);
        Ok(Self { purpose, kind, len, number, transmit, floor, index, bytes })
    }
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, offset))
}
