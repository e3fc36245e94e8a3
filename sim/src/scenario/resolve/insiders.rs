//! Members of the network who keep to no rule of gossip.

use underpass_core::Instant;

use super::{Resolver, instant};
use crate::machine::underpass::{Insider, Ploy};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file;

/// Each takes real public-key work.
const NAMES_MAX: u64 = 10_000;

impl Resolver<'_> {
    /// Gives every insider what it does.
    pub(super) fn resolve_insiders(&mut self) {
        let file = self.file;
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            let Some(table) = &entry.get().insider else { continue };
            if entry.get().discoverable.is_none() {
                self.wrong(
                    Diagnostic::at(
                        table.span(),
                        format!("`{}` breaks rules of gossip", entry.get().name),
                    )
                    .label("it takes no part in it")
                    .help("write `discoverable = true`, or leave `insider` out"),
                );
                continue;
            }
            let Some(insider) = self.insider(table.get()) else { continue };
            for id in ids {
                self.nodes[id].insider = Some(insider.clone());
            }
        }
    }

    fn insider(&mut self, insider: &file::Insider) -> Option<Insider> {
        let every = self.pace(&insider.every);
        let from = insider.from.as_ref().map_or(Instant::ORIGIN, instant);
        if let Some(written) = &insider.from {
            self.before_end("the insider begins", from, written.span());
        }
        let names = match &insider.names {
            None => Some(1),
            Some(names) if (1..=NAMES_MAX).contains(names.get_ref()) => {
                u32::try_from(*names.get_ref()).ok()
            }
            Some(names) => {
                self.wrong(
                    Diagnostic::at(
                        names.span(),
                        format!("an insider cannot make up {names} names"),
                    )
                    .note("each takes real public-key work")
                    .help(format!("`names` is from 1 to {NAMES_MAX}")),
                );
                None
            }
        };
        let at = match &insider.at {
            None => None,
            Some(name) => {
                let node = self.names.node(name);
                Some(self.note_name(node)?)
            }
        };
        let ploy = match insider.does {
            file::Ploy::Forges => Ploy::Forges,
            file::Ploy::Replays => Ploy::Replays,
            file::Ploy::Forks => Ploy::Forks,
            file::Ploy::Names => Ploy::Names,
            file::Ploy::Asks => Ploy::Asks,
            file::Ploy::Chatters => Ploy::Chatters,
            file::Ploy::Eclipses => Ploy::Eclipses,
        };
        Some(Insider { ploy, from, every: every?, names: names?, at })
    }
}
