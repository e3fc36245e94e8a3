//! Our own protocol as a machine: the short loop around a `Node` that every driver is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use underpass_core::inspect::{Usage, record_owners, usage};
use underpass_core::{
    Access, BroadcastError, Capacity, Config, Deadline, Duration, Event, Gossip, HeapStorage,
    Instant, MAX_TRANSMIT, Message as ReceivedMessage, MessageId, Network, Node, Outcome, Outgoing,
    Path, Peer, PeerId, Purpose, Received, Recorder, RelayLimits, Route, SendError,
    Socket as CoreSocket, Tag, Transmit, Whom,
};

use super::{Addresses, Command, Cx, Inspect, IpFamily, Machine, SendId, Socket, Unsupported};
use crate::payload::{AppFrame, Stamp};
use crate::scenario::model::{self, Mode, NodeId, SessionState};
use crate::trace::{self, Observation};

mod app;
mod cpu;
mod hall;
mod insider;
mod inspection;
mod knowledge;
mod liar;
mod limits;
mod line;
mod memo;
mod roster;
mod secrets;
mod tapes;

pub use app::{AppCx, AppFactory, Application, Echo, End, Incoming, Sink, Ticket, Way};
pub use cpu::Cpu;
pub use insider::{Insider, Ploy};
pub use liar::{Lie, Lies};
pub use limits::Limits;
pub use memo::Memo;
pub use roster::Roster;
pub use secrets::{SecretAct, SecretActs};
pub use tapes::{Tape, Tapes};

use cpu::Worker;
use hall::{Came, Hall};
use insider::Schemer;
use liar::Liar;
use line::{Line, Message, Offer};
use secrets::Secrets;

/// The port of every node.
pub const PORT: u16 = 4747;

/// What its owner has set a node up with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How much it holds.
    pub capacity: Capacity,
    /// How long its keys' work takes.
    pub cpu: Cpu,
    /// Signatures that need not be checked again; `None` if each is.
    pub memo: Option<Arc<Memo>>,
    /// Whom to dial from the start.
    pub peers: Vec<NodeId>,
    /// At whose addresses to call from the start, whoever is there.
    pub bootstrap: Vec<NodeId>,
    /// Whom to look for at relays from the start.
    pub asks: Vec<NodeId>,
    /// Whom it deals with.
    pub access: model::Access,
    /// How much it relays for the members of the network; `None` if nothing.
    pub relay: Option<RelayLimits>,
    /// How often it wants to hear from a peer.
    pub ping_interval: Duration,
    /// At whose addresses it says it is, instead of its own.
    pub claims: Option<NodeId>,
    /// What part it takes in gossip.
    pub gossip: Option<model::Gossip>,
    /// From when on it loses what it should relay.
    pub drops_from: Option<Instant>,
    /// Whose packets these are; everybody's if there are none.
    pub drops_of: Vec<NodeId>,
    /// What it does as a relay that is not to be believed.
    pub lies: Lies,
    /// What it does in gossip that is against the rules.
    pub insider: Option<Insider>,
    /// What it looks for, and when, by the time of the world; in order.
    pub finds: Vec<(Instant, String)>,
    /// What becomes of its secret of the network.
    pub secrets: SecretActs,
    /// Whether it saves itself to its flash whenever a peer comes or goes.
    pub saves: bool,
    /// What its application is.
    pub app: AppFactory,
    /// Where the recordings of its lives go, if they are to be made.
    pub tapes: Option<Tapes>,
}

/// A node of our protocol, and what its scenario wants of it.
pub struct Underpass {
    roster: Arc<Roster>,
    setup: Arc<Setup>,
    /// There from the start on.
    running: Option<Running>,
}

