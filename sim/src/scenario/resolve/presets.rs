//! Links that others refer to by name.

use crate::scenario::file::Spanned;

use super::Resolver;
use super::links::Given;
use crate::link::{LinkPatch, Preset};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::Table;
use crate::scenario::nearest::suggest;

impl Resolver<'_> {
    /// Adds the presets of the file to those of the simulator.
    pub(super) fn resolve_presets(&mut self) {
        let file = self.file;
        for (name, table) in file.preset.iter().flat_map(|presets| &presets.get().link) {
            if Preset::named(name).is_some() {
                self.wrong(
                    Diagnostic::at(table.span(), format!("a preset is called `{name}` already"))
                        .label("the simulator has this one")
                        .help("give yours another name"),
                );
            }
            let preset = self.differences(&Given::from(Table::get(table)));
            self.presets.insert(name.clone(), preset);
        }
    }

    /// The preset that a link names, which is a whole link; no differences if it names none, or none
    /// that there is.
    pub(super) fn preset(&mut self, name: Option<&Spanned<String>>) -> Preset {
        let Some(name) = name else { return Preset::default() };
        let text = name.get_ref().as_str();
        let known = self.presets.get(text).copied().or_else(|| Preset::named(text));
        if known.is_none() {
            let mut names: Vec<&str> = self.presets.keys().map(String::as_str).collect();
            names.extend(Preset::names());
            let help = suggest(text, "presets", names);
            self.wrong(
                Diagnostic::at(name.span(), format!("no preset of links is called {text:?}"))
                    .label("unknown name")
                    .help(help),
            );
        }
        let whole = |patch| LinkPatch { afresh: true, ..patch };
        known
            .map(|known| Preset { up: whole(known.up), down: whole(known.down) })
            .unwrap_or_default()
    }
}
