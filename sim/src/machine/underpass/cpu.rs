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
}

impl Worker {
    pub(super) fn new(cpu: Cpu, memo: Option<Arc<Memo>>) -> Self {
        Self { cpu, memo, at_work: None }
    }

    /// Hands in what is done by now, and begins what there is to do. Jobs that wait do so in the node.
    pub(super) fn work<S: Storage>(
        &mut self,
        node: &mut Recorder<S, Tape>,
        keys: &impl Keys,
        now: Instant,
    ) {
        let begun = |job: Job| (now + self.cpu.cost(job.kind()), job);
        while let Some((done_at, job)) = self.at_work.take().or_else(|| node.poll_job().map(begun))
        {
            if done_at > now {
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

    /// When it is to be looked at again.
    pub(super) fn done_at(&self) -> Option<Instant> {
        self.at_work.as_ref().map(|(done_at, _)| *done_at)
    }
}
