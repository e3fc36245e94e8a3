//! The node's state and its tables, as the parts of the protocol see them: lookups, slots, timers
//! and queues. It knows what is where, and nothing of what it means.

use siphasher::sip::SipHasher13;

use crate::access::Standing;
use crate::config::Config;
use crate::counters::Counters;
use crate::crypto::random::{PublicGenerator, SecretGenerator};
use crate::delivery::{self, FlightSlot, MessageSlot};
use crate::gossip::{self, RecordSlot, RumourSlot, Seen};
use crate::heartbeat;
use crate::held::Held;
use crate::identity::PeerId;
use crate::peer::{Contact, News, Peer, PeerSlot};
use crate::punch::{self, ProbeCell, PunchSlot};
use crate::realm::Realms;
use crate::relay::{Bucket, CircuitSlot, OFFERS, Offered, Proofs, RELAYS};
use crate::session::cookie::CookieSecrets;
use crate::session::handshake::{HandshakeSlot, Share, UnderWay};
use crate::session::hint::HintLimits;
use crate::session::{Owner, SessionId, SessionSlot};
use crate::stateless::Stateless;
use crate::storage::{Capacity, Tables};
use crate::table::deadlines::{DeadlineSlot, Deadlines};
use crate::table::peer_index::PeerIndex;
use crate::table::ring::Ring;
use crate::time::Instant;
use crate::timer::{Deadline, NodeTimers, Timer};

/// All of a node but its tables.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) id: PeerId,
    pub(crate) agreement_key: [u8; 32],
    pub(crate) realms: Realms,
    pub(crate) cookie_secrets: CookieSecrets,
    /// An answer to a stranger, waiting to be sent. There is one place for all strangers.
    pub(crate) stateless: Held<Stateless>,
    pub(crate) hints: HintLimits,
    /// The latest time that a caller has said.
    pub(crate) now: Instant,
    pub(crate) secrets: SecretGenerator,
    pub(crate) public: PublicGenerator,
    pub(crate) counters: Counters,
    /// The number of the last ticket handed out.
    pub(crate) tickets: u64,
    /// The deadline at the top of the heap.
    pub(crate) first_deadline: Option<Deadline>,
    /// Where this node is reached.
    pub(crate) relays: [Held<Peer>; RELAYS],
    pub(crate) offers: [Held<Offered>; OFFERS],
    /// What it has relayed lately: altogether, and for other networks.
    pub(crate) relayed: [Bucket; 2],
    pub(crate) proofs: Proofs,
    under_way: UnderWay,
    deadlines_len: u16,
    index_hasher: SipHasher13,
    ready: Ring,
    events: Ring,
    jobs: Ring,
    free_peers: Ring,
    free_handshakes: Ring,
    free_sessions: Ring,
    pub(crate) messages: delivery::Shared,
    pub(crate) punch: punch::Shared,
    pub(crate) gossip: gossip::Shared,
    /// The node's own.
    timers: NodeTimers,
}

/// Somebody with timers and things to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Actor {
    Peer(u16),
    Handshake(u16),
    /// A circuit of ours: it has no timers.
    Circuit(u16),
    /// The node itself: it has timers, and sends nothing but to peers.
    Node,
}

/// The state and the tables, borrowed for one call.
pub(crate) struct Cx<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) peers: &'a mut [PeerSlot],
    pub(crate) handshakes: &'a mut [HandshakeSlot],
    pub(crate) sessions: &'a mut [SessionSlot],
    pub(crate) circuits: &'a mut [CircuitSlot],
    pub(crate) messages: &'a mut [MessageSlot],
    pub(crate) flights: &'a mut [FlightSlot],
    pub(crate) message_windows: &'a mut [u32],
    pub(crate) buffer: &'a mut [u8],
    pub(crate) blocks: &'a mut [u32],
    pub(crate) punches: &'a mut [PunchSlot],
    pub(crate) probe_cells: &'a mut [ProbeCell],
    pub(crate) records: &'a mut [RecordSlot],
    pub(crate) record_index: &'a mut [u16],
    pub(crate) rumours: &'a mut [RumourSlot],
    pub(crate) seen: &'a mut [Seen],
    windows: &'a mut [u64],
    deadlines: &'a mut [DeadlineSlot],
    index: &'a mut [u16],
    queues: Queues<'a>,
}

