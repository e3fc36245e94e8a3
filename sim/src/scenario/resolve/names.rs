//! Names of nodes, and the patterns that select several of them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::scenario::file::Spanned;

use super::{PAIRS_MAX, Resolver};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::Two;
use crate::scenario::model::{NatId, NodeId};
use crate::scenario::nearest::suggest;

/// The name of every node and NAT, with where the file gives it.
#[derive(Default)]
pub(super) struct Names {
    nats: BTreeMap<String, (NatId, Range<usize>)>,
    ids: BTreeMap<String, (NodeId, Range<usize>)>,
    names: Vec<String>,
}

impl Names {
    /// Adds the next node; where its name is given already, if so.
    pub(super) fn add(&mut self, name: String, span: Range<usize>) -> Result<(), Range<usize>> {
        if let Some(first) = self.given(&name) {
            return Err(first);
        }
        let id = NodeId(u32::try_from(self.names.len()).expect("bounded by NODES_MAX"));
        self.ids.insert(name.clone(), (id, span));
        self.names.push(name);
        Ok(())
    }

    /// Adds a NAT likewise.
    pub(super) fn add_nat(
        &mut self,
        name: String,
        id: NatId,
        span: Range<usize>,
    ) -> Result<(), Range<usize>> {
        if let Some(first) = self.given(&name) {
            return Err(first);
        }
        self.nats.insert(name, (id, span));
        Ok(())
    }

    fn given(&self, name: &str) -> Option<Range<usize>> {
        let node = self.ids.get(name).map(|(_, first)| first);
        node.or(self.nats.get(name).map(|(_, first)| first)).cloned()
    }

    /// The NAT of exactly this name.
    pub(super) fn nat(&self, name: &str) -> Option<NatId> {
        self.nats.get(name).map(|(id, _)| *id)
    }

    /// The NATs that a name or glob selects, at least one.
    pub(super) fn select_nats(
        &self,
        pattern: &Spanned<String>,
    ) -> Result<Vec<NatId>, Box<Diagnostic>> {
        let text = pattern.get_ref();
        let mut matching: Vec<NatId> = match is_glob(text) {
            true => {
                let matching = self.nats.iter().filter(|(name, _)| matches(text, name));
                matching.map(|(_, (id, _))| *id).collect()
            }
            false => self.nat(text).into_iter().collect(),
        };
        matching.sort_unstable();
        if !matching.is_empty() {
            return Ok(matching);
        }
        let names = self.nats.keys().map(String::as_str);
        let mistake = if self.ids.contains_key(text) {
            Diagnostic::at(pattern.span(), format!("`{text}` is a node, not a NAT"))
        } else if is_glob(text) {
            Diagnostic::at(pattern.span(), format!("{text:?} matches no NAT"))
                .label("selects nothing")
        } else {
            Diagnostic::at(pattern.span(), format!("no NAT is called {text:?}"))
                .label("unknown name")
        };
        let help =
            match self.nats.keys().any(|n| n.strip_prefix(text.as_str()).is_some_and(is_number)) {
                true => format!("it has a `count`: one is `{text}-1`, all are `{text}-*`"),
                false => suggest(text, "NATs", names),
            };
        Err(Box::new(mistake.help(help)))
    }

    pub(super) fn of(&self, id: NodeId) -> &str {
        self.names.get(id.0 as usize).map_or("?", String::as_str)
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The one node of this name.
    pub(super) fn node(&self, name: &Spanned<String>) -> Result<NodeId, Box<Diagnostic>> {
        let text = name.get_ref();
        if let Some((id, _)) = self.ids.get(text) {
            return Ok(*id);
        }
        if self.nats.contains_key(text) {
            return Err(Box::new(
                Diagnostic::at(name.span(), format!("`{text}` is a NAT, not a node"))
                    .help("name a node behind it"),
            ));
        }
        let names = || self.names.iter().map(String::as_str);
        let mut help = suggest(text, "nodes", names());
        // `sensor` where only `sensor-1` to `sensor-9` exist.
        if names().any(|name| name.strip_prefix(text.as_str()).is_some_and(is_number)) {
            help = format!("it has a `count`: one is `{text}-1`, all are `{text}-*`");
        }
        let mistake = Diagnostic::at(name.span(), format!("no node is called {text:?}"));
        Err(Box::new(mistake.label("unknown name").help(help)))
    }

    /// The nodes that a name or glob selects, at least one.
    pub(super) fn select(&self, pattern: &Spanned<String>) -> Result<Vec<NodeId>, Box<Diagnostic>> {
        let text = pattern.get_ref();
        if !is_glob(text) {
            return self.node(pattern).map(|id| vec![id]);
        }
        let matching = (0..).zip(&self.names).filter(|(_, name)| matches(text, name));
        let ids: Vec<NodeId> = matching.map(|(id, _)| NodeId(id)).collect();
        if ids.is_empty() {
            let names = self.names.iter().map(String::as_str);
            let help = suggest(text, "nodes", names);
            let mistake = Diagnostic::at(pattern.span(), format!("{text:?} matches no node"));
            return Err(Box::new(mistake.label("selects nothing").help(help)));
        }
        Ok(ids)
    }
}

fn is_number(suffix: &str) -> bool {
    let digits = suffix.strip_prefix('-').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether a text selects by pattern: `*` is any run of characters, `?` any one.
pub(super) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Goes back to the last `*` only, which suffices and keeps the time bounded.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                last_star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star, start)) = last_star else { return false };
                last_star = Some((star, start + 1));
                p = star + 1;
                n = start + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// One node as seen by another.
