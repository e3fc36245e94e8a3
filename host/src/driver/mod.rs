//! The short loop around a `Node`, on tokio: the same as the simulator's.
//!
//! ```text
//!   sockets   timers   jobs   network   sends   questions   answers of handlers   names looked up
//!      |         |       |       |        |         |                |                   |
//!      '---------'-------'-------'----.---'---------'----------------'-------------------'
//!                                     v
//!                         1. in: one call into the node
//!                                     |
//!                         2. out: messages, jobs, datagrams, events, until there is no more
//! ```
//!
//! One task owns the node, so that nothing is locked. Whatever comes too fast waits outside of it:
//! datagrams in the kernel, messages at their senders, callers of the handle in its channels.

mod courier;
mod doorman;
mod drain;
mod hall;
mod jobs;
mod long;
mod network;
mod roster;
mod shutdown;
mod sockets;
mod state;
mod status;
pub(crate) mod storage;
mod tape;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant as WakeAt, sleep_until};
use underpass_core::{
    Capacity, Config, Done, Instant, MAX_TRANSMIT, Peer, PeerId, PeerState, Received, Recorder,
    RestoreError, SecretIdentity, Whom,
};

use crate::clock::{Clock, fresh_bytes, std_duration};
use crate::event::Event;
use crate::handle::{Handle, Question, Send, To};
use crate::handler::Handlers;
use crate::message::SendError;
use crate::peer_address::PeerAddress;

use courier::{Courier, Parcel};
use hall::{Answered, Hall};
use jobs::Jobs;
use long::{Assembly, LongPurpose};
use network::Network;
use roster::{Found, Roster};
use sockets::{Buffers, Sockets};
use state::{Saved, State};
use storage::HeapStorage;
use tape::Tape;

pub use long::LONG_MAX;

/// The node, with a record of every call if there is to be one.
type HostNode = Recorder<HeapStorage, Tape>;

/// What callers of the handle may have waiting in its channels.
const CALLS_MAX: usize = 64;
/// Events that a watcher may be behind.
const EVENTS_MAX: usize = 1024;
/// Changes come together: what is to be saved is saved this long after the first.
const SAVE_AFTER: std::time::Duration = std::time::Duration::from_millis(500);

/// What a node is started with.
pub struct Settings {
    /// Its keys.
    pub identity: Arc<SecretIdentity>,
    /// Its network, and whom it deals with.
    pub config: Config,
    /// How much it holds.
    pub capacity: Capacity,
    /// Where it listens: a socket for each.
    pub listen: Vec<SocketAddr>,
    /// Whom it asks for.
    pub peers: Vec<PeerAddress>,
    /// Relays of other networks, with their keys and addresses.
    pub foreign_relays: Vec<PeerAddress>,
    /// Peers that it may deal with, which it does not ask for.
    pub allow: Vec<PeerId>,
    /// Where it keeps what outlives a restart, if anywhere.
    pub state: Option<PathBuf>,
    /// Where every call of the node is written to, if anywhere: the file holds its secrets.
    pub record: Option<PathBuf>,
    /// What it does with messages.
    pub handlers: Handlers,
}

/// Why a node was not started.
#[derive(Debug)]
pub enum StartError {
    /// It cannot listen there.
    Bind(SocketAddr, std::io::Error),
    /// The file of the state cannot be used.
    State(PathBuf, redb::Error),
    /// The file of the recording cannot be made.
    Record(PathBuf, std::io::Error),
    /// The operating system has no randomness.
    Seed(std::io::Error),
    /// The node's tables do not go together.
    Capacity(underpass_core::CapacityError),
}

