//! Searches by tag, one at a time.

use tokio::sync::oneshot;
use underpass_core::{PeerId, Tag};

use super::Driver;
use crate::event::Event;

/// Who was found so far, and who waits for that.
pub(super) struct Search {
    found: Vec<PeerId>,
    answer: oneshot::Sender<Vec<PeerId>>,
}

impl Driver {
    /// Begins a search. Who waits for the one before is told what that has found.
    pub(super) fn look_for(&mut self, tag: &str, answer: oneshot::Sender<Vec<PeerId>>) {
        self.end_search();
        // Without gossip nobody is asked, and the one who waits learns that nothing comes.
        if self.node.find(Tag::new(&self.tags_of, tag), self.clock.now()).is_ok() {
            self.search = Some(Search { found: Vec::new(), answer });
        }
    }

    pub(super) fn on_found(&mut self, id: PeerId) {
        if let Some(search) = &mut self.search {
            search.found.push(id);
        }
        self.tell(Event::Found { id: id.to_string() });
    }

    pub(super) fn end_search(&mut self) {
        if let Some(Search { found, answer }) = self.search.take() {
            // They may have stopped waiting.
            let _ = answer.send(found);
        }
    }
}
