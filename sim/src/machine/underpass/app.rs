//! Applications on our nodes: what they hear, and what they may do about it.
//!
//! What `[[send]]` has a node send is its owner's, and stands beside what the application sends; what
//! arrives, from either, the application hears of. There are two for scenario files, [`Sink`] and
//! [`Echo`], and yours.

use std::fmt;
use std::sync::Arc;

use underpass_core::{Duration, Instant, MessageId, Outcome, Peer};

use crate::machine::Cx;
use crate::random::Stream;
use crate::scenario::model::NodeId;
use crate::trace::Observation;

/// A program on a node that speaks our protocol.
///
/// It must be a function of what it is given here, as a [`Machine`](crate::machine::Machine) must. What
/// it sends goes out when the call is over.
pub trait Application: Send + 'static {
    /// Its node was switched on. Called once, first.
    fn start(&mut self, cx: &mut AppCx<'_, '_>) {
        let _ = cx;
    }

    /// A payload arrived.
    fn received(&mut self, cx: &mut AppCx<'_, '_>, incoming: &Incoming<'_>);

    /// A peer became active.
    fn connected(&mut self, cx: &mut AppCx<'_, '_>, peer: NodeId) {
        let _ = (cx, peer);
    }

    /// A peer fell silent.
    fn disconnected(&mut self, cx: &mut AppCx<'_, '_>, peer: NodeId) {
        let _ = (cx, peer);
    }

    /// A message or request ended, or a payload was not accepted. Of a datagram that was sent nothing
    /// more is heard.
    fn ended(&mut self, cx: &mut AppCx<'_, '_>, payload: Ticket, end: End) {
        let _ = (cx, payload, end);
    }

    /// Its wake came due, and is no longer armed.
    fn timeout(&mut self, cx: &mut AppCx<'_, '_>) {
        let _ = cx;
    }
}

/// The name of a payload that an application sends. No two of a node's are alike, whatever its life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub(crate) u64);

/// A payload that arrived.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'p> {
    /// Who sent it.
    pub from: NodeId,
    /// How.
    pub way: Way,
    /// Whether it was sent as an [answer](AppCx::answer).
    pub is_answer: bool,
    /// What. Of what a `[[send]]` sent, the simulator's stamp included.
    pub bytes: &'p [u8],
    /// By which a reply names a request.
    pub(super) id: Option<(Peer, MessageId)>,
}

/// How a payload is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// At most once, not acknowledged, and only while the peer is active.
    Datagram,
    /// As an acknowledged message.
    Message,
    /// As an acknowledged message that asks for a reply.
    Request,
    /// As an acknowledged message that is the reply to this request of the receiver's.
    Reply(Ticket),
}

/// What became of a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It was sent and ended like this.
    Sent(Outcome),
    /// The node did not accept it, for this reason.
    Refused(&'static str),
}

/// Its node as an application sees it during one call.
pub struct AppCx<'c, 'w> {
    pub(super) cx: &'c mut Cx<'w>,
    pub(super) desk: &'c mut Desk,
}

/// What an application has asked for.
#[derive(Default)]
pub(super) struct Desk {
    /// In this order.
    pub(super) outgoing: Vec<Outgoing>,
    /// Payloads named in this life.
    named: u32,
    pub(super) wake: Option<Instant>,
}

pub(super) struct Outgoing {
    pub(super) ticket: Ticket,
    pub(super) to: NodeId,
    pub(super) how: How,
    pub(super) is_answer: bool,
    pub(super) bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
pub(super) enum How {
    Datagram,
    Message,
    Request,
    /// To the request of that peer.
    Reply(Peer, MessageId),
}

impl AppCx<'_, '_> {
    /// The time by the node's own clock.
    pub fn now(&self) -> Instant {
        self.cx.now()
    }

    /// The node that it is on.
    pub fn node(&self) -> NodeId {
        self.cx.node()
    }

