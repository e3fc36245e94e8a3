//! The way in, for everything that is not the network: applications, the HTTP API, scripts.

use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use underpass_core::PeerId;

use crate::event::Event;
use crate::kind;
use crate::message::{Reply, SendError};
use crate::peer_address::{HostPort, PeerAddress};
use crate::view::{KnownNode, Metrics, Status};

/// A running node. Clones are the same one.
#[derive(Clone)]
pub struct Handle {
    pub(crate) id: PeerId,
    pub(crate) sends: mpsc::Sender<Send>,
    pub(crate) questions: mpsc::Sender<Question>,
    pub(crate) events: broadcast::Sender<Event>,
}

/// A message to be sent.
pub(crate) struct Send {
    pub(crate) to: To,
    pub(crate) kind: u16,
    pub(crate) payload: Vec<u8>,
    pub(crate) ended: oneshot::Sender<Result<(), SendError>>,
    /// If it is a request.
    pub(crate) replied: Option<oneshot::Sender<Result<Reply, SendError>>>,
}

/// To whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum To {
    /// A peer by what is known of it; one that was not asked for so far is from now on.
    Peer(PeerAddress),
    /// The only peer whose id begins so.
    Prefix(String),
}

/// Something that takes no time.
pub(crate) enum Question {
    Status(oneshot::Sender<Status>),
    Metrics(oneshot::Sender<Metrics>),
    Known(oneshot::Sender<Vec<KnownNode>>),
    /// Look for nodes with a tag. A search takes the place of the one before.
    Find(String, oneshot::Sender<Vec<PeerId>>),
    /// Tell everybody.
    Broadcast(u16, Vec<u8>, oneshot::Sender<Result<(), SendError>>),
    /// Ask for a peer.
    Connect(PeerAddress, oneshot::Sender<Result<(), SendError>>),
    /// Tell all peers, save what is to be saved, and end.
    ShutDown(oneshot::Sender<()>),
}