struct Running {
    node: Recorder<HeapStorage, Tape>,
    secrets: Secrets,
    worker: Worker,
    /// By the number that the node knows them by.
    sockets: Vec<Socket>,
    /// The session last reported of each peer, by its handshake's hash.
    sessions: BTreeMap<NodeId, [u8; 32]>,
    /// How packets to each peer travel, as last reported.
    ways: BTreeMap<NodeId, trace::Way>,
    /// Messages that the node has accepted, by its names for them. They stay when they have ended: that
    /// one ends twice must not be overlooked.
    accepted: BTreeMap<(Peer, MessageId), Given>,
    /// Messages that it had no room for.
    line: Line,
    hall: Hall,
    liar: Liar,
    schemer: Schemer,
    /// How many of the searches it was set up with are begun.
    finds_begun: usize,
    /// How full its tables have been at most.
    most: Usage,
    /// Whom it knows by their records, by the places of these, as last reported, and when that was.
    known: Vec<Option<(PeerId, Option<NodeId>)>>,
    known_version: u64,
}

/// Which payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Given {
    whose: Whose,
    to: NodeId,
}

impl Running {
    /// Sends what the node wrote into the buffer.
    fn send(&self, transmit: &Transmit, buffer: &[u8], cx: &mut Cx<'_>) {
        for (path, bytes) in transmit.datagrams(buffer) {
            cx.send(self.sockets[usize::from(path.socket.0)], path.remote, bytes);
        }
    }
}

/// Who wants it sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// Its owner: this payload of this statement.
    Owner(SendId, u64),
    Application(Ticket),
}

impl Underpass {
    /// A machine that will do what it is set up for when it starts.
    pub fn new(roster: Arc<Roster>, setup: Arc<Setup>) -> Self {
        Self { roster, setup, running: None }
    }

    /// The node; `None` before the machine was started.
    pub fn node(&self) -> Option<&Node<HeapStorage>> {
        self.running.as_ref().map(|running| &*running.node)
    }

