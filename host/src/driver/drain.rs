//! 2. Out: everything that the node has to give.

use tokio::time::Instant as WakeAt;
use underpass_core::{Broadcast, Event as NodeEvent, Peer, Route};

use super::doorman::Came;
use super::{Driver, SAVE_AFTER};
use crate::event::Event;
use crate::why;

impl Driver {
    /// After every call into the node, until it has nothing more. What that leaves room for is offered.
    pub(super) fn drain(&mut self) {
        self.let_in();
        self.take_messages();
        while self.jobs.has_room()
            && let Some(job) = self.node.poll_job()
        {
            self.jobs.run(job);
        }
        self.take_events();
        self.take_broadcasts();
        self.adopt_relays();
        self.courier.offer_again(&mut self.node, self.clock.now());
        self.transmit();
    }

    fn take_messages(&mut self) {
        while !self.is_held {
            let Some(message) = self.node.poll_message() else { break };
            let came = Came::of(&message);
            self.courier.may_have_room();
            self.admit(came);
        }
    }

    /// What a socket does not take now waits in the node.
    fn transmit(&mut self) {
        while !self.sockets.is_blocked()
            && let Some(transmit) = self.node.poll_transmit(&mut self.out)
        {
            for (path, bytes) in transmit.datagrams(&self.out[..]) {
                self.sockets.send(path, bytes);
            }
        }
        self.sockets.flush();
    }

    fn take_events(&mut self) {
        while let Some(event) = self.node.poll_event() {
            match event {
                NodeEvent::Message(peer, id, outcome) => {
                    self.courier.on_outcome(peer, id, outcome, self.clock.now());
                }
                event => self.report(event),
            }
        }
    }

    fn take_broadcasts(&mut self) {
        while let Some(Broadcast { origin, kind, payload }) = self.node.poll_broadcast() {
            let (peer, len) = (origin.to_string(), payload.len());
            let payload = data_encoding::BASE64.encode(payload);
            self.tell(Event::Broadcast { peer, kind, len, payload });
        }
    }

    fn report(&mut self, event: NodeEvent) {
        match event {
            NodeEvent::Connected(peer) => {
                self.may_adopt = true;
                self.courier.may_have_room();
                self.save_soon();
                let peer = self.name(peer);
                tracing::info!(%peer, "connected");
                self.tell(Event::Connected { peer });
            }
            NodeEvent::Disconnected(peer) => {
                self.save_soon();
                let peer = self.name(peer);
                tracing::info!(%peer, "disconnected");
                self.tell(Event::Disconnected { peer });
            }
            NodeEvent::Route(peer, route) => {
                let (path, via) = self.route_in_words(route);
                let peer = self.name(peer);
                tracing::info!(%peer, path, %via, "this is the way of its packets");
                self.tell(Event::Path { peer, path: path.into(), via });
            }
            NodeEvent::Relayed(peer, reason) => {
                let (peer, reason) = (self.name(peer), why::word(reason));
                tracing::info!(%peer, reason, "no direct way");
                self.tell(Event::Why { peer, reason: reason.into() });
            }
            NodeEvent::RoundTrip(peer, span) => {
                let peer = self.name(peer);
                let round_trip_ms = span.as_micros() as f64 / 1e3;
                tracing::debug!(%peer, round_trip_ms, "a ping was answered");
                self.tell(Event::RoundTrip { peer, round_trip_ms });
            }
            NodeEvent::Found(id) => self.on_found(id),
            NodeEvent::SearchEnded => self.end_search(),
            other => {
                let what = serde_json::to_value(other).unwrap_or_default();
                self.tell(Event::Other { what });
            }
        }
    }

    fn save_soon(&mut self) {
        if self.state.is_some() && self.save_at.is_none() {
            self.save_at = Some(WakeAt::now() + SAVE_AFTER);
        }
    }

    pub(super) fn route_in_words(&self, route: Route) -> (&'static str, String) {
        match route {
            Route::Direct(path) => ("direct", path.remote.to_string()),
            Route::Relayed(relay) => ("relayed", self.name(relay)),
            _ => ("other", String::new()),
        }
    }

    /// The peer's id, or as people have called it.
    pub(super) fn name(&self, peer: Peer) -> String {
        match self.node.peer_id(peer) {
            Ok(Some(id)) => id.to_string(),
            _ => self.roster.name(peer).unwrap_or_else(|| "unknown".into()),
        }
    }
}
