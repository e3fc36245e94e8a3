//! Makes a failing scenario smaller as long as it fails in the same way.
//!
//! A draft is changed in one place after another, the large changes first; each change that still fails
//! is kept, and the rest is looked at again until nothing can be left out any more.

mod passes;
mod refer;
mod values;

use std::collections::BTreeSet;

use super::Draft;
use crate::random::Draws;

/// A draft that is made smaller step by step. What is tried next, and whether it is taken, are two
/// steps: so others may run it as they like.
pub struct Shrinker {
    best: Draft,
    pass: usize,
    at: usize,
    has_improved: bool,
    trying: Option<Draft>,
    /// Files that were tried, by a hash.
    tried: BTreeSet<u64>,
}

impl Shrinker {
    /// For a draft that fails.
    pub fn new(draft: Draft) -> Self {
        let tried = [fingerprint(&draft)].into();
        Self { best: draft, pass: 0, at: 0, has_improved: false, trying: None, tried }
    }

    /// The smallest draft so far.
    pub fn best(&self) -> &Draft {
        &self.best
    }

    /// The next one to be tried; `None` if there is nothing left to leave out. One that was asked for before
    /// and not [kept](Self::keep) is dropped.
    pub fn propose(&mut self) -> Option<&Draft> {
        self.trying = None;
        loop {
            let Some(pass) = passes::ALL.get(self.pass) else {
                if !std::mem::take(&mut self.has_improved) {
                    return None;
                }
                (self.pass, self.at) = (0, 0);
                continue;
            };
            let Some(candidate) = pass(&self.best, self.at) else {
                (self.pass, self.at) = (self.pass + 1, 0);
                continue;
            };
            self.at += 1;
            let Some(candidate) = candidate.filter(|it| self.tried.insert(fingerprint(it))) else {
                continue;
            };
            return Some(self.trying.insert(candidate));
        }
    }

    /// The one that is tried fails in the same way.
    pub fn keep(&mut self) {
        if let Some(draft) = self.trying.take() {
            self.take(draft);
            // What comes next has its place now.
            self.at -= 1;
        }
    }

    /// Another draft that fails in the same way: what was left of it is tried anew.
    pub fn take(&mut self, draft: Draft) {
        (self.best, self.has_improved) = (draft, true);
    }
}

/// Makes a failing draft as small as it goes; `fails` says whether a file still fails in the same way.
pub fn shrink(draft: Draft, mut fails: impl FnMut(&Draft) -> bool) -> Draft {
    let mut shrinker = Shrinker::new(draft);
    while let Some(candidate) = shrinker.propose() {
        if fails(candidate) {
            shrinker.keep();
        }
    }
    shrinker.best
}

fn fingerprint(draft: &Draft) -> u64 {
    Draws::new(0).stream(&[&draft.text()]).draw(0)
}
