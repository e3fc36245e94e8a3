//! Messages on their way out, and who waits for what becomes of them.

mod line;
mod load;
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::oneshot;
use underpass_core::{
    Instant, MAX_MESSAGE, MessageId, Outcome, Peer, PeerState, Purpose, RequestNumber,
    SendError as NodeError,
};

use line::{Line, Waiting};
pub(super) use load::Load;
use load::Loads;
use parts::LongParcel;

use super::HostNode;
use super::long::{LONG_MAX, LongPurpose};
use crate::kind;
use crate::message::{Reply, SendError};

/// Messages for a peer that does not answer, in the node and in the line: others would wait behind them.
const ABSENT_MAX: usize = 32;
/// Bytes under way to one peer: it keeps of those that came in part what its own storage has room for,
/// and more would only be sent again.
const PEER_BYTES_MAX: usize = 1024 * 1024;
/// Answers under way to one peer, and to all: who asks and does not take them must not use up the room of
/// what the application sends.
const PEER_ANSWERS_MAX: Load = Load { messages: 64, bytes: 256 * 1024 };
const ANSWERS_MAX: Load = Load { messages: 256, bytes: 1024 * 1024 };
/// Bytes of what a peer says of its handler's failure.
const COMPLAINT_MAX: usize = 1024;
/// Requests that wait for their replies.
const REQUESTS_MAX: usize = 4096;
type Ended = oneshot::Sender<Result<(), SendError>>;
type Replied = oneshot::Sender<Result<Reply, SendError>>;

/// A message to be sent.
pub(super) struct Parcel {
    pub(super) to: Peer,
    pub(super) kind: u16,
    pub(super) purpose: LongPurpose,
    pub(super) payload: Vec<u8>,
    /// Told whether the peer has it; nobody if not given.
    pub(super) ended: Option<Ended>,
    /// Told the reply, if it is a request.
    pub(super) replied: Option<Replied>,
}

/// Everything on its way out.
#[derive(Default)]
pub(super) struct Courier {
    line: Line,
    /// A message has ended since the line was offered last: there may be room.
    may_have_room: bool,
    accepted: BTreeMap<(Peer, MessageId), Accepted>,
    loads: Loads,
    requests: BTreeMap<(Peer, Asked), Replied>,
    long: BTreeMap<u64, LongParcel>,
    /// The next long message's number; its first is drawn, so that no two lives use the same.
    next_long: u64,
    /// Answers for which there was no room.
    unanswered: u64,
}

/// A message that the node has accepted.
struct Accepted {
    len: usize,
    is_answer: bool,
    of: Of,
}

/// What it is.
enum Of {
    Whole(Option<Ended>),
    /// A part of this long one.
    Part(u64),
}

/// What a reply names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Short(RequestNumber),
    Long(u64),
}

impl Courier {
    /// `first_long` is drawn afresh in every life.
    pub(super) fn new(first_long: u64) -> Self {
        Self { next_long: first_long, ..Self::default() }
    }

    /// Whether the application may hand over more.
    pub(super) fn has_room(&self) -> bool {
        self.line.has_room() && self.requests.len() < REQUESTS_MAX
    }

    /// Something has left the node: what waits is to be offered again.
    pub(super) fn may_have_room(&mut self) {
        self.may_have_room = true;
    }

    /// Whether somebody waits for what becomes of a message to this peer.
    pub(super) fn is_awaited(&self, to: Peer) -> bool {
        let waits = |ended: &Option<Ended>| ended.as_ref().is_some_and(|ended| !ended.is_closed());
        let asks = |replied: &Replied| !replied.is_closed();
        let accepted = self.accepted.iter().any(|((peer, _), accepted)| match &accepted.of {
            Of::Whole(ended) => *peer == to && waits(ended),
            Of::Part(_) => false,
        });
        accepted
            || self.requests.iter().any(|((peer, _), replied)| *peer == to && asks(replied))
            || self.long.values().any(|long| long.is_to(to) && !long.is_given_up())
            || self.line.has_awaited(to)
    }

