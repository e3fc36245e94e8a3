//! The end: peers are told, and what is to be saved is saved.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant as WakeAt;

use super::long::LongPurpose;
use super::sockets::Buffers;
use super::{Calls, Driver, write};
use crate::kind;

/// How long peers have to acknowledge that they were told: with the state's write it is under the two
/// seconds that are promised.
const FAREWELL: Duration = Duration::from_millis(1_200);

impl Driver {
    pub(super) async fn shut_down(&mut self, buffers: &mut Buffers) {
        for peer in self.active_peers() {
            self.post(peer, kind::GOODBYE, LongPurpose::Notice, Vec::new());
        }
        self.drain();
        let until = WakeAt::now() + FAREWELL;
        // Nobody calls any more; the senders stay, as a closed channel would wake the loop without end.
        let (_sends, sends) = mpsc::channel(1);
        let (_questions, questions) = mpsc::channel(1);
        let mut calls = Calls { sends, questions };
        while !self.courier.is_idle() {
            match tokio::time::timeout_at(until, self.input(&mut calls)).await {
                Ok(input) => self.handle(input, buffers),
                Err(_) => break,
            }
            self.drain();
        }
        if let Some(saving) = self.saving.take() {
            let _ = saving.await;
        }
        if let Some((state, saved)) = self.saved() {
            let _ = tokio::task::spawn_blocking(move || write(&state, &saved)).await;
        }
    }
}