/// Starts a node. It runs until [`Handle::shut_down`], whoever still holds a handle.
///
/// # Errors
/// [`StartError`] says why it was not started.
pub fn start(settings: Settings) -> Result<(Handle, JoinHandle<()>), StartError> {
    let (sends, incoming_sends) = mpsc::channel(CALLS_MAX);
    let (questions, incoming_questions) = mpsc::channel(CALLS_MAX);
    let (events, _) = broadcast::channel(EVENTS_MAX);
    let handle = Handle { id: settings.identity.id(), sends, questions, events: events.clone() };
    let driver = Driver::new(settings, events)?;
    let calls = Calls { sends: incoming_sends, questions: incoming_questions };
    Ok((handle, tokio::spawn(driver.run(calls))))
}

/// What comes through the handle.
struct Calls {
    sends: mpsc::Receiver<Send>,
    questions: mpsc::Receiver<Question>,
}

/// Everything but the ways in.
struct Driver {
    node: HostNode,
    clock: Clock,
    sockets: Sockets,
    jobs: Jobs,
    network: Network,
    roster: Roster,
    courier: Courier,
    hall: Hall,
    assembly: Assembly,
    events: broadcast::Sender<Event>,
    state: Option<State>,
    /// Whom the configuration asks for, as the state keeps it.
    asked: Vec<u8>,
    saved_len_max: usize,
    save_at: Option<WakeAt>,
    saving: Option<JoinHandle<()>>,
    /// Messages are held back until their handlers have caught up.
    is_held: bool,
    relays: bool,
    out: Box<[u8; MAX_TRANSMIT]>,
}

/// What wakes the loop.
enum Input {
    Readable(usize),
    Writable(usize),
    Timer,
    Job(Done),
    Network,
    Send(Option<Send>),
    Question(Option<Question>),
    Answered(Answered),
    Found(Found),
    Save,
}

impl Driver {
    fn new(settings: Settings, events: broadcast::Sender<Event>) -> Result<Self, StartError> {
        let sockets = Sockets::bind(&settings.listen)
            .map_err(|(address, error)| StartError::Bind(address, error))?;
        let state_error =
            |error| StartError::State(settings.state.clone().unwrap_or_default(), error);
        let state = settings.state.as_deref().map(State::open).transpose().map_err(state_error)?;
        let tape = match &settings.record {
            Some(path) => {
                Some(Tape::create(path).map_err(|error| StartError::Record(path.clone(), error))?)
            }
            None => None,
        };
        let clock = Clock::start();
        let asked = asked(&settings);
        let saved = match &state {
            Some(state) => state.read().map_err(state_error)?,
            None => None,
        };
        // Whom nobody asks for any more would be dialled again.
        let saved = saved.filter(|saved| saved.asked == asked).map(|saved| saved.node);
        let node = make_node(&settings, saved.as_deref(), tape, clock.now())?;
        let number = fresh_bytes().map_err(StartError::Seed)?;
        let number = u64::from_le_bytes(*number.first_chunk().expect("32 bytes are more than 8"));
        let mut driver = Self {
            node,
            clock,
            sockets,
            jobs: Jobs::new(settings.identity),
            network: Network::new(),
            roster: Roster::default(),
            courier: Courier::new(number),
            hall: Hall::new(settings.handlers),
            assembly: Assembly::default(),
            events,
            state,
            asked,
            saved_len_max: settings.capacity.saved_len_max(),
            save_at: None,
            saving: None,
            is_held: false,
            relays: settings.config.access.relays > Whom::Nobody
                || settings.config.relay.foreign_bytes > 0,
            out: Box::new([0; MAX_TRANSMIT]),
        };
        driver.tell_addresses();
        for id in settings.allow {
            if driver.node.allow(id, driver.clock.now()).is_err() {
                tracing::warn!(%id, "no room for a peer that is allowed");
            }
        }
        let foreign = settings.foreign_relays.into_iter().map(|relay| (relay, true));
        for (address, is_foreign) in settings.peers.into_iter().map(|p| (p, false)).chain(foreign) {
            driver.ask(address, is_foreign);
        }
        Ok(driver)
    }

