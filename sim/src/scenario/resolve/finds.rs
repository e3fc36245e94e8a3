//! Who looks for others by their tags.

use super::{Resolver, instant, shown};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::Find;

impl Resolver<'_> {
    /// Gives every node what it looks for.
    pub(super) fn resolve_finds(&mut self) {
        let file = self.file;
        for entry in &file.find {
            self.resolve_find(entry.get());
        }
        for node in &mut self.nodes {
            node.finds.sort();
        }
    }

    fn resolve_find(&mut self, find: &Find) {
        let at = instant(&find.at);
        self.before_end("the search begins", at, find.at.span());
        let Some(nodes) = self.select_members(&find.node) else { return };
        for node in nodes {
            let (start, takes_part) = {
                let node = &self.nodes[node.0 as usize];
                (node.start, node.gossip.is_some())
            };
            let name = self.names.of(node).to_owned();
            if !takes_part {
                return self.wrong(
                    Diagnostic::at(find.node.span(), format!("`{name}` hears of nobody"))
                        .label("it takes no part in gossip")
                        .help(format!("write `discoverable = false` for `{name}`, or `true`")),
                );
            }
            if start > at {
                let message = format!("`{name}` looks for somebody before it is switched on");
                return self.wrong(
                    Diagnostic::at(find.at.span(), message)
                        .label(format!("it starts at {}", shown(start)))
                        .help("look later, or give the node an earlier `start`"),
                );
            }
            self.nodes[node.0 as usize].finds.push((at, find.tag.get_ref().clone()));
        }
    }
}
