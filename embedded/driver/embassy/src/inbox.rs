//! Payloads that one datagram held, until the application asks for them.

use heapless::{Deque, Vec};
use underpass_core::{MAX_PAYLOAD, Message, Peer};
use underpass_driver::Inbox;

use crate::handle::What;

/// One of them.
pub(crate) struct Letter {
    pub(crate) from: Peer,
    pub(crate) what: What,
    pub(crate) payload: Vec<u8, MAX_PAYLOAD>,
}

/// In the order in which they came.
pub(crate) struct Letters<const N: usize>(pub(crate) Deque<Letter, N>);

impl<const N: usize> Letters<N> {
    fn take(&mut self, from: Peer, what: What, payload: &[u8]) {
        let payload = Vec::from_slice(payload).expect("one datagram held it");
        // Nothing is handed up here while there is no room.
        let _ = self.0.push_back(Letter { from, what, payload });
    }
}

impl<const N: usize> Inbox for Letters<N> {
    fn has_room(&self) -> bool {
        !self.0.is_full()
    }

    fn datagram(&mut self, from: Peer, payload: &[u8]) {
        self.take(from, What::Datagram, payload);
    }

    fn message(&mut self, message: Message<'_>) {
        self.take(message.from, What::of(&message), message.payload);
    }
}
