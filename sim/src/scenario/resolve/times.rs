//! When an expectation must hold.

use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::Instant;

use super::faults::End;
use super::{Resolver, instant, shown};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{Expect, Two};
use crate::scenario::model::Time;
use crate::scenario::nearest::suggest;
use crate::units::Period;

impl Resolver<'_> {
    pub(super) fn time(&mut self, expect: &Expect) -> Option<Time> {
        let times: Vec<(&str, Range<usize>)> = [
            ("by", expect.by.as_ref().map(Spanned::span)),
            ("within", expect.within.as_ref().map(Spanned::span)),
            ("during", expect.during.as_ref().map(Spanned::span)),
            ("never", expect.never.as_ref().map(Spanned::span)),
        ]
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
        .collect();
        if let [(one, first), (other, second), ..] = times.as_slice() {
            self.wrong(
                Diagnostic::at(second.clone(), format!("`{one}` and `{other}` in one expectation"))
                    .also(first.clone(), format!("`{one}` is here"))
                    .help("write two: each has one time, or none for the end of the scenario"),
            );
            return None;
        }
        match expect {
            Expect { within: Some(within), after: Some(after), .. } => self.within(within, after),
            Expect { within: Some(within), after: None, .. } => {
                self.wrong(
                    Diagnostic::at(within.span(), "`within` without `after`")
                        .label("counted from the end of which fault?")
                        .help("add `after = \"the fault's name\"`, or write `by`"),
                );
                None
            }
            Expect { within: None, after: Some(after), .. } => {
                self.wrong(
                    Diagnostic::at(after.span(), "`after` without `within`")
                        .label("how long after the end of this fault?")
                        .help("add `within = \"15s\"`"),
                );
                None
            }
            Expect { by: Some(by), .. } => self.by(by),
            Expect { during: Some(during), .. } => self.during(during.get_ref(), during.span()),
            Expect { never: Some(never), .. } => self.never(never),
            _ => Some(Time::AtEnd),
        }
    }

    fn by(&mut self, by: &Spanned<Period>) -> Option<Time> {
        let until = instant(by);
        self.not_after_end(until, by.span()).then_some(Time::By(until))
    }

    fn within(&mut self, within: &Spanned<Period>, after: &Spanned<String>) -> Option<Time> {
        let from = match self.fault_ends.get(after.get_ref()) {
            Some(End::At(end)) => *end,
            Some(End::Never(at)) => {
                let message = format!("the fault `{after}` never ends");
                let mistake = Diagnostic::at(after.span(), message)
                    .label("`within` counts from its end")
                    .also(at.clone(), "it begins here, without a `for`")
                    .help("give the fault a `for`, or write `by` or `during` here");
                self.wrong(mistake);
                return None;
            }
            Some(End::Again(every)) => {
                let message = format!("the fault `{after}` ends more than once");
                let mistake = Diagnostic::at(after.span(), message)
                    .label("`within` counts from its end")
                    .also(every.clone(), "it begins again and again")
                    .help("write `by` or `during` here, with the times that you mean");
                self.wrong(mistake);
                return None;
            }
            None => {
                let names = self.fault_ends.keys().map(String::as_str);
                let help = suggest(after.get_ref(), "faults", names);
                self.wrong(
                    Diagnostic::at(
                        after.span(),
                        format!("no fault is called {:?}", after.get_ref()),
                    )
                    .label("unknown name")
                    .help(help),
                );
                return None;
            }
        };
        let until = from + within.get_ref().0;
        self.not_after_end(until, within.span()).then_some(Time::Within { from, until })
    }

    fn during(&mut self, during: &Two<Spanned<Period>>, span: Range<usize>) -> Option<Time> {
        let Two(first, last) = during;
        let (from, until) = (instant(first), instant(last));
        if from >= until {
            self.wrong(
                Diagnostic::at(span, "the span of `during` is empty")
                    .label(format!("{last} is not after {first}"))
                    .help(format!("write `during = [\"{last}\", \"{first}\"]`, the earlier first")),
            );
            return None;
        }
        self.not_after_end(until, last.span()).then_some(Time::During(from, until))
    }

    fn never(&mut self, never: &Spanned<bool>) -> Option<Time> {
        if !*never.get_ref() {
            self.wrong(
                Diagnostic::at(never.span(), "`never` is only written as `never = true`")
                    .help("leave it out for an expectation about the end of the scenario"),
            );
            return None;
        }
        Some(Time::Never)
    }

    fn not_after_end(&mut self, until: Instant, span: Range<usize>) -> bool {
        if until <= self.end {
            return true;
        }
        let mistake = Diagnostic::at(span, "an expectation after the end of the scenario")
            .label(format!("this means until {}", shown(until)))
            .also(self.file.duration.span(), "it ends here")
            .help(format!("allow less time, or make `duration` at least {}", shown(until)));
        self.wrong(mistake);
        false
    }
}
