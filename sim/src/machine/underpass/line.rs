//! Messages that wait for room in the node: in the order in which the application has them, and no
//! more than so many.

use std::collections::VecDeque;

use underpass_core::{Peer, Purpose, SendError};

use super::Given;

/// So many messages may wait; an application that goes on regardless loses what comes after them.
pub(super) const WAITING_MAX: usize = 1024;

/// A message of the application.
pub(super) struct Message {
    pub(super) given: Given,
    /// To whom, if that is not to be looked up.
    pub(super) peer: Option<Peer>,
    pub(super) purpose: Purpose,
    pub(super) payload: Vec<u8>,
}

/// What came of a message that was offered to the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Offer {
    Accepted,
    /// It is offered again when there may be room.
    Waits,
    Refused(SendError),
}

/// Those that wait, the one that is offered next first.
#[derive(Default)]
pub(super) struct Line {
    waiting: VecDeque<Message>,
}

impl Line {
    /// Offers a message, unless others wait that it would overtake.
    pub(super) fn offer(
        &mut self,
        message: Message,
        accept: impl FnOnce(&Message) -> Result<(), SendError>,
    ) -> Offer {
        let offered = match self.waiting.is_empty() {
            true => accept(&message),
            false => Err(SendError::Full),
        };
        match offered {
            Ok(()) => Offer::Accepted,
            Err(SendError::Full) if self.waiting.len() < WAITING_MAX => {
                self.waiting.push_back(message);
                Offer::Waits
            }
            Err(error) => Offer::Refused(error),
        }
    }

    /// Offers the first message again. Unless that still waits, it leaves the line.
    pub(super) fn offer_again(
        &mut self,
        accept: impl FnOnce(&Message) -> Result<(), SendError>,
    ) -> Option<(Given, Offer)> {
        let given = self.waiting.front()?.given;
        let offer = match accept(self.waiting.front()?) {
            Ok(()) => Offer::Accepted,
            Err(SendError::Full) => return Some((given, Offer::Waits)),
            Err(error) => Offer::Refused(error),
        };
        self.waiting.pop_front();
        Some((given, offer))
    }
}

#[cfg(test)]
mod tests;