    /// Every name that [`Machine::metric`] knows.
    pub fn metrics() -> Vec<&'static str> {
        let done = underpass_core::Counter::ALL.iter().map(|counter| counter.name());
        let dropped = underpass_core::Dropped::ALL.iter().map(|reason| reason.name());
        done.chain(dropped)
            .chain(inspection::MARKS)
            .chain(inspection::GAUGES)
            .chain(Hall::METRICS)
            .collect()
    }

    /// What its node waits for next.
    pub(crate) fn next_timer(&self) -> Option<Deadline> {
        self.running.as_ref()?.node.poll_timeout()
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("a machine is started first")
    }

    /// After every call into the node: what arrived whole, its jobs, what it sends, what it reports,
    /// its next wake. What that leaves room for, it is offered.
    fn drive(&mut self, cx: &mut Cx<'_>) {
        for round in 0_u32.. {
            self.drain(cx);
            let has_spoken = self.speak(cx, round);
            if !self.offer_again(cx) && !has_spoken {
                break;
            }
        }
        self.report_known(cx);
        let running = self.running();
        running.most = running.most.max(usage(&running.node));
        let Running { node, worker, hall, schemer, .. } = running;
        let timer = node.poll_timeout().map(|deadline| deadline.at);
        let others = worker.done_at().into_iter().chain(hall.wake()).chain(schemer.wake());
        cx.wake_at(timer.into_iter().chain(others).min());
    }

    fn drain(&mut self, cx: &mut Cx<'_>) {
        while let Some(message) = self.running().node.poll_message() {
            let ReceivedMessage { from, id, purpose, payload, .. } = message;
            let payload = payload.to_vec();
            self.take_payload(from, Came::Message(id, purpose), &payload, cx);
        }
        let keys = self.roster.identity(cx.node());
        let running = self.running.as_mut().expect("a machine is started first");
        running.worker.work(&mut running.node, keys, cx.now());
        let mut buffer = [0; MAX_TRANSMIT];
        let lies = self.setup.lies.clone();
        let attested = lies.attests.and_then(|other| self.roster.any_address(cx.node(), other));
        while let Some(transmit) = self.running().node.poll_transmit(&mut buffer) {
            if lies != Lies::default() {
                liar::say(&lies, attested, &transmit, &mut buffer, &mut self.running().node);
            }
            self.withhold(&transmit, &mut buffer, cx);
            self.running().send(&transmit, &buffer, cx);
        }
        while let Some(event) = self.running().node.poll_event() {
            self.report(event, cx);
        }
        self.hear(cx);
    }

    fn report(&mut self, event: Event, cx: &mut Cx<'_>) {
        match event {
            Event::Connected(peer) => self.report_state(peer, SessionState::Active, cx),
            Event::Disconnected(peer) => self.report_state(peer, SessionState::Disconnected, cx),
            Event::RoundTrip(peer, rtt) => {
                self.report_session(peer, cx);
                if let Some(peer) = self.name(peer) {
                    cx.observe(Observation::Rtt { peer, rtt });
                }
            }
            Event::Route(peer, _) => self.report_way(peer, cx),
            Event::Relayed(peer, why) => {
                if let Some(peer) = self.name(peer) {
                    cx.observe(Observation::Why { peer, why });
                }
            }
            Event::Message(peer, id, outcome) => self.report_end(peer, id, outcome, cx),
            Event::Found(id) => {
                if let Some(peer) = self.roster.node(&id) {
                    cx.observe(Observation::Found { peer });
                }
            }
            _ => {}
        }
    }

    /// Reports what it has heard that was said to everybody.
    fn hear(&mut self, cx: &mut Cx<'_>) {
        while let Some(broadcast) = self.running().node.poll_broadcast() {
            let (origin, payload) = (broadcast.origin, broadcast.payload.to_vec());
            // Members of the network that are no nodes of the scenario may say what they like.
            let Some(from) = self.roster.node(&origin) else { continue };
            let Some(stamp) = Stamp::of(&payload, self.roster.canary) else {
                cx.observe(Observation::Garbled { from });
                continue;
            };
            let Stamp { send, number, sent_at } = stamp;
            let latency = cx.world_now().saturating_since(sent_at);
            cx.observe(Observation::Heard { from, send, number, latency });
        }
    }

    fn report_end(&mut self, peer: Peer, id: MessageId, outcome: Outcome, cx: &mut Cx<'_>) {
        let given = self.running().accepted.get(&(peer, id));
        let Given { whose, to } = *given.expect("it was accepted under this name");
        match whose {
            Whose::Owner(send, number) => {
                cx.observe(Observation::Ended { send, number, to, outcome });
            }
            Whose::Application(ticket) => self.tell_end(cx, to, ticket, outcome),
        }
    }

    /// Reports what came out, from whom it is said to be, and what it was marked with; then it is the
    /// application's.
    fn take_payload(&mut self, peer: Peer, came: Came, payload: &[u8], cx: &mut Cx<'_>) {
        // Members of the network that are no nodes of the scenario may send what they like.
        let Some(from) = self.name(peer) else { return };
        let canary = self.roster.canary;
        let (is_answer, bytes) = if let Some(stamp) = Stamp::of(payload, canary) {
            let Stamp { send, number, sent_at } = stamp;
            let latency = cx.world_now().saturating_since(sent_at);
            cx.observe(Observation::Delivered { from, send, number, latency });
            (false, payload)
        } else if let Some((frame, bytes)) = AppFrame::of(payload, canary) {
            cx.observe(Observation::AppReceived { from, number: frame.number });
            (frame.is_answer, bytes)
        } else {
            return cx.observe(Observation::Garbled { from });
        };
        self.hand_up(cx, (peer, from), came, is_answer, bytes);
    }

    fn report_state(&mut self, peer: Peer, state: SessionState, cx: &mut Cx<'_>) {
        self.report_session(peer, cx);
        if let Some(peer) = self.name(peer) {
            cx.observe(Observation::Session { peer, state });
            self.tell_state(cx, peer, state);
        }
        self.report_way(peer, cx);
        if self.setup.saves {
            self.save(cx);
        }
    }

    /// Reports how packets to a peer travel if it is another way than before.
    fn report_way(&mut self, peer: Peer, cx: &mut Cx<'_>) {
        let Some(node) = self.name(peer) else { return };
        let way = match self.running().node.route(peer) {
            Ok(Some(Route::Direct(path))) => Some(trace::Way::Direct(path.remote)),
            Ok(Some(Route::Relayed(relay))) => self.name(relay).map(trace::Way::Relayed),
            _ => None,
        };
        let ways = &mut self.running().ways;
        let before = match way {
            Some(way) => ways.insert(node, way),
            None => ways.remove(&node),
        };
        if before != way {
            cx.observe(Observation::Route { peer: node, way });
        }
    }

    /// Reports whom it has come to know by their records since it did so last, and whom it has forgotten.
    fn report_known(&mut self, cx: &mut Cx<'_>) {
        let roster = Arc::clone(&self.roster);
        let running = self.running();
        let version = running.node.known_peers_version();
        if std::mem::replace(&mut running.known_version, version) == version {
            return;
        }
        let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
        for (place, owner) in running.known.iter_mut().zip(record_owners(&running.node)) {
            let owner = owner.and_then(|(id, is_last)| (!is_last).then_some(id));
            if place.map(|(id, _)| id) != owner {
                let after = owner.map(|id| (id, roster.node(&id)));
                let before = std::mem::replace(place, after);
                gone.extend(before.and_then(|(_, node)| node));
                come.extend(after.and_then(|(_, node)| node));
            }
        }
        // A record that is renewed moves.
        for &peer in gone.symmetric_difference(&come) {
            cx.observe(Observation::Known { peer, is: come.contains(&peer) });
        }
        if self.setup.saves {
            self.save(cx);
        }
    }

    /// Writes whom the node knows, and where, to its flash.
    fn save(&mut self, cx: &mut Cx<'_>) {
        let mut saved = vec![0; self.setup.capacity.saved_len_max()];
        let len = self.running().node.save(&mut saved).expect("there is room for all peers");
        saved.truncate(len);
        cx.write_flash(saved);
    }

    /// Reports the session with a peer if it is another one than before.
    fn report_session(&mut self, peer: Peer, cx: &mut Cx<'_>) {
        let Some(node) = self.name(peer) else { return };
        let running = self.running();
        let Ok(Some(handshake_hash)) = running.node.handshake_hash(peer) else { return };
        if running.sessions.insert(node, handshake_hash) != Some(handshake_hash) {
            cx.observe(Observation::Established { peer: node, handshake_hash });
        }
    }

    fn name(&mut self, peer: Peer) -> Option<NodeId> {
        let node = &self.running().node;
        let id = if peer == node.oneself() { node.id() } else { node.peer_id(peer).ok()?? };
        self.roster.node(&id)
    }

    fn dial(&mut self, cx: &mut Cx<'_>) {
        let setup = Arc::clone(&self.setup);
        for &to in &setup.peers {
            let Some(path) = self.path(to, cx) else { continue };
            let id = self.roster.identity(to).id();
            let is_ours = self.roster.are_of_one(cx.node(), to);
            let node = &mut self.running().node;
            let connected = match is_ours {
                true => node.connect(id, path, cx.now()),
                false => node.connect_foreign_relay(id, path, cx.now()),
            };
            connected.expect("the storage was made for all peers");
            self.drive(cx);
        }
        for &to in &setup.bootstrap {
            let Some(path) = self.path(to, cx) else { continue };
            let called = self.running().node.connect_address(path, cx.now());
            called.expect("the storage was made for all peers");
            self.drive(cx);
        }
    }

    /// Tells the node its own addresses.
    fn tell_addresses(&mut self, cx: &Cx<'_>) {
        let Addresses { ipv4, ipv6 } = cx.addresses();
        let own = [ipv4.map(IpAddr::V4), ipv6.map(IpAddr::V6)].into_iter().flatten();
        let own = own.map(|ip| SocketAddr::new(ip, PORT));
        let own: Vec<SocketAddr> = match self.setup.claims {
            Some(other) => self.roster.own_addresses(other).collect(),
            None => own.collect(),
        };
        let now = cx.now();
        // Who claims to be another may have fewer sockets.
        let sockets = (0..).map(CoreSocket).take(self.running().sockets.len());
        let own: Vec<(CoreSocket, SocketAddr)> = sockets.zip(own).collect();
        self.running().node.set_local_addresses(&own, now);
    }

    /// Looks for those of whom nothing but the key is known.
    fn ask(&mut self, cx: &mut Cx<'_>) {
        let setup = Arc::clone(&self.setup);
        for &to in &setup.asks {
            let id = self.roster.identity(to).id();
            let asked = self.running().node.connect(id, None, cx.now());
            asked.expect("the storage was made for all peers");
            self.drive(cx);
        }
    }

    /// Begins the searches that are due. One replaces the one before.
    fn look(&mut self, cx: &Cx<'_>) {
        let (setup, now) = (Arc::clone(&self.setup), cx.now());
        let network = self.roster.network(cx.node(), 0);
        let due = setup.finds.iter().take_while(|(at, _)| *at <= cx.world_now());
        let running = self.running();
        for (_, tag) in due.skip(running.finds_begun) {
            running.finds_begun += 1;
            let begun = running.node.find(Tag::new(&network, tag), now);
            begun.expect("who looks for somebody takes part");
        }
    }

    /// How to reach a node, if that can be.
    fn path(&self, to: NodeId, cx: &Cx<'_>) -> Option<Path> {
        let remote = self.roster.address(cx.node(), to)?;
        Some(Path { socket: self.socket_for(remote, cx), remote })
    }

    /// The number of the socket that reaches this address.
    fn socket_for(&self, remote: SocketAddr, cx: &Cx<'_>) -> CoreSocket {
        let after_ipv4 = remote.is_ipv6() && cx.addresses().ipv4.is_some();
        CoreSocket(after_ipv4.into())
    }

    fn send_datagram(&mut self, cx: &mut Cx<'_>, given: Given, payload: &[u8]) {
        let id = self.roster.id(given.to);
        let running = self.running();
        let mut buffer = [0; MAX_TRANSMIT];
        let peer = id.and_then(|id| running.node.peer(&id)).ok_or(SendError::UnknownPeer);
        let sent = peer.and_then(|peer| running.node.send_datagram(peer, payload, &mut buffer));
        if let Ok(transmit) = &sent {
            running.send(transmit, &buffer, cx);
        }
        self.report_offer(given, sent.map_or_else(Offer::Refused, |_| Offer::Accepted), cx);
    }

    fn broadcast(
        &mut self,
        cx: &mut Cx<'_>,
        (send, number, to): (SendId, u64, NodeId),
        payload: &[u8],
    ) {
        let told = self.running().node.broadcast(0, payload, cx.now());
        if let Err(error) = told {
            let why = match error {
                BroadcastError::NotDiscoverable => "nobody knows of the node",
                BroadcastError::TooLong => "the payload is too long",
                BroadcastError::TooOften => "the node has said too much of late",
                BroadcastError::Full => "there is no room for another rumour",
            };
            cx.observe(Observation::Refused { send, number, to, why });
        }
    }

    /// Sends a message to a node, or to the peer that it is known as already.
    fn send_message(
        &mut self,
        cx: &mut Cx<'_>,
        given: Given,
        peer: Option<Peer>,
        purpose: Purpose,
        payload: Vec<u8>,
    ) {
        let message = Message { given, peer, purpose, payload };
        let offer = self.with_line(cx, |line, accept| line.offer(message, accept));
        self.report_offer(given, offer, cx);
    }

    /// Offers the message that waits first once more, and says whether another one may have its turn.
    fn offer_again(&mut self, cx: &mut Cx<'_>) -> bool {
        let offered = self.with_line(cx, |line, accept| line.offer_again(accept));
        match offered {
            None | Some((_, Offer::Waits)) => false,
            Some((given, offer)) => {
                self.report_offer(given, offer, cx);
                true
            }
        }
    }

    /// Lends the line, with the way into the node.
    fn with_line<R>(
        &mut self,
        cx: &Cx<'_>,
        with: impl FnOnce(&mut Line, &mut dyn FnMut(&Message) -> Result<(), SendError>) -> R,
    ) -> R {
        let (roster, own) = (Arc::clone(&self.roster), cx.node());
        let Running { node, accepted, line, hall, .. } = self.running();
        with(line, &mut |message| {
            let Message { given, peer, purpose, payload } = message;
            let find = |node: &mut Recorder<HeapStorage, Tape>| node.peer(&roster.id(given.to)?);
            let peer = match peer {
                Some(peer) => *peer,
                None if given.to == own => node.oneself(),
                None => find(node).ok_or(SendError::UnknownPeer)?,
            };
            let outgoing = Outgoing { kind: 0, purpose: *purpose, payload };
            let id = node.send_message(peer, outgoing, cx.now())?;
            accepted.insert((peer, id), *given);
            if let (Whose::Application(ticket), Purpose::Request) = (given.whose, purpose) {
                hall.note_request(peer, id, ticket);
            }
            Ok(())
        })
    }

    fn report_offer(&mut self, given: Given, offer: Offer, cx: &mut Cx<'_>) {
        let Given { whose, to } = given;
        let (send, number) = match whose {
            Whose::Owner(send, number) => (send, number),
            Whose::Application(ticket) => return self.tell_offer(cx, to, ticket, offer),
        };
        cx.observe(match offer {
            Offer::Accepted => Observation::Sent { send, number, to },
            Offer::Waits => Observation::Waits { send, number, to },
            Offer::Refused(error) => Observation::Refused { send, number, to, why: why(error) },
        });
    }
}

