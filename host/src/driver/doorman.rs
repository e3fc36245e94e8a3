//! Messages that have arrived: the hosts' own are seen to here, the application's go to their handlers.

use std::sync::Arc;

use underpass_core::{Message, MessageId, Peer, Purpose};

use super::courier::Parcel;
use super::hall::{Answered, Guest};
use super::long::{Brought, LongPurpose, Verdict, Whole};
use super::{Driver, Event};
use crate::kind;
use crate::message::Incoming;

/// Bytes of a message that an event shows.
const SHOWN_MAX: usize = 16 * 1024;

/// A message that has arrived, out of the node's buffers.
pub(super) struct Came {
    from: Peer,
    kind: u16,
    purpose: LongPurpose,
    /// What a reply names, if this is a request.
    reply: LongPurpose,
    payload: Vec<u8>,
}

impl Came {
    pub(super) fn of(message: &Message<'_>) -> Self {
        let Message { from, id, kind, purpose, payload } = *message;
        Self::new(from, id, kind, purpose, payload.to_vec())
    }

    fn new(from: Peer, id: MessageId, kind: u16, purpose: Purpose, payload: Vec<u8>) -> Self {
        let purpose = match purpose {
            Purpose::Notice => LongPurpose::Notice,
            Purpose::Request => LongPurpose::Request,
            Purpose::Reply(request) => LongPurpose::Reply(request),
        };
        Self { from, kind, purpose, reply: LongPurpose::Reply(id.request()), payload }
    }
}

impl Driver {
    /// Takes a message that has arrived.
    pub(super) fn admit(&mut self, came: Came) {
        match (came.kind, came.purpose) {
            (_, LongPurpose::Reply(_) | LongPurpose::ReplyToLong(_)) => {
                self.courier.on_reply(came.from, came.purpose, came.kind, &came.payload);
            }
            (kind::PART, _) => self.admit_part(&came),
            (kind::VERDICT, _) => {
                if let Ok(verdict) = postcard::from_bytes(&came.payload) {
                    self.courier.on_verdict(came.from, verdict);
                }
            }
            (kind::GOODBYE, _) => self.on_goodbye(came.from),
            (kind::DISCARD, LongPurpose::Notice) => {}
            // What is no longer than one message.
            (kind::ECHO, LongPurpose::Request) if matches!(came.reply, LongPurpose::Reply(_)) => {
                let Came { from, reply, payload, .. } = came;
                self.post(from, kind::ECHO, reply, payload);
            }
            (kind::RESERVED.., _) => {}
            _ => self.hand_up(came),
        }
    }

    fn admit_part(&mut self, came: &Came) {
        let brought = self.assembly.take(came.from, &came.payload, self.clock.now());
        match brought {
            Some(Brought::Whole(Whole { number, kind, purpose, payload })) => {
                self.judge(came.from, number, true);
                let reply = LongPurpose::ReplyToLong(number);
                self.admit_whole(Came { from: came.from, kind, purpose, reply, payload });
            }
            Some(Brought::Refused(number)) => self.judge(came.from, number, false),
            Some(Brought::More) | None => {}
        }
        while let Some((sender, number)) = self.assembly.take_pushed_out() {
            self.judge(sender, number, false);
        }
    }

    /// A whole is no part of another one.
    fn admit_whole(&mut self, whole: Came) {
        if whole.kind != kind::PART {
            self.admit(whole);
        }
    }

    /// Tells the sender of a long message what became of it.
    fn judge(&mut self, sender: Peer, whole: u64, is_delivered: bool) {
        let verdict = postcard::to_slice(&Verdict { whole, is_delivered }, &mut [0; 16])
            .expect("eleven bytes at most")
            .to_vec();
        self.post(sender, kind::VERDICT, LongPurpose::Notice, verdict);
    }

    fn on_goodbye(&mut self, peer: Peer) {
        let session = self.node.handshake_hash(peer).ok().flatten();
        if self.roster.has_left(peer, session) {
            return;
        }
        self.roster.leaves(peer, session);
        let peer = self.name(peer);
        tracing::info!(%peer, "the peer has left");
        self.tell(Event::Left { peer });
    }

    /// Gives a message to whoever watches, and to its handler.
    fn hand_up(&mut self, came: Came) {
        let Came { from: peer, kind, purpose, reply, payload } = came;
        let id = match peer == self.node.oneself() {
            true => Some(self.node.id()),
            false => self.node.peer_id(peer).ok().flatten(),
        };
        // A peer that was closed since.
        let Some(from) = id else { return };
        let is_request = purpose == LongPurpose::Request;
        if self.events.receiver_count() > 0 {
            let len = payload.len();
            let shown = (len <= SHOWN_MAX).then(|| data_encoding::BASE64.encode(&payload));
            let peer = from.to_string();
            self.tell(Event::Message { peer, kind, is_request, len, payload: shown });
        }
        let message = Incoming { from, kind, is_request, payload: Arc::from(payload) };
        let answer = is_request.then_some(reply);
        if let Some(answered) = self.hall.enter(Guest { peer, message, answer }) {
            self.answer(answered);
        }
        self.hold_if_much(peer);
        self.hold_if_full();
    }

    /// Sends what a handler has replied.
    pub(super) fn answer(&mut self, answered: Answered) {
        if let Some((to, kind, payload)) = answered.reply {
            self.post(answered.peer, kind, to, payload);
        }
    }

    /// Sends a message that nobody here waits for; not at all, if there is no room.
    pub(super) fn post(&mut self, to: Peer, kind: u16, purpose: LongPurpose, payload: Vec<u8>) {
        let parcel = Parcel { to, kind, purpose, payload, ended: None, replied: None };
        self.courier.answer(parcel, &mut self.node, self.clock.now());
        self.hold_if_much(to);
    }

    /// Holds a peer's messages back if it asks faster than it is answered, so that others have their turn.
    fn hold_if_much(&mut self, peer: Peer) {
        let is_much = self.hall.has_much_of(peer) || self.courier.has_many_answers(peer);
        // What a node sends itself is held back with all the rest only.
        if is_much && !self.held.contains(&peer) && self.node.hold_messages_of(peer, true).is_ok() {
            self.held.insert(peer);
        }
    }

    fn hold_if_full(&mut self) {
        if !self.is_held && self.hall.is_full() {
            self.is_held = true;
            self.node.hold_messages(true);
        }
    }

    /// Lets messages in again once there is room.
    pub(super) fn let_in(&mut self) {
        if self.is_held && self.hall.has_room() {
            self.is_held = false;
            self.node.hold_messages(false);
        }
        let Self { hall, courier, node, .. } = self;
        self.held.retain(|peer| {
            let is_released = hall.has_little_of(*peer) && courier.has_few_answers(*peer);
            if is_released {
                let _ = node.hold_messages_of(*peer, false);
            }
            // Who was forgotten since is not held.
            !is_released && node.peer_state(*peer).is_ok()
        });
    }
}