struct Queues<'a> {
    ready: &'a mut [u16],
    events: &'a mut [u16],
    jobs: &'a mut [u16],
    free_peers: &'a mut [u16],
    free_handshakes: &'a mut [u16],
    free_sessions: &'a mut [u16],
}

impl State {
    pub(crate) fn new(config: Config, id: PeerId, seed: &[u8; 32], now: Instant) -> Self {
        let mut public = PublicGenerator::new(seed);
        let index_hasher = SipHasher13::new_with_keys(public.draw_u64(), public.draw_u64());
        let agreement_key = id.agreement_key();
        // So that a result for another node, or for an earlier life of this one, fits nowhere.
        let tickets = public.draw_u64();
        let mut secrets = SecretGenerator::new(seed);
        Self {
            agreement_key,
            realms: Realms::new(&config.network, &agreement_key),
            cookie_secrets: CookieSecrets::new(&mut secrets, now),
            stateless: Held::Nothing,
            hints: HintLimits::NEW,
            config,
            id,
            now,
            messages: delivery::Shared::new(secrets.draw()),
            punch: punch::Shared::NEW,
            gossip: gossip::Shared::NEW,
            timers: NodeTimers::STOPPED,
            secrets,
            public,
            counters: Counters::ZERO,
            tickets,
            first_deadline: None,
            relays: [Held::Nothing; RELAYS],
            offers: [Held::Nothing; OFFERS],
            relayed: [Bucket::FULL; 2],
            proofs: Proofs::NONE,
            under_way: UnderWay::NONE,
            deadlines_len: 0,
            index_hasher,
            ready: Ring::EMPTY,
            events: Ring::EMPTY,
            jobs: Ring::EMPTY,
            free_peers: Ring::EMPTY,
            free_handshakes: Ring::EMPTY,
            free_sessions: Ring::EMPTY,
        }
    }

    /// Hashes addresses so that nobody can tell which ones share a cell.
    pub(crate) fn address_hasher(&self) -> &SipHasher13 {
        &self.index_hasher
    }

    /// Of tables with room for so many peers and sessions.
    #[cfg(feature = "inspect")]
    pub(crate) fn usage(&self, peers: usize, sessions: usize) -> crate::inspect::Usage {
        let used = |of: usize, free: &Ring| of - free.len();
        crate::inspect::Usage {
            peers: used(peers, &self.free_peers),
            handshakes: used(sessions - 2 * peers, &self.free_handshakes),
            sessions: used(sessions, &self.free_sessions),
            messages: self.messages.in_use(),
            records: self.gossip.records(),
        }
    }
}

impl<'a> Cx<'a> {
    pub(crate) fn new(state: &'a mut State, tables: Tables<'a>) -> Self {
        let capacity = Capacity {
            peers: tables.peers.len(),
            handshakes: tables.handshakes.len(),
            window_bits: 0,
            messages: 0,
            message_window: 0,
            buffer: 0,
            circuits: tables.circuits.len(),
            punches: 0,
            records: 0,
            rumours: 0,
        };
        Self {
            state,
            peers: tables.peers,
            handshakes: tables.handshakes,
            sessions: tables.sessions,
            circuits: tables.circuits,
            messages: tables.messages,
            flights: tables.flights,
            message_windows: tables.message_windows,
            buffer: tables.buffer,
            blocks: tables.blocks,
            punches: tables.punches,
            probe_cells: tables.probe_cells,
            records: tables.records,
            record_index: tables.record_index,
            rumours: tables.rumours,
            seen: tables.seen,
            windows: tables.windows,
            deadlines: tables.deadlines,
            index: tables.index,
            queues: Queues::split(tables.queues, &capacity),
        }
    }