    async fn run(mut self, mut calls: Calls) {
        let mut buffers = Buffers::new();
        self.drain();
        let told = loop {
            match self.input(&mut calls).await {
                Input::Question(Some(Question::ShutDown(told))) => break Some(told),
                Input::Question(None) => break None,
                input => self.handle(input, &mut buffers),
            }
            self.drain();
        };
        drop(calls);
        self.shut_down(&mut buffers).await;
        if let Some(told) = told {
            let _ = told.send(());
        }
    }

    /// Waits for whatever comes first.
    async fn input(&mut self, calls: &mut Calls) -> Input {
        let wake_at = self.wake_at();
        let takes_sends = self.courier.has_room();
        let Self { sockets, jobs, network, roster, hall, save_at, .. } = self;
        let save = async {
            match *save_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let timer = async {
            match wake_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            socket = sockets.readable() => Input::Readable(socket),
            socket = sockets.writable() => Input::Writable(socket),
            () = timer => Input::Timer,
            done = jobs.done() => Input::Job(done),
            () = network.news() => Input::Network,
            send = calls.sends.recv(), if takes_sends => Input::Send(send),
            question = calls.questions.recv() => Input::Question(question),
            answered = hall.answered() => Input::Answered(answered),
            found = roster.found() => Input::Found(found),
            () = save => Input::Save,
        }
    }

    /// When the node wants to be called, by the runtime's clock.
    fn wake_at(&self) -> Option<WakeAt> {
        let at = self.node.poll_timeout()?.at;
        Some(WakeAt::now() + std_duration(at.saturating_since(self.clock.now())))
    }

    /// 1. In.
    fn handle(&mut self, input: Input, buffers: &mut Buffers) {
        match input {
            Input::Readable(socket) => self.receive(socket, buffers),
            Input::Writable(socket) => self.sockets.unblock(socket),
            Input::Timer => self.node.handle_timeout(self.clock.now()),
            // What it was for may have ended meanwhile.
            Input::Job(done) => drop(self.node.complete_job(done, self.clock.now())),
            Input::Network => self.look_around(),
            Input::Send(Some(send)) => self.send(send),
            Input::Answered(answered) => self.answer(answered),
            Input::Found(found) => self.connect_found(&found),
            Input::Question(Some(question)) => self.say(question),
            Input::Save => self.save(),
            // All handles are gone: `Question(None)` says so, too.
            Input::Send(None) | Input::Question(None) => {}
        }
    }

    fn receive(&mut self, socket: usize, buffers: &mut Buffers) {
        let trains = self.sockets.receive(socket, buffers);
        let socket = underpass_core::Socket(socket as u8);
        for (remote, datagram) in buffers.datagrams(trains) {
            let path = underpass_core::Path { socket, remote };
            match self.node.handle_datagram(path, datagram, self.clock.now()) {
                Ok(Received::Message(message)) => {
                    let came = doorman::Came::of(&message);
                    self.admit(came);
                }
                Ok(Received::Forward { transmit, datagram }) => {
                    for (path, bytes) in transmit.datagrams(datagram) {
                        self.sockets.send(path, bytes);
                    }
                }
                Ok(_) => {}
                Err(reason) => tracing::trace!(%remote, %reason, "a datagram was refused"),
            }
        }
    }

    /// Hands a message of the application to the node.
    fn send(&mut self, send: Send) {
        let Send { to, kind, payload, ended, replied } = send;
        let purpose = match replied {
            Some(_) => LongPurpose::Request,
            None => LongPurpose::Notice,
        };
        match self.find(&to) {
            Ok(to) => {
                let parcel = Parcel { to, kind, purpose, payload, ended: Some(ended), replied };
                self.courier.send(parcel, &mut self.node, self.clock.now());
            }
            Err(error) => {
                if let Some(replied) = replied {
                    let _ = replied.send(Err(error.clone()));
                }
                let _ = ended.send(Err(error));
            }
        }
    }

    /// Sends what a handler has replied.
    fn answer(&mut self, answered: Answered) {
        let Some((to, kind, payload)) = answered.reply else { return };
        let parcel =
            Parcel { to: to.peer, kind, purpose: to.purpose, payload, ended: None, replied: None };
        self.courier.send(parcel, &mut self.node, self.clock.now());
    }

    /// Looks whether the host is where it was, and does what is due once in a while.
    fn look_around(&mut self) {
        let now = self.clock.now();
        if self.network.look() {
            tracing::info!(addresses = ?self.network.addresses(), "the network has changed");
            self.tell_addresses();
            self.node.network_changed(now);
            self.tell(Event::NetworkChanged);
        }
        self.courier.expire(now);
        self.assembly.expire(now);
        let node = &self.node;
        self.roster.keep(|peer| node.peer_state(peer).is_ok());
        self.ask_again();
    }

    fn tell_addresses(&mut self) {
        let own = sockets::reachable(&self.sockets, self.network.addresses());
        self.node.set_local_addresses(&own, self.clock.now());
    }

    /// Asks for a peer; its handle, unless its name is to be looked up first or there is no room.
    fn ask(&mut self, address: PeerAddress, is_foreign_relay: bool) -> Option<Peer> {
        let number = self.roster.add(address, is_foreign_relay)?;
        let asked = self.roster.get(number);
        if let Some(peer) = asked.peer.filter(|peer| self.node.peer_state(*peer).is_ok()) {
            return Some(peer);
        }
        match asked.address.clone() {
            PeerAddress::Key(id) => {
                let peer = self.node.connect(id, None, self.clock.now()).ok()?;
                self.roster.set_peer(number, peer);
                return Some(peer);
            }
            PeerAddress::KeyAt(_, host) | PeerAddress::At(host) => match host.literal() {
                Some(address) => self.connect_found(&Found { number, addresses: vec![address] }),
                None => self.roster.look_up(number, host),
            },
        }
        self.roster.get(number).peer
    }

    /// Calls a peer where it was found to be.
    fn connect_found(&mut self, found: &Found) {
        let paths: Vec<_> =
            found.addresses.iter().filter_map(|at| self.sockets.path_to(*at)).collect();
        let Some(path) = self.roster.next(found.number, &paths) else {
            if !found.addresses.is_empty() {
                tracing::warn!(addresses = ?found.addresses, "no socket reaches this peer");
            }
            return;
        };
        let now = self.clock.now();
        let asked = self.roster.get(found.number);
        let peer = match asked.address.id() {
            Some(id) if asked.is_foreign_relay => self.node.connect_foreign_relay(id, path, now),
            Some(id) => self.node.connect(id, path, now),
            None => self.node.connect_address(path, now),
        };
        match peer {
            Ok(peer) => self.roster.set_peer(found.number, peer),
            Err(error) => tracing::warn!(peer = %asked.address, %error, "a peer is not called"),
        }
    }

    /// Looks up the names of those again who do not answer: they may be elsewhere by now.
    fn ask_again(&mut self) {
        let is_active = |peer: Option<Peer>| {
            peer.is_some_and(|peer| self.node.peer_state(peer) == Ok(PeerState::Active))
        };
        let gone: Vec<_> = self
            .roster
            .all()
            .filter(|(_, asked)| !is_active(asked.peer))
            .filter_map(|(number, asked)| Some((number, asked.address.host()?.clone())))
            .filter(|(_, host)| host.literal().is_none())
            .collect();
        for (number, host) in gone {
            self.roster.look_up(number, host);
        }
    }

    /// The peer that is meant; it is asked for if it was not so far.
    fn find(&mut self, to: &To) -> Result<Peer, SendError> {
        match to {
            To::Peer(address) => {
                if let Some(id) = address.id() {
                    if id == self.node.id() {
                        return Ok(self.node.oneself());
                    }
                    if let Some(peer) = self.node.peer(&id) {
                        return Ok(peer);
                    }
                }
                self.ask(address.clone(), false).ok_or(SendError::UnknownPeer)
            }
            To::Prefix(prefix) => {
                let known = self.node.peers_known();
                let mut fits = known.filter(|peer| {
                    let id = self.node.peer_id(*peer);
                    id.is_ok_and(|id| id.is_some_and(|id| id.to_string().starts_with(prefix)))
                });
                match (fits.next(), fits.next()) {
                    (Some(peer), None) => Ok(peer),
                    _ => Err(SendError::UnknownPeer),
                }
            }
        }
    }

    fn say(&mut self, question: Question) {
        match question {
            Question::Status(answer) => drop(answer.send(self.status())),
            Question::Metrics(answer) => drop(answer.send(self.metrics())),
            Question::Connect(address, answer) => {
                let is_named = address.host().is_some_and(|host| host.literal().is_none());
                let asked = self.ask(address, false);
                let result = match asked.is_some() || is_named {
                    true => Ok(()),
                    false => Err(SendError::UnknownPeer),
                };
                let _ = answer.send(result);
            }
            // The loop ends with it.
            Question::ShutDown(answer) => drop(answer),
        }
    }

    fn tell(&self, event: Event) {
        // Nobody may be watching.
        let _ = self.events.send(event);
    }

    /// Writes what is to be saved, unless that is being done.
    fn save(&mut self) {
        self.save_at = None;
        if self.saving.as_ref().is_some_and(|saving| !saving.is_finished()) {
            self.save_at = Some(WakeAt::now() + SAVE_AFTER);
            return;
        }
        let Some((state, saved)) = self.saved() else { return };
        self.saving = Some(tokio::task::spawn_blocking(move || write(&state, &saved)));
    }

    fn saved(&self) -> Option<(State, Saved)> {
        let state = self.state.clone()?;
        let mut node = vec![0; self.saved_len_max];
        let len = self.node.save(&mut node).expect("there is room for all peers");
        node.truncate(len);
        Some((state, Saved { node, asked: self.asked.clone() }))
    }
}

fn write(state: &State, saved: &Saved) {
    if let Err(error) = state.write(saved) {
        tracing::error!(%error, "the state cannot be saved");
    }
}

/// What the configuration asks for, in bytes.
fn asked(settings: &Settings) -> Vec<u8> {
    let all = settings.peers.iter().chain(&settings.foreign_relays).map(ToString::to_string);
    let allowed = settings.allow.iter().map(ToString::to_string);
    all.chain(allowed).collect::<Vec<_>>().join("\n").into_bytes()
}

fn make_node(
    settings: &Settings,
    saved: Option<&[u8]>,
    mut tape: Option<Tape>,
    now: Instant,
) -> Result<HostNode, StartError> {
    let seed = || fresh_bytes().map_err(StartError::Seed);
    let (config, id) = (settings.config.clone(), settings.identity.id());
    let storage = || HeapStorage::new(settings.capacity);
    // One that cannot be restored has no recording of its own, so it is tried without first.
    if let Some(saved) = saved {
        let tried = HostNode::restore(config.clone(), id, seed()?, storage(), saved, now, None);
        match tried {
            Ok(restored) if tape.is_none() => return Ok(restored),
            Ok(_) => {
                let tape = tape.take();
                let restored = HostNode::restore(config, id, seed()?, storage(), saved, now, tape);
                return restored.map_err(|error| match error {
                    RestoreError::Capacity(error) => StartError::Capacity(error),
                    _ => unreachable!("it was restored a moment ago"),
                });
            }
            Err(RestoreError::Capacity(error)) => return Err(StartError::Capacity(error)),
            Err(error) => tracing::warn!(%error, "what was saved is not used"),
        }
    }
    HostNode::new(config, id, seed()?, storage(), now, tape).map_err(StartError::Capacity)
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => write!(f, "cannot listen at {address}: {error}"),
            Self::State(path, error) => write!(f, "{} cannot be used: {error}", path.display()),
            Self::Record(path, error) => {
                write!(f, "{} cannot be made: {error}", path.display())
            }
            Self::Seed(error) => write!(f, "the system gives no randomness: {error}"),
            Self::Capacity(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}
