//! Messages on their way out, and who waits for what becomes of them.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::oneshot;
use underpass_core::{
    Duration, Instant, MAX_MESSAGE, MessageId, Outcome, Peer, Purpose, RequestNumber,
    SendError as NodeError,
};

use super::HostNode;
use super::long::{self, Head, LONG_MAX, LongPurpose, Verdict};
use crate::kind;
use crate::message::{Reply, SendError};

/// Messages that wait for room in the node. When there are as many, nothing more is taken from the
/// application, so that it waits too.
const LINE_MAX: usize = 256;
/// Requests that wait for their replies.
const REQUESTS_MAX: usize = 4096;
/// Long messages under way at once, and parts of each in the node.
const LONG_AT_ONCE: usize = 8;
const PARTS_AT_ONCE: usize = 8;
/// The receiver of a long message says at once what became of it, and says it for a minute.
const VERDICT_WITHIN: Duration = Duration::from_secs(65);

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
    line: VecDeque<Parcel>,
    accepted: BTreeMap<(Peer, MessageId), Accepted>,
    requests: BTreeMap<(Peer, Asked), Replied>,
    long: BTreeMap<u64, LongParcel>,
    /// The next long message's number; its first is drawn, so that no two lives use the same.
    next_long: u64,
}

/// A message that the node has accepted.
enum Accepted {
    Whole(Option<Ended>),
    Part(u64),
}

/// What a reply names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Short(RequestNumber),
    Long(u64),
}

struct LongParcel {
    to: Peer,
    kind: u16,
    purpose: LongPurpose,
    payload: Vec<u8>,
    ended: Option<Ended>,
    next: usize,
    under_way: usize,
    /// From when on only the verdict is missing.
    all_there_at: Option<Instant>,
}

impl Courier {
    /// `first_long` is drawn afresh in every life.
    pub(super) fn new(first_long: u64) -> Self {
        Self { next_long: first_long, ..Self::default() }
    }

    /// Whether the application may hand over more.
    pub(super) fn has_room(&self) -> bool {
        self.line.len() < LINE_MAX && self.requests.len() < REQUESTS_MAX
    }

