//! The public calls, and nothing else.

use core::net::SocketAddr;

use zeroize::Zeroize;

use crate::access::{Access, Standing, Use};
use crate::config::Config;
use crate::counters::{Counter, Counters, Dropped};
use crate::cx::{Cx, State};
use crate::delivery::{self, ONESELF};
use crate::error::{CapacityError, ConnectError, RestoreError, SaveError, SendError, UnknownPeer};
use crate::event::Event;
#[cfg(feature = "inspect")]
use crate::gossip::RecordSlot;
use crate::gossip::{self, Broadcast, BroadcastError, FindError, Gossip, Known, Tag};
use crate::held::Held;
use crate::identity::{Keys, PeerId};
use crate::job::{Done, Job, Stale, Ticket, Waiting};
use crate::lifecycle::Asker;
use crate::message::{Message, MessageId, Outgoing, Received};
use crate::path::{MAX_TRANSMIT, Path, Route, Socket, Transmit};
use crate::peer::{Peer, PeerSlot, PeerState};
use crate::punch::{self, Relayed};
use crate::relay;
use crate::session::handshake;
use crate::storage::Storage;
use crate::time::{Duration, Instant};
use crate::timer::Deadline;
use crate::way::Way;
use crate::{lifecycle, receive, saved, timeout, transmit};

/// One member of a network. The crate's page explains how to drive it.
pub struct Node<S> {
    state: State,
    storage: S,
}

impl<S: Storage> Node<S> {
    /// Makes a node whose tables are in `storage`, whatever it held before.
    ///
    /// `seed` is 32 fresh bytes from the operating system or the hardware at every start. **A seed
    /// used twice breaks the security of every session of both lives**: it repeats ephemeral keys.
    ///
    /// # Errors
    /// [`CapacityError`] if the lengths of the tables do not go together.
    pub fn new(
        mut config: Config,
        identity: PeerId,
        mut seed: [u8; 32],
        mut storage: S,
        now: Instant,
    ) -> Result<Self, CapacityError> {
        storage.tables().capacity()?;
        config.ping_interval =
            config.ping_interval.clamp(Config::PING_INTERVAL_MIN, Config::PING_INTERVAL_MAX);
        config.message_lifetime = config
            .message_lifetime
            .clamp(Config::MESSAGE_LIFETIME_MIN, Config::MESSAGE_LIFETIME_MAX);
        let mut node = Self { state: State::new(config, identity, &seed, now), storage };
        seed.zeroize();
        node.cx().clear();
        gossip::start(&mut node.cx());
        Ok(node)
    }

    /// Makes a node that knows the peers which an earlier life of it [saved](Self::save), as many as
    /// the storage holds, and dials those that its application had asked for. All else is as in
    /// [`new`](Self::new): the seed is a fresh one.
    ///
    /// # Errors
    /// [`RestoreError`] says why no node was made.
    pub fn restore(
        config: Config,
        identity: PeerId,
        seed: [u8; 32],
        storage: S,
        saved: &[u8],
        now: Instant,
    ) -> Result<Self, RestoreError> {
        let node = Self::new(config, identity, seed, storage, now);
        let mut node = node.map_err(RestoreError::Capacity)?;
        saved::read(saved, &mut node.cx())?;
        Ok(node)
    }

    // 1. In.

