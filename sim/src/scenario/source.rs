//! The files that a scenario consists of.

use std::ops::Range;

/// Files, each after the other in one text, so that a place in the text says which file it is in.
/// The scenario's own is the first; those that it includes follow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sources {
    text: String,
    files: Vec<File>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct File {
    /// As messages call it.
    path: String,
    span: Range<usize>,
}

/// A place in one of the files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place<'s> {
    /// Position of the file.
    pub(super) file: usize,
    /// As messages call it.
    pub(super) path: &'s str,
    /// All of the file.
    pub(super) text: &'s str,
    /// Bytes of that text, in whole characters.
    pub(super) span: Range<usize>,
}

impl Sources {
    /// A single file.
    pub(super) fn new(path: &str, text: &str) -> Self {
        let mut sources = Self { text: String::new(), files: Vec::new() };
        sources.add(path, text);
        sources
    }

    /// Adds a file; its position.
    pub(super) fn add(&mut self, path: &str, text: &str) -> usize {
        let start = self.text.len();
        self.text.push_str(text);
        let span = start..self.text.len();
        // So that the end of one file is not the beginning of the next.
        self.text.push('\n');
        self.files.push(File { path: path.into(), span });
        self.files.len() - 1
    }

    /// The text of all files, which spans are about.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text of one file, and where in that of all it begins.
    pub(super) fn file(&self, index: usize) -> (&str, usize) {
        let span = self.files[index].span.clone();
        (&self.text[span.clone()], span.start)
    }

    /// As messages call a file.
    pub(super) fn path(&self, index: usize) -> &str {
        &self.files[index].path
    }

    pub(super) fn locate(&self, span: &Range<usize>) -> Place<'_> {
        let after = self.files.partition_point(|file| file.span.start <= span.start);
        let index = after.saturating_sub(1);
        let File { path, span: whole } = &self.files[index];
        let text = &self.text[whole.clone()];
        let start = text.floor_char_boundary((span.start - whole.start).min(text.len()));
        let end = span.end.saturating_sub(whole.start);
        let end = text.ceil_char_boundary(end.clamp(start, text.len()));
        Place { file: index, path, text, span: start..end }
    }

    /// The line of a place in its file, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> u32 {
        let Place { text, span, .. } = self.locate(span);
        let before = text[..span.start].bytes().filter(|byte| *byte == b'\n').count();
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}
