//! What is wrong with a scenario file, where, and what would be right.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

/// One mistake in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What is wrong, in one line.
    pub message: String,
    /// The bytes of the file that say so; its beginning if it is about the file as a whole.
    pub span: Range<usize>,
    /// What about these bytes, in a few words beneath them; may be empty.
    pub label: String,
    /// Other places that have a part in it.
    pub also: Vec<(Range<usize>, String)>,
    /// What would be right.
    pub help: Option<String>,
    /// Why it is wrong, where that is not plain.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// A mistake of the whole file.
    pub fn of_file(message: impl Into<String>) -> Self {
        Self::at(0..0, message)
    }

    /// A mistake at these bytes.
    pub fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            label: String::new(),
            also: Vec::new(),
            help: None,
            notes: Vec::new(),
        }
    }

    /// Says something about the bytes.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points to another place.
    pub fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    /// Says what would be right.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says why.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn render(&self, path: &str, text: &str, renderer: &Renderer) -> String {
        let mut group = Group::with_title(Level::ERROR.primary_title(self.message.as_str()));
        group = group.element(self.snippet(path, text));
        // Titles and labels are normalised by the renderer; these texts are not.
        for note in &self.notes {
            group = group.element(Level::NOTE.message(normalize_untrusted_str(note)));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        renderer.render(&[group])
    }

    fn snippet<'a>(
        &'a self,
        path: &'a str,
        text: &'a str,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let label = Some(self.label.as_str()).filter(|label| !label.is_empty());
        let primary = AnnotationKind::Primary.span(inside(&self.span, text)).label(label);
        let also = self.also.iter().map(|(span, label)| {
            AnnotationKind::Context.span(inside(span, text)).label(label.as_str())
        });
        Snippet::source(text).path(path).annotation(primary).annotations(also)
    }
}

/// `span` cut to whole characters of `text`.
fn inside(span: &Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    start..end
}

/// Everything that is wrong with one file, with the text it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    path: String,
    text: String,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// The mistakes in the order of the file.
    pub(super) fn new(path: &str, text: &str, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        Self { path: path.into(), text: text.into(), diagnostics }
    }

    /// The mistakes, at least one.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// As a person reads it: each with its place, the text underlined, and what would be right.
    pub fn render(&self, color: bool) -> String {
        let renderer = match color {
            true => Renderer::styled(),
            false => Renderer::plain(),
        };
        let each = self.diagnostics.iter().map(|d| d.render(&self.path, &self.text, &renderer));
        each.collect::<Vec<_>>().join("\n\n") + "\n"
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}