    /// Whether nothing is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.line.is_empty() && self.accepted.is_empty() && self.long.is_empty()
    }

    /// How many messages are under way, waiting for room, and requests for their replies.
    pub(super) fn counts(&self) -> [usize; 3] {
        [self.accepted.len(), self.line.len(), self.requests.len()]
    }

    /// How many answers found no room.
    pub(super) fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// Whether a peer takes its answers so slowly that it is to ask no more for now.
    pub(super) fn has_many_answers(&self, to: Peer) -> bool {
        self.line.has_many_answers(to)
    }

    /// Whether it may ask again.
    pub(super) fn has_few_answers(&self, to: Peer) -> bool {
        self.line.has_few_answers(to)
    }

    /// Sends what nobody here waits for. Whoever asks and does not take the answers gets no more of them,
    /// and all answers together leave room for what the application sends.
    pub(super) fn answer(&mut self, parcel: Parcel, node: &mut HostNode, now: Instant) {
        match self.line.takes_answer(parcel.to, parcel.payload.len()) {
            true => self.send(parcel, node, now),
            false => self.unanswered += 1,
        }
    }

    /// Sends a message now, or when those before it to this peer have left room.
    pub(super) fn send(&mut self, parcel: Parcel, node: &mut HostNode, now: Instant) {
        let waiting = match self.line.count(parcel.to) == 0 {
            true => self.offer(parcel, node, now),
            false => Some(parcel),
        };
        if let Some(parcel) = waiting {
            self.line.push(Waiting { parcel, since: now });
        }
    }

    /// Offers the node what waits, if there may be room for it.
    pub(super) fn offer_again(&mut self, node: &mut HostNode, now: Instant) {
        if !std::mem::take(&mut self.may_have_room) {
            return;
        }
        self.send_parts(node, now);
        let mut full = BTreeSet::new();
        for Waiting { parcel, since } in self.line.take() {
            let to = parcel.to;
            let waiting = match full.contains(&to) {
                true => Some(parcel),
                false => self.offer(parcel, node, now),
            };
            if let Some(parcel) = waiting {
                full.insert(to);
                self.line.push(Waiting { parcel, since });
            }
        }
    }

    /// Hands a message to the node, if there may be so much under way to the peer.
    fn accept(
        &mut self,
        to: Peer,
        message: underpass_core::Outgoing<'_>,
        is_answer: bool,
        node: &mut HostNode,
        now: Instant,
    ) -> Result<MessageId, NodeError> {
        let len = message.payload.len();
        if !self.may_be_under_way(to, is_answer, len, node) {
            return Err(NodeError::Full);
        }
        let id = node.send_message(to, message, now)?;
        self.loads.add(to, is_answer, len);
        Ok(id)
    }

    fn may_be_under_way(&self, to: Peer, is_answer: bool, bytes: usize, node: &HostNode) -> bool {
        let all = self.loads.all_to(to);
        let messages = if is_absent(to, node) { ABSENT_MAX } else { usize::MAX };
        all.has_room(bytes, Load { messages, bytes: PEER_BYTES_MAX })
            && (!is_answer
                || self.loads.answers_to(to).has_room(bytes, PEER_ANSWERS_MAX)
                    && self.loads.answers().has_room(bytes, ANSWERS_MAX))
    }

    /// Whether a peer that does not answer has so many waiting for it that there may be no more.
    pub(super) fn has_too_many(&self, to: Peer, node: &HostNode) -> bool {
        is_absent(to, node) && self.line.count(to) >= ABSENT_MAX
    }

    /// Gives the parcel back if there is no room for it.
    fn offer(&mut self, parcel: Parcel, node: &mut HostNode, now: Instant) -> Option<Parcel> {
        if parcel.payload.len() > LONG_MAX {
            parcel.fail(SendError::TooLong);
            return None;
        }
        if parcel.payload.len() > MAX_MESSAGE || parcel.purpose.is_long() {
            return self.offer_long(parcel, node, now);
        }
        let purpose = match parcel.purpose {
            LongPurpose::Request => Purpose::Request,
            LongPurpose::Reply(request) => Purpose::Reply(request),
            LongPurpose::Notice | LongPurpose::ReplyToLong(_) => Purpose::Notice,
        };
        let Parcel { to, kind, .. } = parcel;
        let message = underpass_core::Outgoing { kind, purpose, payload: &parcel.payload };
        let is_answer = parcel.is_answer();
        match self.accept(to, message, is_answer, node, now) {
            Ok(id) => {
                if let Some(replied) = parcel.replied {
                    self.requests.insert((to, Asked::Short(id.request())), replied);
                }
                let len = parcel.payload.len();
                let of = Of::Whole(parcel.ended);
                self.accepted.insert((to, id), Accepted { len, is_answer, of });
                None
            }
            Err(NodeError::Full | NodeError::Busy) => Some(parcel),
            Err(error) => {
                parcel.fail(error.into());
                None
            }
        }
    }

    /// A message has ended.
    pub(super) fn on_outcome(&mut self, peer: Peer, id: MessageId, outcome: Outcome, now: Instant) {
        let result = match outcome {
            Outcome::Acked => Ok(()),
            Outcome::Failed => Err(SendError::Failed),
            Outcome::Unknown => Err(SendError::Unknown),
        };
        let Some(Accepted { len, is_answer, of }) = self.accepted.remove(&(peer, id)) else {
            return;
        };
        self.may_have_room = true;
        self.loads.remove(peer, is_answer, len);
        match of {
            Of::Whole(ended) => {
                if let Err(error) = &result {
                    let asked = (peer, Asked::Short(id.request()));
                    if let Some(replied) = self.requests.remove(&asked) {
                        let _ = replied.send(Err(error.clone()));
                    }
                }
                tell(ended, result);
            }
            Of::Part(number) => self.on_part(number, result, now),
        }
    }

    /// Gives up what has not been begun.
    pub(super) fn give_up_line(&mut self) {
        for Waiting { parcel, .. } in self.line.take() {
            parcel.fail(SendError::ShuttingDown);
        }
    }

    /// A reply has come; to nothing, if nobody waits for it any more.
    pub(super) fn on_reply(&mut self, from: Peer, to: LongPurpose, kind: u16, payload: &[u8]) {
        let asked = match to {
            LongPurpose::Reply(request) => Asked::Short(request),
            LongPurpose::ReplyToLong(number) => Asked::Long(number),
            LongPurpose::Notice | LongPurpose::Request => return,
        };
        let Some(replied) = self.requests.remove(&(from, asked)) else { return };
        let _ = replied.send(match kind {
            kind::NO_HANDLER => Err(SendError::NoHandler),
            kind::NOT_ALLOWED => Err(SendError::NotAllowed),
            kind::HANDLER_FAILED => {
                let shown = &payload[..payload.len().min(COMPLAINT_MAX)];
                // A line of words: it may neither steer a terminal nor pass for ours.
                let message = String::from_utf8_lossy(shown).replace(char::is_control, " ");
                Err(SendError::HandlerFailed { message })
            }
            _ => Ok(Reply { kind, payload: payload.to_vec() }),
        });
    }

    /// Gives up waiting for verdicts that do not come, and for whom nobody waits.
    pub(super) fn expire(&mut self, now: Instant) {
        self.may_have_room = true;
        for waiting in self.line.take() {
            let is_late = waiting.is_late(now);
            let is_wanted = waiting.parcel.ended.as_ref().is_none_or(|ended| !ended.is_closed());
            match is_late || !is_wanted {
                true => waiting.parcel.fail(SendError::Failed),
                false => self.line.push(waiting),
            }
        }
        self.requests.retain(|_, replied| !replied.is_closed());
        self.expire_long(now);
    }
}

impl LongPurpose {
    /// Whether only a long message can say so.
    fn is_long(self) -> bool {
        matches!(self, Self::ReplyToLong(_))
    }
}

impl Parcel {
    /// Whether nobody here waits for what becomes of it.
    fn is_answer(&self) -> bool {
        self.ended.is_none()
    }

    /// It will not be sent.
    pub(super) fn fail(self, error: SendError) {
        if let Some(replied) = self.replied {
            let _ = replied.send(Err(error.clone()));
        }
        tell(self.ended, Err(error));
    }
}

fn is_absent(peer: Peer, node: &HostNode) -> bool {
    peer != node.oneself() && node.peer_state(peer) != Ok(PeerState::Active)
}

/// Who does not wait any more needs no telling.
fn tell(ended: Option<Ended>, result: Result<(), SendError>) {
    if let Some(ended) = ended {
        let _ = ended.send(result);
    }
}