impl Handle {
    /// The node's id.
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// Sends a message and waits until the peer has it: up to the message's lifetime, if the peer is
    /// away. It is handed up exactly once while neither end restarts, and at most once otherwise.
    ///
    /// # Errors
    /// [`SendError`] says what is known of it. Whoever stops waiting does not take it back.
    pub async fn send(&self, to: To, kind: u16, payload: Vec<u8>) -> Result<(), SendError> {
        check_kind(kind)?;
        self.send_any(to, kind, payload).await
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// As [`send`](Self::send); [`SendError::NoReply`] if the peer has it and does not reply in time.
    pub async fn request(
        &self,
        to: To,
        kind: u16,
        payload: Vec<u8>,
        within: Duration,
    ) -> Result<Reply, SendError> {
        check_kind(kind)?;
        self.request_any(to, kind, payload, within).await
    }

    pub(crate) async fn send_any(
        &self,
        to: To,
        kind: u16,
        payload: Vec<u8>,
    ) -> Result<(), SendError> {
        let (ended, has_ended) = oneshot::channel();
        let to = self.found(to).await?;
        let send = Send { to, kind, payload, ended, replied: None };
        self.sends.send(send).await.map_err(|_| SendError::ShuttingDown)?;
        has_ended.await.unwrap_or(Err(SendError::ShuttingDown))
    }

    pub(crate) async fn request_any(
        &self,
        to: To,
        kind: u16,
        payload: Vec<u8>,
        within: Duration,
    ) -> Result<Reply, SendError> {
        let (ended, mut has_ended) = oneshot::channel();
        let (replied, has_replied) = oneshot::channel();
        let exchange = async {
            let to = self.found(to).await?;
            let send = Send { to, kind, payload, ended, replied: Some(replied) };
            self.sends.send(send).await.map_err(|_| SendError::ShuttingDown)?;
            has_replied.await.unwrap_or(Err(SendError::ShuttingDown))
        };
        match tokio::time::timeout(within, exchange).await {
            Ok(reply) => reply,
            Err(_) => Err(match has_ended.try_recv() {
                Ok(Ok(())) => SendError::NoReply,
                Ok(Err(error)) => error,
                Err(_) => SendError::TimedOut,
            }),
        }
    }

    /// The same peer, asked for if it was not so far; a name that nobody has asked for is looked up.
    async fn found(&self, to: To) -> Result<To, SendError> {
        let To::Peer(peer) = &to else { return Ok(to) };
        let Some(host) = peer.host().filter(|host| host.literal().is_none()) else {
            return Ok(to);
        };
        let is_known = |status: Status| {
            let name = Some(peer.to_string());
            status.peers.iter().any(|known| known.asked_as == name)
        };
        if self.status().await.is_some_and(is_known) {
            return Ok(to);
        }
        let name = (host.host.as_str(), host.port);
        let found = tokio::net::lookup_host(name).await.map_err(|_| SendError::UnknownName)?;
        // A daemon that listens for IPv4 only is as usual as one for both.
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(std::net::SocketAddr::is_ipv6);
        let address = found.first().ok_or(SendError::UnknownName)?;
        let host = HostPort { host: address.ip().to_string(), port: address.port() };
        Ok(To::Peer(match peer.id() {
            Some(id) => PeerAddress::KeyAt(id, host),
            None => PeerAddress::At(host),
        }))
    }

    /// What happens from now on. Who reads too slowly is told how much was missed.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// The node and its peers as they are now; `None` if it has ended.
    pub async fn status(&self) -> Option<Status> {
        let (answer, answered) = oneshot::channel();
        self.questions.send(Question::Status(answer)).await.ok()?;
        answered.await.ok()
    }

    pub(crate) async fn metrics(&self) -> Option<Metrics> {
        let (answer, answered) = oneshot::channel();
        self.questions.send(Question::Metrics(answer)).await.ok()?;
        answered.await.ok()
    }

    /// The nodes that are known by hearsay, ended ones left out; `None` if this one has ended.
    pub async fn known(&self) -> Option<Vec<KnownNode>> {
        let (answer, answered) = oneshot::channel();
        self.questions.send(Question::Known(answer)).await.ok()?;
        answered.await.ok()
    }

    /// Looks for nodes with this tag, and returns those that were found when the search ends or another one
    /// takes its place; `None` if this node has ended, or takes no part in gossip.
    pub async fn find(&self, tag: &str) -> Option<Vec<PeerId>> {
        let (answer, answered) = oneshot::channel();
        self.questions.send(Question::Find(tag.into(), answer)).await.ok()?;
        answered.await.ok()
    }

    /// Tells everybody who takes part in gossip up to 512 bytes, signed; [`Event::Broadcast`] says it there.
    /// Each hears it once, in any order; whoever was away for a while hears it later, up to two hours.
    ///
    /// # Errors
    /// [`SendError::NotDiscoverable`], as who speaks to everybody is known to everybody;
    /// [`SendError::TooOften`] beyond eight a minute; if it is too long, or there is no room for it.
    pub async fn broadcast(&self, kind: u16, payload: Vec<u8>) -> Result<(), SendError> {
        check_kind(kind)?;
        let (answer, answered) = oneshot::channel();
        let question = Question::Broadcast(kind, payload, answer);
        self.questions.send(question).await.map_err(|_| SendError::ShuttingDown)?;
        answered.await.unwrap_or(Err(SendError::ShuttingDown))
    }

    /// Asks for a peer: it is called until it answers, and again whenever it is gone.
    ///
    /// # Errors
    /// If there is no room, or no socket reaches it.
    pub async fn connect(&self, peer: PeerAddress) -> Result<(), SendError> {
        let (answer, answered) = oneshot::channel();
        let question = Question::Connect(peer, answer);
        self.questions.send(question).await.map_err(|_| SendError::ShuttingDown)?;
        answered.await.unwrap_or(Err(SendError::ShuttingDown))
    }

    /// Tells all peers that this one is about to be gone, saves what is to be saved, and ends: within
    /// two seconds. Messages that have not ended by then are given up.
    pub async fn shut_down(&self) {
        let (answer, answered) = oneshot::channel();
        if self.questions.send(Question::ShutDown(answer)).await.is_ok() {
            let _ = answered.await;
        }
    }
}

fn check_kind(kind: u16) -> Result<(), SendError> {
    if kind < kind::RESERVED { Ok(()) } else { Err(SendError::ReservedKind) }
}
