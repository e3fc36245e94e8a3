//! Expectations that every run would meet, or none for a reason of its own, by the way they are
//! written.

use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::Duration;

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{AtLeast, Expect, Table};

/// What an expectation cannot mean, whatever the scenario.
pub(super) fn pointless(expect: &Expect) -> Option<Diagnostic> {
    metric_before_end(expect)
        .or_else(|| no_bound(expect))
        .or_else(|| latency_at_some_instant(expect))
        .or_else(|| event_in_a_span(expect))
        .or_else(|| event_limited_at_some_instant(expect))
        .or_else(|| relayed_at_the_wrong_time(expect))
}

/// A key that says when, and where it is.
type When = (&'static str, Range<usize>);

fn by(expect: &Expect) -> Option<When> {
    expect.by.as_ref().map(|by| ("by", by.span()))
}

fn within(expect: &Expect) -> Option<When> {
    expect.within.as_ref().map(|within| ("within", within.span()))
}

fn during(expect: &Expect) -> Option<When> {
    expect.during.as_ref().map(|during| ("during", during.span()))
}

fn never(expect: &Expect) -> Option<When> {
    expect.never.as_ref().map(|never| ("never", never.span()))
}

/// A counter is read once, when the run is over.
fn metric_before_end(expect: &Expect) -> Option<Diagnostic> {
    let metric = expect.metric.as_ref()?;
    let when = by(expect).or(within(expect)).or(during(expect)).or(never(expect));
    let (key, time) = when?;
    let mistake = Diagnostic::at(time, format!("`{key}` for a `metric`"))
        .label("counters are read at the end only")
        .also(metric.span(), "the counter")
        .help(match key {
            "never" => "leave `never` out, and give the bounds that it must keep to",
            "by" => "leave `by` out, or ask for an `event` by then",
            "within" => "leave `within` and `after` out, or ask for a `session` in this time",
            _ => "leave the time out, or ask for a `session` in this time",
        });
    Some(mistake)
}

/// At least nothing, and no other bound.
fn no_bound(expect: &Expect) -> Option<Diagnostic> {
    let (at, written, help) = if let Some(event) = expect.event.as_ref().map(Table::get) {
        let low = nothing(event.at_least.as_ref(), event.at_most.is_some())?;
        (low, "0", "leave it out for once or more, or write `at_most = 0` for not at all")
    } else if let Some(metric) = expect.metric.as_ref().map(Table::get) {
        let low = nothing(metric.at_least.as_ref(), metric.at_most.is_some())?;
        (low, "0", "write `at_least = 1` for any, or `at_most = 0` for none")
    } else if let Some(relayed) = expect.relayed.as_ref().map(Table::get) {
        let low = relayed.at_least.as_ref().filter(|low| low.get_ref().0 == 0)?;
        if relayed.at_most.is_some() {
            return None;
        }
        (low.span(), "\"0B\"", "write `at_least = \"1B\"` for any, or `at_most = \"0B\"` for none")
    } else if let Some(rtt) = expect.rtt.as_ref().map(Table::get) {
        let low = rtt.at_least.as_ref().filter(|low| low.get_ref().0 == Duration::ZERO)?;
        if rtt.at_most.is_some() {
            return None;
        }
        let help = "write a bound such as `at_most = \"50ms\"`; that two nodes reach each other \
                    is a `session` that is \"active\"";
        (low.span(), "\"0s\"", help)
    } else {
        let low = expect.delivered.as_ref()?.get().at_least.as_ref()?;
        let written = match low.get_ref() {
            AtLeast::Count(0) => "0",
            AtLeast::Share(share) if share.thousandths() == 0 => "\"0%\"",
            _ => return None,
        };
        let help = "write `at_least = 1` for any; that none arrive is `never = true` with \
                    `at_least = 1`";
        (low.span(), written, help)
    };
    let message = format!("`at_least = {written}` asks for nothing");
    Some(Diagnostic::at(at, message).label("always so").help(help))
}

/// Where a lower bound of nothing is, if it stands alone.
fn nothing(low: Option<&Spanned<u64>>, has_other: bool) -> Option<Range<usize>> {
    let low = low.filter(|low| *low.get_ref() == 0 && !has_other)?;
    Some(low.span())
}

/// The slowest payload so far only gets slower: the first one decides when one instant suffices.
fn latency_at_some_instant(expect: &Expect) -> Option<Diagnostic> {
    let latency = expect.latency.as_ref()?;
    let (key, time) = by(expect).or(within(expect))?;
    let mistake = Diagnostic::at(time, format!("`{key}` for a `latency`"))
        .label("one instant before the first slow payload would do")
        .also(latency.span(), "the upper bound")
        .help(match key {
            "by" => "leave `by` out: all payloads up to the end are judged",
            _ => "leave `within` and `after` out: all payloads up to the end are judged",
        });
    Some(mistake)
}

/// What was reported before the span counts as much as what is reported in it.
fn event_in_a_span(expect: &Expect) -> Option<Diagnostic> {
    let event = expect.event.as_ref()?;
    let (key, time) = within(expect).or(during(expect))?;
    let mistake = Diagnostic::at(time, format!("`{key}` for an `event`"))
        .label("events are counted over the whole run")
        .also(event.span(), "the event")
        .help(match key {
            "within" => "leave `within` and `after` out, or ask for a `session` in this time",
            _ => "leave `during` out, or ask for a `session` in this time",
        });
    Some(mistake)
}

/// When the run begins, nothing has been reported.
fn event_limited_at_some_instant(expect: &Expect) -> Option<Diagnostic> {
    let at_most = expect.event.as_ref()?.get().at_most.as_ref()?;
    let (_, time) = by(expect)?;
    let mistake = Diagnostic::at(time, "`by` for an `event` with `at_most`")
        .label("one instant before the first event too many would do")
        .also(at_most.span(), "the upper bound")
        .help("leave `by` out to count up to the end, or ask for `at_least` only");
    Some(mistake)
}

/// A relay has sent on nothing when the span begins, and never less than before.
fn relayed_at_the_wrong_time(expect: &Expect) -> Option<Diagnostic> {
    let relayed = expect.relayed.as_ref()?.get();
    let some = by(expect).or(within(expect));
    let every = during(expect);
    let (bound, (key, time), label, help) = match (some, every) {
        (Some(some), _) => {
            let help = format!("write `during` for all of a span, or leave `{}` out", some.0);
            (relayed.at_most.as_ref()?, some, "the first instant would do", help)
        }
        (None, Some(every)) => {
            let help = "write `by`, or `within` and `after`".into();
            (relayed.at_least.as_ref()?, every, "none is when the span begins", help)
        }
        (None, None) => return None,
    };
    let which = if key == "during" { "at_least" } else { "at_most" };
    let message = format!("`{key}` for bytes that are `relayed`, with `{which}`");
    let mistake = Diagnostic::at(time, message).label(label).also(bound.span(), "the bound");
    Some(mistake.help(help))
}
