//! A parsed document before it has types: where things are in it, and taking them out.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeString, DeTable, DeValue};

use crate::scenario::model::Origin;
use crate::scenario::source::Sources;

/// The way from the top of a document to a value; empty for the document itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Place(Vec<Step>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Place {
    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The nearest key around the value: the value itself unless it is an element of an array.
    pub(super) fn entry(&self) -> Self {
        let end = self.0.iter().rposition(|step| matches!(step, Step::Key(_)));
        Self(self.0[..end.map_or(0, |end| end + 1)].to_vec())
    }

    /// The table or array that the value is in.
    pub(super) fn parent(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    /// The last key on the way; the empty name at the top.
    pub(super) fn key(&self) -> &str {
        let keys = self.0.iter().rev().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        keys.into_iter().next().unwrap_or_default()
    }

    /// An entry of the document itself.
    pub(super) fn top(key: &str) -> Self {
        Self(vec![Step::Key(key.into())])
    }

    /// As people call it: `[[node]]`, `[link]`, or just the key.
    pub(super) fn title(&self) -> String {
        match self.0.as_slice() {
            [] => "the scenario".into(),
            [Step::Key(key), Step::Index(_)] => format!("`[[{key}]]`"),
            [Step::Key(key)] => format!("`[{key}]`"),
            _ => format!("`{}`", self.key()),
        }
    }

    /// Whether both are reached by the same keys.
    fn is_like(&self, other: &Self) -> bool {
        let same = |(one, other): (&Step, &Step)| match (one, other) {
            (Step::Index(_), Step::Index(_)) => true,
            _ => one == other,
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }

    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

/// The entry whose key is at `span`.
pub(super) fn find_key(document: &DeTable<'_>, span: &Range<usize>) -> Option<Place> {
    let mut found = None;
    walk_table(document, &Place::default(), &mut |place, key, _| {
        if found.is_none() && key == Some(span) {
            found = Some(place.clone());
        }
    });
    found
}

/// The last key of this name before a byte.
pub(super) fn last_key(document: &DeTable<'_>, name: &str, end: usize) -> Option<Range<usize>> {
    let mut last: Option<Range<usize>> = None;
    walk_table(document, &Place::default(), &mut |place, key, _| {
        let Some(key) = key.filter(|key| place.key() == name && key.end <= end) else { return };
        if last.as_ref().is_none_or(|last| last.start < key.start) {
            last = Some(key.clone());
        }
    });
    last
}

/// The values at `span`, outer ones first.
pub(super) fn find_values(document: &DeTable<'_>, span: &Range<usize>) -> Vec<Place> {
    let mut found = Vec::new();
    walk_table(document, &Place::default(), &mut |place, _, value| {
        if value == span {
            found.push(place.clone());
        }
    });
    found
}

/// The places of the same name at which the value at `place` is, itself included.
pub(super) fn copies(document: &DeTable<'_>, place: &Place) -> Vec<Place> {
    let Some(span) = value(document, place).map(Spanned::span) else { return vec![place.clone()] };
    let mut found = find_values(document, &span);
    found.retain(|other| other.is_like(place));
    match found.is_empty() {
        true => vec![place.clone()],
        false => found,
    }
}

/// Called with each value's place, the span of its key if it has one, and its own span.
type Visit<'a> = &'a mut dyn FnMut(&Place, Option<&Range<usize>>, &Range<usize>);

fn walk_table(table: &DeTable<'_>, place: &Place, visit: Visit<'_>) {
    for (key, value) in table {
        let place = place.with(Step::Key(key.get_ref().clone().into_owned()));
        visit(&place, Some(&key.span()), &value.span());
        walk_value(value, &place, visit);
    }
}

fn walk_value(value: &Spanned<DeValue<'_>>, place: &Place, visit: Visit<'_>) {
    match value.get_ref() {
        DeValue::Table(table) => walk_table(table, place, visit),
        DeValue::Array(array) => {
            for (index, element) in array.iter().enumerate() {
                let place = place.with(Step::Index(index));
                visit(&place, None, &element.span());
                walk_value(element, &place, visit);
            }
        }
        _ => {}
    }
}

/// The value at `place`; none for the document itself.
pub(super) fn value<'a, 'i>(
    document: &'a DeTable<'i>,
    place: &Place,
) -> Option<&'a Spanned<DeValue<'i>>> {
    let (first, rest) = place.0.split_first()?;
    let Step::Key(key) = first else { return None };
    rest.iter().try_fold(document.get(key.as_str())?, |value, step| match (value.get_ref(), step) {
        (DeValue::Table(table), Step::Key(key)) => table.get(key.as_str()),
        (DeValue::Array(array), Step::Index(index)) => array.get(*index),
        _ => None,
    })
}

/// Where the table around an entry is.
pub(super) fn table_span(document: &DeTable<'_>, place: &Place) -> Range<usize> {
    value(document, &place.parent()).map(Spanned::span).unwrap_or_default()
}

enum Parent<'a, 'i> {
    Table(&'a mut DeTable<'i>),
    Array(&'a mut DeArray<'i>),
}

fn parent<'a, 'i>(document: &'a mut DeTable<'i>, place: &Place) -> Option<Parent<'a, 'i>> {
    let (_, way) = place.0.split_last()?;
    way.iter().try_fold(Parent::Table(document), |parent, step| {
        let value = match (parent, step) {
            (Parent::Table(table), Step::Key(key)) => table.get_mut(key.as_str())?,
            (Parent::Array(array), Step::Index(index)) => array.get_mut(*index)?,
            _ => return None,
        };
        match value.get_mut() {
            DeValue::Table(table) => Some(Parent::Table(table)),
            DeValue::Array(array) => Some(Parent::Array(array)),
            _ => None,
        }
    })
}

type Entry<'i> = (Spanned<DeString<'i>>, Spanned<DeValue<'i>>);

/// Takes out the value at `place`; an element of an array has no key, and gets an empty one.
pub(super) fn remove<'i>(document: &mut DeTable<'i>, place: &Place) -> Option<Entry<'i>> {
    match (parent(document, place)?, place.0.last()?) {
        (Parent::Table(table), Step::Key(key)) => table.remove_entry(key.as_str()),
        (Parent::Array(array), Step::Index(index)) => {
            let removed = array.get(*index)?.clone();
            let elements = array.iter().enumerate().filter(|(at, _)| at != index);
            *array = elements.map(|(_, element)| element.clone()).collect();
            Some((Spanned::new(0..0, Cow::Borrowed("")), removed))
        }
        _ => None,
    }
}

