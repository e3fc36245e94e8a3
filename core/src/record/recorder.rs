//! The node, with a record of every call.

use core::net::SocketAddr;
use core::ops::Deref;

use serde::Serialize;

use super::call::{Addresses, Call, Start, VERSION};
use super::digest::Digest;
use crate::access::Access;
use crate::config::Config;
use crate::counters::Dropped;
use crate::error::{CapacityError, ConnectError, RestoreError, SendError, UnknownPeer};
use crate::event::Event;
use crate::gossip::{Broadcast, BroadcastError, FindError, Gossip, Tag};
use crate::identity::{Keys, PeerId};
use crate::job::{Done, Job, Stale};
use crate::message::{Message, MessageId, Outgoing, Received};
use crate::node::Node;
use crate::path::{MAX_TRANSMIT, Path, Socket, Transmit};
use crate::peer::Peer;
use crate::storage::Storage;
use crate::time::Instant;

/// Where a recording goes: a file, a flash, a socket. It is never read back.
pub trait Log {
    /// Adds bytes at the end; few at a time.
    fn append(&mut self, bytes: &[u8]);
}

impl<F: FnMut(&[u8])> Log for F {
    fn append(&mut self, bytes: &[u8]) {
        self(bytes);
    }
}

/// A [`Node`] whose every call is recorded, if there is a log; without one it is the node and
/// nothing more. Questions go to the node itself, to which this derefs.
pub struct Recorder<S, L> {
    node: Node<S>,
    tape: Option<Tape<L>>,
}

struct Tape<L> {
    log: L,
    digest: Digest,
}

impl<S: Storage, L: Log> Recorder<S, L> {
    /// As [`Node::new`].
    ///
    /// # Errors
    /// As there; nothing was recorded.
    pub fn new(
        config: Config,
        identity: PeerId,
        seed: [u8; 32],
        mut storage: S,
        now: Instant,
        log: Option<L>,
    ) -> Result<Self, CapacityError> {
        let capacity = storage.tables().capacity()?;
        let tape = log.map(|log| {
            let config = (&config).into();
            Tape::new(log, &Start { capacity, config, identity, seed, saved: None, now })
        });
        let node = Node::new(config, identity, seed, storage, now)?;
        Ok(Self { node, tape })
    }

    /// As [`Node::restore`].
    ///
    /// # Errors
    /// As there; the log may have the beginning of a recording.
    pub fn restore(
        config: Config,
        identity: PeerId,
        seed: [u8; 32],
        mut storage: S,
        saved: &[u8],
        now: Instant,
        log: Option<L>,
    ) -> Result<Self, RestoreError> {
        let capacity = storage.tables().capacity().map_err(RestoreError::Capacity)?;
        let tape = log.map(|log| {
            let config = (&config).into();
            Tape::new(log, &Start { capacity, config, identity, seed, saved: Some(saved), now })
        });
        let node = Node::restore(config, identity, seed, storage, saved, now)?;
        Ok(Self { node, tape })
    }

