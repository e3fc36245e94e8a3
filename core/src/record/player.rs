//! A node that is told what another was told.

use core::fmt;

use super::call::{Call, Start, VERSION};
use super::digest::{Digest, MARK_LEN};
use crate::error::RestoreError;
use crate::job::Done;
use crate::node::Node;
use crate::path::MAX_TRANSMIT;
use crate::storage::{Capacity, Storage};
use crate::time::Instant;

/// No datagram is longer than what UDP carries.
const DATAGRAM_LEN_MAX: usize = 65_535;

/// A recording being played, call by call.
pub struct Player<'r, S> {
    node: Node<S>,
    digest: Digest,
    now: Instant,
    calls: u64,
    /// What has not been played yet.
    rest: &'r [u8],
    /// Datagrams are opened in place, and the recording is not to be changed.
    datagram: [u8; DATAGRAM_LEN_MAX],
}

/// One call that came out as it was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Played {
    /// Which call, from 0.
    pub number: u64,
    /// The latest time that the node was told.
    pub now: Instant,
    /// What was called, by its name in [`Node`].
    pub call: &'static str,
}

/// Why a recording cannot be played (on).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlayError {
    /// It has the format of another version.
    Version,
    /// It is not a recording, or a call in it is not whole; a recording that broke off in the middle of
    /// a call ends so.
    Damaged {
        /// Calls played before.
        calls: u64,
    },
    /// The storage has not the capacity of the one recorded.
    OtherCapacity,
    /// The node could not be restored as the one recorded was.
    Restore(RestoreError),
    /// A call came out differently: not the same program, or one that depends on something it was
    /// not told.
    Differs {
        /// Which call, from 0.
        number: u64,
        /// What was called, by its name in [`Node`].
        call: &'static str,
    },
}

fn start(recording: &[u8]) -> Result<(Start<'_>, &[u8]), PlayError> {
    let damaged = PlayError::Damaged { calls: 0 };
    let (version, rest) = recording.split_first().ok_or(damaged)?;
    if *version != VERSION {
        return Err(PlayError::Version);
    }
    postcard::take_from_bytes(rest).map_err(|_| damaged)
}

impl<'r, S: Storage> Player<'r, S> {
    /// The capacity of the storage that a recording is to be played with.
    ///
    /// # Errors
    /// If it is no recording.
    pub fn capacity(recording: &[u8]) -> Result<Capacity, PlayError> {
        start(recording).map(|(start, _)| start.capacity)
    }

    /// Makes the node as it was made; no call has been played yet.
    ///
    /// # Errors
    /// [`PlayError`] says why there is nothing to be played.
    pub fn new(recording: &'r [u8], mut storage: S) -> Result<Self, PlayError> {
        let (start, rest) = start(recording)?;
        if storage.tables().capacity() != Ok(start.capacity) {
            return Err(PlayError::OtherCapacity);
        }
        let Start { config, identity, seed, saved, now, .. } = start;
        let node = match saved {
            None => Node::new(config.into(), identity, seed, storage, now)
                .map_err(RestoreError::Capacity),
            Some(saved) => Node::restore(config.into(), identity, seed, storage, saved, now),
        };
        let node = node.map_err(PlayError::Restore)?;
        let datagram = [0; DATAGRAM_LEN_MAX];
        Ok(Self { node, digest: Digest::new(), now, calls: 0, rest, datagram })
    }