    /// Empties every table, whatever the storage held before.
    pub(crate) fn clear(&mut self) {
        self.peers.fill_with(|| PeerSlot::EMPTY);
        self.handshakes.fill_with(|| HandshakeSlot::EMPTY);
        self.sessions.fill_with(|| SessionSlot::EMPTY);
        self.circuits.fill_with(|| CircuitSlot::EMPTY);
        self.deadlines.fill(DeadlineSlot::EMPTY);
        self.message_windows.fill(0);
        self.blocks.fill(0);
        self.punches.fill_with(|| PunchSlot::EMPTY);
        self.probe_cells.fill(ProbeCell::EMPTY);
        gossip::clear(self);
        self.state.messages.clear(self.messages, self.flights);
        self.peer_index().clear();
        for slot in slots(self.peers.len()) {
            self.state.free_peers.push(self.queues.free_peers, slot);
        }
        for slot in slots(self.handshakes.len()) {
            self.state.free_handshakes.push(self.queues.free_handshakes, slot);
        }
        for slot in slots(self.sessions.len()) {
            self.state.free_sessions.push(self.queues.free_sessions, slot);
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.state.now
    }

    // Peers.

    pub(crate) fn find_peer(&mut self, id: &PeerId) -> Option<u16> {
        let peers = &*self.peers;
        let index = PeerIndex { hasher: &self.state.index_hasher, cells: self.index };
        index.find(id, |slot| peers[usize::from(slot)].contact().id)
    }

    pub(crate) fn peer(&mut self, slot: u16) -> &mut PeerSlot {
        &mut self.peers[usize::from(slot)]
    }

    /// The slot behind a handle, if the handle is still good.
    pub(crate) fn resolve(&self, peer: Peer) -> Option<u16> {
        let slot = self.peers.get(usize::from(peer.slot))?;
        (slot.generation == peer.generation && slot.is_taken).then_some(peer.slot)
    }

    pub(crate) fn handle(&self, slot: u16) -> Peer {
        Peer { slot, generation: self.peers[usize::from(slot)].generation }
    }

    /// Takes a slot for a peer not known so far, or for whoever may be at an address.
    pub(crate) fn add_peer(&mut self, contact: Option<Contact>) -> Option<u16> {
        let slot = self.state.free_peers.pop(self.queues.free_peers)?;
        let now = self.now();
        let channel = self.state.public.draw_u64();
        // So that a reply to a request of an earlier life or record is none to one of this. There
        // is room above for more than anybody sends.
        let first_number = self.state.public.draw_u64() >> 16;
        let peer = self.peer(slot);
        peer.is_taken = true;
        peer.delivery.outbox.next_number = first_number;
        peer.since = now;
        peer.channel.local = channel;
        if let Some(contact) = contact {
            self.identify(slot, contact);
        }
        Some(slot)
    }

    /// Notes who the peer in a slot is, whom nobody knew so far.
    pub(crate) fn identify(&mut self, slot: u16, contact: Contact) {
        self.peer(slot).contact = Some(contact);
        self.peer_index().insert(&contact.id, slot);
    }

    /// A hash whose key is this node's own.
    pub(crate) fn short_hash(&self, bytes: &[u8]) -> u64 {
        self.state.index_hasher.hash(bytes)
    }

    /// Peers that there is room for.
    pub(crate) fn free_peers(&self) -> usize {
        self.state.free_peers.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.state.free_peers.len() == 0
    }

    /// Of the peers that nobody asked for, the one to lose first: gone, or overdue, and so for longest.
    pub(crate) fn least_wanted_peer(&self) -> Option<u16> {
        slots(self.peers.len())
            .filter(|&slot| self.peers[usize::from(slot)].standing == Standing::Met)
            .min_by_key(|&slot| {
                let peer = &self.peers[usize::from(slot)];
                (self.is_in_touch(peer), peer.since)
            })
    }

    /// Whether there is a session with a peer, and it answers as often as this node would like it to.
    pub(crate) fn is_in_touch(&self, peer: &PeerSlot) -> bool {
        let interval = self.state.config.ping_interval;
        peer.current.is_some() && !heartbeat::is_overdue(peer, interval, self.now())
    }

    /// Forgets a peer that has no session, no handshake and no messages.
    pub(crate) fn remove_peer(&mut self, slot: u16) {
        let peer = &mut self.peers[usize::from(slot)];
        assert!(peer.current.is_none() && peer.previous.is_none() && peer.initiating.is_none());
        assert!(peer.delivery.is_empty(), "its messages have ended");
        if let Some(Contact { id, .. }) = peer.contact {
            let peers = &*self.peers;
            let mut index = PeerIndex { hasher: &self.state.index_hasher, cells: self.index };
            index.remove(&id, |slot| peers[usize::from(slot)].contact().id);
        }
        let peer = &mut self.peers[usize::from(slot)];
        // Still queued, perhaps: the flags stay, and whoever takes it out finds nothing to do.
        let (is_ready, queued) = (peer.is_ready, peer.news.queued);
        let generation = peer.generation.wrapping_add(1);
        *peer = PeerSlot {
            generation,
            is_ready,
            news: News { queued, ..News::NONE },
            ..PeerSlot::EMPTY
        };
        self.update_deadline(Actor::Peer(slot));
        self.state.free_peers.push(self.queues.free_peers, slot);
    }

    fn peer_index(&mut self) -> PeerIndex<'_> {
        PeerIndex { hasher: &self.state.index_hasher, cells: self.index }
    }

