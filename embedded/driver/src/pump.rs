//! The loop, a step at a time: what came in, what is due, what goes out.

use underpass_core::{
    Instant, Keys, MAX_TRANSMIT, Message, Path, Peer, Received, SendError, Storage, Transmit,
};

/// What a pump moves.
#[cfg(not(feature = "record"))]
pub type Node<S> = underpass_core::Node<S>;

/// What a pump moves: a node that writes every call down, if it was made with a log.
#[cfg(feature = "record")]
pub type Node<S> = underpass_core::Recorder<S, fn(&[u8])>;

/// Datagrams that one step takes in: whoever else has work on the processor waits for no more,
/// however many arrive.
const DATAGRAMS_PER_STEP: u8 = 4;

/// Where datagrams come from and go to.
pub trait Wire {
    /// Takes the next datagram that has come, if there is one: writes it to the front of `buffer`
    /// and returns its length and where it came from.
    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Path)>;

    /// Sends a datagram, or drops it if it can never be sent there. False if there is no room at the
    /// moment: it is offered again.
    fn send(&mut self, path: Path, datagram: &[u8]) -> bool;
}

/// Where payloads go that one datagram held. All others stay in the node until
/// [`Node::poll_message`](underpass_core::Node::poll_message) asks for them.
pub trait Inbox {
    /// Whether there is room for one more of any length. While there is none, messages wait with their
    /// senders ([`Node::hold_messages`](underpass_core::Node::hold_messages)), and datagrams are lost.
    fn has_room(&self) -> bool;

    /// Takes what [`Node::send_datagram`](underpass_core::Node::send_datagram) sent.
    fn datagram(&mut self, from: Peer, payload: &[u8]);

    /// Takes an acknowledged message.
    fn message(&mut self, message: Message<'_>);
}

/// When a step is to follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// There is more to be done; others may have their turn first.
    AtOnce,
    /// When the wire or the inbox has something new, the node was called, or at this time.
    At(Option<Instant>),
}

/// A node with the buffer that its datagrams pass through, both ways.
pub struct Pump<S> {
    node: Node<S>,
    buffer: [u8; MAX_TRANSMIT],
    /// What lies in the buffer and the wire has had no room for, and how many of its datagrams have
    /// gone.
    unsent: Option<(Transmit, usize)>,
}

impl<S: Storage> Pump<S> {
    /// A pump around a node.
    pub const fn new(node: Node<S>) -> Self {
        Self { node, buffer: [0; MAX_TRANSMIT], unsent: None }
    }

    /// The node, to be asked.
    pub const fn node(&self) -> &Node<S> {
        &self.node
    }

    /// The node, for all calls but those that [`step`](Self::step) makes. A step must follow.
    pub const fn node_mut(&mut self) -> &mut Node<S> {
        &mut self.node
    }

    /// Seals a payload, as [`Node::send_datagram`](underpass_core::Node::send_datagram) does; the next step sends it.
    ///
    /// # Errors
    /// As there, and [`SendError::Busy`] while the wire has no room for what is before it. The node
    /// is as before.
    pub fn send_datagram(&mut self, to: Peer, payload: &[u8]) -> Result<(), SendError> {
        if self.unsent.is_some() {
            return Err(SendError::Busy);
        }
        let transmit = self.node.send_datagram(to, payload, &mut self.buffer)?;
        self.unsent = Some((transmit, 0));
        Ok(())
    }

    /// Does one public-key operation, the longest thing that a node ever does at a stretch. False if
    /// there was none. A step must follow.
    pub fn run_job(&mut self, keys: &impl Keys, now: Instant) -> bool {
        let Some(job) = self.node.poll_job() else { return false };
        // Nothing can have come between: it is not stale.
        let _ = self.node.complete_job(job.run(keys), now);
        true
    }

    /// Handles what is due, takes in what has come, sends what is owed.
    pub fn step(&mut self, now: Instant, wire: &mut impl Wire, inbox: &mut impl Inbox) -> Next {
        if self.node.poll_timeout().is_some_and(|deadline| deadline.at <= now) {
            self.node.handle_timeout(now);
        }
        for _ in 0..DATAGRAMS_PER_STEP {
            if !self.send_out(wire) {
                return self.rest();
            }
            let Some((len, path)) = wire.receive(&mut self.buffer) else { return self.rest() };
            self.take_in(path, len, now, inbox);
        }
        self.send_out(wire);
        Next::AtOnce
    }

    fn rest(&self) -> Next {
        Next::At(self.node.poll_timeout().map(|deadline| deadline.at))
    }

    fn take_in(&mut self, path: Path, len: usize, now: Instant, inbox: &mut impl Inbox) {
        let has_room = inbox.has_room();
        self.node.hold_messages(!has_room);
        match self.node.handle_datagram(path, &mut self.buffer[..len], now) {
            Ok(Received::Datagram { from, payload }) if has_room => inbox.datagram(from, payload),
            Ok(Received::Message(message)) => inbox.message(message),
            // It was sealed anew in its place, which is the buffer's front.
            Ok(Received::Forward { transmit, .. }) => self.unsent = Some((transmit, 0)),
            // Nothing for anybody, no room for it, or refused: the node has counted that.
            Ok(_) | Err(_) => {}
        }
    }

    /// Sends what is owed; false if the wire has no room for it.
    fn send_out(&mut self, wire: &mut impl Wire) -> bool {
        loop {
            let fresh = || Some((self.node.poll_transmit(&mut self.buffer)?, 0));
            let Some((transmit, mut sent)) = self.unsent.take().or_else(fresh) else { return true };
            for (path, datagram) in transmit.datagrams(&self.buffer).skip(sent) {
                if !wire.send(path, datagram) {
                    self.unsent = Some((transmit, sent));
                    return false;
                }
                sent += 1;
            }
        }
    }
}