impl Machine for Underpass {
    fn start(&mut self, cx: &mut Cx<'_>) {
        let addresses = cx.addresses();
        let families = [addresses.ipv4.map(|_| IpFamily::V4), addresses.ipv6.map(|_| IpFamily::V6)];
        let bind = |family| cx.bind(family, PORT).expect("nobody else is on this node");
        let sockets = families.into_iter().flatten().map(bind).collect();
        let (now, setup) = (cx.now(), Arc::clone(&self.setup));
        let secrets = Secrets::at(&setup.secrets, cx.world_now());
        let model::Access { answers, messages, ref allow } = setup.access;
        let relays = if setup.relay.is_some() { Whom::Network } else { Whom::Nobody };
        let network = secrets.network(cx.node(), &self.roster);
        let config = Config {
            access: Access { answers, messages, relays },
            relay: setup.relay.unwrap_or(RelayLimits::DEFAULT),
            ping_interval: setup.ping_interval,
            gossip: setup.gossip.as_ref().map_or(Gossip::OFF, |gossip| part(gossip, &network)),
            ..Config::new(network)
        };
        let (id, seed) = (self.roster.identity(cx.node()).id(), cx.stream(&["seed"]).bytes(0));
        let storage = HeapStorage::new(setup.capacity);
        let tape = setup.tapes.as_ref().map(|tapes| tapes.of_life(cx.incarnation()));
        let is_restored = !cx.flash().is_empty();
        let node = match is_restored {
            true => Recorder::restore(config, id, seed, storage, cx.flash(), now, tape)
                .expect("it saved itself as the same node, and the flash is sound"),
            false => Recorder::new(config, id, seed, storage, now, tape)
                .expect("the storage has the lengths of its capacity"),
        };
        self.running = Some(Running {
            node,
            secrets,
            worker: Worker::new(setup.cpu, setup.memo.clone()),
            sockets,
            sessions: BTreeMap::new(),
            ways: BTreeMap::new(),
            accepted: BTreeMap::new(),
            line: Line::default(),
            liar: Liar::default(),
            schemer: Schemer::default(),
            finds_begun: 0,
            hall: Hall::new(setup.app.make(cx.node(), cx.incarnation())),
            most: Usage::default(),
            known: vec![None; setup.capacity.records],
            known_version: 0,
        });
        self.tell_addresses(cx);
        for &peer in allow {
            let id = self.roster.identity(peer).id();
            let allowed = self.running().node.allow(id, now);
            allowed.expect("the storage was made for all peers");
        }
        self.call_app(cx, |app, cx| app.start(cx));
        match is_restored {
            // It dials of its own accord whom it had been asked for.
            true => self.drive(cx),
            false => self.dial(cx),
        }
        self.ask(cx);
        self.scheme(cx);
        let has_spoken = !self.running().hall.is_silent();
        if has_spoken || self.setup.insider.is_some() {
            self.drive(cx);
        }
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        let drops = self.drops(from, cx);
        let running = self.running();
        let number = running.sockets.iter().position(|socket| *socket == on).expect("one of ours");
        let socket = CoreSocket(u8::try_from(number).expect("two at most"));
        let received = running.node.handle_datagram(Path { socket, remote: from }, bytes, cx.now());
        match received {
            Ok(Received::Datagram { from, payload }) => {
                self.take_payload(from, Came::Datagram, payload, cx);
            }
            Ok(Received::Message(ReceivedMessage { from, id, purpose, payload, .. })) => {
                self.take_payload(from, Came::Message(id, purpose), payload, cx);
            }
            Ok(Received::Forward { .. }) if drops => {}
            Ok(Received::Forward { transmit, datagram }) => {
                self.send_on(&transmit, datagram, cx);
                cx.observe(Observation::Forwarded { bytes: transmit_len(&transmit) });
            }
            Ok(_) => {}
            Err(reason) => cx.observe(Observation::Dropped { reason: reason.name() }),
        }
        self.drive(cx);
    }

