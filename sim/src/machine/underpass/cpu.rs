//! What public-key work costs in virtual time.
//!
//! Here alone jobs are run. A node has one core for them, which does one after the other; a message, a
//! timer or a packet never waits for it, as on a board where keys have the lowest priority.

use std::sync::Arc;

use underpass_core::{Duration, Instant, Job, JobKind, Keys, Recorder, Storage};

use super::{Memo, Tape};

/// How long the work of a node's keys takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cpu {
    /// One scalar multiplication.
    pub key_operation: Duration,
}

impl Cpu {
    /// A microcontroller: about ten million instructions on a Cortex-M0+ at a hundred megahertz.
    pub const BOARD: Self = Self { key_operation: Duration::from_millis(100) };

    /// A computer, on which they take a twentieth of a millisecond: no time.
    pub const HOST: Self = Self { key_operation: Duration::ZERO };

    fn cost(self, kind: JobKind) -> Duration {
        match kind {
            // A tenth of one, as its doc says.
            JobKind::Identification => Duration::from_micros(self.key_operation.as_micros() / 10),
            // Two at once, which take half as long again as one (Straus), and what comes before.
            JobKind::Verification => {
                Duration::from_micros(self.key_operation.as_micros() / 10 * 16)
            }
            _ => self.key_operation,
        }
    }
}

/// The core that does a node's public-key work.
#[derive(Default)]
pub(super) struct Worker {
    cpu: Cpu,
    memo: Option<Arc<Memo>>,
    /// The job that it is at, and when that will be done.
    at_work: Option<(Instant, Job)>,
    /// Jobs that took time.
    begun: u64,
}

impl Worker {
    pub(super) fn new(cpu: Cpu, memo: Option<Arc<Memo>>) -> Self {
        Self { cpu, memo, at_work: None, begun: 0 }
    }

    /// Hands in what is done by now, and begins what there is to do. Jobs that wait do so in the node.
    pub(super) fn work<S: Storage>(
        &mut self,
        node: &mut Recorder<S, Tape>,
        keys: &impl Keys,
        now: Instant,
    ) {
        let cpu = self.cpu;
        let begun = |job: Job| (now + cpu.cost(job.kind()), job);
        loop {
            let was_at_work = self.at_work.take();
            let is_new = was_at_work.is_none();
            let Some((done_at, job)) = was_at_work.or_else(|| node.poll_job().map(begun)) else {
                return;
            };
            if done_at > now {
                self.begun += u64::from(is_new);
                self.at_work = Some((done_at, job));
                return;
            }
            // A handshake may have ended meanwhile: then nobody wants the result.
            let done = match &self.memo {
                Some(memo) => memo.run(job, keys),
                None => job.run(keys),
            };
            let _ = node.complete_job(done, now);
        }
    }

    /// The number of the job that it is at.
    pub(super) fn under_way(&self) -> Option<u64> {
        self.at_work.as_ref().map(|_| self.begun)
    }

    /// When it is to be looked at again.
    pub(super) fn done_at(&self) -> Option<Instant> {
        self.at_work.as_ref().map(|(done_at, _)| *done_at)
    }
}
