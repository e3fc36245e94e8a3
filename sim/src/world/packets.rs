//! Datagrams under way, in buffers that are used again: a steady load allocates nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::machine::MAX_DATAGRAM_BUFFER;
use crate::scenario::model::{NatId, NodeId};
use crate::trace::PacketInfo;

/// A datagram on its way, together with the buffer that holds it.
pub(crate) struct Packet {
    pub(super) from: NodeId,
    /// Counts the datagrams of the sender from zero.
    pub(super) number: u64,
    /// Tells the packets of one number apart: the links that made it of another, a bit for each
    /// stage of the way; 0 for the packet that was sent. No link duplicates its own duplicates, so
    /// no two have the same.
    pub(super) copy: u8,
    /// Whether a link has flipped a bit of it, or a machine that overheard it has replaced its bytes.
    pub(super) altered: bool,
    /// The source that it was sent with.
    pub(super) origin: SocketAddr,
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    /// Behind which NAT it is now; `None` in the public network.
    pub(super) realm: Option<NatId>,
    /// Whether its sender's access link is behind it.
    pub(super) has_left: bool,
    /// Whether it is on its way inward: a NAT was passed towards what is behind it.
    pub(super) turned: bool,
    /// Who has the destination's address, as far as that is known here.
    pub(super) to: Option<NodeId>,
    /// `0 <= length <= buffer.len()`.
    pub(super) length: usize,
    pub(crate) buffer: [u8; MAX_DATAGRAM_BUFFER],
}

/// Where a packet is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slot(u32);

/// All packets under way.
///
/// A slot is in exactly one of three states: free (listed in `free`), in use, or taken (`None`,
/// while its packet is with a machine).
pub(crate) struct Packets {
    slots: Vec<Option<Box<Packet>>>,
    /// The last freed is the first used: its memory is the likeliest to be in a cache.
    free: Vec<Slot>,
}

impl Packet {
    fn empty() -> Self {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Self {
            from: NodeId(0),
            number: 0,
            copy: 0,
            altered: false,
            origin: nowhere,
            source: nowhere,
            destination: nowhere,
            realm: None,
            has_left: false,
            turned: false,
            to: None,
            length: 0,
            buffer: [0; MAX_DATAGRAM_BUFFER],
        }
    }

    /// Whether it is the packet that was sent, with the bytes that were sent.
    pub(super) fn is_as_sent(&self) -> bool {
        self.copy == 0 && !self.altered
    }

    /// Flips a bit of the payload, counted from the lowest of the first byte.
    pub(super) fn flip(&mut self, bit: u64) {
        let byte = usize::try_from(bit / 8).expect("a datagram is short");
        self.bytes_mut()[byte] ^= 1 << (bit % 8);
        self.altered = true;
    }

    /// Becomes the copy of another that the link with this bit has made.
    fn copy_of(&mut self, other: &Self, maker: u8) {
        assert!(other.copy & maker == 0, "a link duplicates its own duplicate");
        let Self { from, number, copy, altered, origin, source, destination, .. } = self;
        (*from, *number, *copy, *altered) =
            (other.from, other.number, other.copy | maker, other.altered);
        (*origin, *source, *destination) = (other.origin, other.source, other.destination);
        let Self { realm, has_left, turned, to, length, buffer, .. } = self;
        (*realm, *has_left, *turned, *to) = (other.realm, other.has_left, other.turned, other.to);
        *length = other.length;
        buffer[..other.length].copy_from_slice(&other.buffer[..other.length]);
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.length]
    }

    /// Takes other bytes for its own.
    ///
    /// # Panics
    ///
    /// If they are more than the buffer holds.
    pub(super) fn replace(&mut self, bytes: &[u8]) {
        self.buffer[..bytes.len()].copy_from_slice(bytes);
        self.length = bytes.len();
        self.altered = true;
    }

    pub(super) fn info(&self) -> PacketInfo<'_> {
        PacketInfo {
            from: self.from,
            number: self.number,
            copy: self.copy,
            origin: self.origin,
            source: self.source,
            destination: self.destination,
            to: self.to,
            bytes: &self.buffer[..self.length],
        }
    }
}

impl Packets {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// A slot for a new packet. What its packet holds is left from an earlier one.
    pub(crate) fn acquire(&mut self) -> Slot {
        self.free.pop().unwrap_or_else(|| {
            let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 packets under way");
            self.slots.push(Some(Box::new(Packet::empty())));
            Slot(slot)
        })
    }

    /// A second packet like the one in `slot`, made by the link with this bit.
    pub(super) fn duplicate(&mut self, slot: Slot, maker: u8) -> Slot {
        let copy = self.acquire();
        let mut packet = self.take(copy);
        packet.copy_of(self.get(slot), maker);
        self.put_back(copy, packet);
        copy
    }

    pub(super) fn get(&self, slot: Slot) -> &Packet {
        self.slots[slot.0 as usize].as_ref().expect("the packet is not taken")
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut Packet {
        self.slots[slot.0 as usize].as_mut().expect("the packet is not taken")
    }

    /// Takes a packet out, for a machine that may send others while it reads this one.
    pub(super) fn take(&mut self, slot: Slot) -> Box<Packet> {
        self.slots[slot.0 as usize].take().expect("the packet is not taken")
    }

    /// Puts back the packet that was taken.
    pub(super) fn put_back(&mut self, slot: Slot, packet: Box<Packet>) {
        let previous = self.slots[slot.0 as usize].replace(packet);
        assert!(previous.is_none(), "the slot was taken");
    }

    /// The packet has ended its way.
    pub(crate) fn release(&mut self, slot: Slot) {
        self.free.push(slot);
    }

    /// How many slots are not free.
    pub(super) fn in_use(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many slots there are.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }
}
