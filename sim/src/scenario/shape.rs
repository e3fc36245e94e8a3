//! From text to the typed tables of [`super::file`].
//!
//! ```text
//! files --TOML--> trees --merge--> one tree, with its defaults --matrix--> a tree for each cell
//! ```
//!
//! Everything that makes entries of others works on trees, where every value has its place: types
//! come last, and know nothing of it. A value keeps the place where the file uses it.
//!
//! The TOML reader stops at the first value of the wrong form. What it complains about is taken
//! out of the document and the rest read again, so that one look shows every mistake.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::file::File;
use super::include::Files;
use super::model::{Cell, Origin};
use super::source::Sources;

mod complaint;
mod document;
mod matrix;
mod merge;
mod syntax;

#[cfg(test)]
mod tests;

use complaint::Complaint;
use document::Place;
use matrix::Matrix;

/// A file whose every value has the right form.
pub(super) struct Shape {
    pub(super) file: File,
    /// Where each `[[expect]]` is, in the order of the file.
    pub(super) origins: Vec<Origin>,
}

/// More mistakes than this are not looked for.
const MISTAKES_MAX: usize = 50;

/// Every repair takes something out or fills one key in, so this only bounds the work.
const REPAIRS_MAX: usize = 4 * MISTAKES_MAX;

/// What all files of a scenario say, before it has types: as many scenarios as there are cells.
pub(super) struct Document<'s> {
    tree: Spanned<DeTable<'s>>,
    matrix: Matrix<'s>,
    sources: &'s Sources,
}

/// Reads all files.
pub(super) fn read(files: &Files) -> Result<Document<'_>, Vec<Diagnostic>> {
    let mut tree = Spanned::new(0..0, DeTable::new());
    for &index in &files.order {
        let (text, start) = files.sources.file(index);
        let placed = |mistakes: Vec<Diagnostic>| {
            mistakes.into_iter().map(|mistake| mistake.moved(start)).collect::<Vec<_>>()
        };
        let parsed = parse(text).map_err(placed)?;
        let mut table = parsed.into_inner();
        table.remove("include");
        merge::merge(tree.get_mut(), merge::moved_table(table, start));
    }
    let mut mistakes = files.mistakes.clone();
    let own_end = files.sources.file(0).0.len();
    merge::apply_defaults(tree.get_mut(), own_end, &mut mistakes);
    let matrix = Matrix::take(tree.get_mut(), &mut mistakes);
    match mistakes.is_empty() {
        true => Ok(Document { tree, matrix, sources: &files.sources }),
        false => Err(mistakes),
    }
}

fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<Diagnostic>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(wrong_toml(document.get_ref(), &errors, text));
    }
    match other_format(document.get_ref()) {
        Some(wrong) => Err(vec![wrong]),
        None => Ok(document),
    }
}

impl Document<'_> {
    /// The cells, at least one, each by the positions of its values.
    pub(super) fn cells(&self) -> Vec<Vec<usize>> {
        self.matrix.cells()
    }

    /// What a cell is called.
    pub(super) fn name(&self, cell: &[usize]) -> Cell {
        self.matrix.name(cell)
    }

    /// Whether each cell draws by itself.
    pub(super) fn is_independent(&self) -> bool {
        self.matrix.is_independent
    }

    /// A mistake that a cell makes, with the value of the matrix that makes it.
    pub(super) fn explained(&self, mistake: Diagnostic, cell: &[usize]) -> Diagnostic {
        let written = self.sources.text().get(mistake.span.clone()).unwrap_or_default();
        match self.matrix.value_for(written.trim_matches(['"', '\'']), cell) {
            Some(value) => mistake.also(value, "the value"),
            None => mistake,
        }
    }

    /// What the files say in one cell.
    pub(super) fn shape(&self, cell: &[usize]) -> Result<Shape, Vec<Diagnostic>> {
        let tree =
            || Spanned::new(self.tree.span(), self.matrix.document(self.tree.get_ref(), cell));
        let document = tree();
        let origins = document::statements(document.get_ref(), "expect", self.sources);
        let file = match File::deserialize(toml::de::Deserializer::from(document)) {
            Ok(file) => file,
            Err(_) => typed(tree(), self.sources.text())?,
        };
        Ok(Shape { file, origins })
    }
}

