//! The short loop around a `Node`, on tokio: the same as the simulator's.
//!
//! ```text
//!   sockets   timers   jobs   network   sends   questions   answers of handlers   names looked up
//!      |         |       |       |        |         |                |                   |
//!      '---------'-------'-------'----.---'---------'----------------'-------------------'
//!                                     v
//!                         1. in: one call into the node
//!                                     |
//!                         2. out: messages, jobs, datagrams, events, until there is no more
//! ```
//!
//! One task owns the node, so that nothing is locked. Whatever comes too fast waits outside of it:
//! datagrams in the kernel, messages at their senders, callers of the handle in its channels.

mod asking;
mod courier;
mod doorman;
mod drain;
mod hall;
mod jobs;
mod long;
mod network;
mod roster;
mod search;
pub(crate) mod shutdown;
mod sockets;
mod start;
mod state;
mod status;
mod tape;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant as WakeAt, sleep_until};
use underpass_core::{Done, HeapStorage, Instant, MAX_TRANSMIT, Peer, Received, Recorder};

use crate::clock::{Clock, std_duration};
use crate::event::Event;
use crate::handle::{Question, Send};
use crate::message::SendError;
use crate::sparing::Sparing;

use courier::{Courier, Parcel};
use hall::{Answered, Hall};
use jobs::Jobs;
use long::{Assembly, LongPurpose};
use network::Network;
use roster::{Found, Role, Roster};
use search::Search;
use sockets::{Buffers, Sockets};
use state::{Saved, State};
use tape::Tape;

pub use long::LONG_MAX;
pub use start::{Settings, StartError, start};

/// The node, with a record of every call if there is to be one.
type HostNode = Recorder<HeapStorage, Tape>;

/// What callers of the handle may have waiting in its channels.
const CALLS_MAX: usize = 64;
/// Events that a watcher may be behind.
const EVENTS_MAX: usize = 1024;
/// Changes come together: what is to be saved is saved this long after the first.
const SAVE_AFTER: std::time::Duration = std::time::Duration::from_millis(500);

/// What comes through the handle.
struct Calls {
    sends: mpsc::Receiver<Send>,
    questions: mpsc::Receiver<Question>,
}

/// Everything but the ways in.
struct Driver {
    node: HostNode,
    clock: Clock,
    sockets: Sockets,
    jobs: Jobs,
    network: Network,
    roster: Roster,
    /// Whether it may ask those who call it to relay for it.
    adopts: bool,
    /// Somebody may have called since that was looked at.
    may_adopt: bool,
    /// Lines of the log about peers that are not called.
    refusals: Sparing,
    ask_again_at: Instant,
    courier: Courier,
    hall: Hall,
    assembly: Assembly,
    events: broadcast::Sender<Event>,
    state: Option<State>,
    /// Whom the configuration asks for, as the state keeps it.
    asked: Vec<u8>,
    saved_len_max: usize,
    save_at: Option<WakeAt>,
    saving: Option<JoinHandle<()>>,
    /// Messages are held back until their handlers have caught up.
    is_held: bool,
    /// Peers of whom no messages are taken for now: they have too many that wait, or wait for answers.
    held: BTreeSet<Peer>,
    relays: bool,
    tags_of: underpass_core::Network,
    search: Option<Search>,
    out: Box<[u8; MAX_TRANSMIT]>,
}

/// What wakes the loop.
enum Input {
    Readable(usize),
    Writable(usize),
    Timer,
    Job(Done),
    Network,
    Send(Option<Send>),
    Question(Option<Question>),
    Answered(Answered),
    Found(Found),
    Save,
}

impl Driver {
    async fn run(mut self, mut calls: Calls) {
        let mut buffers = Buffers::new();
        self.drain();
        let told = loop {
            match self.input(&mut calls).await {
                Input::Question(Some(Question::ShutDown(told))) => break Some(told),
                Input::Question(None) => break None,
                input => self.handle(input, &mut buffers),
            }
            self.drain();
        };
        drop(calls);
        self.shut_down(&mut buffers).await;
        // With it ends the recording.
        drop(self);
        if let Some(told) = told {
            let _ = told.send(());
        }
    }

