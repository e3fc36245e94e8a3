//! Expectations of some only: of what a fact names, or of the seeds.

use std::ops::Range;

use crate::scenario::file::Spanned;

use super::Resolver;
use crate::judge::runs_wanted;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{AtLeast, Expect};
use crate::scenario::model::{Cell, Fact, Need, RunShare, Time, units};
use crate::units::PerMille;

impl Resolver<'_> {
    /// How many of the facts must hold; nothing after a mistake is noted.
    pub(super) fn need(&mut self, expect: &Expect, facts: &[Fact]) -> Option<Need> {
        let (_, count) = units(facts);
        let mistake = match (&expect.any, &expect.at_least) {
            (None, None) => return Some(Need::All),
            (Some(any), Some(at_least)) => {
                Diagnostic::at(at_least.span(), "`any` and `at_least` in one expectation")
                    .also(any.span(), "`any` is here")
                    .help("keep one: `any = true` is `at_least = 1`")
            }
            (Some(any), None) if !*any.get_ref() => {
                Diagnostic::at(any.span(), "`any` is only written as `any = true`")
                    .help("leave it out for an expectation of all")
            }
            (Some(any), None) => {
                if let Some(never) = &expect.never {
                    Diagnostic::at(any.span(), "`any` for what is `never` so")
                        .also(never.span(), "this says so of each already")
                        .help("leave `any` out")
                } else if count < 2 {
                    only_one(any.span())
                } else {
                    return Some(Need::AtLeast(1));
                }
            }
            (None, Some(at_least)) => {
                let span = at_least.span();
                match wanted(at_least, count) {
                    0 => Diagnostic::at(span, "`at_least` asks for nothing")
                        .label("always so")
                        .help("write at least 1, or leave it out for all"),
                    _ if count < 2 => only_one(span),
                    wanted if wanted > count => {
                        Diagnostic::at(span, format!("{wanted} of {count} is more than there are"))
                            .help(format!("the fact names {count}: ask for fewer"))
                    }
                    wanted if wanted == count && expect.never.is_none() => {
                        Diagnostic::at(span, format!("`at_least` asks for all {count}"))
                            .label("as it would be without")
                            .help("leave it out, or ask for fewer")
                    }
                    wanted => return Some(Need::AtLeast(wanted)),
                }
            }
        };
        self.wrong(mistake);
        None
    }

    /// Of which share of the runs it is expected; nothing after a mistake is noted.
    pub(super) fn share_of_runs(&mut self, expect: &Expect) -> Option<Option<RunShare>> {
        match (&expect.seeds, &expect.cells) {
            (None, None) => Some(None),
            (Some(share), None) => self.share_of_seeds(share),
            (None, Some(share)) => self.share_of_cells(share),
            (Some(seeds), Some(cells)) => {
                self.wrong(
                    Diagnostic::at(cells.span(), "`seeds` and `cells` in one expectation")
                        .also(seeds.span(), "`seeds` is here")
                        .help("keep one: all runs of a cell are among those of all cells"),
                );
                None
            }
        }
    }

    fn share_of_cells(&mut self, share: &Spanned<PerMille>) -> Option<Option<RunShare>> {
        let mistake = match share.get_ref().thousandths() {
            _ if self.part.cell == Cell::default() => {
                Diagnostic::at(share.span(), "`cells` without a `[matrix]`")
                    .label("there is one cell only")
                    .help("write `seeds` for a share of the file's seeds")
            }
            0 => Diagnostic::at(share.span(), "`cells` asks for nothing").help("ask for more"),
            1000 => Diagnostic::at(share.span(), "`cells` asks for all runs")
                .label("as it would be without")
                .help("leave it out, or ask for less"),
            _ if !self.part.is_independent => {
                Diagnostic::at(share.span(), "a share of cells that all draw alike")
                    .label("what one of them loses, each of them does")
                    .help("write `independent = true` in `[matrix]`")
            }
            thousandths => return Some(Some(RunShare::Cells(thousandths))),
        };
        self.wrong(mistake);
        None
    }

    fn share_of_seeds(&mut self, share: &Spanned<PerMille>) -> Option<Option<RunShare>> {
        let thousandths = share.get_ref().thousandths();
        let wanted = runs_wanted(thousandths, self.seeds);
        let mistake = Diagnostic::at(
            share.span(),
            match (wanted, self.seeds) {
                (0, _) => "`seeds` asks for nothing".into(),
                (_, 1) => format!("{share} of a single seed"),
                (wanted, seeds) if wanted == seeds => {
                    format!("{share} of {seeds} seeds are all of them")
                }
                _ => return Some(Some(RunShare::Seeds(thousandths))),
            },
        );
        let mistake = match &self.file.seeds {
            Some(seeds) => mistake.also(seeds.span(), "the seeds"),
            None => mistake.note("the file does not say `seeds`, so there is one"),
        };
        let help = "give the file more `seeds`, ask for less, or leave it out for all";
        self.wrong(mistake.help(help));
        None
    }

    /// What is wrong with an expectation in this scenario, if anything: of some, if too few of them
    /// make sense.
    pub(super) fn nonsense_of(
        &self,
        expect: &Expect,
        fact: Range<usize>,
        facts: &[Fact],
        (time, need): (Time, Need),
    ) -> Option<Diagnostic> {
        let Need::AtLeast(wanted) = need else { return self.nonsense(expect, fact, facts, time) };
        let (unit_of, count) = units(facts);
        let mut groups: Vec<Vec<Fact>> = vec![Vec::new(); count];
        for (said, unit) in facts.iter().zip(unit_of) {
            groups[unit].push(said.clone());
        }
        let nonsense = |facts: &Vec<Fact>| self.nonsense(expect, fact.clone(), facts, time);
        let mut wrong: Vec<Diagnostic> = groups.iter().filter_map(nonsense).collect();
        let possible = count - wrong.len();
        (possible < wanted && !wrong.is_empty()).then(|| wrong.swap_remove(0))
    }
}

fn wanted(at_least: &Spanned<AtLeast>, count: usize) -> usize {
    match at_least.get_ref() {
        AtLeast::Count(wanted) => usize::try_from(*wanted).unwrap_or(usize::MAX),
        AtLeast::Share(share) => runs_wanted(share.thousandths(), count),
    }
}

fn only_one(span: Range<usize>) -> Diagnostic {
    Diagnostic::at(span, "the fact names only one")
        .label("there are no others to count")
        .help("leave it out, or name several with a glob")
}