    fn readdressed(&mut self, cx: &mut Cx<'_>) {
        self.tell_addresses(cx);
        let now = cx.now();
        self.running().node.network_changed(now);
        self.drive(cx);
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        self.running().node.handle_timeout(cx.now());
        self.wake_app(cx);
        self.scheme(cx);
        self.drive(cx);
    }

    fn command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Result<(), Unsupported> {
        match command {
            Command::Send { send, number, to, mode, payload } => {
                let given = Given { whose: Whose::Owner(*send, *number), to: *to };
                match mode {
                    Mode::Datagram => self.send_datagram(cx, given, payload),
                    Mode::Broadcast => self.broadcast(cx, (*send, *number, *to), payload),
                    Mode::Message => {
                        self.send_message(cx, given, None, Purpose::Notice, payload.clone());
                    }
                }
            }
            Command::Reconfigure => {
                let (roster, setup) = (Arc::clone(&self.roster), Arc::clone(&self.setup));
                let Running { node, secrets, .. } = self.running();
                secrets.catch_up(&setup.secrets, cx.world_now(), node, (cx.node(), &roster));
                self.look(cx);
            }
        }
        self.drive(cx);
        Ok(())
    }

    fn knowledge(&self, of: &[(NodeId, &str)]) -> Vec<String> {
        let node = self.node();
        node.map_or(Vec::new(), |node| knowledge::of(node, &self.roster, of))
    }

