//! Scenario files: what they say, what is wrong with them, and what they mean.
//!
//! ```text
//! text --shape--> file::File --resolve--> model::Scenario
//!        |                       |
//!        form of each value      names, defaults, nonsense
//!        +-----> Report <--------+
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
pub mod vocabulary;

mod resolve;
mod shape;

#[cfg(test)]
mod tests;

pub use diagnostic::{Diagnostic, Report};
pub use discover::{DiscoverError, Found, discover};
pub use model::Scenario;
pub use vocabulary::Vocabulary;

/// Reads a scenario file; `name` is what the scenario is called in lists and reports.
pub fn load(path: &Path, name: &str, vocabulary: &Vocabulary<'_>) -> Result<Scenario, Report> {
    let shown = path.display().to_string();
    let wrong = |text: &str, mistake| Report::new(&shown, text, vec![mistake]);
    let bytes = fs::read(path).map_err(|error| {
        wrong("", Diagnostic::of_file(format!("the file cannot be read: {error}")))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        let mistake = Diagnostic::at(at..at + 1, "the file is not UTF-8 text")
            .label("this byte does not belong there");
        wrong(&text, mistake)
    })?;
    parse(&text, &shown, name, vocabulary)
}

/// Understands the text of a scenario file; `shown_path` is how messages call the file.
pub fn parse(
    text: &str,
    shown_path: &str,
    name: &str,
    vocabulary: &Vocabulary<'_>,
) -> Result<Scenario, Report> {
    shape::read(text)
        .and_then(|shape| resolve::resolve(&shape, name, vocabulary))
        .map_err(|mistakes| Report::new(shown_path, text, mistakes))
}
