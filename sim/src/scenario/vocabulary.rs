//! Words that scenario files use beside the keys of their tables.

use crate::machine::{APPS, MACHINES};

/// Words whose list is kept where they mean something, and that files are checked against.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'v> {
    /// The counters of a node that `metric` may name.
    pub metrics: &'v [&'v str],
    /// What `machine` may name.
    pub machines: &'v [&'v str],
    /// What `app` may name.
    pub apps: &'v [&'v str],
    /// Whether others than the file judge its runs: then it may expect nothing.
    pub has_judges: bool,
}

impl<'v> Vocabulary<'v> {
    /// With these counters, and what stands on nodes without anything of the user's.
    pub const fn with_metrics(metrics: &'v [&'v str]) -> Self {
        Self { metrics, machines: &MACHINES, apps: &APPS, has_judges: false }
    }
}
