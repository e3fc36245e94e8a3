//! Where public-key work is done.

use core::pin::pin;
use core::task::{Context, Poll};

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use underpass_core::{Done, Job, Keys};

/// The place between a runner and whoever does its public-key work, one job at a time: for a
/// `static`. The one thing that may be used from two executors.
pub struct Bench {
    job: Signal<CriticalSectionRawMutex, Job>,
    done: Signal<CriticalSectionRawMutex, Done>,
}

impl Bench {
    /// With nothing on it.
    pub const fn new() -> Self {
        Self { job: Signal::new(), done: Signal::new() }
    }

    /// Does what there is to do, for ever.
    pub async fn work(&self, keys: &impl Keys) -> ! {
        loop {
            let job = self.job.wait().await;
            self.done.signal(job.run(keys));
        }
    }

    /// The runner never has more than one job here.
    pub(crate) fn put(&self, job: Job) {
        self.job.signal(job);
    }

    /// What has been done; else whoever asks is woken when it is.
    pub(crate) fn poll_done(&self, cx: &mut Context<'_>) -> Poll<Done> {
        pin!(self.done.wait()).poll(cx)
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}
