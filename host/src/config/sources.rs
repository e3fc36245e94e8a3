//! Where a configuration comes from: a file, the environment, flags; later ones count for more.

use std::ops::Range;

/// Texts, each after the other, so that a place says which of them it is in.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    each: Vec<Source>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Source {
    /// As messages call it: a path, a variable, a flag.
    name: String,
    text: String,
    start: usize,
}

/// A place in one of the texts.
pub(super) struct Place<'s> {
    pub(super) number: usize,
    pub(super) name: &'s str,
    pub(super) text: &'s str,
    pub(super) span: Range<usize>,
}

impl Sources {
    /// Adds a text; what is to be parsed of it, so that places are those in all texts together.
    pub(super) fn add(&mut self, name: &str, text: &str) -> String {
        let start = self.len;
        self.each.push(Source { name: name.into(), text: text.into(), start });
        // So that the end of one is not the beginning of the next.
        self.len += text.len() + 1;
        format!("{}{text}", "\n".repeat(start))
    }

    pub(super) fn locate(&self, span: &Range<usize>) -> Place<'_> {
        let after = self.each.partition_point(|source| source.start <= span.start);
        let number = after.saturating_sub(1);
        let Source { name, text, start } = &self.each[number];
        let from = text.floor_char_boundary(span.start.saturating_sub(*start).min(text.len()));
        let to = span.end.saturating_sub(*start).clamp(from, text.len());
        Place { number, name, text, span: from..text.ceil_char_boundary(to) }
    }
}
