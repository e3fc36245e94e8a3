//! `[matrix]`: one file, many scenarios. Each cell takes one value of each key; `"$key"` stands for
//! that value, and `when` says in which cells an entry is there.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::merge::STATEMENTS;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::Cell;
use crate::scenario::nearest::suggest;

/// More cells than anybody looks at; a slip of the finger does not exhaust the memory.
const CELLS_MAX: usize = 10_000;

/// The keys of `[matrix]` that are no names.
const SKIP: &str = "skip";
const INDEPENDENT: &str = "independent";

/// The values of a file's matrix and the cells that it comes to.
#[derive(Default)]
pub(super) struct Matrix<'s> {
    keys: Vec<Key<'s>>,
    /// The position of the value of each key.
    cells: Vec<Vec<usize>>,
    /// Entries that are there in some cells only: list, position, condition.
    conditions: Vec<(&'static str, usize, Condition)>,
    /// Whether each cell draws by itself.
    pub(super) is_independent: bool,
}

struct Key<'s> {
    name: String,
    span: Range<usize>,
    values: Vec<(String, Spanned<DeValue<'s>>)>,
}

/// Positions of keys, and for each the positions of the values that meet it.
struct Condition(Vec<(usize, BTreeSet<usize>)>);

impl Condition {
    fn is_met(&self, cell: &[usize]) -> bool {
        self.0.iter().all(|(key, values)| values.contains(&cell[*key]))
    }
}

impl<'s> Matrix<'s> {
    /// Takes the matrix, and every `when`, out of a document. What is wrong with them is noted;
    /// then the matrix need not be whole.
    pub(super) fn take(document: &mut DeTable<'s>, mistakes: &mut Vec<Diagnostic>) -> Self {
        let mut matrix = Self::default();
        let table = document.remove_entry("matrix");
        let before = mistakes.len();
        if let Some((name, table)) = &table {
            matrix.read(name.span(), table, mistakes);
        }
        if mistakes.len() == before {
            matrix.take_conditions(document, mistakes);
            matrix.check_uses(document, mistakes);
        }
        matrix
    }

    fn read(
        &mut self,
        at: Range<usize>,
        table: &Spanned<DeValue<'s>>,
        mistakes: &mut Vec<Diagnostic>,
    ) {
        let example = "write names with their values, such as `loss = [\"1%\", \"10%\"]`";
        let DeValue::Table(entries) = table.get_ref() else {
            let mistake = Diagnostic::at(table.span(), "`matrix` must be a table");
            return mistakes.push(mistake.help(example));
        };
        let before = mistakes.len();
        let is_name = |name: &str| name != SKIP && name != INDEPENDENT;
        for (name, values) in entries.iter().filter(|(name, _)| is_name(name.get_ref())) {
            match key(name, values) {
                Ok(key) => self.keys.push(key),
                Err(found) => mistakes.extend(found),
            }
        }
        self.keys.sort_by_key(|key| key.span.start);
        if mistakes.len() > before {
            return;
        }
        if self.keys.is_empty() {
            return mistakes.push(Diagnostic::at(at, "the matrix has no values").help(example));
        }
        let lengths = self.keys.iter().map(|key| key.values.len());
        let cells = lengths.fold(1, usize::saturating_mul);
        if cells > CELLS_MAX {
            let mistake = Diagnostic::at(at, format!("a matrix of {cells} cells is too large"));
            let note = format!("a file may have {CELLS_MAX}, with those that `skip` leaves out");
            return mistakes.push(mistake.note(note).help("write several files"));
        }
        self.cells = self.product();
        if let Some(skip) = entries.get(SKIP) {
            self.skip(skip, mistakes);
        }
        if let Some(independent) = entries.get(INDEPENDENT) {
            self.is_independent = matches!(independent.get_ref(), DeValue::Boolean(true));
            if !self.is_independent {
                let message = "`independent` is only written as `independent = true`";
                let help = "leave it out for cells that draw alike";
                mistakes.push(Diagnostic::at(independent.span(), message).help(help));
            }
        }
        if self.cells.is_empty() && mistakes.len() == before {
            let mistake = Diagnostic::at(at, "`skip` leaves out every cell");
            mistakes.push(mistake.help("nothing of this file would run: take some of it out"));
        }
    }