    // Handshakes.

    pub(crate) fn handshake(&mut self, slot: u16) -> &mut HandshakeSlot {
        &mut self.handshakes[usize::from(slot)]
    }

    /// A slot for a handshake, if its share is not used up.
    pub(crate) fn take_handshake(&mut self, share: Share) -> Option<u16> {
        if !self.has_place(share) {
            return None;
        }
        let slot = self.state.free_handshakes.pop(self.queues.free_handshakes)?;
        self.state.under_way.begin(share);
        self.handshake(slot).share = share;
        Some(slot)
    }

    /// Whether a handshake of this share may begin.
    pub(crate) fn has_place(&self, share: Share) -> bool {
        self.state.under_way.has_place(share, self.handshakes.len())
    }

    pub(crate) fn is_under_load(&self) -> bool {
        self.state.under_way.is_load(self.handshakes.len())
    }

    /// The stranger who began this handshake has proved to be a peer.
    pub(crate) fn move_to_known(&mut self, slot: u16) {
        let share = self.handshake(slot).share;
        self.handshake(slot).share = Share::Known;
        self.state.under_way.end(share);
        self.state.under_way.begin(Share::Known);
    }

    /// Erases a handshake and gives its slot back.
    pub(crate) fn release_handshake(&mut self, slot: u16) {
        let handshake = self.handshake(slot);
        // Still queued, perhaps: the flags stay, and whoever takes it out finds nothing to do.
        let (is_ready, job_queued) = (handshake.is_ready, handshake.job_queued);
        let share = handshake.share;
        *handshake = HandshakeSlot::EMPTY;
        (handshake.is_ready, handshake.job_queued) = (is_ready, job_queued);
        self.state.under_way.end(share);
        self.update_deadline(Actor::Handshake(slot));
        self.state.free_handshakes.push(self.queues.free_handshakes, slot);
    }

    // Sessions.

    pub(crate) fn session(&mut self, id: SessionId) -> &mut SessionSlot {
        &mut self.sessions[usize::from(id)]
    }

    /// A session slot for a handshake, with a fresh index. There is always one: see [`Capacity`].
    pub(crate) fn take_session(&mut self, handshake: u16) -> SessionId {
        let taken = self.state.free_sessions.pop(self.queues.free_sessions);
        let id = taken.expect("a session for every handshake, and two for every peer");
        let mask = self.index_mask();
        let local_index = (self.state.public.draw_u32() & !mask) | u32::from(id);
        let session = self.session(id);
        session.owner = Owner::Handshake(handshake);
        session.local_index = local_index;
        self.window(id).fill(0);
        id
    }

