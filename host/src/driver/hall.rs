//! Where messages meet their handlers: they wait here for their turn, and no more than so many.

use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use underpass_core::Peer;

use super::courier::Load;
use super::long::{LONG_MAX, LongPurpose};
use crate::handler::{Answer, Handler, Handlers};
use crate::kind;
use crate::message::Incoming;

/// Messages that wait, and their bytes: beyond either the node hands up no more.
const ALL_MAX: Load = Load { messages: 1024, bytes: 16 * 1024 * 1024 };
/// Of one peer: beyond either the node hands up no more of its own, so that others have their turn.
const PEER_MAX: Load = Load { messages: 128, bytes: LONG_MAX };
/// Handlers that run at once, of all kinds.
const RUNNING_MAX: usize = 64;

/// Messages and their handlers.
pub(super) struct Hall {
    handlers: BTreeMap<u16, Arc<dyn Handler>>,
    waiting: VecDeque<Guest>,
    all: Load,
    of_peers: BTreeMap<Peer, Load>,
    running: JoinSet<Answered>,
    /// By kind.
    at_once: BTreeMap<u16, usize>,
    at_once_for: BTreeMap<(u16, Peer), usize>,
}

/// A message, whose it is, and what its answer names.
pub(super) struct Guest {
    pub(super) peer: Peer,
    pub(super) message: Incoming,
    pub(super) answer: Option<LongPurpose>,
}

/// What a handler has said.
pub(super) struct Answered {
    of: u16,
    pub(super) peer: Peer,
    pub(super) reply: Option<(LongPurpose, u16, Vec<u8>)>,
}

impl Hall {
    pub(super) fn new(handlers: Handlers) -> Self {
        Self {
            handlers: handlers.0,
            waiting: VecDeque::new(),
            all: Load::default(),
            of_peers: BTreeMap::new(),
            running: JoinSet::new(),
            at_once: BTreeMap::new(),
            at_once_for: BTreeMap::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        !self.all.is_below(ALL_MAX, 1)
    }

    /// Whether there is so much room again that it is worth while to hand up more.
    pub(super) fn has_room(&self) -> bool {
        self.all.is_below(ALL_MAX, 2)
    }

    /// Whether a peer has so much waiting that no more of it is to be handed up.
    pub(super) fn has_much_of(&self, peer: Peer) -> bool {
        !self.load_of(peer).is_below(PEER_MAX, 1)
    }

    /// Whether it has so little waiting that there may be more.
    pub(super) fn has_little_of(&self, peer: Peer) -> bool {
        self.load_of(peer).is_below(PEER_MAX, 2)
    }

    fn load_of(&self, peer: Peer) -> Load {
        self.of_peers.get(&peer).copied().unwrap_or_default()
    }

    /// How many wait, and how many are being handled.
    pub(super) fn counts(&self) -> [usize; 2] {
        [self.waiting.len(), self.running.len()]
    }

    /// Lets a message in. The reply, if nobody handles it.
    pub(super) fn enter(&mut self, guest: Guest) -> Option<Answered> {
        let (of, peer, bytes) = (guest.message.kind, guest.peer, guest.message.payload.len());
        if !self.handlers.contains_key(&of) {
            let reply = guest.answer.map(|to| (to, kind::NO_HANDLER, Vec::new()));
            return Some(Answered { of, peer, reply });
        }
        self.all.add(bytes);
        self.of_peers.entry(peer).or_default().add(bytes);
        self.waiting.push_back(guest);
        self.start();
        None
    }

    /// Starts those whose turn it is.
    fn start(&mut self) {
        while self.running.len() < RUNNING_MAX
            && let Some(place) = self.next()
            && let Some(guest) = self.waiting.remove(place)
        {
            self.handle(guest);
        }
    }

    /// Of those whose kind is not handled as often as it may be, the first of a peer of whom least is being handled.
    fn next(&self) -> Option<usize> {
        let running = |of: u16| self.at_once.get(&of).copied().unwrap_or_default();
        let has_turn = |guest: &Guest| {
            let of = guest.message.kind;
            self.handlers.get(&of).is_some_and(|handler| running(of) < handler.at_once())
        };
        let for_peer = |guest: &Guest| {
            self.at_once_for.get(&(guest.message.kind, guest.peer)).copied().unwrap_or_default()
        };
        let guests = self.waiting.iter().enumerate().filter(|(_, guest)| has_turn(guest));
        guests.min_by_key(|(place, guest)| (for_peer(guest), *place)).map(|(place, _)| place)
    }

    fn handle(&mut self, Guest { peer, message, answer }: Guest) {
        let (of, bytes) = (message.kind, message.payload.len());
        self.all.remove(bytes);
        if let Some(load) = self.of_peers.get_mut(&peer) {
            load.remove(bytes);
            if load.messages == 0 {
                self.of_peers.remove(&peer);
            }
        }
        let Some(handler) = self.handlers.get(&of) else { return };
        *self.at_once.entry(of).or_default() += 1;
        *self.at_once_for.entry((of, peer)).or_default() += 1;
        let handling = AssertUnwindSafe(handler.handle(message));
        self.running.spawn(async move {
            // A handler that panics has failed, and is no reason to lose count of it.
            let said = handling.catch_unwind().await;
            let said = said.unwrap_or_else(|_| Answer::Failed("it panicked".into()));
            Answered { of, peer, reply: reply(of, answer, said) }
        });
    }

    /// The next answer. Never if nothing runs.
    pub(super) async fn answered(&mut self) -> Answered {
        loop {
            match self.running.join_next().await {
                Some(Ok(answered)) => {
                    self.has_ended(&answered);
                    self.start();
                    return answered;
                }
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    fn has_ended(&mut self, answered: &Answered) {
        if let Some(running) = self.at_once.get_mut(&answered.of) {
            *running -= 1;
        }
        let key = (answered.of, answered.peer);
        if let Some(running) = self.at_once_for.get_mut(&key) {
            *running -= 1;
            if *running == 0 {
                self.at_once_for.remove(&key);
            }
        }
    }

    /// Ends all handlers, and returns when they have ended: scripts end with the daemon.
    pub(super) async fn shut_down(&mut self) {
        self.running.shutdown().await;
    }
}

/// What is replied to a request for what its handler has said.
fn reply(of: u16, to: Option<LongPurpose>, said: Answer) -> Option<(LongPurpose, u16, Vec<u8>)> {
    let (kind, payload) = match said {
        Answer::Nothing => return None,
        Answer::Reply(payload) => (of, payload),
        Answer::Failed(message) => (kind::HANDLER_FAILED, message.into_bytes()),
        Answer::NotAllowed => (kind::NOT_ALLOWED, Vec::new()),
    };
    to.map(|to| (to, kind, payload))
}
