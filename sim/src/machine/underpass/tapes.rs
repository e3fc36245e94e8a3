//! Where recordings of a node go.

use std::fmt;
use std::sync::Arc;

/// Takes a recording, a few bytes at a time.
pub type Tape = Box<dyn FnMut(&[u8]) + Send>;

/// A tape for every life of a node.
#[derive(Clone)]
pub struct Tapes(Arc<dyn Fn(u32) -> Tape + Send + Sync>);

impl Tapes {
    /// `make` gives the tape for each life, by the number of the incarnation.
    pub fn new(make: impl Fn(u32) -> Tape + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    pub(super) fn of_life(&self, incarnation: u32) -> Tape {
        (self.0)(incarnation)
    }
}

impl fmt::Debug for Tapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tapes")
    }
}
