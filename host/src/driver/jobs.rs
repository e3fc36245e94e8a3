//! Public-key work, on the runtime's pool for what blocks.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::task::JoinSet;
use underpass_core::{Done, Job, SecretIdentity};

/// Work under way: no more than there are cores to do it, the rest waits in the node.
pub(super) struct Jobs {
    keys: Arc<SecretIdentity>,
    running: JoinSet<Done>,
    most: usize,
}

impl Jobs {
    pub(super) fn new(keys: Arc<SecretIdentity>) -> Self {
        let most = available_parallelism().map_or(1, Into::into);
        Self { keys, running: JoinSet::new(), most }
    }

    pub(super) fn has_room(&self) -> bool {
        self.running.len() < self.most
    }

    pub(super) fn run(&mut self, job: Job) {
        let keys = Arc::clone(&self.keys);
        self.running.spawn_blocking(move || job.run(&*keys));
    }

    /// The next result. Never if nothing runs.
    pub(super) async fn done(&mut self) -> Done {
        loop {
            match self.running.join_next().await {
                Some(Ok(done)) => return done,
                // Its handshake is given up in time, as if it had been lost.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }
}