    /// Whether nothing is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.line.is_empty() && self.accepted.is_empty() && self.long.is_empty()
    }

    /// How many messages are under way, waiting for room, and requests for their replies.
    pub(super) fn counts(&self) -> [usize; 3] {
        [self.accepted.len(), self.line.len(), self.requests.len()]
    }

    /// Sends a message now, or when those before it have left room.
    pub(super) fn send(&mut self, parcel: Parcel, node: &mut HostNode, now: Instant) {
        let waiting = match self.line.is_empty() {
            true => self.offer(parcel, node, now),
            false => Some(parcel),
        };
        self.line.extend(waiting);
    }

    /// Offers the node what waits.
    pub(super) fn offer_again(&mut self, node: &mut HostNode, now: Instant) {
        self.send_parts(node, now);
        while let Some(parcel) = self.line.pop_front() {
            if let Some(parcel) = self.offer(parcel, node, now) {
                self.line.push_front(parcel);
                break;
            }
        }
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
        match node.send_message(to, message, now) {
            Ok(id) => {
                if let Some(replied) = parcel.replied {
                    self.requests.insert((to, Asked::Short(id.request())), replied);
                }
                self.accepted.insert((to, id), Accepted::Whole(parcel.ended));
                None
            }
            Err(NodeError::Full | NodeError::Busy) => Some(parcel),
            Err(error) => {
                parcel.fail(error.into());
                None
            }
        }
    }

    fn offer_long(&mut self, parcel: Parcel, node: &mut HostNode, now: Instant) -> Option<Parcel> {
        if self.long.len() >= LONG_AT_ONCE {
            return Some(parcel);
        }
        let Parcel { to, kind, purpose, payload, ended, replied } = parcel;
        let number = self.next_long;
        self.next_long = self.next_long.wrapping_add(1);
        if let Some(replied) = replied {
            self.requests.insert((to, Asked::Long(number)), replied);
        }
        let whole = LongParcel {
            to,
            kind,
            purpose,
            payload,
            ended,
            next: 0,
            under_way: 0,
            all_there_at: None,
        };
        self.long.insert(number, whole);
        self.send_parts(node, now);
        None
    }

    /// Sends as many parts as there may be under way.
    fn send_parts(&mut self, node: &mut HostNode, now: Instant) {
        let mut failed = Vec::new();
        for (number, long) in &mut self.long {
            while long.next < long::parts(long.payload.len()) && long.under_way < PARTS_AT_ONCE {
                let part = long.part(*number);
                let message = underpass_core::Outgoing {
                    kind: kind::PART,
                    purpose: Purpose::Notice,
                    payload: &part,
                };
                match node.send_message(long.to, message, now) {
                    Ok(id) => {
                        self.accepted.insert((long.to, id), Accepted::Part(*number));
                        long.next += 1;
                        long.under_way += 1;
                    }
                    Err(NodeError::Full | NodeError::Busy) => break,
                    Err(error) => {
                        failed.push((*number, error));
                        break;
                    }
                }
            }
        }
        for (number, error) in failed {
            self.end_long(number, Err(error.into()));
        }
    }

    /// A message has ended.
    pub(super) fn on_outcome(&mut self, peer: Peer, id: MessageId, outcome: Outcome, now: Instant) {
        let result = match outcome {
            Outcome::Acked => Ok(()),
            Outcome::Failed => Err(SendError::Failed),
            Outcome::Unknown => Err(SendError::Unknown),
        };
        match self.accepted.remove(&(peer, id)) {
            Some(Accepted::Whole(ended)) => {
                if let Err(error) = &result {
                    let asked = (peer, Asked::Short(id.request()));
                    if let Some(replied) = self.requests.remove(&asked) {
                        let _ = replied.send(Err(error.clone()));
                    }
                }
                tell(ended, result);
            }
            Some(Accepted::Part(number)) => self.on_part(number, result, now),
            None => {}
        }
    }

    fn on_part(&mut self, number: u64, result: Result<(), SendError>, now: Instant) {
        let Some(long) = self.long.get_mut(&number) else { return };
        long.under_way -= 1;
        if let Err(error) = result {
            return self.end_long(number, Err(error));
        }
        let is_sent = long.next == long::parts(long.payload.len());
        if is_sent && long.under_way == 0 {
            long.all_there_at = Some(now);
        }
    }

    /// The receiver of a long message has said what became of it.
    pub(super) fn on_verdict(&mut self, from: Peer, verdict: Verdict) {
        let Verdict { whole, is_delivered } = verdict;
        if self.long.get(&whole).is_some_and(|long| long.to == from) {
            let result = if is_delivered { Ok(()) } else { Err(SendError::Refused) };
            self.end_long(whole, result);
        }
    }

    fn end_long(&mut self, number: u64, result: Result<(), SendError>) {
        let Some(long) = self.long.remove(&number) else { return };
        if let Err(error) = &result
            && let Some(replied) = self.requests.remove(&(long.to, Asked::Long(number)))
        {
            let _ = replied.send(Err(error.clone()));
        }
        tell(long.ended, result);
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
                let message = String::from_utf8_lossy(payload).into_owned();
                Err(SendError::HandlerFailed { message })
            }
            _ => Ok(Reply { kind, payload: payload.to_vec() }),
        });
    }

    /// Gives up waiting for verdicts that do not come, and for whom nobody waits.
    pub(super) fn expire(&mut self, now: Instant) {
        self.requests.retain(|_, replied| !replied.is_closed());
        let is_late = |long: &LongParcel| {
            let since = long.all_there_at;
            since.is_some_and(|since| now.saturating_since(since) > VERDICT_WITHIN)
        };
        let late: Vec<_> =
            self.long.iter().filter(|(_, long)| is_late(long)).map(|(number, _)| *number).collect();
        for number in late {
            self.end_long(number, Err(SendError::Unknown));
        }
    }
}

impl LongPurpose {
    /// Whether only a long message can say so.
    fn is_long(self) -> bool {
        matches!(self, Self::ReplyToLong(_))
    }
}

impl Parcel {
    /// It will not be sent.
    pub(super) fn fail(self, error: SendError) {
        if let Some(replied) = self.replied {
            let _ = replied.send(Err(error.clone()));
        }
        tell(self.ended, Err(error));
    }
}

impl LongParcel {
    /// The next part, as it is sent.
    fn part(&self, number: u64) -> Vec<u8> {
        let head = Head {
            whole: number,
            len: u32::try_from(self.payload.len()).expect("at most LONG_MAX"),
            index: u16::try_from(self.next).expect("LONG_MAX has few parts"),
            kind: self.kind,
            purpose: self.purpose,
        };
        head.around(long::part(&self.payload, self.next))
    }
}

/// Who does not wait any more needs no telling.
fn tell(ended: Option<Ended>, result: Result<(), SendError>) {
    if let Some(ended) = ended {
        let _ = ended.send(result);
    }
}
