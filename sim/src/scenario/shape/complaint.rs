//! What the TOML reader complains about, said as a diagnostic.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{self, Place};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::nearest::{nearest, suggest};

/// A complaint of the reader. It only hands out a text, so the text is taken apart; the tests pin
/// its wording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Complaint {
    UnknownKey {
        known: Vec<String>,
    },
    UnknownValue {
        value: String,
        known: Vec<String>,
    },
    MissingKey {
        key: String,
    },
    /// What was expected instead.
    WrongForm {
        expected: String,
    },
    /// The three lines of a [`crate::units::UnitError`].
    Quantity {
        message: String,
        reason: String,
        help: String,
    },
    Other {
        message: String,
    },
}

impl Complaint {
    pub(super) fn of(message: &str) -> Self {
        Self::parse(message).unwrap_or_else(|| Self::Other { message: message.into() })
    }

    fn parse(message: &str) -> Option<Self> {
        if let [message, reason, help] = message.split('\n').collect::<Vec<_>>()[..] {
            let (message, reason, help) = (message.into(), reason.into(), help.into());
            return Some(Self::Quantity { message, reason, help });
        }
        if message.starts_with("unknown field `") {
            let (_, known) = message.rsplit_once("`, expected ")?;
            return Some(Self::UnknownKey { known: quoted(known) });
        }
        if let Some(rest) = message.strip_prefix("unknown variant `") {
            let (value, known) = rest.rsplit_once("`, expected ")?;
            return Some(Self::UnknownValue { value: value.into(), known: quoted(known) });
        }
        if let Some(rest) = message.strip_prefix("missing field `") {
            return Some(Self::MissingKey { key: rest.strip_suffix('`')?.into() });
        }
        if message == "wanted string or table" {
            return Some(Self::WrongForm { expected: "a string".into() });
        }
        if message.starts_with("invalid ") {
            let (_, expected) = message.rsplit_once(", expected ")?;
            return Some(Self::WrongForm { expected: plain(expected).into() });
        }
        None
    }

    /// Where the unknown key at `place` was probably meant to be, and how it is written.
    pub(super) fn meant(&self, place: &Place) -> Option<(Place, String)> {
        let Self::UnknownKey { known } = self else { return None };
        let key = place.key();
        if let Some(near) = nearest(key, known.iter().map(String::as_str)) {
            return Some((place.clone(), near.to_owned()));
        }
        TOP.contains(&key).then(|| (Place::top(key), key.to_owned()))
    }

    pub(super) fn diagnostic(
        &self,
        span: &Range<usize>,
        place: &Place,
        document: &DeTable<'_>,
        text: &str,
    ) -> Diagnostic {
        let at = |message: String| Diagnostic::at(span.clone(), message);
        match self {
            Self::UnknownKey { known } => unknown_key(place, span, known),
            Self::UnknownValue { value, known } => unknown_value(value, place, span, known),
            Self::MissingKey { key } => missing_key(key, place, span),
            Self::WrongForm { expected } => {
                let value = document::value(document, place);
                wrong_form(expected, place, span, value, text)
            }
            Self::Quantity { message, reason, help } => {
                at(message.clone()).label(reason.clone()).help(help.clone())
            }
            Self::Other { message } => at(format!("`{}`: {message}", place.key())),
        }
    }
}

/// What stands between backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The reader's words for what it expects, in those of people who write TOML.
fn plain(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a boolean" => "`true` or `false`",
        "u64" => "a whole number, zero or more",
        "u32" => "a whole number from 0 to 4294967295",
        other => other,
    }
}

/// Keys that only stand at the top, where a `[table]` above them would swallow them.
const TOP: &[&str] =
    &["format", "title", "tags", "quarantine", "duration", "seeds", "max_events", "checkers_only"];

fn unknown_key(place: &Place, span: &Range<usize>, known: &[String]) -> Diagnostic {
    let key = place.key();
    let table = place.parent();
    let keys = known.iter().map(String::as_str);
    let diagnostic = Diagnostic::at(span.clone(), format!("unknown key `{key}`"))
        .label(format!("{} has no such key", table.title()));
    if nearest(key, keys.clone()).is_none() && TOP.contains(&key) {
        return diagnostic.help(format!(
            "`{key}` belongs to the whole scenario: write it above the first `[table]`"
        ));
    }
    diagnostic.help(suggest(key, "keys", keys))
}

