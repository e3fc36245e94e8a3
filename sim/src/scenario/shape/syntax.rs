//! What is not even TOML.

use std::ops::Range;

use toml::de::DeTable;

use super::document;
use crate::scenario::diagnostic::Diagnostic;

/// The reader's message about a key given twice.
pub(super) const TWICE: &str = "duplicate key";

/// How the reader's message begins, and what it means to somebody who does not know its grammar.
const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "key with no value",
        "a key without `=` and a value",
        "write `key = value`; a text is in quotes",
    ),
    (
        "invalid basic string",
        "a text that does not end",
        "close it with `\"` on the same line; within a text, `\"` is written `\\\"`",
    ),
    (
        "missing comma between array elements",
        "this array goes on where it should have ended",
        "look for a missing `]` before, or for a missing `,` between two values",
    ),
    (
        "unexpected key or value",
        "something is left over on this line",
        "a line has one `key = value`, `[table]` or `[[table]]`, and perhaps a `# comment`",
    ),
];

pub(super) fn diagnostic(
    message: &str,
    span: Range<usize>,
    document: &DeTable<'_>,
    text: &str,
) -> Diagnostic {
    let written = text.get(span.clone()).unwrap_or_default();
    let at = |message: String| Diagnostic::at(span.clone(), message);
    if message == TWICE {
        let twice = at(format!("`{written}` is given twice")).label("again here");
        let twice = twice.help("keep one of them");
        return match document::last_key(document, written.trim_matches(['"', '\'']), span.start) {
            Some(first) => twice.also(first, "first here"),
            None => twice,
        };
    }
    if message.starts_with("string values must be quoted") {
        return match written.trim() {
            "" => at("a key without a value".into()).label("a value is missing here"),
            bare => at("a text without quotes".into()).help(format!("write `\"{bare}\"`")),
        };
    }
    match MEANINGS.iter().find(|(begin, ..)| message.starts_with(begin)) {
        Some((_, meaning, help)) => at((*meaning).into()).help(*help),
        None => at(format!("this is not TOML: {message}")),
    }
}
