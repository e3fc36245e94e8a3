//! What must hold: each `[[expect]]` becomes facts and a time.

use std::ops::Range;

use super::{Resolver, pointless};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{Expect, Table};
use crate::scenario::model::{self, Origin, Time};

impl Resolver<'_> {
    pub(super) fn resolve_expects(&mut self, origins: &[Origin]) -> Vec<model::Expect> {
        let file = self.file;
        let checkers_only = file.checkers_only.as_ref().filter(|only| *only.get_ref());
        match (checkers_only, file.expect.first()) {
            (None, None) if !self.vocabulary.has_judges => self.wrong(
                Diagnostic::of_file("the scenario expects nothing, so no run could fail").help(
                    "add what must hold: `[[expect]]` and, below it, \
                         `session = { between = [\"laptop\", \"sensor\"], is = \"active\" }`; \
                         or say `checkers_only = true`",
                ),
            ),
            (Some(only), Some(_)) => self.wrong(
                Diagnostic::at(only.span(), "the scenario expects more than that")
                    .help("leave out `checkers_only`, or every `[[expect]]`"),
            ),
            _ => {}
        }
        // What nodes, sends and faults should have been is guesswork while they have mistakes.
        let sound = self.mistakes.is_empty();
        let origins = origins.iter().cloned().map(Some).chain(std::iter::repeat(None));
        let mut expects = Vec::new();
        for (entry, origin) in file.expect.iter().zip(origins) {
            let origin = origin.unwrap_or_default();
            expects.extend(self.resolve_expect(entry, origin, sound));
        }
        expects
    }

    fn resolve_expect(
        &mut self,
        entry: &Table<Expect>,
        origin: Origin,
        sound: bool,
    ) -> Option<model::Expect> {
        let expect = entry.get();
        let (time, share) = (self.time(expect), self.share_of_runs(expect));
        let fact = self.the_fact(expect, entry.span())?;
        let mut facts = self.facts(expect, time)?;
        if let Some(reach) = &expect.reach {
            facts = self.within_reach(reach, facts, sound)?;
        }
        let need = self.need(expect, &facts);
        let (time, share, need) = (time?, share?, need?);
        if let Some(mistake) = pointless::pointless(expect) {
            self.wrong(mistake);
            return None;
        }
        if sound && let Some(mistake) = self.nonsense_of(expect, fact, &facts, (time, need)) {
            self.wrong(mistake);
            return None;
        }
        if time == Time::Never {
            // Of a pair that sends nothing, all of nothing arrives, and fast enough.
            facts.retain(|said| self.is_about_something(said));
        }
        Some(model::Expect { origin, time, facts, need, share })
    }

    /// Where the one fact is.
    fn the_fact(&mut self, expect: &Expect, table: Range<usize>) -> Option<Range<usize>> {
        let keys = [
            ("session", expect.session.as_ref().map(Table::span)),
            ("rtt", expect.rtt.as_ref().map(Table::span)),
            ("path", expect.path.as_ref().map(Table::span)),
            ("delivered", expect.delivered.as_ref().map(Table::span)),
            ("latency", expect.latency.as_ref().map(Table::span)),
            ("event", expect.event.as_ref().map(Table::span)),
            ("knows", expect.knows.as_ref().map(Table::span)),
            ("found", expect.found.as_ref().map(Table::span)),
            ("heard", expect.heard.as_ref().map(Table::span)),
            ("relayed", expect.relayed.as_ref().map(Table::span)),
            ("metric", expect.metric.as_ref().map(Table::span)),
        ];
        let key = self.note(super::exactly_one("expectation", "must hold", table, &keys))?;
        keys.into_iter().find(|(name, _)| *name == key)?.1
    }
}
