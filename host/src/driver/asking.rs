//! Asking for peers: by key, by address, by a name that is looked up.

use underpass_core::{ConnectError, Duration, Instant, Path, Peer, PeerState, Route};

use super::Driver;
use super::roster::{Asked, Found, Role};
use crate::handle::To;
use crate::message::SendError;
use crate::peer_address::PeerAddress;

/// Names are looked up again that often: as often as peers are called that were known once.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Relays that are asked for a place since they have called.
const ADOPTED_MAX: usize = 2;

impl Driver {
    /// Asks for a peer; its handle, unless its name is to be looked up first or there is no room.
    pub(super) fn ask(&mut self, address: PeerAddress, role: Role) -> Option<Peer> {
        let now = self.clock.now();
        let number = match self.roster.add(address.clone(), role, now) {
            Some(number) => number,
            None if self.forget_one(None) => self.roster.add(address.clone(), role, now)?,
            None => return None,
        };
        let known = self.roster.get(number)?.peer;
        if let Some(peer) = known.filter(|peer| self.node.peer_state(*peer).is_ok()) {
            return Some(peer);
        }
        match &address {
            PeerAddress::Key(_) => self.connect(number, None),
            PeerAddress::KeyAt(_, host) | PeerAddress::At(host) => match host.literal() {
                Some(address) => self.connect_found(&Found { number, addresses: vec![address] }),
                None => self.roster.look_up(number, host.clone()),
            },
        }
        self.roster.get(number)?.peer
    }

    /// Calls a peer where it was found to be.
    pub(super) fn connect_found(&mut self, found: &Found) {
        let paths: Vec<_> =
            found.addresses.iter().filter_map(|at| self.sockets.path_to(*at)).collect();
        match self.roster.next(found.number, &paths) {
            Some(path) => self.connect(found.number, Some(path)),
            None if found.addresses.is_empty() => {}
            None => tracing::warn!(addresses = ?found.addresses, "no socket reaches this peer"),
        }
    }

    /// Has the node call a peer, if need be in the place of one that is wanted less.
    fn connect(&mut self, number: usize, path: Option<Path>) {
        let Some(Asked { address, role, .. }) = self.roster.get(number) else { return };
        let (address, role) = (address.clone(), *role);
        loop {
            let now = self.clock.now();
            let peer = match (address.id(), path) {
                (Some(id), Some(path)) if role == Role::ForeignRelay => {
                    self.node.connect_foreign_relay(id, path, now)
                }
                (Some(id), path) => self.node.connect(id, path, now),
                (None, Some(path)) => self.node.connect_address(path, now),
                (None, None) => return,
            };
            match peer {
                Ok(peer) => return self.roster.set_peer(number, peer),
                Err(ConnectError::Full) if self.forget_one(None) => {}
                Err(error) => {
                    if self.refusals.next().is_some() {
                        tracing::warn!(peer = %address, %error, "a peer is not called");
                    }
                    return;
                }
            }
        }
    }

    /// A discoverable node that nobody relays for of those whom it was told to call asks those who call it: or
    /// nobody could reach it whose path to it goes through them.
    pub(super) fn adopt_relays(&mut self) {
        if !std::mem::take(&mut self.may_adopt) || !self.adopts {
            return;
        }
        let relays: Vec<_> =
            self.node.known_peers().filter(|known| known.is_relay).map(|known| known.id).collect();
        let near = relays.into_iter().filter_map(|id| {
            let peer = self.node.peer(&id)?;
            matches!(self.node.route(peer), Ok(Some(Route::Direct(_)))).then_some((id, peer))
        });
        let near: Vec<_> = near.collect();
        let roles: Vec<_> = near.iter().map(|(_, peer)| self.roster.role(*peer)).collect();
        let adopted = roles.iter().filter(|role| **role == Some(Role::Adopted)).count();
        if roles.contains(&Some(Role::Configured)) {
            return;
        }
        let callers = near.iter().zip(roles).filter(|(_, role)| role.is_none());
        let callers: Vec<_> = callers.map(|((id, _), _)| *id).collect();
        for id in callers.into_iter().take(ADOPTED_MAX.saturating_sub(adopted)) {
            self.ask(PeerAddress::Key(id), Role::Adopted);
        }
    }

    /// Forgets a peer that does not answer, was only sent to, and that nobody waits for: one that was not wanted for
    /// long if the time is given, otherwise the first of all.
    pub(super) fn forget_one(&mut self, now: Option<Instant>) -> bool {
        let Self { node, courier, roster, .. } = self;
        let is_needed =
            |peer| node.peer_state(peer) == Ok(PeerState::Active) || courier.is_awaited(peer);
        let Some(number) = roster.to_be_forgotten(now, is_needed) else { return false };
        if let Some(peer) = roster.forget(number) {
            // Somebody else may want it by another name.
            if roster.name(peer).is_none() {
                let _ = node.close(peer, self.clock.now());
            }
        }
        true
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
                        self.roster.is_used(peer, self.clock.now());
                        return Ok(peer);
                    }
                }
                self.ask(address.clone(), Role::SentTo).ok_or(SendError::UnknownPeer)
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