    /// Every cell, the last key changing fastest.
    fn product(&self) -> Vec<Vec<usize>> {
        self.keys.iter().fold(vec![Vec::new()], |cells, key| {
            let longer = |cell: &Vec<usize>, value| [cell.as_slice(), &[value]].concat();
            let values = 0..key.values.len();
            cells.iter().flat_map(|cell| values.clone().map(|at| longer(cell, at))).collect()
        })
    }

    fn skip(&mut self, skip: &Spanned<DeValue<'s>>, mistakes: &mut Vec<Diagnostic>) {
        let example =
            "write it like `skip = [{ a = \"symmetric\", b = [\"symmetric\", \"random\"] }]`";
        let DeValue::Array(array) = skip.get_ref() else {
            let mistake = Diagnostic::at(skip.span(), "`skip` must be an array of tables");
            return mistakes.push(mistake.help(example));
        };
        for element in array.iter() {
            let Some(condition) = self.condition(element, SKIP, example, mistakes) else {
                continue;
            };
            let before = self.cells.len();
            self.cells.retain(|cell| !condition.is_met(cell));
            if self.cells.len() == before {
                let mistake = Diagnostic::at(element.span(), "this leaves out no cell")
                    .label("others have left them out before");
                mistakes.push(mistake.help("take it out"));
            }
        }
    }

