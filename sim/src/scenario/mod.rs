//! Scenario files: what they say, what is wrong with them, and what they mean.
//!
//! ```text
//! files --shape--> file::File --resolve--> model::Scenario      once for each cell of the matrix
//!         |                       |
//!         form of each value      names, defaults, nonsense
//!         +-----> Report <--------+
//! ```
//!
//! Nothing here runs anything, and nothing that runs a scenario knows its file.

use std::fs;
use std::path::Path;

pub mod build;
pub mod diagnostic;
pub mod discover;
pub mod file;
pub mod model;
pub mod nearest;
pub mod schema;
pub mod vocabulary;

mod cells;
mod include;
mod resolve;
mod shape;
mod source;

#[cfg(test)]
mod tests;

pub use diagnostic::{Diagnostic, Report};
pub use discover::{DiscoverError, Found, discover};
pub use model::Scenario;
use source::Sources;
pub use vocabulary::Vocabulary;

/// Reads a scenario file, and those that it includes; `name` is what the file's scenario is called in
/// lists and reports. A matrix makes many of it: see [`load_all`].
pub fn load(path: &Path, name: &str, vocabulary: &Vocabulary<'_>) -> Result<Scenario, Report> {
    let shown = path.display().to_string();
    parse(&text(path)?, &shown, name, vocabulary)
}

/// Reads a scenario file, and those that it includes: a scenario for each cell of its matrix, or one
/// if there is none.
pub fn load_all(path: &Path, name: &str, vocabulary: &Vocabulary) -> Result<Vec<Scenario>, Report> {
    let shown = path.display().to_string();
    parse_all(&text(path)?, &shown, name, vocabulary)
}

fn text(path: &Path) -> Result<String, Report> {
    let shown = path.display().to_string();
    let wrong = |text: &str, mistake| Report::new(Sources::new(&shown, text), vec![mistake]);
    let bytes = fs::read(path).map_err(|error| {
        wrong("", Diagnostic::of_file(format!("the file cannot be read: {error}")))
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        let mistake = Diagnostic::at(at..at + 1, "the file is not UTF-8 text")
            .label("this byte does not belong there");
        wrong(&text, mistake)
    })
}

/// Understands the text of a scenario file; `shown_path` is how messages call the file. What it
/// includes is looked for in the folder of that.
pub fn parse(
    text: &str,
    shown_path: &str,
    name: &str,
    vocabulary: &Vocabulary<'_>,
) -> Result<Scenario, Report> {
    let mut scenarios = parse_all(text, shown_path, name, vocabulary)?;
    match (scenarios.pop(), scenarios.len()) {
        (Some(scenario), 0) => Ok(scenario),
        (_, others) => {
            let message = format!("the file has a matrix: it is {} scenarios", others + 1);
            let mistake = Diagnostic::of_file(message).help("read all of them: `load_all`");
            Err(Report::new(Sources::new(shown_path, text), vec![mistake]))
        }
    }
}

/// Understands the text of a scenario file with any number of cells, likewise.
pub fn parse_all(
    text: &str,
    shown_path: &str,
    name: &str,
    vocabulary: &Vocabulary,
) -> Result<Vec<Scenario>, Report> {
    let files = include::gather(shown_path, text);
    let found = match shape::read(&files) {
        Ok(document) => cells::resolve(&document, name, vocabulary),
        Err(mistakes) => Err(mistakes),
    };
    found.map_err(|mistakes| Report::new(files.sources, mistakes))
}
