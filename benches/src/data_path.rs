//! Payloads through a session, and the same bytes through the bare cipher.

use std::hint::black_box;
use std::ops::Range;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};
use underpass_core::{Instant, MAX_DATAGRAM, MAX_TRANSMIT, Peer, Received};

use crate::handshake::{Board, connect};
use crate::member::Member;

/// Packets of a batch: sealed all, then opened all.
pub const BATCH: usize = 64;

const HEADER_LEN: usize = 16;

/// Two members with a session, and a batch of packets from one to the other.
pub struct Session {
    from: Member<Board>,
    to: Member<Board>,
    peer: Peer,
    payload: Vec<u8>,
    packets: Vec<[u8; MAX_TRANSMIT]>,
    places: Vec<Range<usize>>,
}

impl Session {
    /// For payloads of `size` bytes.
    ///
    /// # Panics
    /// If the two cannot connect, which would be a defect of the protocol.
    pub fn new(size: usize) -> Self {
        let (from, to, peer) = connect(Board::EMPTY, Board::EMPTY);
        let packets = vec![[0; MAX_TRANSMIT]; BATCH];
        Self { from, to, peer, payload: vec![7; size], packets, places: vec![0..0; BATCH] }
    }

    /// Encodes and seals a batch.
    ///
    /// # Panics
    /// If a payload is refused.
    pub fn seal(&mut self) {
        for (packet, place) in self.packets.iter_mut().zip(&mut self.places) {
            let sent = self.from.node.send_datagram(self.peer, black_box(&self.payload), packet);
            let mut ranges = sent.expect("they are connected").ranges();
            *place = ranges.next().expect("it goes somewhere").1;
        }
    }

    /// Decodes and opens the batch that was sealed last.
    ///
    /// # Panics
    /// If a packet is refused.
    pub fn open(&mut self) {
        let path = self.from.path();
        for (packet, place) in self.packets.iter_mut().zip(&self.places) {
            let datagram = black_box(&mut packet[place.clone()]);
            match self.to.node.handle_datagram(path, datagram, Instant::ORIGIN) {
                Ok(Received::Datagram { payload, .. }) => black_box(payload.len()),
                other => panic!("{other:?}"),
            };
        }
    }
}

/// The same number of bytes and the same associated data, and nothing but the cipher.
pub struct Bare {
    cipher: ChaCha20Poly1305,
    packets: Vec<[u8; MAX_DATAGRAM]>,
    /// Bytes that are sealed: the payload and its type.
    len: usize,
    counter: u64,
}

impl Bare {
    /// For payloads of `size` bytes.
    pub fn new(size: usize) -> Self {
        let packets = vec![[7; MAX_DATAGRAM]; BATCH];
        Self { cipher: ChaCha20Poly1305::new(&[9; 32].into()), packets, len: size + 1, counter: 0 }
    }

    /// Seals a batch.
    ///
    /// # Panics
    /// Never: the packets are short.
    pub fn seal(&mut self) {
        for packet in &mut self.packets {
            let (header, rest) = packet.split_at_mut(HEADER_LEN);
            let (content, tag) = rest.split_at_mut(self.len);
            let nonce = nonce(self.counter);
            self.counter += 1;
            let made =
                self.cipher.encrypt_inout_detached(&nonce, header, black_box(content).into());
            tag[..16].copy_from_slice(&made.expect("short"));
        }
    }

    /// Opens the batch that was sealed last.
    ///
    /// # Panics
    /// If a tag does not fit.
    pub fn open(&mut self) {
        let first = self.counter - BATCH as u64;
        for (packet, counter) in self.packets.iter_mut().zip(first..) {
            let (header, rest) = packet.split_at_mut(HEADER_LEN);
            let (content, tag) = rest.split_at_mut(self.len);
            let tag: &Tag = (&tag[..16]).try_into().expect("16 bytes");
            let content = black_box(content).into();
            let opened = self.cipher.decrypt_inout_detached(&nonce(counter), header, content, tag);
            opened.expect("it was sealed with this key");
        }
    }
}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[4..].copy_from_slice(&counter.to_le_bytes());
    nonce
}