pub(super) type Pair = (NodeId, NodeId);

impl Resolver<'_> {
    /// The nodes that a name or glob selects; nothing after a mistake is noted. A glob that matches
    /// hostile nodes and others means the others.
    pub(super) fn select(&mut self, pattern: &Spanned<String>) -> Option<Vec<NodeId>> {
        let selected = self.names.select(pattern);
        let mut selected = self.note_name(selected)?;
        if selected.iter().any(|id| !self.is_hostile(*id)) {
            selected.retain(|id| !self.is_hostile(*id));
        }
        Some(selected)
    }

    /// Those that `select` does; a NAT's name stands for all nodes behind it at first.
    pub(super) fn select_side(&mut self, pattern: &Spanned<String>) -> Option<Vec<NodeId>> {
        let Some(nat) = self.names.nat(pattern.get_ref()) else { return self.select(pattern) };
        let nodes = (0..).map(NodeId).zip(&self.nodes);
        let behind = nodes.filter(|(_, node)| self.outward(node.behind).any(|outer| outer == nat));
        Some(behind.map(|(id, _)| id).collect())
    }

    /// The members of the network that a name or glob selects.
    pub(super) fn select_members(&mut self, pattern: &Spanned<String>) -> Option<Vec<NodeId>> {
        let selected = self.select(pattern)?;
        if !self.is_hostile(*selected.first()?) {
            return Some(selected);
        }
        let text = pattern.get_ref();
        let message = match is_glob(text) {
            true => format!("{text:?} matches hostile nodes only"),
            false => format!("`{text}` is hostile"),
        };
        self.wrong(
            Diagnostic::at(pattern.span(), message)
                .label("no member of the network")
                .note("it has no sessions, no applications and no counters, and nobody dials it")
                .help("name a node that is not `hostile`"),
        );
        None
    }

    pub(super) fn is_hostile(&self, node: NodeId) -> bool {
        self.hostile.contains(&node)
    }

    /// What a name stands for; nothing after it is noted that there is no such node.
    pub(super) fn note_name<T>(&mut self, found: Result<T, Box<Diagnostic>>) -> Option<T> {
        match self.names_sound {
            true => self.note(found),
            false => found.ok(),
        }
    }

    /// Every pair of one member and another that the two patterns select, at least one.
    pub(super) fn ordered_pairs(
        &mut self,
        from: &Spanned<String>,
        to: &Spanned<String>,
    ) -> Option<Vec<Pair>> {
        let (a, b) = (self.select_members(from), self.select_members(to));
        self.pairs(from, to, &a?, &b?)
    }

    /// Every pair of one member and another likewise; if both patterns select the same one node, that
    /// and itself.
    pub(super) fn pairs_or_oneself(
        &mut self,
        from: &Spanned<String>,
        to: &Spanned<String>,
    ) -> Option<Vec<Pair>> {
        let (a, b) = (self.select_members(from)?, self.select_members(to)?);
        match (a.as_slice(), b.as_slice()) {
            ([one], [other]) if one == other => Some(vec![(*one, *other)]),
            _ => self.pairs(from, to, &a, &b),
        }
    }

    /// Every pair of one node and another, hostile or not, likewise.
    pub(super) fn linked_pairs(
        &mut self,
        from: &Spanned<String>,
        to: &Spanned<String>,
    ) -> Option<Vec<Pair>> {
        let (a, b) = (self.select(from), self.select(to));
        self.pairs(from, to, &a?, &b?)
    }

    fn pairs(
        &mut self,
        from: &Spanned<String>,
        to: &Spanned<String>,
        a: &[NodeId],
        b: &[NodeId],
    ) -> Option<Vec<Pair>> {
        let count = a.len() as u64 * b.len() as u64;
        if count > self.pairs_left {
            self.wrong(
                Diagnostic::at(to.span(), format!("{count} pairs of nodes are too many"))
                    .note(format!("all globs of a scenario may come to {PAIRS_MAX}"))
                    .help("select fewer nodes on one side"),
            );
            return None;
        }
        self.pairs_left -= count;
        let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (*a, *b)));
        let pairs: Vec<Pair> = pairs.filter(|(a, b)| a != b).collect();
        if pairs.is_empty() {
            let name = self.names.of(a[0]);
            self.wrong(
                Diagnostic::at(to.span(), format!("`{name}` and itself are not two nodes"))
                    .also(from.span(), "the same node")
                    .help("name another node on one side"),
            );
            return None;
        }
        Some(pairs)
    }

    /// Every pair between the two patterns, seen from either end.
    pub(super) fn both_ways(&mut self, between: &Two<Spanned<String>>) -> Option<Vec<Pair>> {
        let mut pairs = self.ordered_pairs(&between.0, &between.1)?;
        pairs.extend(pairs.clone().into_iter().map(|(a, b)| (b, a)));
        pairs.sort();
        pairs.dedup();
        Some(pairs)
    }
}

#[cfg(test)]
mod tests;
