//! The node as people see it.

use underpass_core::{Peer, PeerState, Route, Use};

use super::{Driver, Sockets};
use crate::view::{KnownNode, Metrics, PeerStatus, Status};
use crate::why::Why;

impl Driver {
    pub(super) fn status(&self) -> Status {
        let peers: Vec<_> = self.node.peers_known().map(|peer| self.peer_status(peer)).collect();
        let is_active = |peer: &&PeerStatus| peer.state == "active";
        let local = self.sockets.local_addresses().map(|(_, address)| address.to_string());
        let own = super::sockets::reachable(&self.sockets, self.network.addresses());
        Status {
            id: self.node.id().to_string(),
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_secs: self.clock.now().as_micros() as f64 / 1e6,
            listen: local.collect(),
            addresses: own.iter().map(|(_, address)| address.to_string()).collect(),
            relays: self.relays,
            active: peers.iter().filter(is_active).count(),
            relayed: peers.iter().filter(is_active).filter(|peer| peer.path == "relayed").count(),
            peers,
        }
    }

    fn peer_status(&self, peer: Peer) -> PeerStatus {
        let state = self.node.peer_state(peer).unwrap_or_default();
        let route = self.node.route(peer).ok().flatten();
        let relayed = self.node.relayed(peer).ok().flatten();
        let round_trip = self.node.round_trip(peer).ok().flatten();
        let (address, relay) = match route {
            Some(Route::Direct(path)) => (Some(path.remote.to_string()), None),
            Some(Route::Relayed(relay)) => (None, Some(self.name(relay))),
            _ => (None, None),
        };
        PeerStatus {
            id: self.node.peer_id(peer).ok().flatten().map(|id| id.to_string()),
            asked_as: self.roster.name(peer),
            state: match state {
                PeerState::Init => "init",
                PeerState::Active => "active",
                PeerState::Disconnected => "disconnected",
            }
            .into(),
            has_left: self.roster.has_left(peer, self.node.handshake_hash(peer).ok().flatten()),
            path: route.map_or("none", |route| self.route_in_words(route).0).into(),
            address,
            relay,
            round_trip_ms: round_trip.map(|span| span.as_micros() as f64 / 1e3),
            why: relayed.map(|relayed| Why::of(&relayed, self.clock.now())),
        }
    }

    /// Who is known by hearsay.
    pub(super) fn known(&self) -> Vec<KnownNode> {
        let known = self.node.known_peers().filter(|known| !known.is_ended);
        let mut nodes: Vec<_> = known
            .map(|known| KnownNode {
                id: known.id.to_string(),
                age_secs: known.age.as_micros() as f64 / 1e6,
                addresses: known.addresses.iter().flatten().map(ToString::to_string).collect(),
                is_relay: known.is_relay,
                is_bootstrap: known.is_bootstrap,
                has_answered: known.has_answered,
            })
            .collect();
        nodes.sort_by(|one, other| one.id.cmp(&other.id));
        nodes
    }

    /// Every counter of the node, and what there is beside it.
    pub(super) fn metrics(&self) -> Metrics {
        let mut metrics: Metrics = self.node.counters().iter().collect();
        let [under_way, in_line, requests] = self.courier.counts();
        let [waiting, handled] = self.hall.counts();
        let sockets = Sockets::counts(&self.sockets);
        let mut peers = [0; 4];
        for peer in self.node.peers_known() {
            let state = self.node.peer_state(peer).unwrap_or_default();
            let place = match (state, self.node.route(peer)) {
                (PeerState::Active, Ok(Some(Route::Relayed(_)))) => 1,
                (PeerState::Active, _) => 0,
                (PeerState::Init, _) => 2,
                (PeerState::Disconnected, _) => 3,
            };
            peers[place] += 1;
        }
        let count = |count: usize| count as u64;
        metrics.extend([
            ("peers.active-direct", peers[0]),
            ("peers.active-relayed", peers[1]),
            ("peers.init", peers[2]),
            ("peers.disconnected", peers[3]),
            ("messages.under-way", count(under_way)),
            ("messages.in-line", count(in_line)),
            ("messages.unanswered", self.courier.unanswered()),
            ("requests.waiting", count(requests)),
            ("handlers.waiting", count(waiting)),
            ("handlers.running", count(handled)),
            ("datagrams.unsent", sockets.unsent),
            ("datagrams.in-trains", sockets.in_trains),
        ]);
        metrics
    }

    /// Peers that packets reach now, and that take messages.
    pub(super) fn active_peers(&self) -> Vec<Peer> {
        let is_active = |peer: &Peer| {
            self.node.peer_state(*peer) == Ok(PeerState::Active)
                && self.node.allows(Use::Answers, *peer) == Ok(true)
        };
        self.node.peers_known().filter(is_active).collect()
    }
}
