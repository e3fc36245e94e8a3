//! Whom the configuration, or somebody since, has asked for; and where they are.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use underpass_core::{Instant, Peer};

use crate::peer_address::{HostPort, PeerAddress};

/// Peers asked for at once.
const ASKED_MAX: usize = 1024;
/// How long a name is looked up.
const LOOK_UP: Duration = Duration::from_secs(10);
/// Names looked up at once: each takes up a thread, and others are needed for keys and the store.
const LOOK_UPS_AT_ONCE: usize = 8;
/// A peer that only somebody has sent to is forgotten if it does not answer so long after.
const FORGOTTEN_AFTER: underpass_core::Duration = underpass_core::Duration::from_secs(600);

/// A peer that was asked for.
pub(super) struct Asked {
    pub(super) address: PeerAddress,
    pub(super) role: Role,
    /// By which the node knows it; not as long as its name is being looked up.
    pub(super) peer: Option<Peer>,
    is_looked_up: bool,
    /// When somebody wanted it last.
    used_at: Instant,
    /// Which of its addresses is next.
    tried: usize,
}

/// Why a peer was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// The configuration asks for it.
    Configured,
    /// So it does, as of a relay of another network.
    ForeignRelay,
    /// Somebody has sent to it, in this life or the one before.
    SentTo,
    /// It has called, and may relay: this node is found there.
    Adopted,
}

impl Role {
    /// Whether it is forgotten when it is gone for long.
    fn is_passing(self) -> bool {
        matches!(self, Self::SentTo | Self::Adopted)
    }
}

/// What a name was found to mean.
pub(super) struct Found {
    pub(super) number: usize,
    pub(super) addresses: Vec<SocketAddr>,
}

/// All that were asked for.
pub(super) struct Roster {
    asked: BTreeMap<usize, Asked>,
    next: usize,
    looking_up: JoinSet<Found>,
    look_ups: Arc<Semaphore>,
    /// Peers that have said that they are about to be gone, and in which session, by its handshake's
    /// hash: in another one they are there again.
    left: BTreeMap<Peer, Option<[u8; 32]>>,
}

impl Roster {
    pub(super) fn new() -> Self {
        Self {
            asked: BTreeMap::new(),
            next: 0,
            looking_up: JoinSet::new(),
            look_ups: Arc::new(Semaphore::new(LOOK_UPS_AT_ONCE)),
            left: BTreeMap::new(),
        }
    }

    /// The number by which it is known here; `None` if there is no room.
    pub(super) fn add(&mut self, address: PeerAddress, role: Role, now: Instant) -> Option<usize> {
        let mut asked = self.asked.iter_mut();
        if let Some((number, known)) = asked.find(|(_, asked)| asked.address == address) {
            known.used_at = now;
            return Some(*number);
        }
        if self.asked.len() >= ASKED_MAX {
            return None;
        }
        let number = self.next;
        self.next += 1;
        let asked =
            Asked { address, role, peer: None, is_looked_up: false, used_at: now, tried: 0 };
        self.asked.insert(number, asked);
        Some(number)
    }

    /// `None` if it was forgotten.
    pub(super) fn get(&self, number: usize) -> Option<&Asked> {
        self.asked.get(&number)
    }

    pub(super) fn set_peer(&mut self, number: usize, peer: Peer) {
        if let Some(asked) = self.asked.get_mut(&number) {
            asked.peer = Some(peer);
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &Asked)> {
        self.asked.iter().map(|(number, asked)| (*number, asked))
    }

    /// Why a peer was asked for; `None` if it was not.
    pub(super) fn role(&self, peer: Peer) -> Option<Role> {
        self.asked.values().find(|asked| asked.peer == Some(peer)).map(|asked| asked.role)
    }

    /// Somebody wants this peer.
    pub(super) fn is_used(&mut self, peer: Peer, now: Instant) {
        for asked in self.asked.values_mut().filter(|asked| asked.peer == Some(peer)) {
            asked.used_at = now;
        }
    }

    /// Of the peers that somebody has only sent to, the one that was wanted longest ago, if that is too long
    /// ago or there is no more room; of those that need not be kept.
    pub(super) fn to_be_forgotten(
        &self,
        now: Option<Instant>,
        is_needed: impl Fn(Peer) -> bool,
    ) -> Option<usize> {
        let is_old = |asked: &Asked| {
            now.is_none_or(|now| now.saturating_since(asked.used_at) > FORGOTTEN_AFTER)
        };
        let mut all: Vec<_> = self.all().filter(|(_, asked)| asked.role.is_passing()).collect();
        all.sort_by_key(|(_, asked)| asked.used_at);
        let mut old = all.into_iter().filter(|(_, asked)| is_old(asked));
        old.find(|(_, asked)| !asked.peer.is_some_and(&is_needed)).map(|(number, _)| number)
    }

    /// Forgets one; the node's handle of it.
    pub(super) fn forget(&mut self, number: usize) -> Option<Peer> {
        self.asked.remove(&number)?.peer
    }

    /// As people have called a peer.
    pub(super) fn name(&self, peer: Peer) -> Option<String> {
        let asked = self.asked.values().find(|asked| asked.peer == Some(peer))?;
        Some(asked.address.to_string())
    }

    /// Looks up a name, unless that is being done.
    pub(super) fn look_up(&mut self, number: usize, host: HostPort) {
        let Some(asked) = self.asked.get_mut(&number) else { return };
        if std::mem::replace(&mut asked.is_looked_up, true) {
            return;
        }
        let look_ups = Arc::clone(&self.look_ups);
        self.looking_up.spawn(async move {
            let _place = look_ups.acquire_owned().await;
            let name = (host.host.as_str(), host.port);
            let found = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host(name)).await;
            let addresses = match found {
                Ok(Ok(addresses)) => addresses.collect(),
                Ok(Err(error)) => {
                    tracing::warn!(%host, %error, "the name is not found");
                    Vec::new()
                }
                Err(_) => {
                    tracing::warn!(%host, "the name is not found in time");
                    Vec::new()
                }
            };
            Found { number, addresses }
        });
    }

    /// The next name that was looked up. Never if none is.
    pub(super) async fn found(&mut self) -> Found {
        loop {
            match self.looking_up.join_next().await {
                Some(Ok(found)) => {
                    if let Some(asked) = self.asked.get_mut(&found.number) {
                        asked.is_looked_up = false;
                    }
                    return found;
                }
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Of these addresses, the one whose turn it is.
    pub(super) fn next<T: Copy>(&mut self, number: usize, of: &[T]) -> Option<T> {
        let asked = self.asked.get_mut(&number)?;
        let next = of.get(asked.tried % of.len().max(1)).copied();
        asked.tried = asked.tried.wrapping_add(1);
        next
    }

    /// The peer has said in this session that it is about to be gone.
    pub(super) fn leaves(&mut self, peer: Peer, session: Option<[u8; 32]>) {
        self.left.insert(peer, session);
    }

    /// Whether it has said so in the session that there is, if there is one.
    pub(super) fn has_left(&self, peer: Peer, session: Option<[u8; 32]>) -> bool {
        self.left.get(&peer).is_some_and(|left| session.is_none() || *left == session)
    }

    /// Forgets what is kept of peers that the node has forgotten.
    pub(super) fn keep(&mut self, is_known: impl Fn(Peer) -> bool) {
        self.left.retain(|peer, _| is_known(*peer));
        for asked in self.asked.values_mut() {
            asked.peer = asked.peer.filter(|peer| is_known(*peer));
        }
    }
}
