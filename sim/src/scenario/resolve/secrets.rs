//! What owners do about the secrets of their nodes.

use std::collections::BTreeMap;

use crate::scenario::file::Spanned;
use underpass_core::Instant;

use super::{Resolver, shown};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::{FaultKind, NodeId};

impl Resolver<'_> {
    pub(super) fn change_secret(&mut self, pattern: &Spanned<String>) -> Option<FaultKind> {
        self.holders(pattern).map(FaultKind::ChangeSecret)
    }

    pub(super) fn retire_secret(&mut self, pattern: &Spanned<String>) -> Option<FaultKind> {
        self.holders(pattern).map(FaultKind::RetireSecret)
    }

    /// Those that have secrets of the network, all that are selected.
    fn holders(&mut self, pattern: &Spanned<String>) -> Option<Vec<NodeId>> {
        let mut nodes = self.select_members(pattern)?;
        let foreign = |node: &NodeId| self.nodes[node.0 as usize].machine.is_some();
        if nodes.iter().all(foreign) {
            self.wrong(
                Diagnostic::at(pattern.span(), format!("`{pattern}` has no secret of the network"))
                    .label("it has a machine of its own")
                    .help("name a node that speaks our protocol"),
            );
            return None;
        }
        nodes.retain(|node| !foreign(node));
        Some(nodes)
    }

    /// A secret that is retired must have been replaced before.
    pub(super) fn check_secrets(&mut self) {
        let mut acts: Vec<(Instant, usize)> =
            self.faults.iter().enumerate().map(|(index, fault)| (fault.at, index)).collect();
        acts.sort_unstable();
        let mut has_previous: BTreeMap<NodeId, bool> = BTreeMap::new();
        let mut mistakes = Vec::new();
        for (at, index) in acts {
            match &self.faults[index].kind {
                FaultKind::ChangeSecret(nodes) => {
                    has_previous.extend(nodes.iter().map(|node| (*node, true)));
                }
                FaultKind::RetireSecret(nodes) => {
                    for node in nodes {
                        if has_previous.insert(*node, false) != Some(true) {
                            mistakes.push((*node, at, index));
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some((node, at, index)) = mistakes.first() {
            let (node, at) = (self.names.of(*node), shown(*at));
            let message = format!("`{node}` has no secret to retire at {at}");
            self.wrong(
                Diagnostic::at(self.fault_spans[*index].clone(), message)
                    .label("it has only the one that it uses")
                    .help(format!(
                        "write a fault with `change_secret = \"{node}\"` before this one"
                    )),
            );
        }
    }
}