/// Puts a value back beside `place` as `name`, unless there is one already.
pub(super) fn insert<'i>(
    document: &mut DeTable<'i>,
    place: &Place,
    key: &Spanned<DeString<'i>>,
    name: &str,
    value: Spanned<DeValue<'i>>,
) {
    if let Some(Parent::Table(table)) = parent(document, place)
        && !table.contains_key(name)
    {
        table.insert(Spanned::new(key.span(), Cow::Owned(name.to_owned())), value);
    }
}

/// Gives the document a missing key, so that what follows is looked at too.
pub(super) fn fill_in(document: &mut DeTable<'_>, key: &str) -> bool {
    let value = match key {
        "format" => DeValue::Integer(DeInteger::default()),
        _ => DeValue::String(Cow::Borrowed("1s")),
    };
    let key = Spanned::new(0..0, Cow::Owned(key.to_owned()));
    document.insert(key, Spanned::new(0..0, value)).is_none()
}

/// Where each table of the array `key` is, and its text on one line.
pub(super) fn statements(document: &DeTable<'_>, key: &str, sources: &Sources) -> Vec<Origin> {
    let Some(DeValue::Array(array)) = document.get(key).map(Spanned::get_ref) else {
        return Vec::new();
    };
    let origin = |element: &Spanned<DeValue<'_>>| {
        let mut said = Vec::new();
        if let DeValue::Table(table) = element.get_ref() {
            say(table, "", sources.text(), &mut said);
        }
        said.sort();
        let said: Vec<String> = said.into_iter().map(|(_, text)| text).collect();
        let place = sources.locate(&element.span());
        let file = (place.file > 0).then(|| place.path.to_owned());
        Origin { file, line: sources.line(&element.span()), text: said.join("; ") }
    };
    array.iter().map(origin).collect()
}

/// The entries of a table as written, with where they begin.
fn say(table: &DeTable<'_>, prefix: &str, text: &str, said: &mut Vec<(usize, String)>) {
    for (key, value) in table {
        // A table that does not come after its key and `=` has a header, or a dotted key.
        match value.get_ref() {
            DeValue::Table(inner) if value.span().start <= key.span().start => {
                say(inner, &format!("{prefix}{key}."), text, said);
            }
            _ => {
                let written = text.get(key.span().start..value.span().end).unwrap_or_default();
                let words: Vec<&str> = written.split_whitespace().collect();
                said.push((key.span().start, format!("{prefix}{}", words.join(" "))));
            }
        }
    }
}
