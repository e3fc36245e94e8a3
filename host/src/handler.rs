//! What is done with messages: a handler for each kind.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::message::Incoming;

/// What a handler has to say to a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Nothing. The sender of a request waits in vain.
    Nothing,
    /// The reply to a request; of anything else it is dropped.
    Reply(Vec<u8>),
    /// It did not work; the sender of a request is told this text.
    Failed(String),
    /// This peer may not; the sender of a request is told so.
    NotAllowed,
}

/// What is done with the messages of a kind.
pub trait Handler: Send + Sync + 'static {
    /// Handles a message.
    fn handle(&self, message: Incoming) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

    /// How many messages it handles at once; others wait for their turn.
    fn at_once(&self) -> usize {
        16
    }
}

impl<F, A> Handler for F
where
    F: Fn(Incoming) -> A + Send + Sync + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    fn handle(&self, message: Incoming) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        Box::pin(self(message))
    }
}

/// Handlers by kind.
#[derive(Clone, Default)]
pub struct Handlers(pub(crate) BTreeMap<u16, Arc<dyn Handler>>);

impl Handlers {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has the messages of a kind handled so. Of two handlers for a kind the later one counts.
    #[must_use]
    pub fn on(mut self, kind: u16, handler: impl Handler) -> Self {
        self.0.insert(kind, Arc::new(handler));
        self
    }
}
