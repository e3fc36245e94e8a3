//! Sessions: keys that both ends hold, and the handshakes that make them.

pub(crate) mod cookie;
pub(crate) mod handshake;
pub(crate) mod hint;
mod keys;
pub(crate) mod replay;
pub(crate) mod upkeep;

use crate::counters::Dropped;
use crate::crypto::aead::TAG_LEN;
use crate::cx::{Actor, Cx};
use crate::heartbeat::Via;
use crate::held::Held;
use crate::noise::{Role, TransportKeys};
use crate::session::keys::SessionKeys;
use crate::session::replay::{Refused, Window};
use crate::time::{Duration, Instant};
use crate::timer::Timer;
use crate::way::Way;
use crate::wire::SealedHeader;

/// Number of a slot in the storage's session table.
pub(crate) type SessionId = u16;

/// Whom a session slot belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    Nobody,
    /// A handshake under way, by the number of its slot. It may have keys already, but nothing
    /// has been opened with them.
    Handshake(u16),
    /// A peer, by the number of its slot.
    Peer(u16),
}

/// One session of the storage.
pub struct SessionSlot {
    pub(crate) owner: Owner,
    /// What the peer writes to address this session; its low bits are the slot's number.
    pub(crate) local_index: u32,
    /// What we write.
    pub(crate) remote_index: u32,
    pub(crate) role: Role,
    /// The channel it was made in, as both ends named it: ours, theirs.
    pub(crate) channel: [u64; 2],
    established: Instant,
    /// When the next attempt to renew it is due.
    renew_at: Instant,
    keys: Held<SessionKeys>,
    next_seal: u64,
    next_open: u64,
}

impl SessionSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        owner: Owner::Nobody,
        local_index: 0,
        remote_index: 0,
        role: Role::Initiator,
        channel: [0; 2],
        established: Instant::ORIGIN,
        renew_at: Instant::ORIGIN,
        keys: Held::Nothing,
        next_seal: 0,
        next_open: 0,
    };

    pub(crate) fn install(
        &mut self,
        keys: TransportKeys,
        role: Role,
        remote_index: u32,
        now: Instant,
    ) {
        (self.role, self.remote_index) = (role, remote_index);
        self.keys = Held::This(SessionKeys::new(&keys, now));
        (self.established, self.renew_at) = (now, upkeep::renewal(role, now));
        (self.next_seal, self.next_open) = (0, 0);
    }

    /// Whether no packet has been opened that was sealed after this one.
    pub(crate) fn is_newest(&self, counter: u64) -> bool {
        counter + 1 == self.next_open
    }

    pub(crate) fn packets_sent(&self) -> u64 {
        self.next_seal
    }

    pub(crate) fn handshake_hash(&self) -> Option<&[u8; 32]> {
        self.keys.as_ref().map(|keys| &keys.handshake_hash)
    }

    /// Opens what this session has sealed; whether it was this one, or else nothing has changed.
    #[cfg(feature = "inspect")]
    pub(crate) fn reopen(&self, datagram: &mut [u8]) -> bool {
        let Some(keys) = self.keys.as_ref() else { return false };
        if datagram.len() < SealedHeader::LEN + TAG_LEN {
            return false;
        }
        let (front, content) = datagram.split_at_mut(SealedHeader::LEN);
        let is_its = front[4..8] == self.remote_index.to_le_bytes();
        is_its && keys.reopen(front, content)
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn each_secret(&self, show: impl FnMut(&[u8; 32])) {
        self.keys.as_ref().into_iter().flat_map(SessionKeys::secrets).for_each(show);
    }

    /// Whose it is, and how far it has been used.
    #[cfg(feature = "inspect")]
    pub(crate) fn hash_into(&self, hasher: &mut impl core::hash::Hasher) {
        use core::hash::Hash as _;
        (self.local_index, self.remote_index, self.channel).hash(hasher);
        (self.established, self.renew_at, self.open_epoch()).hash(hasher);
        (self.next_seal, self.next_open).hash(hasher);
    }

    /// The epoch of the key that packets are opened with.
    pub(crate) fn open_epoch(&self) -> Option<u8> {
        self.keys.as_ref().map(SessionKeys::open_epoch)
    }

    /// Writes the header, and seals what stands between header and tag; `datagram` is header,
    /// content, and room for the tag.
    ///
    /// # Panics
    /// If the session has no keys yet.
    pub(crate) fn seal(&mut self, datagram: &mut [u8]) {
        let keys = self.keys.as_ref().expect("only a session with keys is sent on");
        let counter = self.next_seal;
        self.next_seal = counter.checked_add(1).expect("nobody sends 2^64 packets");
        let epoch = keys.seal_epoch();
        let header = SealedHeader { epoch, receiver: self.remote_index, counter }.encode();
        let (front, content) = datagram.split_at_mut(SealedHeader::LEN);
        front.copy_from_slice(&header);
        keys.seal(counter, &header, content);
    }

    /// Opens a datagram in place and returns its content.
    ///
    /// # Errors
    /// Neither the session nor its window changed.
    pub(crate) fn open<'d>(
        &mut self,
        header: &SealedHeader,
        words: &mut [u64],
        datagram: &'d mut [u8],
        now: Instant,
    ) -> Result<&'d mut [u8], Dropped> {
        let keys = self.keys.as_mut().ok_or(Dropped::UnknownSession)?;
        let mut window = Window { next: &mut self.next_open, words };
        window.check(header.counter).map_err(|refused| match refused {
            Refused::Duplicate => Dropped::Replayed,
            Refused::TooOld => Dropped::TooOld,
        })?;
        let (front, content) = datagram.split_at_mut(SealedHeader::LEN);
        keys.open(header.epoch, header.counter, front, content, now)?;
        window.mark(header.counter);
        let len = content.len() - TAG_LEN;
        Ok(&mut content[..len])
    }

    /// Erases the keys and gives the slot back.
    pub(crate) fn erase(&mut self) {
        self.keys = Held::Nothing;
        self.owner = Owner::Nobody;
    }
}

