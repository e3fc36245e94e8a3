//! Leaves out entries, and with them what speaks of them.

use std::ops::Range;

use toml::{Table, Value};

use super::super::draft::{Draft, SECTIONS};

/// Without these entries of a section. Whom other lists name is left out there; an entry that
/// cannot do without goes, too.
pub(super) fn without(draft: &Draft, section: &str, range: Range<usize>) -> Draft {
    let mut smaller = draft.clone();
    let gone: Vec<String> =
        draft.entries(section)[range.clone()].iter().filter_map(name).map(str::to_owned).collect();
    drop_entries(smaller.tree_mut(), section, range);
    if matches!(section, "node" | "nat") {
        for name in &gone {
            forget(smaller.tree_mut(), name);
        }
    }
    smaller
}

fn name(entry: &Value) -> Option<&str> {
    entry.as_table()?.get("name")?.as_str()
}

fn drop_entries(tree: &mut Table, section: &str, range: Range<usize>) {
    let is_empty = match tree.get_mut(section) {
        Some(Value::Array(entries)) => {
            entries.drain(range);
            entries.is_empty()
        }
        _ => true,
    };
    if is_empty {
        tree.remove(section);
    }
}

/// Leaves out all that names this node or NAT.
fn forget(tree: &mut Table, name: &str) {
    for section in SECTIONS {
        let Some(Value::Array(entries)) = tree.get_mut(section) else { continue };
        entries.retain_mut(|entry| {
            let Value::Table(entry) = entry else { return true };
            // Who was behind it is in front of it now.
            if entry.get("behind").and_then(Value::as_str) == Some(name) {
                entry.remove("behind");
            }
            !is_lost(entry, name)
        });
        if entries.is_empty() {
            tree.remove(section);
        }
    }
}

/// Takes a name out of the lists of a table; whether the table is nothing without it.
fn is_lost(table: &mut Table, name: &str) -> bool {
    let mut empty = Vec::new();
    for (key, value) in table.iter_mut() {
        let is_lost = match value {
            Value::String(text) => text == name && key != "name",
            Value::Table(inner) => is_lost(inner, name),
            Value::Array(values) => {
                let before = values.len();
                values.retain_mut(|value| !is_gone(value, name));
                if values.len() < before && values.is_empty() {
                    empty.push(key.clone());
                }
                false
            }
            _ => false,
        };
        if is_lost {
            return true;
        }
    }
    for key in &empty {
        table.remove(key);
    }
    // A fault between nobody is none.
    !empty.is_empty() && !table.contains_key("name")
}

fn is_gone(value: &mut Value, name: &str) -> bool {
    match value {
        Value::String(text) => text == name,
        Value::Array(group) => {
            group.retain(|each| each.as_str() != Some(name));
            group.is_empty()
        }
        Value::Table(table) => is_lost(table, name),
        _ => false,
    }
}
