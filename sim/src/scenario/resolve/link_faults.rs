//! Faults of links, and of what goes over them.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::scenario::file::Spanned;

use super::links::{Given, rtt_on_access};
use super::{Resolver, exactly_one};
use crate::link::{LinkModel, Preset};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{Block, Drop, LinkFault, Patterns, Table};
use crate::scenario::model::{FaultKind, LinkChange, LinkPlace, NodeId};

impl Resolver<'_> {
    pub(super) fn block(&mut self, block: &Block) -> Option<FaultKind> {
        let (from, to) = (self.select_any(&block.from), self.select_any(&block.to));
        let (from, to) = (from?, to?);
        if from == to && from.len() == 1 {
            let node = self.names.of(from[0]);
            self.wrong(
                Diagnostic::at(block.to.span(), format!("`{node}` and itself are not two nodes"))
                    .also(block.from.span(), "the same node")
                    .help("name another node on one side; what a node sends itself is not blocked"),
            );
            return None;
        }
        Some(FaultKind::Block { from, to })
    }

    /// All nodes that any of several patterns selects.
    fn select_any(&mut self, patterns: &Spanned<Patterns>) -> Option<Vec<NodeId>> {
        if patterns.get_ref().is_empty() {
            self.wrong(
                Diagnostic::at(patterns.span(), "an empty list selects no node")
                    .help("name nodes: `[\"laptop\", \"sensor-*\"]`, or all of them: `[\"*\"]`"),
            );
            return None;
        }
        let mut nodes = BTreeSet::new();
        for pattern in patterns.get_ref() {
            nodes.extend(self.select_side(pattern)?);
        }
        Some(nodes.into_iter().collect())
    }

    pub(super) fn drop_fault(&mut self, drop: &Drop) -> Option<FaultKind> {
        let kind = self.dropped(drop);
        let nth = *drop.nth.get_ref();
        if nth == 0 {
            self.wrong(
                Diagnostic::at(drop.nth.span(), "`nth` must be at least 1")
                    .help("packets are counted from 1, as they are sent"),
            );
            return None;
        }
        kind
    }

    fn dropped(&mut self, drop: &Drop) -> Option<FaultKind> {
        let nth = *drop.nth.get_ref();
        Some(match &drop.to {
            Some(to) => FaultKind::Drop { pairs: self.linked_pairs(&drop.from, to)?, nth },
            None => FaultKind::DropSent { from: self.select(&drop.from)?, nth },
        })
    }

    pub(super) fn link_fault(&mut self, table: &Table<LinkFault>) -> Option<FaultKind> {
        let (link, given) = (table.get(), Given::from(table.get()));
        let keys = [
            ("node", link.node.as_ref().map(Spanned::span)),
            ("between", link.between.as_ref().map(Spanned::span)),
        ];
        let key = exactly_one("changed `link`", "it belongs to", table.span(), &keys);
        let (key, Preset { up, down }) = (self.note(key), self.differences(&given));
        let places = match key? {
            "node" => self.access_places(link)?,
            _ => {
                let between = link.between.as_ref()?;
                let pairs = self.pairs_between(between, up == down, table.span())?;
                pairs.into_iter().map(|(a, b)| LinkPlace::Pair(a, b)).collect()
            }
        };
        self.check_change(table.span(), &given, &places, &Preset { up, down })?;
        let change = |link| LinkChange { link, up, down };
        Some(FaultKind::Link(places.into_iter().map(change).collect()))
    }

    fn access_places(&mut self, link: &LinkFault) -> Option<Vec<LinkPlace>> {
        if let Some(rtt) = &link.rtt {
            self.wrong(rtt_on_access(rtt.span(), "write `delay`, or `between` instead of `node`"));
        }
        let nodes = self.select(link.node.as_ref()?)?;
        Some(nodes.into_iter().map(LinkPlace::Access).collect())
    }

    /// A change must be one, and leave links that mean something.
    fn check_change(
        &mut self,
        table: Range<usize>,
        given: &Given<'_>,
        places: &[LinkPlace],
        different: &Preset,
    ) -> Option<()> {
        let mut changes = false;
        for place in places {
            let (up, down) = self.link_at(*place);
            let (new_up, new_down) = (up.with(&different.up), down.with(&different.down));
            let mut nonsense = given.nonsense(&new_up, &new_down);
            let has_ipv6 = match *place {
                LinkPlace::Access(node) => self.nodes[node.0 as usize].ipv6,
                LinkPlace::Pair(a, b) => self.use_ipv6((a, b)),
            };
            nonsense.extend(given.too_small_for_ipv6(&new_up, &new_down).filter(|_| has_ipv6));
            if !nonsense.is_empty() {
                self.mistakes.extend(nonsense);
                return None;
            }
            changes |= (up, down) != (new_up, new_down);
        }
        if !changes {
            self.wrong(
                Diagnostic::at(table, "the fault changes nothing")
                    .label("the link is like this without it")
                    .help("say what is different meanwhile, such as `loss = \"30%\"`"),
            );
        }
        changes.then_some(())
    }

    /// Both directions of a link without any fault.
    pub(super) fn link_at(&self, place: LinkPlace) -> (LinkModel, LinkModel) {
        match place {
            LinkPlace::Access(node) => {
                let node = &self.nodes[node.0 as usize];
                (node.up, node.down)
            }
            LinkPlace::Pair(a, b) => match self.pair_losses.get(&(a, b)) {
                None => (LinkModel::IDEAL, LinkModel::IDEAL),
                Some((index, _)) => {
                    let pair = &self.pairs[*index];
                    if pair.a == a { (pair.ab, pair.ba) } else { (pair.ba, pair.ab) }
                }
            },
        }
    }
}
