//! Asking for peers: by key, by address, by a name that is looked up.

use underpass_core::{Duration, Peer, PeerState};

use super::Driver;
use super::roster::Found;
use crate::handle::To;
use crate::message::SendError;
use crate::peer_address::PeerAddress;

/// Names are looked up again that often: as often as peers are called that were known once.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);

impl Driver {
    /// Asks for a peer; its handle, unless its name is to be looked up first or there is no room.
    pub(super) fn ask(&mut self, address: PeerAddress, is_foreign_relay: bool) -> Option<Peer> {
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
    pub(super) fn connect_found(&mut self, found: &Found) {
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
    pub(super) fn ask_again(&mut self) {
        let now = self.clock.now();
        if now < self.ask_again_at {
            return;
        }
        self.ask_again_at = now + ASK_AGAIN_AFTER;
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
    pub(super) fn find(&mut self, to: &To) -> Result<Peer, SendError> {
        match to {
            To::Peer(address) => {
                if let Some(id) = address.id() {
                    if id == self.node.id() {
                        return Ok(self.node.oneself());
                    }
                    // Where it is said to be is tried, too, the first time that somebody says so.
                    let known = self.node.peer(&id).filter(|_| address.host().is_none());
                    if let Some(peer) = known {
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
}
