//! Long messages on their way out, part by part.

use underpass_core::{Duration, Instant, Peer, Purpose, SendError as NodeError};

use super::{Accepted, Asked, Courier, Ended, Of, Parcel, tell};
use crate::driver::HostNode;
use crate::driver::long::{self, Head, LongPurpose, Verdict};
use crate::kind;
use crate::message::SendError;

/// Long messages under way at once, and parts of each in the node.
const LONG_AT_ONCE: usize = 8;
const PARTS_AT_ONCE: usize = 8;
/// Of the long ones, so many are answers to one peer, and to all.
const LONG_ANSWERS: [usize; 2] = [1, 4];
/// The receiver of a long message says at once what became of it, and says it for a minute.
const VERDICT_WITHIN: Duration = Duration::from_secs(65);

pub(super) struct LongParcel {
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
    pub(super) fn offer_long(
        &mut self,
        parcel: Parcel,
        node: &mut HostNode,
        now: Instant,
    ) -> Option<Parcel> {
        if !self.may_begin_long(&parcel) {
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

    fn may_begin_long(&self, parcel: &Parcel) -> bool {
        let answers = || self.long.values().filter(|long| long.is_answer());
        let [to_peer, to_all] = LONG_ANSWERS;
        let is_much = || {
            answers().filter(|long| long.to == parcel.to).count() >= to_peer
                || answers().count() >= to_all
        };
        self.long.len() < LONG_AT_ONCE && !(parcel.is_answer() && is_much())
    }

    /// Sends as many parts as there may be under way.
    pub(super) fn send_parts(&mut self, node: &mut HostNode, now: Instant) {
        let numbers: Vec<_> = self.long.keys().copied().collect();
        for number in numbers {
            while let Some((to, is_answer, part)) = self.next_part(number) {
                let (kind, purpose) = (kind::PART, Purpose::Notice);
                let message = underpass_core::Outgoing { kind, purpose, payload: &part };
                match self.accept(to, message, is_answer, node, now) {
                    Ok(id) => {
                        let accepted =
                            Accepted { len: part.len(), is_answer, of: Of::Part(number) };
                        self.accepted.insert((to, id), accepted);
                        if let Some(long) = self.long.get_mut(&number) {
                            long.next += 1;
                            long.under_way += 1;
                        }
                    }
                    Err(NodeError::Full | NodeError::Busy) => break,
                    Err(error) => self.end_long(number, Err(error.into())),
                }
            }
        }
    }

    /// To whom, whether as an answer, and what, if there may be more of this one under way.
    fn next_part(&self, number: u64) -> Option<(Peer, bool, Vec<u8>)> {
        let long = self.long.get(&number)?;
        let is_next = long.next < long::parts(long.payload.len()) && long.under_way < PARTS_AT_ONCE;
        is_next.then(|| (long.to, long.is_answer(), long.part(number)))
    }

    pub(super) fn on_part(&mut self, number: u64, result: Result<(), SendError>, now: Instant) {
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
    pub(in crate::driver) fn on_verdict(&mut self, from: Peer, verdict: Verdict) {
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
        // Others may begin.
        self.may_have_room = true;
        tell(long.ended, result);
    }

    /// Gives up waiting for verdicts that do not come.
    pub(super) fn expire_long(&mut self, now: Instant) {
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

impl LongParcel {
    pub(super) fn is_to(&self, to: Peer) -> bool {
        self.to == to
    }

    /// Whether nobody waits for what becomes of it.
    pub(super) fn is_given_up(&self) -> bool {
        self.ended.as_ref().is_none_or(Ended::is_closed)
    }

    fn is_answer(&self) -> bool {
        self.ended.is_none()
    }

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
