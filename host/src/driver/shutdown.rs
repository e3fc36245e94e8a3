//! The end: peers are told, and what is to be saved is saved.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant as WakeAt, timeout_at};

use super::long::LongPurpose;
use super::sockets::Buffers;
use super::{Calls, Driver, write};
use crate::kind;

/// What is promised, whatever peers, handlers or disks do.
pub(crate) const WITHIN: Duration = Duration::from_secs(2);
/// How long peers have to acknowledge that they were told.
const FAREWELL: Duration = Duration::from_millis(1_200);
/// When the state must be written at the latest: the rest of the time is the process's own.
const SAVED: Duration = Duration::from_millis(1_800);

impl Driver {
    pub(super) async fn shut_down(&mut self, buffers: &mut Buffers) {
        let start = WakeAt::now();
        // What has not been begun would only keep the farewell waiting.
        self.courier.give_up_line();
        for peer in self.active_peers() {
            self.post(peer, kind::GOODBYE, LongPurpose::Notice, Vec::new());
        }
        self.drain();
        // Nobody calls any more; the senders stay, as a closed channel would wake the loop without end.
        let (_sends, sends) = mpsc::channel(1);
        let (_questions, questions) = mpsc::channel(1);
        let mut calls = Calls { sends, questions };
        while !self.courier.is_idle() {
            match timeout_at(start + FAREWELL, self.input(&mut calls)).await {
                Ok(input) => self.handle(input, buffers),
                Err(_) => break,
            }
            self.drain();
        }
        // A disk that hangs, or a handler that does not let go, is left to the end of the process.
        let rest = async {
            self.hall.shut_down().await;
            self.save_at_last().await;
        };
        if timeout_at(start + SAVED, rest).await.is_err() {
            tracing::warn!("there was no time to end everything");
        }
    }

    async fn save_at_last(&mut self) {
        if let Some(saving) = self.saving.take() {
            let _ = saving.await;
        }
        if let Some((state, saved)) = self.saved() {
            let _ = tokio::task::spawn_blocking(move || write(&state, &saved)).await;
        }
    }
}
