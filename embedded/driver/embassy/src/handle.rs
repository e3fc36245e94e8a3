//! The application's side.

use core::future::poll_fn;
use core::net::SocketAddr;
use core::task::Poll;

use underpass_core::{
    ConnectError, Event, Message, MessageId, Outgoing, Path, Peer, PeerId, Purpose, SendError,
    Socket, Storage,
};
use underpass_driver::Node;

use crate::state::{Inner, State, now};

/// An application's way to its node.
pub struct Handle<'a, S, const LETTERS: usize>(&'a State<S, LETTERS>);

/// A payload that has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Incoming<'b> {
    /// The peer that sealed it. The handle may be good no longer.
    pub from: Peer,
    /// What it was sent as.
    pub what: What,
    /// The application's bytes, as many as its buffer held.
    pub payload: &'b [u8],
    /// How many there were.
    pub len: usize,
}

/// What a payload was sent as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A datagram.
    Datagram,
    /// An acknowledged message.
    Message {
        /// The sender's name for it.
        id: MessageId,
        /// Which handler it is for.
        kind: u16,
        /// Whether an answer is expected, or is this.
        purpose: Purpose,
    },
}

impl What {
    pub(crate) fn of(message: &Message<'_>) -> Self {
        Self::Message { id: message.id, kind: message.kind, purpose: message.purpose }
    }
}

impl<'a, S: Storage, const LETTERS: usize> Handle<'a, S, LETTERS> {
    /// A handle; there may be any number.
    pub const fn new(state: &'a State<S, LETTERS>) -> Self {
        Self(state)
    }

    /// Makes a call of the node that has none here. The runner looks after what comes of it.
    ///
    /// # Panics
    /// If `call` uses a handle of the same node.
    pub fn with_node<R>(&self, call: impl FnOnce(&mut Node<S>) -> R) -> R {
        self.call(|inner| call(inner.pump.node_mut()))
    }

    /// Asks for a peer, as [`Node::connect`](underpass_core::Node::connect) does, at an address if one is known.
    ///
    /// # Errors
    /// As there.
    pub fn connect(&self, id: PeerId, at: Option<SocketAddr>) -> Result<Peer, ConnectError> {
        let path = at.map(|remote| Path { socket: Socket(0), remote });
        self.with_node(|node| node.connect(id, path, now()))
    }

    /// Sends an acknowledged message, as [`Node::send_message`](underpass_core::Node::send_message) does; [`event`](Self::event) tells
    /// what became of it.
    ///
    /// # Errors
    /// As there.
    pub fn send_message(&self, to: Peer, message: Outgoing<'_>) -> Result<MessageId, SendError> {
        self.with_node(|node| node.send_message(to, message, now()))
    }

    /// Sends a payload that arrives at most once, as [`Node::send_datagram`](underpass_core::Node::send_datagram) does.
    ///
    /// # Errors
    /// As there, and [`SendError::Busy`] while the socket has no room.
    pub fn send_datagram(&self, to: Peer, payload: &[u8]) -> Result<(), SendError> {
        self.call(|inner| inner.pump.send_datagram(to, payload))
    }

    /// Waits for the next payload. What is longer than `buffer` is cut. While nobody asks,
    /// messages wait with their senders, and datagrams are lost, beyond what the state has room for.
    pub async fn receive<'b>(&self, buffer: &'b mut [u8]) -> Incoming<'b> {
        let (from, what, len) = poll_fn(|cx| {
            self.0.with(|inner| match inner.take_payload(buffer) {
                Some(taken) => Poll::Ready(taken),
                None => {
                    inner.watchers.register(cx.waker());
                    Poll::Pending
                }
            })
        })
        .await;
        let kept = len.min(buffer.len());
        Incoming { from, what, payload: &buffer[..kept], len }
    }

    /// Waits for the next thing that the application should know. A message takes up a place in the
    /// storage until its end has been asked for here.
    pub async fn event(&self) -> Event {
        poll_fn(|cx| {
            self.0.with(|inner| match inner.pump.node_mut().poll_event() {
                Some(event) => Poll::Ready(event),
                None => {
                    inner.watchers.register(cx.waker());
                    Poll::Pending
                }
            })
        })
        .await
    }

    fn call<R>(&self, call: impl FnOnce(&mut Inner<S, LETTERS>) -> R) -> R {
        self.0.with(|inner| {
            inner.runner.wake();
            call(inner)
        })
    }
}

impl<S: Storage, const LETTERS: usize> Inner<S, LETTERS> {
    /// The next payload, copied as far as the buffer goes, and its length.
    fn take_payload(&mut self, buffer: &mut [u8]) -> Option<(Peer, What, usize)> {
        if let Some(letter) = self.letters.0.pop_front() {
            return Some((letter.from, letter.what, copy(&letter.payload, buffer)));
        }
        let message = self.pump.node_mut().poll_message()?;
        Some((message.from, What::of(&message), copy(message.payload, buffer)))
    }
}

/// Copies what there is room for; returns how long all of it is.
fn copy(payload: &[u8], buffer: &mut [u8]) -> usize {
    let kept = payload.len().min(buffer.len());
    buffer[..kept].copy_from_slice(&payload[..kept]);
    payload.len()
}

impl<S, const LETTERS: usize> Clone for Handle<'_, S, LETTERS> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, const LETTERS: usize> Copy for Handle<'_, S, LETTERS> {}
