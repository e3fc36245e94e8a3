//! The files that a scenario is read from: its own, and those that it includes.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::source::Sources;

/// Files that a scenario may include in all, and how deep.
const FILES_MAX: usize = 100;
const DEPTH_MAX: usize = 8;

/// All files of a scenario.
pub(super) struct Files {
    pub(super) sources: Sources,
    /// Positions of the files: those that are included before those that include them.
    pub(super) order: Vec<usize>,
    pub(super) mistakes: Vec<Diagnostic>,
}

/// A path in `include`, with its place in its file.
pub(super) type Included = (String, Range<usize>);

/// Finds the files that a text includes. Paths are relative to that of the file.
pub(super) fn gather(shown_path: &str, text: &str) -> Files {
    let path = Path::new(shown_path);
    let root = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let mut gathering = Gathering {
        files: Files {
            sources: Sources::new(shown_path, text),
            order: Vec::new(),
            mistakes: Vec::new(),
        },
        known: BTreeSet::from([root.clone()]),
        stack: vec![root],
    };
    gathering.visit(0);
    gathering.files
}

/// The scenario files that a file includes, directly or not; those that cannot be read are left out.
pub(super) fn closure(file: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![file.to_path_buf()];
    while let Some(file) = open.pop().filter(|_| found.len() < FILES_MAX) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (name, _) in includes(&text).0 {
            let included = file.parent().map(|folder| folder.join(name));
            let Some(Ok(included)) = included.map(fs::canonicalize) else { continue };
            if found.insert(included.clone()) {
                open.push(included);
            }
        }
    }
    found
}

struct Gathering {
    files: Files,
    /// Every file that is there already.
    known: BTreeSet<PathBuf>,
    /// The file that is looked at, and those on the way to it.
    stack: Vec<PathBuf>,
}

impl Gathering {
    fn visit(&mut self, index: usize) {
        let (text, start) = self.files.sources.file(index);
        let (names, mistakes) = includes(text);
        let folder = Path::new(self.files.sources.path(index)).parent().map(Path::to_path_buf);
        let folder = folder.unwrap_or_default();
        let placed = |mistake: Diagnostic| mistake.moved(start);
        self.files.mistakes.extend(mistakes.into_iter().map(placed));
        let mut here: Vec<(PathBuf, Range<usize>)> = Vec::new();
        for (name, span) in names {
            let span = start + span.start..start + span.end;
            let path = folder.join(&name);
            match self.included(&name, &path, &span, &here) {
                Ok(file) => {
                    here.push((file.clone(), span.clone()));
                    self.enter(&path, file, span);
                }
                Err(mistake) => self.files.mistakes.push(*mistake),
            }
        }
        self.files.order.push(index);
    }

    /// The file that `include` names at `span`, unless it must not.
    fn included(
        &self,
        name: &str,
        path: &Path,
        span: &Range<usize>,
        here: &[(PathBuf, Range<usize>)],
    ) -> Result<PathBuf, Box<Diagnostic>> {
        let wrong = |message: String| Diagnostic::at(span.clone(), message);
        if Path::new(name).is_absolute() {
            return Err(Box::new(
                wrong(format!("{name:?} is an absolute path"))
                    .help("write the path from the folder of this file, so that it holds anywhere"),
            ));
        }
        let file = fs::canonicalize(path).ok().filter(|file| file.is_file()).ok_or_else(|| {
            Box::new(
                wrong(format!("there is no file {name:?}"))
                    .label(format!("this would be {}", path.display()))
                    .help("the path is relative to the folder of this file"),
            )
        })?;
        if let Some((_, first)) = here.iter().find(|(known, _)| *known == file) {
            return Err(Box::new(
                wrong(format!("{name:?} is included twice"))
                    .also(first.clone(), "first here")
                    .help("keep one of them"),
            ));
        }
        if let Some(at) = self.stack.iter().position(|known| *known == file) {
            let names = self.stack[at..].iter().chain([&file]);
            let names = names.map(|file| file.file_name().unwrap_or_default().to_string_lossy());
            let way = names.collect::<Vec<_>>().join(" -> ");
            return Err(Box::new(
                wrong("a file includes itself".into())
                    .label(way)
                    .help("take this one out of `include`"),
            ));
        }
        if self.stack.len() > DEPTH_MAX || self.known.len() > FILES_MAX {
            return Err(Box::new(
                wrong("too many files include each other".into())
                    .note(format!("{FILES_MAX} files may be included, {DEPTH_MAX} deep"))
                    .help("put what they say into fewer files"),
            ));
        }
        Ok(file)
    }

    /// Adds a file, unless it is there already: by another way, it is the same.
    fn enter(&mut self, path: &Path, file: PathBuf, span: Range<usize>) {
        if !self.known.insert(file.clone()) {
            return;
        }
        let wrong = |message: String| Diagnostic::at(span.clone(), message);
        let text = match fs::read(&file).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => return self.files.mistakes.push(wrong("this is not UTF-8 text".into())),
            Err(error) => {
                let message = format!("the file cannot be read: {error}");
                return self.files.mistakes.push(wrong(message));
            }
        };
        if says_nothing(&text) {
            let mistake = wrong("the included file says nothing".into());
            let help = "leave it out, or write what it should bring: nodes, links, faults";
            self.files.mistakes.push(mistake.help(help));
        }
        let index = self.files.sources.add(&path.display().to_string(), &text);
        self.stack.push(file);
        self.visit(index);
        self.stack.pop();
    }
}

/// Whether a file has no key that means anything to those that include it.
fn says_nothing(text: &str) -> bool {
    let (document, errors) = DeTable::parse_recoverable(text);
    errors.is_empty() && document.get_ref().keys().all(|key| key.get_ref() == "format")
}

/// The paths that a file includes, and what is wrong with the way it says so.
fn includes(text: &str) -> (Vec<Included>, Vec<Diagnostic>) {
    // Most files do not.
    if !text.contains("include") {
        return (Vec::new(), Vec::new());
    }
    let (document, _) = DeTable::parse_recoverable(text);
    let Some(value) = document.get_ref().get("include") else { return (Vec::new(), Vec::new()) };
    let wrong = |value: &Spanned<DeValue<'_>>, message: &str| {
        Diagnostic::at(value.span(), message).help("write it like `include = [\"cities.toml\"]`")
    };
    let DeValue::Array(array) = value.get_ref() else {
        return (Vec::new(), vec![wrong(value, "`include` must be an array")]);
    };
    let (mut names, mut mistakes) = (Vec::new(), Vec::new());
    for element in array.iter() {
        match element.get_ref() {
            DeValue::String(name) => names.push((name.to_string(), element.span())),
            _ => mistakes.push(wrong(element, "each of `include` must be a string")),
        }
    }
    (names, mistakes)
}
