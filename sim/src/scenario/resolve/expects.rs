//! What must hold: each `[[expect]]` becomes facts and a time.

use std::ops::Range;

use super::Resolver;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{Expect, Table};
use crate::scenario::model::{self, Origin};

impl Resolver<'_> {
    pub(super) fn resolve_expects(&mut self, origins: &[Origin]) -> Vec<model::Expect> {
        let file = self.file;
        if file.expect.is_empty() {
            self.wrong(
                Diagnostic::of_file("the scenario expects nothing, so no run could fail").help(
                    "add what must hold: `[[expect]]` and, below it, \
                         `session = { between = [\"laptop\", \"sensor\"], is = \"active\" }`",
                ),
            );
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
        let time = self.time(expect);
        let fact = self.the_fact(expect, entry.span())?;
        let facts = self.facts(expect)?;
        let time = time?;
        if let Some(mistake) = metric_before_end(expect) {
            self.wrong(mistake);
            return None;
        }
        if sound && let Some(mistake) = self.nonsense(expect, fact, &facts, time) {
            self.wrong(mistake);
            return None;
        }
        Some(model::Expect { origin, time, facts })
    }

    /// Where the one fact is.
    fn the_fact(&mut self, expect: &Expect, table: Range<usize>) -> Option<Range<usize>> {
        let keys = [
            ("session", expect.session.as_ref().map(Table::span)),
            ("rtt", expect.rtt.as_ref().map(Table::span)),
            ("delivered", expect.delivered.as_ref().map(Table::span)),
            ("latency", expect.latency.as_ref().map(Table::span)),
            ("event", expect.event.as_ref().map(Table::span)),
            ("metric", expect.metric.as_ref().map(Table::span)),
        ];
        let key = self.note(super::exactly_one("expectation", "must hold", table, &keys))?;
        keys.into_iter().find(|(name, _)| *name == key)?.1
    }
}

/// A counter is read once, when the run is over.
fn metric_before_end(expect: &Expect) -> Option<Diagnostic> {
    let metric = expect.metric.as_ref()?;
    let by = expect.by.as_ref().map(|by| ("by", by.span()));
    let within = expect.within.as_ref().map(|within| ("within", within.span()));
    let during = expect.during.as_ref().map(|during| ("during", during.span()));
    let never = expect.never.as_ref().map(|never| ("never", never.span()));
    let (key, time) = by.or(within).or(during).or(never)?;
    let mistake = Diagnostic::at(time, format!("`{key}` for a `metric`"))
        .label("counters are read at the end only")
        .also(metric.span(), "the counter")
        .help(match key {
            "never" => "leave `never` out, and give the bounds that it must keep to",
            "within" => "leave `within` and `after` out, or ask for an `event` in this time",
            _ => "leave the time out, or ask for an `event` in this time",
        });
    Some(mistake)
}
