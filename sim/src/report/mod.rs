//! What a person sees.

mod difference;
mod failure;
mod group;
mod junit;
mod list;
mod numbers;
mod output;
mod picture;
mod progress;
mod reporter;
mod rerun;
mod summary;
mod verdict;

#[cfg(test)]
mod tests;

pub(crate) use difference::difference_lines;
pub(crate) use failure::hex;
pub(crate) use junit::Junit;
pub(crate) use list::list_lines;
pub(crate) use numbers::{count, median, thousands};
pub(crate) use output::{Color, Output, Screen};
pub(crate) use picture::Page;
pub(crate) use reporter::Reporter;
pub(crate) use rerun::{Rerun, quoted};

/// A text from a file on one line, without what could move the cursor.
fn one_line(text: &str) -> String {
    text.trim().replace(char::is_control, " ")
}
