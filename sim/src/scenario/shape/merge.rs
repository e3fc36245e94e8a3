//! Several files as one document, and values for what entries leave out.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::nearest::suggest;

/// The arrays of tables at the top: lists of statements. One file's follow those of the files that
/// it includes; entries may have defaults, and be there in some cells only.
pub(super) const STATEMENTS: &[&str] = &["link", "nat", "node", "send", "find", "fault", "expect"];

/// The value with all its places so many bytes further on.
fn moved<'s>(value: Spanned<DeValue<'s>>, by: usize) -> Spanned<DeValue<'s>> {
    let span = moved_span(&value.span(), by);
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(moved_table(table, by)),
        DeValue::Array(array) => {
            DeValue::Array(array.into_iter().map(|element| moved(element, by)).collect())
        }
        other => other,
    };
    Spanned::new(span, value)
}

/// Likewise.
pub(super) fn moved_table(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    let entries = table.into_iter().map(|(key, value)| {
        let span = moved_span(&key.span(), by);
        (Spanned::new(span, key.into_inner()), moved(value, by))
    });
    entries.collect()
}

fn moved_span(span: &Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}

/// Puts what a file says on top of what the files said that it includes.
pub(super) fn merge<'s>(base: &mut DeTable<'s>, over: DeTable<'s>) {
    for (key, value) in over {
        let below = base.remove(key.get_ref().as_ref());
        let is_list = STATEMENTS.contains(&key.get_ref().as_ref());
        let value = match below {
            Some(below) if is_list => listed(below, value),
            Some(below) => on_top(below, value),
            None => value,
        };
        base.insert(key, value);
    }
}

/// The entries of both, those of the included file first; a `[link]` of one goes on top of that of
/// the other.
fn listed<'s>(below: Spanned<DeValue<'s>>, above: Spanned<DeValue<'s>>) -> Spanned<DeValue<'s>> {
    let span = above.span();
    let entries = |value: Spanned<DeValue<'s>>| match value.get_ref() {
        DeValue::Array(array) => array.clone(),
        DeValue::Table(_) => [value].into_iter().collect(),
        _ => DeArray::default(),
    };
    match (below.get_ref(), above.get_ref()) {
        (DeValue::Array(_), DeValue::Array(_) | DeValue::Table(_))
        | (DeValue::Table(_), DeValue::Array(_)) => {
            let all = entries(below).into_iter().chain(entries(above));
            Spanned::new(span, DeValue::Array(all.collect()))
        }
        _ => on_top(below, above),
    }
}

/// Tables key by key; of anything else the upper one.
fn on_top<'s>(below: Spanned<DeValue<'s>>, above: Spanned<DeValue<'s>>) -> Spanned<DeValue<'s>> {
    let span = above.span();
    match (below.into_inner(), above.into_inner()) {
        (DeValue::Table(mut base), DeValue::Table(over)) => {
            for (key, value) in over {
                let value = match base.remove(key.get_ref().as_ref()) {
                    Some(below) => on_top(below, value),
                    None => value,
                };
                base.insert(key, value);
            }
            Spanned::new(span, DeValue::Table(base))
        }
        (_, above) => Spanned::new(span, above),
    }
}

/// Gives entries what `[defaults.*]` has for the keys that they leave out. Of a default that a file
/// before `own_end` gives, an entry must make use.
pub(super) fn apply_defaults(
    document: &mut DeTable<'_>,
    own_end: usize,
    mistakes: &mut Vec<Diagnostic>,
) {
    let Some(defaults) = document.remove("defaults") else { return };
    let wrong = |span, message: &str| {
        Diagnostic::at(span, message)
            .help("write it like `[defaults.node]` and `limits = \"board\"`")
    };
    let span = defaults.span();
    let DeValue::Table(defaults) = defaults.into_inner() else {
        return mistakes.push(wrong(span, "`defaults` must be a table of tables"));
    };
    for (name, table) in defaults {
        let DeValue::Table(keys) = table.get_ref() else {
            mistakes.push(wrong(table.span(), "each of `defaults` must be a table"));
            continue;
        };
        if !STATEMENTS.contains(&name.get_ref().as_ref()) {
            let message = format!("there are no defaults for `{name}`");
            let help = suggest(name.get_ref(), "tables", STATEMENTS.iter().copied());
            let mistake = Diagnostic::at(name.span(), message);
            mistakes.push(mistake.label("no entries of this name").help(help));
            continue;
        }
        let mut entries = entries_mut(document, name.get_ref());
        for (key, value) in keys {
            if key.get_ref() == "name" {
                let message = format!("a default cannot name a {name}");
                let mistake = Diagnostic::at(key.span(), message);
                mistakes.push(mistake.help("write the `name` in each of them"));
                continue;
            }
            let mut used = false;
            for entry in &mut entries {
                if !entry.contains_key(key.get_ref().as_ref()) {
                    entry.insert(key.clone(), value.clone());
                    used = true;
                }
            }
            if !used && key.span().start < own_end {
                mistakes.push(unused(&name, key, entries.len()));
            }
        }
    }
}

fn unused(name: &Spanned<Cow<'_, str>>, key: &Spanned<Cow<'_, str>>, entries: usize) -> Diagnostic {
    let label = match entries {
        0 => format!("there is no `[[{name}]]`"),
        _ => format!("every `[[{name}]]` has a `{key}` of its own"),
    };
    let message = format!("nothing takes the default for `{key}`");
    Diagnostic::at(key.span(), message).label(label).help("leave the default out")
}

/// The tables of a list of statements.
fn entries_mut<'d, 's>(document: &'d mut DeTable<'s>, name: &str) -> Vec<&'d mut DeTable<'s>> {
    let table = |value: &'d mut Spanned<DeValue<'s>>| match value.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    };
    match document.get_mut(name).map(Spanned::get_mut) {
        Some(DeValue::Array(array)) => array.iter_mut().filter_map(table).collect(),
        Some(DeValue::Table(table)) => vec![table],
        _ => Vec::new(),
    }
}
