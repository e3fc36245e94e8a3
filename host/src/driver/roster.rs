//! Whom the configuration, or somebody since, has asked for; and where they are.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use underpass_core::Peer;

use crate::peer_address::{HostPort, PeerAddress};

/// Peers asked for at once.
const ASKED_MAX: usize = 1024;
/// How long a name is looked up.
const LOOK_UP: Duration = Duration::from_secs(10);

/// A peer that was asked for.
pub(super) struct Asked {
    pub(super) address: PeerAddress,
    /// Of another network: it only relays.
    pub(super) is_foreign_relay: bool,
    /// By which the node knows it; not as long as its name is being looked up.
    pub(super) peer: Option<Peer>,
    is_looked_up: bool,
    /// Which of its addresses is next.
    tried: usize,
}

/// What a name was found to mean.
pub(super) struct Found {
    pub(super) number: usize,
    pub(super) addresses: Vec<SocketAddr>,
}

/// All that were asked for.
#[derive(Default)]
pub(super) struct Roster {
    asked: Vec<Asked>,
    looking_up: JoinSet<Found>,
    /// Peers that have said that they are about to be gone, and in which session, by its handshake's
    /// hash: in another one they are there again.
    left: BTreeMap<Peer, Option<[u8; 32]>>,
}

impl Roster {
    /// The number by which it is known here; `None` if there is no room.
    pub(super) fn add(&mut self, address: PeerAddress, is_foreign_relay: bool) -> Option<usize> {
        if let Some(known) = self.asked.iter().position(|asked| asked.address == address) {
            return Some(known);
        }
        if self.asked.len() == ASKED_MAX {
            return None;
        }
        self.asked.push(Asked {
            address,
            is_foreign_relay,
            peer: None,
            is_looked_up: false,
            tried: 0,
        });
        Some(self.asked.len() - 1)
    }

    pub(super) fn get(&self, number: usize) -> &Asked {
        &self.asked[number]
    }

    pub(super) fn set_peer(&mut self, number: usize, peer: Peer) {
        self.asked[number].peer = Some(peer);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &Asked)> {
        self.asked.iter().enumerate()
    }

    /// As people have called a peer.
    pub(super) fn name(&self, peer: Peer) -> Option<String> {
        let asked = self.asked.iter().find(|asked| asked.peer == Some(peer))?;
        Some(asked.address.to_string())
    }

    /// Looks up a name, unless that is being done.
    pub(super) fn look_up(&mut self, number: usize, host: HostPort) {
        let asked = &mut self.asked[number];
        if std::mem::replace(&mut asked.is_looked_up, true) {
            return;
        }
        self.looking_up.spawn(async move {
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
                    self.asked[found.number].is_looked_up = false;
                    return found;
                }
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Of these addresses, the one whose turn it is.
    pub(super) fn next<T: Copy>(&mut self, number: usize, of: &[T]) -> Option<T> {
        let asked = &mut self.asked[number];
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
        for asked in &mut self.asked {
            asked.peer = asked.peer.filter(|peer| is_known(*peer));
        }
    }
}
