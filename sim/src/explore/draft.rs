//! A scenario file as a tree: what is made by chance, and made smaller.
//!
//! What is changed is the file, not what it means: whatever comes of it is read like any other, so a
//! change that makes no sense is one that the reader refuses, and every key of the language can be
//! left out or made simpler without a word about it here.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::NAME;
use crate::machine::MACHINES;
use crate::machine::underpass::Underpass;
use crate::scenario::{Report, Scenario, Vocabulary, parse};

/// Tables of a file that have entries, in the order in which they are written.
pub const SECTIONS: [&str; 7] = ["link", "nat", "node", "send", "find", "fault", "expect"];

/// Keys that come first in an entry, for people.
const FIRST: [&str; 11] =
    ["format", "title", "name", "between", "preset", "from", "to", "at", "for", "every", "count"];

/// A scenario file.
#[derive(Clone, PartialEq, Debug)]
pub struct Draft {
    tree: Table,
    /// Of the user's, which the reader does not know.
    machine: Option<&'static str>,
}

impl Draft {
    /// An empty one.
    pub(crate) fn new(title: &str) -> Self {
        let mut draft = Self { tree: Table::new(), machine: None };
        draft.set("format", 1);
        draft.set("title", title);
        draft
    }

    /// A file as it is.
    ///
    /// # Errors
    /// If it is not TOML.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        let tree = text.parse()?;
        Ok(Self { tree, machine: None })
    }

    /// The scenario that it is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn scenario(&self) -> Result<Scenario, Report> {
        let metrics = Underpass::metrics();
        let known = Vocabulary::with_metrics(&metrics);
        let machines: Vec<&str> = MACHINES.into_iter().chain(self.machine).collect();
        parse(&self.text(), NAME, NAME, &Vocabulary { machines: &machines, ..known })
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let is_section = |key: &str, value: &Value| {
            SECTIONS.contains(&key) && matches!(value, Value::Array(_) | Value::Table(_))
        };
        write_keys(&mut text, self.tree.iter().filter(|(key, value)| !is_section(key, value)));
        for section in SECTIONS {
            match self.tree.get(section) {
                Some(Value::Table(entry)) => {
                    let _ = writeln!(text, "\n[{section}]");
                    write_keys(&mut text, entry);
                }
                Some(Value::Array(entries)) => {
                    for entry in entries.iter().filter_map(Value::as_table) {
                        let _ = writeln!(text, "\n[[{section}]]");
                        write_keys(&mut text, entry);
                    }
                }
                _ => {}
            }
        }
        text
    }

    /// Gives it another title.
    pub fn retitle(&mut self, title: &str) {
        self.set("title", title);
    }

    /// How much of it says what happens: its sends and faults.
    pub fn events(&self) -> usize {
        self.entries("send").len() + self.entries("fault").len()
    }

    /// Lets nodes have this machine of the user's.
    pub(crate) fn with_machine(self, machine: Option<&'static str>) -> Self {
        Self { machine, ..self }
    }

    /// Gives the file a key.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.tree.insert(key.into(), value.into());
    }

    /// Adds an entry to a section.
    pub(crate) fn add(&mut self, section: &str, entry: Table) {
        let entries = self.tree.entry(section).or_insert_with(|| Value::Array(Vec::new()));
        // One table stands for an array of one.
        if let Value::Table(only) = entries {
            *entries = Value::Array(vec![Value::Table(std::mem::take(only))]);
        }
        entries.as_array_mut().expect("a section has entries").push(Value::Table(entry));
    }

    /// Leaves out the entry of this name.
    pub(crate) fn remove(&mut self, section: &str, name: &str) {
        let Some(Value::Array(entries)) = self.tree.get_mut(section) else { return };
        entries.retain(|entry| entry.get("name").and_then(Value::as_str) != Some(name));
        if entries.is_empty() {
            self.tree.remove(section);
        }
    }

    /// Adds an entry, unless the reader finds it wrong.
    pub(crate) fn add_if_sound(&mut self, section: &str, entry: Table) -> bool {
        let before = self.tree.clone();
        self.add(section, entry);
        let is_sound = self.scenario().is_ok();
        if !is_sound {
            self.tree = before;
        }
        is_sound
    }

    /// The entries of a section.
    pub(crate) fn entries(&self, section: &str) -> &[Value] {
        match self.tree.get(section) {
            Some(Value::Array(entries)) => entries,
            Some(only @ Value::Table(_)) => std::slice::from_ref(only),
            _ => &[],
        }
    }

    /// The whole tree.
    pub(crate) fn tree(&self) -> &Table {
        &self.tree
    }

    /// The whole tree, to be changed.
    pub(crate) fn tree_mut(&mut self) -> &mut Table {
        &mut self.tree
    }
}

fn write_keys<'t>(text: &mut String, keys: impl IntoIterator<Item = (&'t String, &'t Value)>) {
    let rank = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut keys: Vec<_> = keys.into_iter().collect();
    keys.sort_by_key(|(key, _)| (rank(key), (*key).clone()));
    for (key, value) in keys {
        let _ = writeln!(text, "{key} = {}", inline(value));
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(inline).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Table(table) => {
            let keys: Vec<_> =
                table.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", keys.join(", "))
        }
        other => other.to_string(),
    }
}