/// Keys given twice are what they are; after any other error the reader guesses, so that only the
/// first is worth showing.
fn wrong_toml(document: &DeTable<'_>, errors: &[toml::de::Error], text: &str) -> Vec<Diagnostic> {
    let say = |error: &toml::de::Error| {
        let span = error.span().unwrap_or(text.len()..text.len());
        syntax::diagnostic(error.message(), span, document, text)
    };
    match errors.iter().find(|error| error.message() != syntax::TWICE) {
        Some(error) => vec![say(error)],
        None => errors.iter().take(MISTAKES_MAX).map(say).collect(),
    }
}

/// A file of another version: whatever else seems wrong with it need not be.
fn other_format(document: &DeTable<'_>) -> Option<Diagnostic> {
    let format = document.get("format")?;
    match format.get_ref() {
        DeValue::Integer(number) if number.to_string() != "1" => Some(
            Diagnostic::at(format.span(), format!("unknown format {number}"))
                .label("this version of the simulator reads format 1")
                .help(format!("write `format = 1`, or use a version that knows format {number}")),
        ),
        DeValue::Integer(_) => None,
        _ => Some(
            Diagnostic::at(format.span(), "`format` must be the number 1")
                .help("write `format = 1`, without quotes"),
        ),
    }
}

fn typed(mut document: Spanned<DeTable<'_>>, text: &str) -> Result<File, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut taken_out: Vec<(Range<usize>, String)> = Vec::new();
    for _ in 0..REPAIRS_MAX {
        let error = match File::deserialize(toml::de::Deserializer::from(document.clone())) {
            Ok(file) if diagnostics.is_empty() => return Ok(file),
            Ok(_) => break,
            Err(error) => error,
        };
        let complaint = Complaint::of(error.message());
        let span = error.span().unwrap_or_default();
        let place = find(document.get_ref(), &span, &complaint);
        // A key is missing, too, because its value was wrong, which is said already.
        let said = matches!(&complaint, Complaint::MissingKey { key }
            if taken_out.contains(&(span.clone(), key.clone())));
        if !said {
            diagnostics.push(complaint.diagnostic(&span, &place, document.get_ref(), text));
        }
        // What entries have as a default is in the document as often as there are entries.
        let copies = document::copies(document.get_ref(), &place);
        let mut repair =
            |place: &Place| repair(document.get_mut(), place, &complaint, &mut taken_out);
        if diagnostics.len() == MISTAKES_MAX || !copies.iter().rev().all(&mut repair) {
            break;
        }
    }
    Err(diagnostics)
}

/// What the reader complains about. Several values share a place: `[[node]]` is that of the array
/// and of its first table.
fn find(document: &DeTable<'_>, span: &Range<usize>, complaint: &Complaint) -> Place {
    let place = match complaint {
        Complaint::UnknownKey { .. } => document::find_key(document, span),
        // The document itself has no place, nor have the values that a repair fills in.
        Complaint::MissingKey { .. } if span.is_empty() => None,
        Complaint::MissingKey { .. } => document::find_values(document, span).pop(),
        _ => document::find_values(document, span).into_iter().next(),
    };
    place.unwrap_or_default()
}

/// Makes the rest of the document readable; false if that cannot be.
fn repair(
    document: &mut DeTable<'_>,
    place: &Place,
    complaint: &Complaint,
    taken_out: &mut Vec<(Range<usize>, String)>,
) -> bool {
    match complaint {
        Complaint::MissingKey { key } if place.is_root() => document::fill_in(document, key),
        Complaint::MissingKey { .. } => document::remove(document, place).is_some(),
        Complaint::UnknownKey { .. } => {
            let Some((key, value)) = document::remove(document, place) else { return false };
            if let Some((table, name)) = complaint.meant(place) {
                document::insert(document, &table, &key, &name, value);
            }
            true
        }
        _ => {
            let place = place.entry();
            let table = document::table_span(document, &place);
            let Some((key, _)) = document::remove(document, &place) else { return false };
            taken_out.push((table, key.into_inner().into_owned()));
            true
        }
    }
}
