//! What the runner and its handles share.

use core::cell::RefCell;

use embassy_sync::waitqueue::{MultiWakerRegistration, WakerRegistration};
use heapless::Deque;
use underpass_core::{Instant, Storage};
use underpass_driver::{Node, Pump};

use crate::bench::Bench;
use crate::inbox::Letters;

/// Tasks that can wait at the same time for payloads and events. Should there be more, all of them are
/// woken more often than they need to be.
const WATCHERS: usize = 4;

/// A node, and what has come for its application: `LETTERS` payloads of one datagram at most. For a
/// `static`, by way of `StaticCell`.
pub struct State<S, const LETTERS: usize> {
    pub(crate) inner: RefCell<Inner<S, LETTERS>>,
    pub(crate) bench: &'static Bench,
}

pub(crate) struct Inner<S, const LETTERS: usize> {
    pub(crate) pump: Pump<S>,
    pub(crate) letters: Letters<LETTERS>,
    /// A job lies on the bench.
    pub(crate) is_working: bool,
    pub(crate) runner: WakerRegistration,
    pub(crate) watchers: MultiWakerRegistration<WATCHERS>,
}

impl<S: Storage, const LETTERS: usize> State<S, LETTERS> {
    /// A state around a node, whose public-key work is done on this bench and that of no other node.
    pub const fn new(node: Node<S>, bench: &'static Bench) -> Self {
        const { assert!(LETTERS > 0, "nothing would ever be taken in") };
        let inner = Inner {
            pump: Pump::new(node),
            letters: Letters(Deque::new()),
            is_working: false,
            runner: WakerRegistration::new(),
            watchers: MultiWakerRegistration::new(),
        };
        Self { inner: RefCell::new(inner), bench }
    }

    /// Lends what is shared. Nobody holds it across an `await`, so it is always there.
    pub(crate) fn with<R>(&self, with: impl FnOnce(&mut Inner<S, LETTERS>) -> R) -> R {
        with(&mut self.inner.borrow_mut())
    }
}

/// The time since boot.
pub(crate) fn now() -> Instant {
    Instant::from_micros(embassy_time::Instant::now().as_micros())
}