    pub(crate) fn release_session(&mut self, id: SessionId) {
        self.session(id).erase();
        self.state.free_sessions.push(self.queues.free_sessions, id);
    }

    /// The session that a datagram is addressed to: all 32 bits are compared.
    pub(crate) fn find_session(&self, index: u32) -> Option<SessionId> {
        let id = (index & self.index_mask()) as u16;
        let session = self.sessions.get(usize::from(id))?;
        (session.owner != Owner::Nobody && session.local_index == index).then_some(id)
    }

    /// The session with the words of its replay window.
    pub(crate) fn session_and_window(&mut self, id: SessionId) -> (&mut SessionSlot, &mut [u64]) {
        let words = self.windows.len() / self.sessions.len();
        let window = &mut self.windows[usize::from(id) * words..][..words];
        (&mut self.sessions[usize::from(id)], window)
    }

    /// Bits of every replay window.
    pub(crate) fn window_bits(&self) -> usize {
        self.windows.len() / self.sessions.len() * 64
    }

    fn window(&mut self, id: SessionId) -> &mut [u64] {
        self.session_and_window(id).1
    }

    fn index_mask(&self) -> u32 {
        // At most 2 * 16,384 + 4,096 sessions.
        (self.sessions.len() as u32).next_power_of_two() - 1
    }

    // Circuits.

    pub(crate) fn circuit(&mut self, slot: u16) -> &mut CircuitSlot {
        &mut self.circuits[usize::from(slot)]
    }

    // Messages.

    pub(crate) fn message(&mut self, slot: u16) -> &mut MessageSlot {
        &mut self.messages[usize::from(slot)]
    }

    // Timers.

    pub(crate) fn set_timer(&mut self, actor: Actor, timer: Timer, at: Option<Instant>) {
        match actor {
            Actor::Peer(slot) => self.peer(slot).timers.set(timer, at),
            Actor::Handshake(slot) => self.handshake(slot).timers.set(timer, at),
            Actor::Circuit(_) => unreachable!("a circuit has no timers"),
            Actor::Node => self.state.timers.set(timer, at),
        }
        self.update_deadline(actor);
    }

    /// The earliest timer of all that is due, stopped.
    pub(crate) fn take_due_timer(&mut self) -> Option<(Actor, Timer)> {
        let now = self.now();
        let (number, _) = self.heap().first().filter(|(_, deadline)| deadline.at <= now)?;
        let actor = self.actor_of_deadline(number);
        let timer = match actor {
            Actor::Peer(slot) => self.peer(slot).timers.take_due(now),
            Actor::Handshake(slot) => self.handshake(slot).timers.take_due(now),
            Actor::Circuit(_) => unreachable!("a circuit has no timers"),
            Actor::Node => self.state.timers.take_due(now),
        };
        self.update_deadline(actor);
        timer.map(|timer| (actor, timer))
    }

    fn update_deadline(&mut self, actor: Actor) {
        let deadline = match actor {
            Actor::Peer(slot) => self.peer(slot).timers.earliest(),
            Actor::Handshake(slot) => self.handshake(slot).timers.earliest(),
            Actor::Circuit(_) => unreachable!("a circuit has no timers"),
            Actor::Node => self.state.timers.earliest(),
        };
        let number = self.deadline_number(actor);
        let mut heap = self.heap();
        heap.set(number, deadline);
        let first = heap.first().map(|(_, deadline)| deadline);
        self.state.first_deadline = first;
    }

