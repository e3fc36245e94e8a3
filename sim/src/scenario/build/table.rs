//! Tables as a file writes them.

use std::fmt;

use underpass_core::Duration;

use crate::units::Period;

/// A table, with its header and its keys.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Empty for the top level.
    header: &'static str,
    lines: Vec<String>,
}

impl Table {
    pub(super) fn head() -> Self {
        Self::new("")
    }

    pub(super) fn new(header: &'static str) -> Self {
        Self { header, lines: Vec::new() }
    }

    /// A key, with a value that is written as it stands in the file.
    pub(super) fn put(&mut self, key: &str, value: impl fmt::Display) {
        self.lines.push(format!("{key} = {value}"));
    }

    pub(super) fn put_period(&mut self, key: &str, period: Duration) {
        self.put(key, shown(period));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.header.is_empty() {
            writeln!(f, "{}", self.header)?;
        }
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A text, quoted: every JSON string is a basic string of TOML, once DEL is escaped, too.
pub(super) fn text(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("text is valid JSON");
    quoted.replace('\u{7f}', "\\u007f")
}

/// An array of texts.
pub(super) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<_> = texts.into_iter().map(|each| text(each.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}

pub(super) fn numbers(numbers: impl IntoIterator<Item = u64>) -> String {
    let shown: Vec<_> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", shown.join(", "))
}

/// A span of time, quoted.
pub(super) fn shown(period: Duration) -> String {
    format!("\"{}\"", Period(period))
}
