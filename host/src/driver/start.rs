//! What a node is started with, and why it may not be.

use std::collections::BTreeSet;
use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use underpass_core::{
    Access, Capacity, Config, HeapStorage, Instant, MAX_TRANSMIT, PeerId, Presence, RestoreError,
    SecretIdentity, Whom,
};

use super::courier::Courier;
use super::hall::Hall;
use super::jobs::Jobs;
use super::long::Assembly;
use super::network::Network;
use super::roster::{Role, Roster};
use super::sockets::Sockets;
use super::state::State;
use super::tape::Tape;
use super::{CALLS_MAX, Calls, Driver, EVENTS_MAX, HostNode};
use crate::clock::{Clock, fresh_bytes};
use crate::event::Event;
use crate::handle::Handle;
use crate::handler::Handlers;
use crate::peer_address::PeerAddress;
use crate::sparing::Sparing;

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

impl Driver {
    pub(super) fn new(
        settings: Settings,
        events: broadcast::Sender<Event>,
    ) -> Result<Self, StartError> {
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
            roster: Roster::new(),
            adopts: adopts(&settings.config),
            may_adopt: false,
            refusals: Sparing::default(),
            ask_again_at: Instant::ORIGIN,
            courier: Courier::new(number),
            hall: Hall::new(settings.handlers),
            assembly: Assembly::default(),
            events,
            state,
            asked,
            saved_len_max: settings.capacity.saved_len_max(),
            save_at: None,
            saving: None,
            search: None,
            tags_of: settings.config.network.clone(),
            is_held: false,
            held: BTreeSet::new(),
            relays: settings.config.access.relays > Whom::Nobody
                || settings.config.relay.foreign_bytes > 0,
            out: Box::new([0; MAX_TRANSMIT]),
        };
        driver.tell_addresses();
        let allowed = settings.allow;
        for id in allowed.iter().copied() {
            if driver.node.allow(id, driver.clock.now()).is_err() {
                tracing::warn!(%id, "no room for a peer that is allowed");
            }
        }
        let configured = settings.peers.into_iter().map(|peer| (peer, Role::Configured));
        let foreign = settings.foreign_relays.into_iter().map(|relay| (relay, Role::ForeignRelay));
        for (address, role) in configured.chain(foreign) {
            driver.ask(address, role);
        }
        driver.adopt_saved(&allowed);
        Ok(driver)
    }

    /// Takes note of those that only the saved state knows, so that they are forgotten like others.
    fn adopt_saved(&mut self, allowed: &[PeerId]) {
        let is_nameless = |address: &PeerAddress| address.id().is_none();
        if self.roster.all().any(|(_, asked)| is_nameless(&asked.address)) {
            // One of them may be whom the configuration asks for.
            return;
        }
        let now = self.clock.now();
        let known: Vec<_> = self.node.peers_known().collect();
        for peer in known {
            let id = self.node.peer_id(peer).ok().flatten().filter(|id| !allowed.contains(id));
            if let Some(id) = id
                && self.roster.name(peer).is_none()
                && let Some(number) = self.roster.add(PeerAddress::Key(id), Role::SentTo, now)
            {
                self.roster.set_peer(number, peer);
            }
        }
    }
}

/// Whether it may ask those who call it to relay for it: if it is to be found, and being asked for is nothing that
/// its access policy goes by.
fn adopts(config: &Config) -> bool {
    let Access { answers, messages, relays } = config.access;
    config.gossip.presence == Presence::Discoverable
        && [answers, messages].iter().all(|whom| *whom == Whom::Network)
        && [Whom::Network, Whom::Nobody].contains(&relays)
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

impl StartError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Bind(_, error) if error.kind() == ErrorKind::AddrInUse => {
                Some("another program listens there; `listen` names other places".into())
            }
            Self::State(_, redb::Error::Io(error)) if error.kind() == ErrorKind::NotFound => {
                Some("its folder is not there; `state_file` names another place".into())
            }
            Self::State(..) => Some(
                "if no other daemon has it, move it away: only what was known of peers is lost"
                    .into(),
            ),
            _ => None,
        }
    }
}

impl std::error::Error for StartError {}
