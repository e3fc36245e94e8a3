//! What may be left out of a draft, or be simpler, one change after another.

use toml::{Table, Value};

use super::super::draft::{Draft, SECTIONS};
use super::refer::without;
use super::values::simpler;

/// The change of that number: `None` if there are no more, `Some(None)` if it is none here.
pub(super) type Pass = fn(&Draft, usize) -> Option<Option<Draft>>;

/// The large changes first.
pub(super) const ALL: [Pass; 9] = [
    |draft, at| fewer(draft, "fault", at),
    |draft, at| fewer(draft, "send", at),
    |draft, at| fewer(draft, "find", at),
    |draft, at| fewer(draft, "node", at),
    |draft, at| fewer(draft, "nat", at),
    |draft, at| fewer(draft, "link", at),
    |draft, at| fewer(draft, "expect", at),
    fewer_keys,
    simpler_values,
];

/// Leaves out entries of a section: all, each half, each quarter, each.
fn fewer(draft: &Draft, section: &str, at: usize) -> Option<Option<Draft>> {
    let entries = draft.entries(section).len();
    let mut left = at;
    let mut size = entries;
    while size > 0 {
        let chunks = entries.div_ceil(size);
        if left < chunks {
            let from = left * size;
            return Some(Some(without(draft, section, from..(from + size).min(entries))));
        }
        left -= chunks;
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    None
}

/// Leaves out a key, wherever it stands.
fn fewer_keys(draft: &Draft, at: usize) -> Option<Option<Draft>> {
    let place = places(draft).into_iter().nth(at)?;
    let mut smaller = draft.clone();
    Some(remove(smaller.tree_mut(), &place).then_some(smaller))
}

/// Makes a value simpler; a place has as many turns as there are ways to do so.
fn simpler_values(draft: &Draft, at: usize) -> Option<Option<Draft>> {
    let mut left = at;
    for place in places(draft) {
        let Some(value) = find(draft.tree(), &place) else { continue };
        let ways = simpler(value);
        match ways.get(left) {
            Some(way) => {
                let mut smaller = draft.clone();
                replace(smaller.tree_mut(), &place, way.clone());
                return Some(Some(smaller));
            }
            None => left -= ways.len(),
        }
    }
    None
}

/// A way to a value: keys, and positions in arrays.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Position(usize),
}

type Place = Vec<Step>;

/// Every key of the file, those of tables within tables after them.
fn places(draft: &Draft) -> Vec<Place> {
    let mut all = Vec::new();
    for (key, value) in draft.tree() {
        let place = vec![Step::Key(key.clone())];
        if SECTIONS.contains(&key.as_str()) {
            within(value, &place, &mut all);
        } else {
            all.push(place.clone());
            within(value, &place, &mut all);
        }
    }
    all
}

fn within(value: &Value, place: &Place, all: &mut Vec<Place>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let mut place = place.clone();
                place.push(Step::Key(key.clone()));
                all.push(place.clone());
                within(value, &place, all);
            }
        }
        Value::Array(values) => {
            for (position, value) in values.iter().enumerate() {
                let mut place = place.clone();
                place.push(Step::Position(position));
                within(value, &place, all);
            }
        }
        _ => {}
    }
}

fn find<'t>(tree: &'t Table, place: &[Step]) -> Option<&'t Value> {
    let (first, rest) = place.split_first()?;
    let Step::Key(key) = first else { return None };
    rest.iter().try_fold(tree.get(key)?, |value, step| match (value, step) {
        (Value::Table(table), Step::Key(key)) => table.get(key),
        (Value::Array(values), Step::Position(position)) => values.get(*position),
        _ => None,
    })
}

fn find_mut<'t>(tree: &'t mut Table, place: &[Step]) -> Option<&'t mut Value> {
    let (first, rest) = place.split_first()?;
    let Step::Key(key) = first else { return None };
    rest.iter().try_fold(tree.get_mut(key)?, |value, step| match (value, step) {
        (Value::Table(table), Step::Key(key)) => table.get_mut(key),
        (Value::Array(values), Step::Position(position)) => values.get_mut(*position),
        _ => None,
    })
}

fn remove(tree: &mut Table, place: &[Step]) -> bool {
    let Some((Step::Key(key), around)) = place.split_last() else { return false };
    match around {
        [] => tree.remove(key).is_some(),
        _ => match find_mut(tree, around) {
            Some(Value::Table(table)) => table.remove(key).is_some(),
            _ => false,
        },
    }
}

fn replace(tree: &mut Table, place: &[Step], value: Value) {
    if let Some(old) = find_mut(tree, place) {
        *old = value;
    }
}