    /// Plays the next call; `None` after the last.
    ///
    /// # Errors
    /// [`PlayError::Damaged`] leaves the node as the calls before have made it,
    /// [`PlayError::Differs`] as this one has.
    pub fn step(&mut self) -> Result<Option<Played>, PlayError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let damaged = PlayError::Damaged { calls: self.calls };
        let (call, rest) = postcard::take_from_bytes(self.rest).map_err(|_| damaged)?;
        let (mark, rest) = rest.split_first_chunk::<MARK_LEN>().ok_or(damaged)?;
        let (name, number) = (name(&call), self.calls);
        self.perform(call).ok_or(damaged)?;
        self.rest = rest;
        self.calls += 1;
        if self.digest.mark() != *mark {
            return Err(PlayError::Differs { number, call: name });
        }
        Ok(Some(Played { number, now: self.now, call: name }))
    }

    /// Plays all that is left, and returns the digest over all outputs.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn finish(&mut self) -> Result<[u8; 32], PlayError> {
        while self.step()?.is_some() {}
        Ok(self.digest.value())
    }

    /// The node, as the calls played so far have made it.
    pub fn node(&self) -> &Node<S> {
        &self.node
    }

    /// `None` if nobody can have called so.
    fn perform(&mut self, call: Call<'_>) -> Option<()> {
        self.now = call.now().map_or(self.now, |now| self.now.max(now));
        let Self { node, digest, datagram: buffer, .. } = self;
        let mut out = [0; MAX_TRANSMIT];
        match call {
            Call::HandleDatagram { path, datagram, now } => {
                let buffer = buffer.get_mut(..datagram.len())?;
                buffer.copy_from_slice(datagram);
                digest.absorb(&node.handle_datagram(path, buffer, now));
            }
            Call::Connect { id, path, now } => digest.absorb(&node.connect(id, path, now)),
            Call::ConnectForeignRelay { id, path, now } => {
                digest.absorb(&node.connect_foreign_relay(id, path, now));
            }
            Call::ConnectAddress { path, now } => digest.absorb(&node.connect_address(path, now)),
            Call::Allow { id, now } => digest.absorb(&node.allow(id, now)),
            Call::Close { peer, now } => digest.absorb(&node.close(peer, now)),
            Call::SendDatagram { to, payload } => {
                let sent = node.send_datagram(to, payload, &mut out);
                digest.absorb(&sent.map(|transmit| transmit.with_bytes(&out)));
            }
            Call::SendMessage { to, message, now } => {
                digest.absorb(&node.send_message(to, message, now));
            }
            Call::CompleteJob { ticket, outcome, now } => {
                digest.absorb(&node.complete_job(Done { ticket, outcome }, now));
            }
            Call::PollJob => {
                digest.absorb(&node.poll_job().as_ref().map(|job| (job.ticket, job.work)));
            }
            Call::PollTransmit => {
                let sent = node.poll_transmit(&mut out);
                digest.absorb(&sent.map(|transmit| transmit.with_bytes(&out)));
            }
            Call::PollEvent => digest.absorb(&node.poll_event()),
            Call::PollMessage => digest.absorb(&node.poll_message()),
            Call::PollBroadcast => digest.absorb(&node.poll_broadcast()),
            Call::HandleTimeout { now } => node.handle_timeout(now),
            Call::SetAccess { access, now } => node.set_access(access, now),
            Call::SetGossip { gossip, now } => node.set_gossip(gossip, now),
            Call::Find { tag, now } => digest.absorb(&node.find(tag, now)),
            Call::Broadcast { kind, payload, now } => {
                digest.absorb(&node.broadcast(kind, payload, now));
            }
            Call::SetLocalAddresses { addresses, now } => {
                node.set_local_addresses(&addresses.to_locals(), now);
            }
            Call::NetworkChanged { now } => node.network_changed(now),
            Call::ChangeSecret { secret } => node.change_secret(secret),
            Call::RetirePreviousSecret => node.retire_previous_secret(),
            Call::HoldMessages { hold } => node.hold_messages(hold),
            Call::HoldMessagesOf { peer, hold } => {
                digest.absorb(&node.hold_messages_of(peer, hold));
            }
        }
        Some(())
    }
}

fn name(call: &Call<'_>) -> &'static str {
    match call {
        Call::HandleDatagram { .. } => "handle_datagram",
        Call::HandleTimeout { .. } => "handle_timeout",
        Call::Connect { .. } => "connect",
        Call::ConnectForeignRelay { .. } => "connect_foreign_relay",
        Call::ConnectAddress { .. } => "connect_address",
        Call::Allow { .. } => "allow",
        Call::SetGossip { .. } => "set_gossip",
        Call::Find { .. } => "find",
        Call::Broadcast { .. } => "broadcast",
        Call::SetLocalAddresses { .. } => "set_local_addresses",
        Call::NetworkChanged { .. } => "network_changed",
        Call::SetAccess { .. } => "set_access",
        Call::ChangeSecret { .. } => "change_secret",
        Call::RetirePreviousSecret => "retire_previous_secret",
        Call::Close { .. } => "close",
        Call::SendDatagram { .. } => "send_datagram",
        Call::SendMessage { .. } => "send_message",
        Call::CompleteJob { .. } => "complete_job",
        Call::PollJob => "poll_job",
        Call::PollTransmit => "poll_transmit",
        Call::PollEvent => "poll_event",
        Call::PollMessage => "poll_message",
        Call::HoldMessages { .. } => "hold_messages",
        Call::HoldMessagesOf { .. } => "hold_messages_of",
        Call::PollBroadcast => "poll_broadcast",
    }
}

impl fmt::Display for PlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => f.write_str("the recording has the format of another version"),
            Self::Damaged { calls } => write!(f, "the recording breaks off after {calls} calls"),
            Self::OtherCapacity => {
                f.write_str("the storage has not the capacity of the one recorded")
            }
            Self::Restore(error) => error.fmt(f),
            Self::Differs { number, call } => {
                write!(f, "call {number}, {call}, came out differently than when it was recorded")
            }
        }
    }
}

impl core::error::Error for PlayError {}