/// How long packets sealed for the session before the current one are still opened.
const PREVIOUS_KEPT: Duration = Duration::from_secs(30);

/// Makes a session the one that a peer is sent to; the one before it lingers.
pub(crate) fn promote(peer: u16, session: SessionId, cx: &mut Cx<'_>) {
    cx.session(session).owner = Owner::Peer(peer);
    let slot = cx.peer(peer);
    slot.ways.restart_counters();
    let replaced = slot.current.replace(session);
    upkeep::schedule(peer, cx);
    let Some(replaced) = replaced else { return };
    if let Some(oldest) = cx.peer(peer).previous.replace(replaced) {
        cx.release_session(oldest);
    }
    let until = cx.now() + PREVIOUS_KEPT;
    cx.set_timer(Actor::Peer(peer), Timer::PreviousSession, Some(until));
}

/// The session and way by which a peer is sent payloads.
pub(crate) fn current(peer: u16, cx: &mut Cx<'_>) -> Option<Via> {
    let peer = cx.peer(peer);
    Some(Via { session: peer.current?, way: peer.ways.course.primary()? })
}

/// The session by which a peer is pinged on this way: one that waits to be confirmed there goes first.
pub(crate) fn to_ping(peer: u16, way: Way, cx: &mut Cx<'_>) -> Option<SessionId> {
    let unconfirmed = handshake::unconfirmed(peer, cx);
    let there = unconfirmed.filter(|via| via.way == way).or(match cx.peer(peer).current {
        Some(_) => None,
        None => unconfirmed,
    });
    there.map(|via| via.session).or(cx.peer(peer).current)
}

/// Forgets the session before the current one.
pub(crate) fn retire_previous(peer: u16, cx: &mut Cx<'_>) {
    if let Some(previous) = cx.peer(peer).previous.take() {
        cx.release_session(previous);
    }
}

/// Erases a peer's sessions.
pub(crate) fn close(peer: u16, cx: &mut Cx<'_>) {
    retire_previous(peer, cx);
    cx.set_timer(Actor::Peer(peer), Timer::PreviousSession, None);
    if let Some(current) = cx.peer(peer).current.take() {
        cx.release_session(current);
    }
    upkeep::schedule(peer, cx);
}
