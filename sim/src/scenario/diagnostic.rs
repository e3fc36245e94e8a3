//! What is wrong with a scenario file, where, and what would be right.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::source::Sources;

/// One mistake in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What is wrong, in one line.
    pub message: String,
    /// The bytes that say so, of the text of all files of a scenario; its beginning if it is about the
    /// scenario as a whole.
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

    /// The same about bytes that are so much further on.
    pub(super) fn moved(mut self, by: usize) -> Self {
        let moved = |span: Range<usize>| span.start + by..span.end + by;
        self.span = moved(self.span);
        for (span, _) in &mut self.also {
            *span = moved(span.clone());
        }
        self
    }

    fn render(&self, sources: &Sources, renderer: &Renderer) -> String {
        let mut group = Group::with_title(Level::ERROR.primary_title(self.message.as_str()));
        for snippet in self.snippets(sources) {
            group = group.element(snippet);
        }
        // Titles and labels are normalised by the renderer; these texts are not.
        for note in &self.notes {
            group = group.element(Level::NOTE.message(normalize_untrusted_str(note)));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        renderer.render(&[group])
    }

    /// One of each file that has a part in it, that of the mistake first.
    fn snippets<'a>(
        &'a self,
        sources: &'a Sources,
    ) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let here = sources.locate(&self.span);
        let label = Some(self.label.as_str()).filter(|label| !label.is_empty());
        let primary = AnnotationKind::Primary.span(here.span).label(label);
        let mut snippets = vec![Snippet::source(here.text).path(here.path).annotation(primary)];
        let mut files = vec![here.file];
        for (span, label) in &self.also {
            let there = sources.locate(span);
            let annotation = AnnotationKind::Context.span(there.span).label(label.as_str());
            match files.iter().position(|file| *file == there.file) {
                Some(at) => snippets[at] = snippets[at].clone().annotation(annotation),
                None => {
                    files.push(there.file);
                    let snippet = Snippet::source(there.text).path(there.path);
                    snippets.push(snippet.annotation(annotation));
                }
            }
        }
        snippets
    }
}

/// Everything that is wrong with a scenario, with the files it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// The mistakes in the order of the file, those in files that it includes after it.
    pub(super) fn new(sources: Sources, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        Self { sources, diagnostics }
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
        let each = self.diagnostics.iter().map(|d| d.render(&self.sources, &renderer));
        each.collect::<Vec<_>>().join("\n\n") + "\n"
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}