    fn inspect(&self) -> Option<&dyn Inspect> {
        self.running.is_some().then_some(self)
    }

    fn metric(&self, name: &str) -> Option<u64> {
        let running = self.running.as_ref()?;
        let counters = running.node.counters();
        let count = counters.iter().find(|(known, _)| *known == name);
        let count = count.map(|(_, value)| value);
        count
            .or_else(|| running.hall.metric(name))
            .or_else(|| self.mark(name))
            .or_else(|| self.gauge(name))
    }
}

/// What part a node takes in gossip.
fn part(gossip: &model::Gossip, network: &Network) -> Gossip {
    let silent = if gossip.is_discoverable { Gossip::DISCOVERABLE } else { Gossip::SILENT };
    let tags = gossip.tags.iter().map(|name| Tag::new(network, name));
    tags.fold(Gossip { is_bootstrap: gossip.is_bootstrap, ..silent }, Gossip::with_tag)
}

/// Bytes of the datagrams that go out, all together.
fn transmit_len(transmit: &Transmit) -> u32 {
    let len: usize = transmit.ranges().map(|(_, range)| range.len()).sum();
    u32::try_from(len).expect("datagrams are short")
}

fn why(error: SendError) -> &'static str {
    match error {
        SendError::UnknownPeer => "the peer is unknown",
        SendError::NotConnected => "not connected to the peer",
        SendError::Busy => "two paths are too far apart",
        SendError::TooLong => "the payload is too long",
        SendError::Full => "there is no room for another message",
        SendError::Unsupported => "the peer takes no messages",
        SendError::Oneself => "it would go to the node itself",
    }
}