    /// What a table of keys and values asks of a cell.
    fn condition(
        &self,
        table: &Spanned<DeValue<'s>>,
        what: &str,
        example: &str,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Condition> {
        let DeValue::Table(entries) = table.get_ref() else {
            let mistake = Diagnostic::at(table.span(), format!("`{what}` must be a table"));
            mistakes.push(mistake.help(example));
            return None;
        };
        if entries.is_empty() {
            let mistake = Diagnostic::at(table.span(), format!("an empty `{what}` names no cell"));
            mistakes.push(mistake.help(example));
            return None;
        }
        let before = mistakes.len();
        let mut asked = Vec::new();
        for (name, wanted) in entries {
            let Some(at) = self.keys.iter().position(|key| key.name == *name.get_ref()) else {
                let names = self.keys.iter().map(|key| key.name.as_str());
                let help = suggest(name.get_ref(), "keys", names);
                let mistake = Diagnostic::at(name.span(), format!("no key `{name}` in `[matrix]`"));
                mistakes.push(mistake.label("unknown name").help(help));
                continue;
            };
            let values = match wanted.get_ref() {
                DeValue::Array(array) => array.iter().collect(),
                _ => vec![wanted],
            };
            let positions = values.iter().filter_map(|value| self.position(at, value, mistakes));
            asked.push((at, positions.collect()));
        }
        (mistakes.len() == before).then_some(Condition(asked))
    }

    /// Where a value is among those of a key.
    fn position(
        &self,
        key: usize,
        value: &Spanned<DeValue<'s>>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<usize> {
        let Key { name, values, .. } = &self.keys[key];
        let is_it = |(_, known): &(_, Spanned<DeValue<'s>>)| {
            known.get_ref().same_type(value.get_ref())
                && label(known.get_ref()) == label(value.get_ref())
        };
        let found = values.iter().position(is_it);
        if found.is_none() {
            let shown = label(value.get_ref()).unwrap_or_else(|| value.get_ref().type_str().into());
            let help = suggest(&shown, "values", values.iter().map(|(label, _)| label.as_str()));
            let mistake = Diagnostic::at(value.span(), format!("`{name}` is never {shown:?}"));
            mistakes.push(mistake.label("not one of its values").help(help));
        }
        found
    }

    fn take_conditions(&mut self, document: &mut DeTable<'s>, mistakes: &mut Vec<Diagnostic>) {
        let example = "write it like `when = { loss = \"10%\" }`";
        for &list in STATEMENTS {
            let Some(DeValue::Array(entries)) = document.get_mut(list).map(Spanned::get_mut) else {
                continue;
            };
            for (position, entry) in entries.iter_mut().enumerate() {
                let DeValue::Table(entry) = entry.get_mut() else { continue };
                let Some((key, when)) = entry.remove_entry("when") else { continue };
                if self.keys.is_empty() {
                    let mistake = Diagnostic::at(key.span(), "`when` without a `[matrix]`")
                        .label("there is one cell only");
                    mistakes.push(mistake.help("leave it out"));
                    continue;
                }
                let Some(condition) = self.condition(&when, "when", example, mistakes) else {
                    continue;
                };
                if !self.cells.iter().any(|cell| condition.is_met(cell)) {
                    let mistake = Diagnostic::at(when.span(), "there is no such cell")
                        .label("`skip` leaves them out");
                    mistakes.push(mistake.help("take the entry out, or less in `skip`"));
                }
                self.conditions.push((list, position, condition));
            }
        }
    }

    /// Every key means something somewhere, and nothing stands for a key that is not there.
    fn check_uses(&self, document: &DeTable<'s>, mistakes: &mut Vec<Diagnostic>) {
        let mut used = BTreeSet::new();
        for (_, value) in document {
            self.find_uses(value, &mut used, mistakes);
        }
        for (_, _, condition) in &self.conditions {
            used.extend(condition.0.iter().map(|(key, _)| *key));
        }
        for (_, key) in self.keys.iter().enumerate().filter(|(at, _)| !used.contains(at)) {
            let name = &key.name;
            mistakes.push(
                Diagnostic::at(key.span.clone(), format!("`{name}` changes nothing"))
                    .label("its cells would all be the same")
                    .help(format!("write `\"${name}\"` where its value belongs, or leave it out")),
            );
        }
    }

    fn find_uses(
        &self,
        value: &Spanned<DeValue<'s>>,
        used: &mut BTreeSet<usize>,
        mistakes: &mut Vec<Diagnostic>,
    ) {
        match value.get_ref() {
            DeValue::Table(table) => {
                table.values().for_each(|value| self.find_uses(value, used, mistakes));
            }
            DeValue::Array(array) => {
                array.iter().for_each(|value| self.find_uses(value, used, mistakes));
            }
            DeValue::String(text) => match self.stands_for(text) {
                Some(key) => used.extend([key]),
                None => mistakes.extend(self.misuse(text, value.span())),
            },
            _ => {}
        }
    }

    /// The key that `"$key"` stands for.
    fn stands_for(&self, text: &str) -> Option<usize> {
        let name = text.strip_prefix('$')?;
        self.keys.iter().position(|key| key.name == name)
    }

    /// Where the value is that `"$key"` stands for in a cell.
    pub(super) fn value_for(&self, text: &str, cell: &[usize]) -> Option<Range<usize>> {
        let key = self.stands_for(text)?;
        Some(self.keys[key].values[cell[key]].1.span())
    }

    /// A text that looks as though it stood for a key, or had one in it.
    fn misuse(&self, text: &str, span: Range<usize>) -> Option<Diagnostic> {
        if let Some(name) = text.strip_prefix('$').filter(|name| is_name(name)) {
            let message = format!("there is no `{name}` in `[matrix]`");
            let help = match self.keys.is_empty() {
                true => {
                    "`\"$name\"` stands for a value of the matrix: add `[matrix]`, and this key"
                        .into()
                }
                false => suggest(name, "keys", self.keys.iter().map(|key| key.name.as_str())),
            };
            return Some(Diagnostic::at(span, message).label("stands for nothing").help(help));
        }
        let key = self.keys.iter().find(|key| has_word(text, &key.name))?;
        let name = &key.name;
        let help = format!("write `\"${name}\"` alone, and the whole texts in `[matrix]`");
        Some(
            Diagnostic::at(span, format!("`${name}` within a text stays as it is"))
                .label("only a whole value is replaced")
                .help(help),
        )
    }

    /// The cells, at least one: a file without a matrix is one cell without a name.
    pub(super) fn cells(&self) -> Vec<Vec<usize>> {
        if self.keys.is_empty() { vec![Vec::new()] } else { self.cells.clone() }
    }

    /// What a cell is called.
    pub(super) fn name(&self, cell: &[usize]) -> Cell {
        let value = |(key, at): (&Key<'_>, &usize)| (key.name.clone(), key.values[*at].0.clone());
        Cell(self.keys.iter().zip(cell).map(value).collect())
    }

    /// The document as one cell has it.
    pub(super) fn document(&self, document: &DeTable<'s>, cell: &[usize]) -> DeTable<'s> {
        if self.keys.is_empty() {
            return document.clone();
        }
        let mut own = DeTable::new();
        for (key, value) in document {
            let replaced = match (list_of(key.get_ref()), value.get_ref()) {
                (Some(list), DeValue::Array(entries)) => {
                    let entries = self.entries(list, entries, cell);
                    Spanned::new(value.span(), DeValue::Array(entries))
                }
                _ => self.replaced(value, cell),
            };
            own.insert(key.clone(), replaced);
        }
        own
    }

    /// The entries of a list that are there in a cell.
    fn entries(&self, list: &str, entries: &DeArray<'s>, cell: &[usize]) -> DeArray<'s> {
        let absent: BTreeSet<usize> = (self.conditions.iter())
            .filter(|(of, _, condition)| *of == list && !condition.is_met(cell))
            .map(|(_, position, _)| *position)
            .collect();
        let there = entries.iter().enumerate().filter(|(position, _)| !absent.contains(position));
        there.map(|(_, entry)| self.replaced(entry, cell)).collect()
    }

    /// The value as a cell has it, at the place where the file uses it.
    fn replaced(&self, value: &Spanned<DeValue<'s>>, cell: &[usize]) -> Spanned<DeValue<'s>> {
        let replaced = match value.get_ref() {
            DeValue::Table(table) => {
                let entries = table.iter();
                let entries = entries.map(|(key, value)| (key.clone(), self.replaced(value, cell)));
                DeValue::Table(entries.collect())
            }
            DeValue::Array(array) => {
                DeValue::Array(array.iter().map(|element| self.replaced(element, cell)).collect())
            }
            DeValue::String(text) => match self.stands_for(text) {
                Some(key) => self.keys[key].values[cell[key]].1.get_ref().clone(),
                None => value.get_ref().clone(),
            },
            other => other.clone(),
        };
        Spanned::new(value.span(), replaced)
    }
}

fn list_of(key: &str) -> Option<&'static str> {
    STATEMENTS.iter().copied().find(|list| *list == key)
}

/// A key of the matrix with its values.
fn key<'s>(
    name: &Spanned<Cow<'s, str>>,
    values: &Spanned<DeValue<'s>>,
) -> Result<Key<'s>, Vec<Diagnostic>> {
    let example = format!("write it like `{name} = [\"1%\", \"10%\"]`");
    let wrong = |span, message| Err(vec![Diagnostic::at(span, message).help(example.clone())]);
    if !is_name(name.get_ref()) {
        let mistake = Diagnostic::at(name.span(), format!("`{name}` cannot name a value"));
        let help = "a name has letters, digits, `_` and `-`, and begins with a letter or `_`";
        return Err(vec![mistake.help(help)]);
    }
    let DeValue::Array(array) = values.get_ref() else {
        return wrong(values.span(), format!("`{name}` must be an array of values"));
    };
    if array.is_empty() {
        return wrong(values.span(), format!("`{name}` has no values, so there is no cell"));
    }
    let mut mistakes = Vec::new();
    let mut known: Vec<(String, Spanned<DeValue<'s>>)> = Vec::new();
    for value in array.iter() {
        let at = |message: String| Diagnostic::at(value.span(), message);
        let Some(label) = label(value.get_ref()) else {
            mistakes.push(
                at(format!("a value of `{name}` is a string, a number, `true` or `false`"))
                    .label(format!("this is {}", super::complaint::describe(value.get_ref())))
                    .help("for more at once, name presets here, and write them in `[preset]`"),
            );
            continue;
        };
        if label.is_empty() || label.contains(|c: char| ",=[]@".contains(c) || c.is_control()) {
            mistakes.push(
                at(format!("{label:?} cannot be part of a cell's name"))
                    .help("a value is not empty and has none of `,`, `=`, `[`, `]`, `@` in it"),
            );
        } else if let Some((_, first)) = known.iter().find(|(known, _)| *known == label) {
            mistakes.push(
                at(format!("`{name}` has {label:?} twice"))
                    .also(first.span(), "first here")
                    .help("keep one: two cells would have one name"),
            );
        }
        known.push((label, value.clone()));
    }
    match mistakes.is_empty() {
        true => Ok(Key { name: name.to_string(), span: name.span(), values: known }),
        false => Err(mistakes),
    }
}

/// A value as it stands in the name of a cell, if it may.
fn label(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn is_name(text: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(part)
}

/// Whether `$name` is in a text, and not as the beginning of a longer one.
fn has_word(text: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    text.split('$').skip(1).any(|rest| rest.strip_prefix(name).is_some_and(ends))
}