fn unknown_value(value: &str, place: &Place, span: &Range<usize>, known: &[String]) -> Diagnostic {
    let key = place.key();
    let all = known.iter().map(String::as_str);
    Diagnostic::at(span.clone(), format!("unknown value {value:?} for `{key}`"))
        .label("not one of its values")
        .help(suggest(value, "values", all))
}

/// How keys are written whose form is not plain from their name; those of one table apart, where
/// another table has a key of the same name.
const EXAMPLES: &[(&str, &str)] = &[
    ("format", "1"),
    ("title", "\"What the scenario shows\""),
    ("duration", "\"60s\""),
    ("name", "\"laptop\""),
    ("at", "\"2s\""),
    ("from", "\"laptop\""),
    ("to", "\"sensor\""),
    ("between", "[\"laptop\", \"sensor\"]"),
    ("is", "\"active\""),
    ("at_most", "\"200ms\""),
    ("node", "\"laptop\""),
    ("kind", "\"connected\""),
    ("seeds", "20"),
    ("expect.seeds", "\"95%\""),
    ("cells", "\"99%\""),
    ("reach", "\"direct\""),
    ("any", "true"),
    ("never", "true"),
    ("loss", "\"0.5%\""),
    ("p", "\"1%\""),
    ("r", "\"10%\""),
    ("rate", "\"10mbit\""),
    ("reorder", "\"5%\""),
    ("gap", "5"),
    ("mtu", "1280"),
    ("preset", "\"wifi\""),
    ("link", "{ delay = \"20ms\", loss = \"0.5%\" }"),
    ("up", "{ delay = \"20ms\" }"),
    ("down", "{ delay = \"20ms\" }"),
    ("behind", "\"home\""),
    ("population", "\"households\""),
    ("mapping", "\"endpoint-independent\""),
    ("filtering", "\"address-and-port-dependent\""),
    ("ports", "\"preserving\""),
    ("pool", "4"),
    ("pairing", "\"paired\""),
    ("translate", "\"ipv4\""),
    ("timeout", "\"30s\""),
    ("unreplied_timeout", "\"30s\""),
    ("refresh", "\"both\""),
    ("hairpin", "\"external-source\""),
    ("unsolicited", "\"drop\""),
    ("table", "1000"),
    ("mappings_per_host", "100"),
    ("udp", "false"),
    ("nat.name", "\"home\""),
    ("nat.preset", "\"port-restricted-cone\""),
    ("nat_reboot", "\"home\""),
    ("roam", "{ node = \"laptop\", behind = \"home\" }"),
    ("session", "{ between = [\"laptop\", \"sensor\"], is = \"active\" }"),
    ("rtt", "{ between = [\"laptop\", \"sensor\"], at_most = \"50ms\" }"),
    ("delivered", "{ from = \"laptop\", to = \"sensor\", all = true }"),
    ("latency", "{ from = \"laptop\", to = \"sensor\", at_most = \"200ms\" }"),
    ("event", "{ node = \"laptop\", kind = \"connected\" }"),
    ("metric", "{ node = \"laptop\", name = \"...\", at_most = 100 }"),
    ("during", "[\"10s\", \"20s\"]"),
    ("partition", "[[\"laptop\"], [\"sensor\", \"relay\"]]"),
    ("block", "{ from = [\"laptop\"], to = [\"sensor\"] }"),
    ("block.from", "[\"laptop\"]"),
    ("block.to", "[\"sensor\"]"),
    ("fault.link", "{ node = \"laptop\", loss = \"30%\" }"),
    ("drop", "{ from = \"laptop\", to = \"sensor\", nth = 3 }"),
    ("nth", "3"),
    ("fault.every", "\"60s\""),
    ("fault.hostile", "\"mallory\""),
    ("node.hostile", "{ flood = { target = \"server\", kind = \"hello\", every = \"10ms\" } }"),
    ("replay", "{ every = \"10ms\" }"),
    ("flood", "{ target = \"server\", kind = \"hello\", every = \"10ms\" }"),
    ("flood.kind", "\"hello\""),
    ("forge", "{ every = \"10ms\" }"),
    ("tamper", "{ share = \"10%\" }"),
    ("target", "\"server\""),
    ("every", "\"10ms\""),
    ("share", "\"10%\""),
    ("limits", "\"board\""),
    ("cpu", "\"board\""),
    ("key_operation", "\"100ms\""),
    ("clock_ppm", "50"),
    ("app", "\"echo\""),
    ("machine", "\"underpass\""),
    ("suspend", "\"laptop\""),
    ("clock", "{ node = \"laptop\", ppm = 200 }"),
    ("ppm", "200"),
    ("buffer", "\"4KiB\""),
    ("access", "{ answers = \"listed\", allow = [\"laptop\"] }"),
    ("crash", "\"laptop\""),
    ("restart", "\"laptop\""),
    ("change_secret", "\"laptop\""),
    ("retire_secret", "\"laptop\""),
];