    /// As [`Node::handle_datagram`].
    ///
    /// # Errors
    /// As there.
    pub fn handle_datagram<'d>(
        &mut self,
        path: Path,
        datagram: &'d mut [u8],
        now: Instant,
    ) -> Result<Received<'d>, Dropped> {
        self.call(|| Call::HandleDatagram { path, datagram, now });
        let received = self.node.handle_datagram(path, datagram, now);
        record(&mut self.tape, &received);
        received
    }

    /// As [`Node::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.call(|| Call::HandleTimeout { now });
        self.node.handle_timeout(now);
        record(&mut self.tape, &());
    }

    /// As [`Node::connect`].
    ///
    /// # Errors
    /// As there.
    pub fn connect(
        &mut self,
        id: PeerId,
        path: impl Into<Option<Path>>,
        now: Instant,
    ) -> Result<Peer, ConnectError> {
        let path = path.into();
        self.call(|| Call::Connect { id, path, now });
        let peer = self.node.connect(id, path, now);
        record(&mut self.tape, &peer);
        peer
    }

    /// As [`Node::connect_foreign_relay`].
    ///
    /// # Errors
    /// As there.
    pub fn connect_foreign_relay(
        &mut self,
        id: PeerId,
        path: Path,
        now: Instant,
    ) -> Result<Peer, ConnectError> {
        self.call(|| Call::ConnectForeignRelay { id, path, now });
        let peer = self.node.connect_foreign_relay(id, path, now);
        record(&mut self.tape, &peer);
        peer
    }

    /// As [`Node::connect_address`].
    ///
    /// # Errors
    /// As there.
    pub fn connect_address(&mut self, path: Path, now: Instant) -> Result<Peer, ConnectError> {
        self.call(|| Call::ConnectAddress { path, now });
        let peer = self.node.connect_address(path, now);
        record(&mut self.tape, &peer);
        peer
    }

    /// As [`Node::allow`].
    ///
    /// # Errors
    /// As there.
    pub fn allow(&mut self, id: PeerId, now: Instant) -> Result<Peer, ConnectError> {
        self.call(|| Call::Allow { id, now });
        let peer = self.node.allow(id, now);
        record(&mut self.tape, &peer);
        peer
    }

    /// As [`Node::set_access`].
    pub fn set_access(&mut self, access: Access, now: Instant) {
        self.call(|| Call::SetAccess { access, now });
        self.node.set_access(access, now);
        record(&mut self.tape, &());
    }

    /// As [`Node::set_gossip`].
    pub fn set_gossip(&mut self, gossip: Gossip, now: Instant) {
        self.call(|| Call::SetGossip { gossip, now });
        self.node.set_gossip(gossip, now);
        record(&mut self.tape, &());
    }

    /// As [`Node::find`].
    ///
    /// # Errors
    /// As there.
    pub fn find(&mut self, tag: Tag, now: Instant) -> Result<(), FindError> {
        self.call(|| Call::Find { tag, now });
        let begun = self.node.find(tag, now);
        record(&mut self.tape, &begun);
        begun
    }

    /// As [`Node::broadcast`].
    ///
    /// # Errors
    /// As there.
    pub fn broadcast(
        &mut self,
        kind: u16,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), BroadcastError> {
        self.call(|| Call::Broadcast { kind, payload, now });
        let accepted = self.node.broadcast(kind, payload, now);
        record(&mut self.tape, &accepted);
        accepted
    }

    /// As [`Node::set_local_addresses`].
    pub fn set_local_addresses(&mut self, addresses: &[(Socket, SocketAddr)], now: Instant) {
        self.call(|| Call::SetLocalAddresses { addresses: Addresses::new(addresses), now });
        self.node.set_local_addresses(addresses, now);
        record(&mut self.tape, &());
    }

    /// As [`Node::network_changed`].
    pub fn network_changed(&mut self, now: Instant) {
        self.call(|| Call::NetworkChanged { now });
        self.node.network_changed(now);
        record(&mut self.tape, &());
    }

    /// As [`Node::change_secret`].
    pub fn change_secret(&mut self, secret: [u8; 32]) {
        self.call(|| Call::ChangeSecret { secret });
        self.node.change_secret(secret);
        record(&mut self.tape, &());
    }

    /// As [`Node::retire_previous_secret`].
    pub fn retire_previous_secret(&mut self) {
        self.call(|| Call::RetirePreviousSecret);
        self.node.retire_previous_secret();
        record(&mut self.tape, &());
    }

    /// As [`Node::hold_messages`].
    pub fn hold_messages(&mut self, hold: bool) {
        self.call(|| Call::HoldMessages { hold });
        self.node.hold_messages(hold);
        record(&mut self.tape, &());
    }

    /// As [`Node::hold_messages_of`].
    ///
    /// # Errors
    /// As there.
    pub fn hold_messages_of(&mut self, peer: Peer, hold: bool) -> Result<(), UnknownPeer> {
        self.call(|| Call::HoldMessagesOf { peer, hold });
        let held = self.node.hold_messages_of(peer, hold);
        record(&mut self.tape, &held);
        held
    }

    /// As [`Node::close`].
    ///
    /// # Errors
    /// As there.
    pub fn close(&mut self, peer: Peer, now: Instant) -> Result<(), UnknownPeer> {
        self.call(|| Call::Close { peer, now });
        let closed = self.node.close(peer, now);
        record(&mut self.tape, &closed);
        closed
    }

    /// As [`Node::send_datagram`].
    ///
    /// # Errors
    /// As there.
    pub fn send_datagram(
        &mut self,
        to: Peer,
        payload: &[u8],
        out: &mut [u8; MAX_TRANSMIT],
    ) -> Result<Transmit, SendError> {
        self.call(|| Call::SendDatagram { to, payload });
        let sent = self.node.send_datagram(to, payload, out);
        record(&mut self.tape, &sent.map(|transmit| transmit.with_bytes(out)));
        sent
    }

    /// As [`Node::send_message`].
    ///
    /// # Errors
    /// As there.
    pub fn send_message(
        &mut self,
        to: Peer,
        message: Outgoing<'_>,
        now: Instant,
    ) -> Result<MessageId, SendError> {
        self.call(|| Call::SendMessage { to, message, now });
        let accepted = self.node.send_message(to, message, now);
        record(&mut self.tape, &accepted);
        accepted
    }

    /// As [`Node::complete_job`].
    ///
    /// # Errors
    /// As there.
    pub fn complete_job(&mut self, done: Done, now: Instant) -> Result<(), Stale> {
        let Done { ticket, outcome } = done;
        self.call(|| Call::CompleteJob { ticket, outcome: outcome.clone(), now });
        let completed = self.node.complete_job(Done { ticket, outcome }, now);
        record(&mut self.tape, &completed);
        completed
    }

    /// As [`Node::run_jobs`].
    pub fn run_jobs(&mut self, keys: &impl Keys, now: Instant) {
        while let Some(job) = self.poll_job() {
            // Nothing can have come between: it is not stale.
            let _ = self.complete_job(job.run(keys), now);
        }
    }

    /// As [`Node::poll_job`].
    pub fn poll_job(&mut self) -> Option<Job> {
        self.call(|| Call::PollJob);
        let job = self.node.poll_job();
        record(&mut self.tape, &job.as_ref().map(|job| (job.ticket, job.work)));
        job
    }

    /// As [`Node::poll_transmit`].
    pub fn poll_transmit(&mut self, out: &mut [u8; MAX_TRANSMIT]) -> Option<Transmit> {
        self.call(|| Call::PollTransmit);
        let sent = self.node.poll_transmit(out);
        record(&mut self.tape, &sent.map(|transmit| transmit.with_bytes(out)));
        sent
    }

    /// As [`Node::poll_event`].
    pub fn poll_event(&mut self) -> Option<Event> {
        self.call(|| Call::PollEvent);
        let event = self.node.poll_event();
        record(&mut self.tape, &event);
        event
    }

    /// As [`Node::poll_message`].
    pub fn poll_message(&mut self) -> Option<Message<'_>> {
        self.call(|| Call::PollMessage);
        let message = self.node.poll_message();
        record(&mut self.tape, &message);
        message
    }

    /// As [`Node::poll_broadcast`].
    pub fn poll_broadcast(&mut self) -> Option<Broadcast<'_>> {
        self.call(|| Call::PollBroadcast);
        let broadcast = self.node.poll_broadcast();
        record(&mut self.tape, &broadcast);
        broadcast
    }

    /// As [`Node::peer`].
    pub fn peer(&mut self, id: &PeerId) -> Option<Peer> {
        self.node.peer(id)
    }

    /// The log, if there is one.
    pub fn log(&self) -> Option<&L> {
        self.tape.as_ref().map(|tape| &tape.log)
    }

    /// The node, to be looked at: a call that changes it would not be recorded.
    #[cfg(feature = "inspect")]
    pub(crate) fn unrecorded(&mut self) -> &mut Node<S> {
        &mut self.node
    }

    /// The digest over all outputs so far, if they are recorded: a [`Player`](super::Player) of the
    /// recording comes to the same.
    pub fn digest(&self) -> Option<[u8; 32]> {
        self.tape.as_ref().map(|tape| tape.digest.value())
    }

    fn call<'a>(&mut self, call: impl FnOnce() -> Call<'a>) {
        if let Some(tape) = &mut self.tape {
            tape.write(&call());
        }
    }
}

impl<S, L> Deref for Recorder<S, L> {
    type Target = Node<S>;

    fn deref(&self) -> &Node<S> {
        &self.node
    }
}

/// Notes what came of a call.
fn record<L: Log>(tape: &mut Option<Tape<L>>, output: &impl Serialize) {
    if let Some(tape) = tape {
        tape.digest.absorb(output);
        tape.log.append(&tape.digest.mark());
    }
}

impl<L: Log> Tape<L> {
    fn new(log: L, start: &Start<'_>) -> Self {
        let mut tape = Self { log, digest: Digest::new() };
        tape.log.append(&[VERSION]);
        tape.write(start);
        tape
    }

    fn write(&mut self, value: &impl Serialize) {
        postcard::serialize_with_flavor(value, Append(&mut self.log))
            .expect("a log takes everything");
    }
}

struct Append<'a, L>(&'a mut L);

impl<L: Log> postcard::ser_flavors::Flavor for Append<'_, L> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.append(data);
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.try_extend(&[data])
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