    /// The randomness of that name that belongs to the applications of this incarnation of the node.
    pub fn stream(&self, names: &[&str]) -> Stream {
        self.cx.stream(&["app"]).stream(names)
    }

    /// Arms the application's one wake in place of whatever was armed; `None` disarms it. A time that
    /// has passed means now.
    pub fn wake_at(&mut self, at: Option<Instant>) {
        self.desk.wake = at;
    }

    /// The same, for a time from now.
    pub fn wake_after(&mut self, span: Duration) {
        self.wake_at(Some(self.now() + span));
    }

    /// Sends a datagram. It takes 32 bytes of it to tell it from others; longer ones than have room
    /// beside that are refused.
    pub fn send_datagram(&mut self, to: NodeId, bytes: impl Into<Vec<u8>>) -> Ticket {
        self.put(to, How::Datagram, false, bytes.into())
    }

    /// Sends an acknowledged message. One for which there is no room waits in line, behind the others of
    /// this node.
    pub fn send_message(&mut self, to: NodeId, bytes: impl Into<Vec<u8>>) -> Ticket {
        self.put(to, How::Message, false, bytes.into())
    }

    /// Sends an acknowledged message that asks for a reply, which names the request by what this
    /// returns.
    pub fn request(&mut self, to: NodeId, bytes: impl Into<Vec<u8>>) -> Ticket {
        self.put(to, How::Request, false, bytes.into())
    }

    /// Answers a payload in the way in which it came: a datagram with a datagram, a request with a reply,
    /// a message with a message. What is an answer itself is not answered, and nothing is returned:
    /// two applications that answer everything do not go on for ever.
    pub fn answer(&mut self, incoming: &Incoming<'_>, bytes: impl Into<Vec<u8>>) -> Option<Ticket> {
        let how = match (incoming.way, incoming.id) {
            _ if incoming.is_answer => return None,
            (Way::Datagram, _) => How::Datagram,
            (Way::Request, Some((peer, id))) => How::Reply(peer, id),
            (Way::Message | Way::Request, _) => How::Message,
            (Way::Reply(_), _) => return None,
        };
        Some(self.put(incoming.from, how, true, bytes.into()))
    }

    /// Reports something to the trace and to whoever watches.
    pub fn observe(&mut self, kind: &'static str, value: i64) {
        self.cx.observe(Observation::Custom { kind, value });
    }

    fn put(&mut self, to: NodeId, how: How, is_answer: bool, bytes: Vec<u8>) -> Ticket {
        let ticket = u64::from(self.cx.incarnation()) << u32::BITS | u64::from(self.desk.named);
        self.desk.named += 1;
        let ticket = Ticket(ticket);
        self.desk.outgoing.push(Outgoing { ticket, to, how, is_answer, bytes });
        ticket
    }
}

/// Takes everything and answers nothing.
#[derive(Clone, Copy, Debug)]
pub struct Sink;

impl Application for Sink {
    fn received(&mut self, _: &mut AppCx<'_, '_>, _: &Incoming<'_>) {}
}

/// Sends everything back to where it came from, but for answers.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

impl Application for Echo {
    fn received(&mut self, cx: &mut AppCx<'_, '_>, incoming: &Incoming<'_>) {
        cx.answer(incoming, incoming.bytes);
    }
}

/// Makes the application of a node at every start of it, called with the node and the number of the
/// incarnation.
#[derive(Clone)]
pub struct AppFactory(Arc<dyn Fn(NodeId, u32) -> Box<dyn Application> + Send + Sync>);

impl AppFactory {
    /// One that makes these.
    pub fn new(make: impl Fn(NodeId, u32) -> Box<dyn Application> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    pub(super) fn make(&self, node: NodeId, incarnation: u32) -> Box<dyn Application> {
        (self.0)(node, incarnation)
    }
}

impl Default for AppFactory {
    fn default() -> Self {
        Self::new(|_, _| Box::new(Sink))
    }
}

impl fmt::Debug for AppFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppFactory")
    }
}
