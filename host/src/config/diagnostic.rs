//! What is wrong with a configuration, where, and what would be right: as in scenario files.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::sources::Sources;

/// One mistake.
#[derive(Clone, Debug)]
pub(crate) struct Diagnostic {
    message: String,
    span: Range<usize>,
    label: String,
    also: Vec<(Range<usize>, String)>,
    help: Option<String>,
}

impl Diagnostic {
    pub(super) fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, label: String::new(), also: Vec::new(), help: None }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn render(&self, sources: &Sources, renderer: &Renderer) -> String {
        let here = sources.locate(&self.span);
        let label = Some(self.label.as_str()).filter(|label| !label.is_empty());
        let primary = AnnotationKind::Primary.span(here.span).label(label);
        let mut snippets = vec![Snippet::source(here.text).path(here.name).annotation(primary)];
        let mut numbers = vec![here.number];
        for (span, label) in &self.also {
            let there = sources.locate(span);
            let annotation = AnnotationKind::Context.span(there.span).label(label.as_str());
            match numbers.iter().position(|number| *number == there.number) {
                Some(at) => snippets[at] = snippets[at].clone().annotation(annotation),
                None => {
                    numbers.push(there.number);
                    let snippet = Snippet::source(there.text).path(there.name);
                    snippets.push(snippet.annotation(annotation));
                }
            }
        }
        let mut group = Group::with_title(Level::ERROR.primary_title(self.message.as_str()));
        for snippet in snippets {
            group = group.element(snippet);
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        renderer.render(&[group])
    }
}

/// Everything that is wrong with a configuration, at least one thing.
#[derive(Clone, Debug)]
pub(crate) struct Mistakes {
    pub(super) sources: Sources,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Mistakes {
    /// Each with its place, the text underlined, and what would be right.
    pub(crate) fn render(&self, is_colored: bool) -> String {
        let renderer = match is_colored {
            true => Renderer::styled(),
            false => Renderer::plain(),
        };
        let each = self.diagnostics.iter().map(|one| one.render(&self.sources, &renderer));
        each.collect::<Vec<_>>().join("\n\n") + "\n"
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}
