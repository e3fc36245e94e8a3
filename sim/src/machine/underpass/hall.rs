//! Where a node meets its application: what arrives is handed up, and what that says in return goes out.

use std::collections::BTreeMap;

use underpass_core::{Instant, MessageId, Outcome, Peer, Purpose, RequestNumber, SendError};

use super::app::{AppCx, Application, Desk, End, How, Incoming, Outgoing, Ticket, Way};
use super::line::Offer;
use super::{Given, Underpass, Whose, why};
use crate::machine::Cx;
use crate::payload::AppFrame;
use crate::scenario::model::{NodeId, SessionState};
use crate::trace::Observation;

/// So often an application may answer what follows from its answers before its node sees to others.
const ROUNDS_MAX: u32 = 16;

/// A node's application, and what there is between the two.
pub(super) struct Hall {
    /// Not there while it is called.
    app: Option<Box<dyn Application>>,
    desk: Desk,
    /// Requests that were accepted, by what a reply will name.
    requests: BTreeMap<(Peer, RequestNumber), Ticket>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    sent: u64,
    received: u64,
    answers_received: u64,
}

/// How a payload came.
#[derive(Clone, Copy)]
pub(super) enum Came {
    Datagram,
    Message(MessageId, Purpose),
}

impl Hall {
    /// What an application's node counts, beside its own counters.
    pub(super) const METRICS: [&'static str; 3] =
        ["app.sent", "app.received", "app.answers_received"];

    pub(super) fn new(app: Box<dyn Application>) -> Self {
        Self {
            app: Some(app),
            desk: Desk::default(),
            requests: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    pub(super) fn wake(&self) -> Option<Instant> {
        match self.desk.outgoing.is_empty() {
            true => self.desk.wake,
            // It has more to say than one call had time for.
            false => Some(Instant::ORIGIN),
        }
    }

    /// The node has accepted a request; replies will name it.
    pub(super) fn note_request(&mut self, peer: Peer, id: MessageId, ticket: Ticket) {
        self.requests.insert((peer, id.request()), ticket);
    }

    /// Whether the application has nothing more to say, and wants nothing.
    pub(super) fn is_silent(&self) -> bool {
        self.wake().is_none()
    }

    pub(super) fn metric(&self, name: &str) -> Option<u64> {
        let Counts { sent, received, answers_received } = self.counts;
        let counts = Self::METRICS.into_iter().zip([sent, received, answers_received]);
        counts.into_iter().find_map(|(known, count)| (known == name).then_some(count))
    }
}

impl Underpass {
    /// Calls the application. What it sends goes out later in the same call of the machine.
    pub(super) fn call_app(
        &mut self,
        cx: &mut Cx<'_>,
        call: impl FnOnce(&mut dyn Application, &mut AppCx<'_, '_>),
    ) {
        let hall = &mut self.running().hall;
        let mut app = hall.app.take().expect("an application calls nobody");
        call(&mut *app, &mut AppCx { cx, desk: &mut hall.desk });
        hall.app = Some(app);
    }

    /// Hands up what arrived, if it is not the reply to a question of an earlier life.
    pub(super) fn hand_up(
        &mut self,
        cx: &mut Cx<'_>,
        (peer, from): (Peer, NodeId),
        came: Came,
        is_answer: bool,
        bytes: &[u8],
    ) {
        let hall = &mut self.running().hall;
        let (way, id) = match came {
            Came::Datagram => (Way::Datagram, None),
            Came::Message(id, Purpose::Notice) => (Way::Message, Some((peer, id))),
            Came::Message(id, Purpose::Request) => (Way::Request, Some((peer, id))),
            Came::Message(id, Purpose::Reply(request)) => {
                let Some(asked) = hall.requests.remove(&(peer, request)) else { return };
                (Way::Reply(asked), Some((peer, id)))
            }
        };
        hall.counts.received += 1;
        hall.counts.answers_received += u64::from(is_answer);
        let incoming = Incoming { from, way, is_answer, bytes, id };
        self.call_app(cx, |app, cx| app.received(cx, &incoming));
    }

    pub(super) fn tell_state(&mut self, cx: &mut Cx<'_>, peer: NodeId, state: SessionState) {
        match state {
            SessionState::Init => {}
            SessionState::Active => self.call_app(cx, |app, cx| app.connected(cx, peer)),
            SessionState::Disconnected => self.call_app(cx, |app, cx| app.disconnected(cx, peer)),
        }
    }

    pub(super) fn tell_end(&mut self, cx: &mut Cx<'_>, to: NodeId, ticket: Ticket, how: Outcome) {
        cx.observe(Observation::AppEnded { number: ticket.0, to, outcome: how });
        self.call_app(cx, |app, cx| app.ended(cx, ticket, End::Sent(how)));
    }

    /// What came of a payload of the application that was offered to the node.
    pub(super) fn tell_offer(&mut self, cx: &mut Cx<'_>, to: NodeId, ticket: Ticket, offer: Offer) {
        match offer {
            Offer::Accepted => {
                self.running().hall.counts.sent += 1;
                cx.observe(Observation::AppSent { number: ticket.0, to });
            }
            Offer::Waits => {}
            Offer::Refused(error) => {
                self.call_app(cx, |app, cx| app.ended(cx, ticket, End::Refused(why(error))));
            }
        }
    }

    /// The application's wake, if it is due.
    pub(super) fn wake_app(&mut self, cx: &mut Cx<'_>) {
        let wake = &mut self.running().hall.desk.wake;
        if wake.is_some_and(|at| at <= cx.now()) {
            *wake = None;
            self.call_app(cx, |app, cx| app.timeout(cx));
        }
    }

    /// Sends what the application has to say; says whether it had anything.
    pub(super) fn speak(&mut self, cx: &mut Cx<'_>, round: u32) -> bool {
        if round >= ROUNDS_MAX {
            return false;
        }
        let outgoing = std::mem::take(&mut self.running().hall.desk.outgoing);
        let any = !outgoing.is_empty();
        for outgoing in outgoing {
            self.send_for_app(cx, outgoing);
        }
        any
    }

    fn send_for_app(&mut self, cx: &mut Cx<'_>, outgoing: Outgoing) {
        let Outgoing { ticket, to, how, is_answer, bytes } = outgoing;
        let given = Given { whose: Whose::Application(ticket), to };
        let frame = AppFrame { is_answer, number: ticket.0 };
        let Some(payload) = frame.around(self.roster.canary, &bytes) else {
            return self.report_offer(given, Offer::Refused(SendError::TooLong), cx);
        };
        match how {
            How::Datagram => self.send_datagram(cx, given, &payload),
            How::Message => self.send_message(cx, given, None, Purpose::Notice, payload),
            How::Request => self.send_message(cx, given, None, Purpose::Request, payload),
            How::Reply(peer, id) => {
                let reply = Purpose::Reply(id.request());
                self.send_message(cx, given, Some(peer), reply, payload);
            }
        }
    }
}