    fn heap(&mut self) -> Deadlines<'_> {
        Deadlines { len: &mut self.state.deadlines_len, slots: self.deadlines }
    }

    // Queues.

    /// The actor has something to send.
    pub(crate) fn make_ready(&mut self, actor: Actor) {
        let is_ready = self.is_ready(actor);
        if !core::mem::replace(is_ready, true) {
            let number = self.number(actor);
            self.state.ready.push(self.queues.ready, number);
        }
    }

    pub(crate) fn take_ready(&mut self) -> Option<Actor> {
        let number = self.state.ready.pop(self.queues.ready)?;
        let actor = self.actor(number);
        *self.is_ready(actor) = false;
        Some(actor)
    }

    fn is_ready(&mut self, actor: Actor) -> &mut bool {
        match actor {
            Actor::Peer(slot) => &mut self.peer(slot).is_ready,
            Actor::Handshake(slot) => &mut self.handshake(slot).is_ready,
            Actor::Circuit(slot) => &mut self.circuit(slot).is_ready,
            Actor::Node => unreachable!("the node sends only to peers"),
        }
    }

    /// The application has something to be told of this peer.
    pub(crate) fn make_news(&mut self, slot: u16) {
        if !core::mem::replace(&mut self.peer(slot).news.queued, true) {
            self.state.events.push(self.queues.events, slot);
        }
    }

    pub(crate) fn take_news(&mut self) -> Option<u16> {
        let slot = self.state.events.pop(self.queues.events)?;
        self.peer(slot).news.queued = false;
        Some(slot)
    }

    /// The handshake waits for a public-key operation. One on which work was done goes before those that only
    /// begin: who does a little of each finishes none in time.
    pub(crate) fn queue_job(&mut self, slot: u16) {
        let handshake = self.handshake(slot);
        let goes_on = handshake.has_had_work;
        if core::mem::replace(&mut handshake.job_queued, true) {
            return;
        }
        match goes_on {
            true => self.state.jobs.push_front(self.queues.jobs, slot),
            false => self.state.jobs.push(self.queues.jobs, slot),
        }
    }

    pub(crate) fn take_job(&mut self) -> Option<u16> {
        let slot = self.state.jobs.pop(self.queues.jobs)?;
        self.handshake(slot).job_queued = false;
        Some(slot)
    }

    /// Peers first, then handshakes, then circuits.
    fn number(&self, actor: Actor) -> u16 {
        match actor {
            Actor::Peer(slot) => slot,
            Actor::Handshake(slot) => self.peers.len() as u16 + slot,
            Actor::Circuit(slot) => (self.peers.len() + self.handshakes.len()) as u16 + slot,
            Actor::Node => unreachable!("the node sends only to peers"),
        }
    }

    /// Peers, handshakes, then the node: circuits have no timers.
    fn deadline_number(&self, actor: Actor) -> u16 {
        match actor {
            Actor::Node => (self.peers.len() + self.handshakes.len()) as u16,
            _ => self.number(actor),
        }
    }

    fn actor_of_deadline(&self, number: u16) -> Actor {
        match self.actor(number) {
            Actor::Circuit(_) => Actor::Node,
            actor => actor,
        }
    }

    fn actor(&self, number: u16) -> Actor {
        let Some(number) = number.checked_sub(self.peers.len() as u16) else {
            return Actor::Peer(number);
        };
        match number.checked_sub(self.handshakes.len() as u16) {
            None => Actor::Handshake(number),
            Some(slot) => Actor::Circuit(slot),
        }
    }
}

impl<'a> Queues<'a> {
    fn split(cells: &'a mut [u16], capacity: &Capacity) -> Self {
        let (peers, handshakes) = (capacity.peers, capacity.handshakes);
        let (ready, cells) = cells.split_at_mut(peers + handshakes + capacity.circuits);
        let (events, cells) = cells.split_at_mut(peers);
        let (jobs, cells) = cells.split_at_mut(handshakes);
        let (free_peers, cells) = cells.split_at_mut(peers);
        let (free_handshakes, free_sessions) = cells.split_at_mut(handshakes);
        Self { ready, events, jobs, free_peers, free_handshakes, free_sessions }
    }
}

/// The numbers of a table's slots.
fn slots(len: usize) -> core::ops::Range<u16> {
    0..u16::try_from(len).expect("checked with the capacity")
}
