//! Where messages meet their handlers: they wait here for their turn, and no more than so many.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;
use underpass_core::Peer;

use super::long::LongPurpose;
use crate::handler::{Answer, Handler, Handlers};
use crate::kind;
use crate::message::Incoming;

/// Messages that wait, and their bytes: beyond either the node hands up no more.
const WAITING_MAX: usize = 1024;
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Handlers that run at once, of all kinds.
const RUNNING_MAX: usize = 64;

/// Messages and their handlers.
pub(super) struct Hall {
    handlers: BTreeMap<u16, Arc<dyn Handler>>,
    waiting: VecDeque<Guest>,
    waiting_bytes: usize,
    running: JoinSet<Answered>,
    /// By kind.
    at_once: BTreeMap<u16, usize>,
}

/// A message, and where its answer goes.
pub(super) struct Guest {
    pub(super) message: Incoming,
    pub(super) answer_to: Option<AnswerTo>,
}

/// Whom to answer, and what.
#[derive(Clone, Copy)]
pub(super) struct AnswerTo {
    pub(super) peer: Peer,
    pub(super) purpose: LongPurpose,
}

/// What a handler has said.
pub(super) struct Answered {
    of: u16,
    pub(super) reply: Option<(AnswerTo, u16, Vec<u8>)>,
}

impl Hall {
    pub(super) fn new(handlers: Handlers) -> Self {
        Self {
            handlers: handlers.0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            running: JoinSet::new(),
            at_once: BTreeMap::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING_MAX || self.waiting_bytes >= WAITING_BYTES_MAX
    }

    /// Whether there is so much room again that it is worth while to hand up more.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() <= WAITING_MAX / 2 && self.waiting_bytes <= WAITING_BYTES_MAX / 2
    }

    /// How many wait, and how many are being handled.
    pub(super) fn counts(&self) -> [usize; 2] {
        [self.waiting.len(), self.running.len()]
    }

    /// Lets a message in. The reply, if nobody handles it.
    pub(super) fn enter(&mut self, guest: Guest) -> Option<Answered> {
        let of = guest.message.kind;
        if !self.handlers.contains_key(&of) {
            return guest.answer_to.map(|to| Answered::with(of, to, kind::NO_HANDLER, Vec::new()));
        }
        self.waiting_bytes += guest.message.payload.len();
        self.waiting.push_back(guest);
        self.start();
        None
    }

    /// Starts those whose turn it is: the first of each kind that is not handled as often as it may.
    fn start(&mut self) {
        let mut place = 0;
        while place < self.waiting.len() && self.running.len() < RUNNING_MAX {
            let of = self.waiting[place].message.kind;
            let Some(handler) = self.handlers.get(&of) else { break };
            let running = self.at_once.entry(of).or_default();
            if *running >= handler.at_once() {
                place += 1;
                continue;
            }
            *running += 1;
            let Some(Guest { message, answer_to }) = self.waiting.remove(place) else { break };
            self.waiting_bytes -= message.payload.len();
            let handling = handler.handle(message);
            self.running.spawn(async move {
                // A handler that panics has failed, and is no reason to lose count of it.
                let answer = tokio::spawn(handling).await;
                let answer = answer.unwrap_or_else(|_| Answer::Failed("it panicked".into()));
                Answered::of(of, answer_to, answer)
            });
        }
    }

    /// The next answer. Never if nothing runs.
    pub(super) async fn answered(&mut self) -> Answered {
        loop {
            match self.running.join_next().await {
                Some(Ok(answered)) => {
                    if let Some(running) = self.at_once.get_mut(&answered.of) {
                        *running -= 1;
                    }
                    self.start();
                    return answered;
                }
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }
}

impl Answered {
    fn of(of: u16, to: Option<AnswerTo>, answer: Answer) -> Self {
        let (kind, payload) = match answer {
            Answer::Nothing => return Self { of, reply: None },
            Answer::Reply(payload) => (of, payload),
            Answer::Failed(message) => (kind::HANDLER_FAILED, message.into_bytes()),
            Answer::NotAllowed => (kind::NOT_ALLOWED, Vec::new()),
        };
        Self { of, reply: to.map(|to| (to, kind, payload)) }
    }

    fn with(of: u16, to: AnswerTo, kind: u16, payload: Vec<u8>) -> Self {
        Self { of, reply: Some((to, kind, payload)) }
    }
}