    /// Takes a datagram that arrived. A payload is opened in place and borrowed from `datagram`. It
    /// may come a round trip before [`Event::Connected`]: the peer was sooner sure of the path.
    ///
    /// # Errors
    /// Why it was refused; nothing changed, but for what [`Dropped`] says of the reason.
    pub fn handle_datagram<'d>(
        &mut self,
        path: Path,
        datagram: &'d mut [u8],
        now: Instant,
    ) -> Result<Received<'d>, Dropped> {
        let path = path.without_flow();
        let mut cx = self.at(now);
        cx.state.counters.count(Counter::DatagramsReceived);
        cx.state.counters.add(Counter::BytesReceived, datagram.len());
        let received = receive::datagram(path.into(), datagram, &mut cx);
        received.inspect_err(|reason| cx.state.counters.refuse(*reason))
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        timeout::fire(&mut self.at(now));
    }

    /// Asks for a peer: it is dialled by `path` now, and again whenever it is gone, until it is
    /// [closed](Self::close). Without a path, or when nobody answers there, it is looked for at the
    /// relays of this node: those of its pinned peers that offer to relay. A peer that is asked for
    /// again keeps its handle; while it is active it is pinged at another path, and moves there if that
    /// is better. If the storage is full, a peer that was not asked for makes room: its handle is good
    /// no longer.
    ///
    /// # Errors
    /// The node is as before.
    pub fn connect(
        &mut self,
        id: PeerId,
        path: impl Into<Option<Path>>,
        now: Instant,
    ) -> Result<Peer, ConnectError> {
        let path = path.into().map(Path::without_flow);
        let mut cx = self.at(now);
        if id == cx.state.id {
            return Err(ConnectError::OwnIdentity);
        }
        let slot = lifecycle::record(id, &mut cx).ok_or(ConnectError::Full)?;
        let peer = cx.peer(slot);
        peer.standing = Standing::Pinned;
        if peer.state == PeerState::Active {
            relay::on_alive(slot, &mut cx);
            if let Some(path) = path {
                lifecycle::try_path(slot, path, &mut cx);
            }
            return Ok(cx.handle(slot));
        }
        match path {
            Some(path) => lifecycle::dial_at(slot, path, &mut cx),
            None => lifecycle::dial(slot, &mut cx),
        }
        Ok(cx.handle(slot))
    }

    /// Asks for a relay of another network, which the application knows to relay for others: it is dialled
    /// as by [`connect`](Self::connect), and peers are looked for there, but there is nothing else to be
    /// had of it.
    ///
    /// # Errors
    /// The node is as before.
    pub fn connect_foreign_relay(
        &mut self,
        id: PeerId,
        path: Path,
        now: Instant,
    ) -> Result<Peer, ConnectError> {
        let path = path.without_flow();
        let mut cx = self.at(now);
        if id == cx.state.id {
            return Err(ConnectError::OwnIdentity);
        }
        let slot = lifecycle::record(id, &mut cx).ok_or(ConnectError::Full)?;
        let peer = cx.peer(slot);
        peer.standing = Standing::Pinned;
        // Who was met as a member of this network is one.
        peer.is_foreign |= peer.channel.remote.as_ref().is_none();
        if peer.state != PeerState::Active {
            lifecycle::dial_at(slot, path, &mut cx);
        }
        Ok(cx.handle(slot))
    }

    /// Asks for whoever is at the other end of a path: it is dialled as by [`connect`](Self::connect),
    /// and becomes a peer like any other once it has shown who it is, which
    /// [`Event::Connected`] reports.
    ///
    /// Should it be a peer that the node knows already, that one counts as asked for from then on,
    /// [`Event::Connected`] names it (again, if it was active), and the handle returned here is good
    /// no longer.
    ///
    /// # Errors
    /// The node is as before.
    pub fn connect_address(&mut self, path: Path, now: Instant) -> Result<Peer, ConnectError> {
        let path = path.without_flow();
        let mut cx = self.at(now);
        let asked = cx.peers.iter().position(|peer| {
            peer.is_taken && peer.contact.is_none() && peer.known.get() == Some(path)
        });
        let asked = asked.map(|position| position as u16);
        let admit = || lifecycle::admit(None, Asker::Application, &mut cx);
        let slot = asked.or_else(admit).ok_or(ConnectError::Full)?;
        let peer = cx.peer(slot);
        (peer.standing, peer.known) = (Standing::Pinned, Held::This(path));
        lifecycle::dial(slot, &mut cx);
        Ok(cx.handle(slot))
    }

    /// Names a peer that the node may deal with where its [`Access`] says
    /// [`Whom::Listed`](crate::Whom::Listed). It is not dialled, keeps its place in the storage until
    /// it is [closed](Self::close), and has the same handle as when it calls. Of the
    /// room for messages that come in part it may have what any peer may; from those who came by
    /// themselves one is begun only while all that is held keeps within that.
    ///
    /// # Errors
    /// The node is as before.
    pub fn allow(&mut self, id: PeerId, now: Instant) -> Result<Peer, ConnectError> {
        let mut cx = self.at(now);
        if id == cx.state.id {
            return Err(ConnectError::OwnIdentity);
        }
        let slot = lifecycle::record(id, &mut cx).ok_or(ConnectError::Full)?;
        let peer = cx.peer(slot);
        peer.standing = peer.standing.max(Standing::Listed);
        Ok(cx.handle(slot))
    }

    /// Changes whom the node deals with. Peers that it does not answer any more are gone at once, as
    /// if they had fallen silent.
    pub fn set_access(&mut self, access: Access, now: Instant) {
        let mut cx = self.at(now);
        cx.state.config.access = access;
        lifecycle::apply_access(&mut cx);
    }

    /// Tells the node which addresses this host has, each with the socket that listens there; four at
    /// most count. Peers that may reach them are told when a direct way is looked for.
    pub fn set_local_addresses(&mut self, addresses: &[(Socket, SocketAddr)], now: Instant) {
        let mut cx = self.at(now);
        punch::set_local_addresses(addresses, &mut cx);
        gossip::on_moved(&mut cx);
    }

    /// Tells the node that this host is elsewhere now, or has other links: every way is tried at once,
    /// peers that are gone are dialled, and what was learnt of the NATs in front is forgotten.
    pub fn network_changed(&mut self, now: Instant) {
        lifecycle::network_changed(&mut self.at(now));
    }

    /// Goes over to a new secret of the network: from now on handshakes are begun with it. Members
    /// that do not have it yet are still answered, and dialled with the old one in every other
    /// attempt, until that is [retired](Self::retire_previous_secret). Sessions stay as they are
    /// until they are renewed.
    pub fn change_secret(&mut self, secret: [u8; 32]) {
        let network = &mut self.state.config.network;
        network.previous_secret = Some(core::mem::replace(&mut network.secret, secret));
        self.state.realms.change_secret(secret, &self.state.agreement_key);
        let mut cx = self.cx();
        lifecycle::apply_realms(&mut cx);
        relay::on_secret_change(&mut cx);
    }

    /// Ends the change of the network's secret: who has not gone over is no member any more. Handshakes
    /// under the old secret fail; sessions made under it end when they are due to be renewed.
    pub fn retire_previous_secret(&mut self) {
        self.state.config.network.previous_secret.zeroize();
        self.state.config.network.previous_secret = None;
        self.state.realms.retire_previous();
        lifecycle::apply_realms(&mut self.cx());
    }

    /// Says whether the application has no room for messages at the moment. Meanwhile none comes out of
    /// [`handle_datagram`](Self::handle_datagram): what one datagram holds is not acknowledged, and so
    /// comes again; longer ones wait for [`poll_message`](Self::poll_message) in the storage.
    pub fn hold_messages(&mut self, hold: bool) {
        self.state.messages.is_held = hold;
    }

    /// The same for the messages of one peer, so that others need not wait for what it has sent too much
    /// of. Of longer ones not even the parts are taken.
    ///
    /// # Errors
    /// The node is as before.
    pub fn hold_messages_of(&mut self, peer: Peer, hold: bool) -> Result<(), UnknownPeer> {
        let mut cx = self.cx();
        let slot = cx.resolve(peer).ok_or(UnknownPeer)?;
        cx.peer(slot).delivery.is_held = hold;
        Ok(())
    }

    /// Forgets a peer and erases its sessions. It is not told. Messages to it end, and are reported
    /// as any others; those from it that are whole can still be had.
    ///
    /// # Errors
    /// The node is as before.
    pub fn close(&mut self, peer: Peer, now: Instant) -> Result<(), UnknownPeer> {
        let mut cx = self.at(now);
        let slot = cx.resolve(peer).ok_or(UnknownPeer)?;
        lifecycle::forget(slot, &mut cx);
        Ok(())
    }

    /// Seals a payload into `out` at once: there is no queue, and nothing is kept. It arrives at
    /// most once.
    ///
    /// # Errors
    /// The node is as before.
    pub fn send_datagram(
        &mut self,
        to: Peer,
        payload: &[u8],
        out: &mut [u8; MAX_TRANSMIT],
    ) -> Result<Transmit, SendError> {
        if to == ONESELF {
            return Err(SendError::Oneself);
        }
        let mut cx = self.cx();
        let slot = cx.resolve(to).ok_or(SendError::UnknownPeer)?;
        transmit::payload(slot, payload, out, &mut cx)
    }

    /// Accepts a message, and keeps a copy until it ends: [`Event::Message`] tells how, exactly
    /// once. It need not be connected: the message waits for the peer, as long as
    /// [`Config::message_lifetime`] allows. The peer hands it up exactly once while neither end
    /// restarts or forgets the other, and at most once otherwise. Messages may overtake each other.
    ///
    /// # Errors
    /// The node is as before.
    pub fn send_message(
        &mut self,
        to: Peer,
        message: Outgoing<'_>,
        now: Instant,
    ) -> Result<MessageId, SendError> {
        delivery::accept(to, &message, &mut self.at(now))
    }

    /// Changes the node's part in gossip. One that was discoverable and is no longer says so to everybody,
    /// signed, and is forgotten.
    pub fn set_gossip(&mut self, gossip: Gossip, now: Instant) {
        let mut cx = self.at(now);
        cx.state.config.gossip = gossip;
        gossip::start(&mut cx);
    }

    /// Looks for nodes that are discoverable and have this tag, in place of what was looked for before: on
    /// up to eight walks of sixteen steps through the network. [`Event::Found`] tells of each,
    /// [`Event::SearchEnded`] of the end. Nobody but the neighbour that is asked learns who looks.
    ///
    /// # Errors
    /// The node is as before.
    pub fn find(&mut self, tag: Tag, now: Instant) -> Result<(), FindError> {
        gossip::find(tag, &mut self.at(now))
    }

    /// Tells everybody who takes part in gossip up to [`MAX_BROADCAST`](crate::MAX_BROADCAST) bytes, signed.
    /// Each hears it once as long as it runs, in any order; whoever was away for a while hears it
    /// later, up to two hours. Only a discoverable node can.
    ///
    /// # Errors
    /// The node is as before.
    pub fn broadcast(
        &mut self,
        kind: u16,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), BroadcastError> {
        gossip::broadcast(kind, payload, &mut self.at(now))
    }

    /// Takes the result of a job.
    ///
    /// # Errors
    /// [`Stale`] if nobody waits for it any more; the node is as before.
    pub fn complete_job(&mut self, done: Done, now: Instant) -> Result<(), Stale> {
        let mut cx = self.at(now);
        let Done { ticket: Ticket { waiting, number }, outcome } = &done;
        match waiting {
            Waiting::Handshake(slot) => {
                let turn = handshake::on_outcome(*slot, *number, outcome, &mut cx)?;
                lifecycle::on_turn(turn, &mut cx);
                Ok(())
            }
            Waiting::Proof => relay::on_proof(*number, outcome, &mut cx),
            Waiting::Check => relay::on_check(*number, outcome, &mut cx),
            Waiting::OwnRecord => gossip::on_signed(*number, outcome, &mut cx),
            Waiting::Record(slot) => {
                let turn = gossip::on_checked(*slot, *number, outcome, &mut cx)?;
                lifecycle::on_turn(turn, &mut cx);
                Ok(())
            }
            Waiting::Rumour(slot) => gossip::on_rumour_done(*slot, *number, outcome, &mut cx),
        }
    }

    /// Does all public-key work now: the simple driver's one line.
    pub fn run_jobs(&mut self, keys: &impl Keys, now: Instant) {
        while let Some(job) = self.poll_job() {
            // Nothing can have come between: it is not stale.
            let _ = self.complete_job(job.run(keys), now);
        }
    }

    // 2. Out. Polls take no time and decide nothing.

    /// The next public-key operation to be done.
    pub fn poll_job(&mut self) -> Option<Job> {
        let mut cx = self.cx();
        let (ticket, work) = handshake::take_work(&mut cx)
            .or_else(|| relay::take_work(&mut cx))
            .or_else(|| gossip::take_work(&mut cx))?;
        Some(Job { ticket, work })
    }

    /// The next datagram to be sent, written into `out`.
    pub fn poll_transmit(&mut self, out: &mut [u8; MAX_TRANSMIT]) -> Option<Transmit> {
        transmit::poll(out, &mut self.cx())
    }

    /// The next thing that the application should know.
    pub fn poll_event(&mut self) -> Option<Event> {
        let mut cx = self.cx();
        loop {
            let Some(slot) = cx.take_news() else {
                return delivery::take_ended(&mut cx).or_else(|| gossip::take_event(&mut cx));
            };
            let peer = cx.handle(slot);
            let event = cx.peer(slot).take_event(peer);
            if cx.peer(slot).has_news() {
                cx.make_news(slot);
            }
            if event.is_some() {
                return event;
            }
        }
    }

    /// The next message that was not handed up with a datagram: of more than one packet, or from
    /// this node itself. It is kept until the next call of this, and takes up room until then.
    pub fn poll_message(&mut self) -> Option<Message<'_>> {
        let mut cx = self.cx();
        let slot = delivery::take_arrived(&mut cx)?;
        let Cx { messages, buffer, .. } = cx;
        Some(messages[usize::from(slot)].as_message(buffer))
    }

    /// The next broadcast of another node; it may be lost to newer ones if it is not asked for.
    pub fn poll_broadcast(&mut self) -> Option<Broadcast<'_>> {
        let mut cx = self.cx();
        let place = gossip::take_unread(&mut cx)?;
        let Cx { rumours, .. } = cx;
        rumours[place].as_broadcast()
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called at the latest.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.state.first_deadline
    }

    // 3. Questions.

    /// Writes what of this node may outlive a restart into `out`, and returns how many bytes it is:
    /// whom it knows and where, no session and no secret.
    ///
    /// # Errors
    /// [`SaveError`] if `out` is too small.
    pub fn save(&self, out: &mut [u8]) -> Result<usize, SaveError> {
        saved::write(&self.state, self.storage.peers(), self.storage.records(), out)
    }

    /// The node's own name.
    pub fn id(&self) -> PeerId {
        self.state.id
    }

    /// The handle of the node itself, for [`send_message`](Self::send_message). It is no peer:
    /// other calls know nobody by it.
    pub fn oneself(&self) -> Peer {
        ONESELF
    }

    /// The handle of a peer that the node knows.
    pub fn peer(&mut self, id: &PeerId) -> Option<Peer> {
        let mut cx = self.cx();
        cx.find_peer(id).map(|slot| cx.handle(slot))
    }

    /// The handles of all peers that the node knows, or has been asked for.
    pub fn peers_known(&self) -> impl Iterator<Item = Peer> + '_ {
        (0..)
            .zip(self.storage.peers())
            .filter(|(_, peer)| peer.is_taken)
            .map(|(slot, peer)| Peer { slot, generation: peer.generation })
    }

    /// Who a peer is; `None` as long as there is only an address.
    ///
    /// # Errors
    /// If there is no such peer.
    pub fn peer_id(&self, peer: Peer) -> Result<Option<PeerId>, UnknownPeer> {
        self.slot(peer).map(|slot| slot.contact.map(|contact| contact.id))
    }

    /// Whether the access policy allows a peer something.
    ///
    /// # Errors
    /// If there is no such peer.
    pub fn allows(&self, what: Use, peer: Peer) -> Result<bool, UnknownPeer> {
        let standing = self.slot(peer)?.standing;
        Ok(self.state.config.access.allows(what, standing))
    }

    /// Whether a peer answers.
    ///
    /// # Errors
    /// If there is no such peer.
    pub fn peer_state(&self, peer: Peer) -> Result<PeerState, UnknownPeer> {
        self.slot(peer).map(|slot| slot.state)
    }

    /// How packets to a peer travel; `None` while it is not active.
    ///
    /// # Errors
    /// If there is no such peer.
    pub fn route(&self, peer: Peer) -> Result<Option<Route>, UnknownPeer> {
        let slot = self.slot(peer)?;
        let way = slot.ways.course.primary().filter(|_| slot.state == PeerState::Active);
        Ok(way.map(Way::route))
    }

    /// Why packets to a peer go through a relay, or why it is not reached, with the evidence; `None` if
    /// it is reached directly, or nothing is known to be in the way.
    ///
    /// # Errors
    /// If there is no such peer.
    pub fn relayed(&self, peer: Peer) -> Result<Option<Relayed>, UnknownPeer> {
        let (peers, state) = (self.storage.peers(), &self.state);
        self.slot(peer).map(|slot| punch::relayed(slot, peers, &state.punch, state.now))
    }

    /// The last round trip measured to a peer, if it was active since it was last gone.
    ///
    /// # Errors
    /// If there is no such peer.
    pub fn round_trip(&self, peer: Peer) -> Result<Option<Duration>, UnknownPeer> {
        self.slot(peer).map(|slot| slot.heartbeat.round_trip)
    }

    /// The nodes that this one knows by their records, in no order that means anything: those that ended,
    /// too, until everybody has forgotten them.
    pub fn known_peers(&self) -> impl Iterator<Item = Known> + '_ {
        let (records, now) = (self.storage.records(), self.state.now);
        (0..records.len()).filter_map(move |slot| gossip::known(records, slot, now))
    }

    /// Changes whenever [`known_peers`](Self::known_peers) does.
    pub fn known_peers_version(&self) -> u64 {
        self.state.gossip.version()
    }

    /// The peers that gossip keeps in touch with, to tell them what it hears.
    pub fn neighbours(&self) -> &[Peer] {
        self.state.gossip.neighbours()
    }

    /// The sequence of the node's own record; zero as long as it has none.
    pub fn record_sequence(&self) -> u32 {
        self.state.gossip.sequence()
    }

    /// Everything counted so far.
    pub fn counters(&self) -> &Counters {
        &self.state.counters
    }

    /// The hash of the handshake that made the session with a peer, if there is one: equal at both
    /// ends and nowhere else, so that an application can bind its own proofs to it (Noise
    /// specification, section 11.2).
    ///
    /// # Errors
    /// If there is no such peer.
    pub fn handshake_hash(&self, peer: Peer) -> Result<Option<[u8; 32]>, UnknownPeer> {
        let session = self.slot(peer)?.current;
        let hash = |id| self.storage.sessions()[usize::from(id)].handshake_hash().copied();
        Ok(session.and_then(hash))
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn peers(&self) -> &[PeerSlot] {
        self.storage.peers()
    }

    fn slot(&self, peer: Peer) -> Result<&PeerSlot, UnknownPeer> {
        let slot = self.storage.peers().get(usize::from(peer.slot)).ok_or(UnknownPeer)?;
        let is_same = slot.generation == peer.generation && slot.is_taken;
        is_same.then_some(slot).ok_or(UnknownPeer)
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn peers_and_sessions(&self) -> (&[PeerSlot], &[crate::SessionSlot]) {
        (self.storage.peers(), self.storage.sessions())
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn records(&self) -> &[RecordSlot] {
        self.storage.records()
    }

    pub(crate) fn cx(&mut self) -> Cx<'_> {
        Cx::new(&mut self.state, self.storage.tables())
    }

    fn at(&mut self, now: Instant) -> Cx<'_> {
        // Time does not go back, whatever the driver's clock does: should it leap ahead by
        // mistake, timers stand still until it has caught up.
        self.state.now = self.state.now.max(now);
        self.cx()
    }
}