fn missing_key(key: &str, place: &Place, span: &Range<usize>) -> Diagnostic {
    let message = format!("{} has no `{key}`", place.title());
    let diagnostic = match place.is_root() {
        true => Diagnostic::of_file(message),
        false => Diagnostic::at(span.clone(), message).label(format!("`{key}` is missing")),
    };
    let Some(example) = example(place, key) else { return diagnostic };
    let help = format!("add `{key} = {example}`");
    match (place.is_root(), key) {
        (true, "title") => diagnostic
            .note("a file without a title is no scenario, but a part of those that include it")
            .help(format!("{help} at the top; or run one that includes it, or a folder with both")),
        (true, _) => diagnostic.help(format!("{help} at the top")),
        (false, _) => diagnostic.help(help),
    }
}

/// How a key of the table at `place` is written.
fn example(place: &Place, key: &str) -> Option<&'static str> {
    let in_table = format!("{}.{key}", place.key());
    let find = |wanted: &str| EXAMPLES.iter().find(|(name, _)| *name == wanted);
    find(&in_table).or_else(|| find(key)).map(|(_, example)| *example)
}

fn wrong_form(
    expected: &str,
    place: &Place,
    span: &Range<usize>,
    value: Option<&Spanned<DeValue<'_>>>,
    text: &str,
) -> Diagnostic {
    let key = place.key();
    let is_element = *place != place.entry();
    let element = if is_element { "each of " } else { "" };
    let diagnostic = Diagnostic::at(span.clone(), format!("{element}`{key}` must be {expected}"));
    let Some(value) = value.map(Spanned::get_ref) else { return diagnostic };
    let diagnostic = diagnostic.label(format!("this is {}", describe(value)));
    let written = text.get(span.clone()).unwrap_or_default();
    if written.starts_with("\"$") {
        return diagnostic;
    }
    let help = match (expected, value) {
        ("an array", DeValue::Table(_)) if written.starts_with('[') => {
            format!("write `[[{key}]]`: there may be several")
        }
        ("a table", DeValue::Array(_)) if written.starts_with(&format!("[[{key}")) => {
            format!("write `[{key}]`: there is only one")
        }
        ("an array", DeValue::String(_)) => format!("put it in brackets: `[{written}]`"),
        ("a string", DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_)) => {
            format!("put it in quotes: `\"{written}\"`")
        }
        (PERIOD, DeValue::Integer(number)) => {
            format!("name the unit: `{key} = \"{number}ms\"` or `{key} = \"{number}s\"`")
        }
        _ => match example(&place.parent(), key) {
            Some(example) if !is_element => format!("write it like `{key} = {example}`"),
            _ => return diagnostic,
        },
    };
    diagnostic.help(help)
}

/// What [`crate::units::Period`] expects.
const PERIOD: &str = "a time with its unit, such as \"20ms\"";

pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "a string".into(),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(value) => format!("`{value}`"),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(array) => format!("an array of {}", array.len()),
        DeValue::Table(_) => "a table".into(),
    }
}