    /// Waits for whatever comes first.
    async fn input(&mut self, calls: &mut Calls) -> Input {
        let wake_at = self.wake_at();
        let takes_sends = self.courier.has_room();
        let Self { sockets, jobs, network, roster, hall, save_at, .. } = self;
        let save = async {
            match *save_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let timer = async {
            match wake_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            socket = sockets.readable() => Input::Readable(socket),
            socket = sockets.writable() => Input::Writable(socket),
            () = timer => Input::Timer,
            done = jobs.done() => Input::Job(done),
            () = network.news() => Input::Network,
            send = calls.sends.recv(), if takes_sends => Input::Send(send),
            question = calls.questions.recv() => Input::Question(question),
            answered = hall.answered() => Input::Answered(answered),
            found = roster.found() => Input::Found(found),
            () = save => Input::Save,
        }
    }

    /// When the node wants to be called, by the runtime's clock.
    fn wake_at(&self) -> Option<WakeAt> {
        let at = self.node.poll_timeout()?.at;
        Some(WakeAt::now() + std_duration(at.saturating_since(self.clock.now())))
    }

    /// 1. In.
    fn handle(&mut self, input: Input, buffers: &mut Buffers) {
        match input {
            Input::Readable(socket) => self.receive(socket, buffers),
            Input::Writable(socket) => self.sockets.unblock(socket),
            Input::Timer => self.node.handle_timeout(self.clock.now()),
            // What it was for may have ended meanwhile.
            Input::Job(done) => drop(self.node.complete_job(done, self.clock.now())),
            Input::Network => self.look_around(),
            Input::Send(Some(send)) => self.send(send),
            Input::Answered(answered) => self.answer(answered),
            Input::Found(found) => self.connect_found(&found),
            Input::Question(Some(question)) => self.say(question),
            Input::Save => self.save(),
            // All handles are gone: `Question(None)` says so, too.
            Input::Send(None) | Input::Question(None) => {}
        }
    }

    fn receive(&mut self, socket: usize, buffers: &mut Buffers) {
        let trains = self.sockets.receive(socket, buffers);
        let socket = underpass_core::Socket(socket as u8);
        for (remote, datagram) in buffers.datagrams(trains) {
            let path = underpass_core::Path { socket, remote };
            match self.node.handle_datagram(path, datagram, self.clock.now()) {
                Ok(Received::Message(message)) => {
                    let came = doorman::Came::of(&message);
                    self.admit(came);
                }
                Ok(Received::Forward { transmit, datagram }) => {
                    for (path, bytes) in transmit.datagrams(datagram) {
                        self.sockets.send(path, bytes);
                    }
                }
                Ok(_) => {}
                Err(reason) => tracing::trace!(%remote, %reason, "a datagram was refused"),
            }
        }
    }

    /// Hands a message of the application to the node.
    fn send(&mut self, send: Send) {
        let Send { to, kind, payload, ended, replied } = send;
        let purpose = match replied {
            Some(_) => LongPurpose::Request,
            None => LongPurpose::Notice,
        };
        let found = self.find(&to).and_then(|to| match self.courier.has_too_many(to, &self.node) {
            true => Err(SendError::Full),
            false => Ok(to),
        });
        match found {
            Ok(to) => {
                let parcel = Parcel { to, kind, purpose, payload, ended: Some(ended), replied };
                self.courier.send(parcel, &mut self.node, self.clock.now());
            }
            Err(error) => {
                if let Some(replied) = replied {
                    let _ = replied.send(Err(error.clone()));
                }
                let _ = ended.send(Err(error));
            }
        }
    }

    /// Looks whether the host is where it was, and does what is due once in a while.
    fn look_around(&mut self) {
        let now = self.clock.now();
        if self.network.look() {
            tracing::info!(addresses = ?self.network.addresses(), "the network has changed");
            self.tell_addresses();
            self.node.network_changed(now);
            self.tell(Event::NetworkChanged);
        }
        self.courier.expire(now);
        self.assembly.expire(now);
        let node = &self.node;
        self.roster.keep(|peer| node.peer_state(peer).is_ok());
        self.may_adopt = true;
        while self.forget_one(Some(now)) {}
        self.ask_again();
    }

    fn tell_addresses(&mut self) {
        let own = sockets::reachable(&self.sockets, self.network.addresses());
        self.node.set_local_addresses(&own, self.clock.now());
    }

    fn say(&mut self, question: Question) {
        match question {
            Question::Status(answer) => drop(answer.send(self.status())),
            Question::Metrics(answer) => drop(answer.send(self.metrics())),
            Question::Known(answer) => drop(answer.send(self.known())),
            Question::Broadcast(kind, payload, answer) => {
                let told = self.node.broadcast(kind, &payload, self.clock.now());
                let _ = answer.send(told.map_err(SendError::from));
            }
            Question::Find(tag, answer) => self.look_for(&tag, answer),
            Question::Connect(address, answer) => {
                let is_named = address.host().is_some_and(|host| host.literal().is_none());
                let asked = self.ask(address, Role::SentTo);
                let result = match asked.is_some() || is_named {
                    true => Ok(()),
                    false => Err(SendError::UnknownPeer),
                };
                let _ = answer.send(result);
            }
            // The loop ends with it.
            Question::ShutDown(answer) => drop(answer),
        }
    }

    fn tell(&self, event: Event) {
        // Nobody may be watching.
        let _ = self.events.send(event);
    }

    /// Writes what is to be saved, unless that is being done.
    fn save(&mut self) {
        self.save_at = None;
        if self.saving.as_ref().is_some_and(|saving| !saving.is_finished()) {
            self.save_at = Some(WakeAt::now() + SAVE_AFTER);
            return;
        }
        let Some((state, saved)) = self.saved() else { return };
        self.saving = Some(tokio::task::spawn_blocking(move || write(&state, &saved)));
    }

    fn saved(&self) -> Option<(State, Saved)> {
        let state = self.state.clone()?;
        let mut node = vec![0; self.saved_len_max];
        let len = self.node.save(&mut node).expect("there is room for all peers");
        node.truncate(len);
        Some((state, Saved { node, asked: self.asked.clone() }))
    }
}

fn write(state: &State, saved: &Saved) {
    if let Err(error) = state.write(saved) {
        tracing::error!(%error, "the state cannot be saved");
    }
}
