//! What a discoverable node says of itself to everybody, signed: `docs/wire.md` has it byte by byte.
//!
//! The signed bytes are kept and handed on as they came: nobody writes them anew but their owner.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::signed::{Digest, SIGNATURE_LEN, Signature};
use crate::crypto::hash;
use crate::network::Network;

/// Addresses at which a node says that it can be dialled.
pub(crate) const ADDRESSES: usize = 4;
/// Relays at which it says that it can be found.
pub(crate) const RELAYS: usize = 2;
/// Tags that a node may have.
pub const TAGS: usize = 8;

const LABEL: &[u8] = b"underpass/1 record";

/// Something that a node can be found by: a name under a hash that belongs to the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Tag(pub(crate) [u8; 8]);

impl Tag {
    /// The tag of this name in a network. It stays the same when the network's secret changes.
    pub fn new(network: &Network, name: &str) -> Self {
        let key = hash::hash(&[b"underpass/1 tag", &network.id]);
        let mac = hash::mac16(&key, name.as_bytes());
        Self(*mac.first_chunk().expect("a tag is shorter than the hash"))
    }
}

/// What a record says besides where its owner is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Flags(u8);

impl Flags {
    const BOOTSTRAP: u8 = 1;
    const RELAY: u8 = 2;
    const END: u8 = 4;
    pub(crate) const ENDED: Self = Self(Self::END);

    pub(crate) fn new(is_bootstrap: bool, is_relay: bool) -> Self {
        let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        Self(bit(is_bootstrap, Self::BOOTSTRAP) | bit(is_relay, Self::RELAY))
    }

    pub(crate) fn is_bootstrap(self) -> bool {
        self.0 & Self::BOOTSTRAP != 0
    }

    pub(crate) fn is_relay(self) -> bool {
        self.0 & Self::RELAY != 0
    }

    /// Its owner is gone for good, or wants to be found no more.
    pub(crate) fn is_end(self) -> bool {
        self.0 & Self::END != 0
    }
}

/// A record that was read: nothing in it is proven.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    /// Its owner's key, or so it says.
    pub(crate) peer: [u8; 32],
    pub(crate) sequence: u32,
    pub(crate) flags: Flags,
    pub(crate) addresses: heapless::Vec<SocketAddr, ADDRESSES>,
    pub(crate) relays: heapless::Vec<[u8; 32], RELAYS>,
    pub(crate) tags: heapless::Vec<Tag, TAGS>,
}

/// Bytes are no record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NoRecord;

impl Record {
    /// The longest: key, sequence and flags, then with the number of each before them addresses of IPv6,
    /// relays and tags, then the signature.
    pub(crate) const LEN_MAX: usize = 32
        + 5
        + 1
        + (1 + ADDRESSES * (1 + 16 + 3))
        + (1 + RELAYS * 32)
        + (1 + TAGS * 8)
        + SIGNATURE_LEN;

    /// Writes all but the signature, for which there is room left, and returns the whole length.
    pub(crate) fn encode(&self, out: &mut [u8; Self::LEN_MAX]) -> usize {
        let mut writer = Writer { out, len: 0 };
        writer.put(&self.peer);
        writer.put(&self.sequence);
        writer.put(&self.flags.0);
        writer.put_all(&self.addresses);
        writer.put_all(&self.relays);
        writer.put_all(&self.tags);
        writer.len + SIGNATURE_LEN
    }

    pub(crate) fn decode(signed: &[u8]) -> Result<Self, NoRecord> {
        let end = signed.len().checked_sub(SIGNATURE_LEN).ok_or(NoRecord)?;
        if signed.len() > Self::LEN_MAX {
            return Err(NoRecord);
        }
        let mut rest = &signed[..end];
        let record = Self {
            peer: take_bytes(&mut rest)?,
            sequence: take(&mut rest)?,
            flags: Flags(take(&mut rest)?),
            addresses: take_all(&mut rest, take)?,
            relays: take_all(&mut rest, take_bytes)?,
            tags: take_all(&mut rest, |rest| take_bytes(rest).map(Tag))?,
        };
        // Later versions may say more of a node in the bits that this one does not know, no more elsewhere.
        rest.is_empty().then_some(record).ok_or(NoRecord)
    }
}

/// A record that says what it is told to.
#[cfg(feature = "inspect")]
pub(crate) fn signed_record(
    draft: &crate::inspect::RecordDraft<'_>,
    network: &Network,
    owner: &crate::PeerId,
    keys: &impl crate::Keys,
) -> heapless::Vec<u8, { Record::LEN_MAX }> {
    let mut flags = Flags::new(draft.is_bootstrap, draft.is_relay);
    if draft.is_ended {
        flags.0 |= Flags::END;
    }
    let record = Record {
        peer: *owner.as_bytes(),
        sequence: draft.sequence,
        flags,
        addresses: draft.addresses.iter().copied().take(ADDRESSES).collect(),
        relays: draft.relays.iter().map(|relay| *relay.as_bytes()).take(RELAYS).collect(),
        tags: draft.tags.iter().copied().take(TAGS).collect(),
    };
    let mut bytes = [0; Record::LEN_MAX];
    let len = record.encode(&mut bytes);
    let signature = keys.sign(&digest(&network.id, &bytes[..len]).message());
    bytes[len - SIGNATURE_LEN..len].copy_from_slice(&signature);
    bytes[..len].iter().copied().collect()
}

/// What the owner of a record signs.
pub(crate) fn digest(network: &[u8; 32], signed: &[u8]) -> Digest {
    Digest::of(LABEL, network, &signed[..signed.len() - SIGNATURE_LEN])
}

/// What orders two records of one sequence: whichever has the larger one counts, everywhere.
pub(crate) fn rank(signed: &[u8]) -> [u8; 32] {
    hash::hash(&[signed])
}

/// A few bytes that differ if two records of one sequence do.
pub(crate) fn check(signed: &[u8]) -> [u8; 4] {
    *Signature::at_end_of(signed).to_bytes().first_chunk().expect("a signature is longer")
}

/// Postcard, piece by piece.
struct Writer<'o> {
    out: &'o mut [u8; Record::LEN_MAX],
    len: usize,
}

impl Writer<'_> {
    fn put(&mut self, value: &impl Serialize) {
        let written = postcard::to_slice(value, &mut self.out[self.len..]);
        self.len += written.expect("LEN_MAX holds every record").len();
    }

    /// As postcard writes a sequence.
    fn put_all(&mut self, values: &[impl Serialize]) {
        self.put(&(values.len() as u8));
        values.iter().for_each(|value| self.put(value));
    }
}

fn take<'b, T: Deserialize<'b>>(rest: &mut &'b [u8]) -> Result<T, NoRecord> {
    let (value, behind) = postcard::take_from_bytes(rest).map_err(|_| NoRecord)?;
    *rest = behind;
    Ok(value)
}

/// An array of bytes, which postcard writes as they are; its reader takes them one by one.
fn take_bytes<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], NoRecord> {
    let (bytes, behind) = rest.split_first_chunk().ok_or(NoRecord)?;
    *rest = behind;
    Ok(*bytes)
}

fn take_all<'b, T, const N: usize>(
    rest: &mut &'b [u8],
    take_one: impl Fn(&mut &'b [u8]) -> Result<T, NoRecord>,
) -> Result<heapless::Vec<T, N>, NoRecord> {
    let mut all = heapless::Vec::new();
    for _ in 0..take::<u8>(rest)? {
        all.push(take_one(rest)?).map_err(|_| NoRecord)?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
