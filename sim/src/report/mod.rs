//! What a person sees.

mod failure;
mod group;
mod list;
mod numbers;
mod output;
mod progress;
mod reporter;
mod rerun;
mod summary;
mod verdict;

#[cfg(test)]
mod tests;

pub(crate) use list::list_lines;
pub(crate) use numbers::count;
pub(crate) use output::{Output, Screen};
pub(crate) use reporter::Reporter;
pub(crate) use rerun::{Rerun, quoted};

/// A text from a file on one line, without what could move the cursor.
fn one_line(text: &str) -> String {
    text.trim().replace(char::is_control, " ")
}
