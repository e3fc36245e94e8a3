//! Who is on the network.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::Instant;

use super::names::{Pair, is_glob};
use super::{NEIGHBOURS_MAX, NODES_MAX, Resolver, instant};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{Interface, Node, Table};
use crate::scenario::model::{self, NodeId};
use crate::world::IPV4_NODES_MAX;

impl<'a> Resolver<'a> {
    /// Adds every node, without links.
    pub(super) fn resolve_nodes(&mut self) {
        let file = self.file;
        if file.node.is_empty() {
            self.wrong(
                Diagnostic::of_file("the scenario has no nodes")
                    .help("add at least two: `[[node]]` and `name = \"laptop\"` below it"),
            );
        }
        for entry in &file.node {
            let first = self.nodes.len();
            self.add_nodes(entry.get());
            self.nodes_of.push(first..self.nodes.len());
        }
        if self.names_sound {
            self.check_ipv4();
        }
        self.resolve_behind();
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            self.resolve_peers(entry.get(), ids);
        }
    }

    fn add_nodes(&mut self, node: &Node) {
        self.check_name(&node.name, "node");
        if let Some(network) = &node.network {
            self.check_name(network, "network");
        }
        let start = node.start.as_ref().map_or(Instant::ORIGIN, instant);
        if let Some(written) = &node.start {
            self.before_end("the node is switched on", start, written.span());
        }
        let (ipv4, ipv6) = self.interfaces(node);
        let (machine, app) = (self.machine(node), self.app(node));
        let clock_ppm = node.clock_ppm.as_ref().and_then(|ppm| self.drift(ppm)).unwrap_or_default();
        let left = NODES_MAX.saturating_sub(self.names.len() as u64);
        for name in self.numbered(&node.name, node.count.as_ref(), "node", NODES_MAX, left) {
            if let Err(first) = self.names.add(name.clone(), node.name.span()) {
                self.names_sound = false;
                let by_count = match &node.count {
                    Some(count) => format!("{count} of them, and one is `{name}`"),
                    None => String::new(),
                };
                let who =
                    if self.names.nat(&name).is_some() { "a node and a NAT" } else { "two nodes" };
                self.wrong(
                    Diagnostic::at(node.name.span(), format!("{who} are called `{name}`"))
                        .label(by_count)
                        .also(first, "first here")
                        .help("give one of them another name"),
                );
                return;
            }
            if node.hostile.is_some() {
                self.hostile
                    .insert(NodeId(u32::try_from(self.nodes.len()).expect("bounded by NODES_MAX")));
            }
            let mut made = model::Node { start, ipv4, ipv6, clock_ppm, ..model::Node::new(name) };
            made.machine.clone_from(&machine);
            if let Some(network) = &node.network {
                made.network.clone_from(network.get_ref());
            }
            if let Some(app) = &app {
                made.app.clone_from(app);
            }
            self.nodes.push(made);
        }
    }

    /// Gives every node the NAT in front of it. Several nodes share several NATs out in turn.
    fn resolve_behind(&mut self) {
        let file = self.file;
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            let (behind, population) = (&entry.get().behind, &entry.get().population);
            if let Some(population) = population {
                self.draw_nats(&entry.get().name, population, behind.as_ref(), ids);
                continue;
            }
            let Some(behind) = behind else { continue };
            let Some(nats) = self.select_nats(behind) else { continue };
            for (node, nat) in self.nodes[ids].iter_mut().zip(nats.iter().cycle()) {
                node.behind = Some(*nat);
            }
        }
    }

    pub(super) fn check_name(&mut self, written: &Spanned<String>, what: &str) {
        let name = written.get_ref();
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.starts_with('-') || !name.chars().all(valid) {
            let allowed = |c: char| if valid(c) { c } else { '-' };
            let allowed: String = name.to_lowercase().chars().map(allowed).collect();
            let help = match allowed.trim_matches('-') {
                "" => "write a name like `laptop` or `home-router-2`".into(),
                near => format!("write it as `{near}`"),
            };
            self.wrong(
                Diagnostic::at(written.span(), format!("{name:?} cannot name a {what}"))
                    .label("a-z, 0-9 and `-` only, not beginning with `-`")
                    .help(help),
            );
        }
    }

    /// The name, or with a `count` the numbered names.
    pub(super) fn numbered(
        &mut self,
        name: &Spanned<String>,
        count: Option<&Spanned<u64>>,
        what: &str,
        max: u64,
        left: u64,
    ) -> Vec<String> {
        let Some(count) = count else { return vec![name.get_ref().clone()] };
        let wanted = *count.get_ref();
        self.names_sound &= (1..=left).contains(&wanted);
        if wanted == 0 {
            self.wrong(
                Diagnostic::at(count.span(), "`count` must be at least 1")
                    .help(format!("leave it out for one {what} called `{name}`")),
            );
        } else if wanted > left {
            self.wrong(
                Diagnostic::at(count.span(), format!("{wanted} {what}s are too many"))
                    .note(format!("a scenario may have {max}")),
            );
        }
        (1..=wanted.min(left)).map(|number| format!("{name}-{number}")).collect()
    }

    /// Whether the node has IPv4, and IPv6.
    fn interfaces(&mut self, node: &Node) -> (bool, bool) {
        let Some(list) = &node.interfaces else { return (true, false) };
        let help = "write `[\"ipv4\"]`, `[\"ipv6\"]` or both";
        if list.get_ref().is_empty() {
            let message = "a node without an interface cannot be reached";
            self.wrong(Diagnostic::at(list.span(), message).help(help));
        }
        let has = |family| list.get_ref().iter().any(|listed| *listed.get_ref() == family);
        for (index, family) in list.get_ref().iter().enumerate() {
            if let Some(first) =
                list.get_ref()[..index].iter().find(|other| other.get_ref() == family.get_ref())
            {
                self.wrong(
                    Diagnostic::at(family.span(), "this interface is given twice")
                        .also(first.span(), "first here")
                        .help(help),
                );
            }
        }
        (has(Interface::Ipv4), has(Interface::Ipv6))
    }

    fn resolve_peers(&mut self, node: &Node, ids: Range<usize>) {
        let peers = self.listed(node, &node.peers, "lists itself as its peer", &ids);
        let bootstrap = self.listed(node, &node.bootstrap, "calls itself", &ids);
        for pattern in &node.bootstrap {
            let Ok(called) = self.names.select(pattern) else { continue };
            let Some(both) = called.iter().find(|id| peers.contains(id)) else { continue };
            let name = self.names.of(*both);
            let mut mistake =
                Diagnostic::at(pattern.span(), format!("`{name}` is in `peers`, too"))
                    .label("who knows its key need not ask who it is")
                    .help("keep one: `peers` for a key and an address, `bootstrap` for an address");
            let is_both = |peer: &&Spanned<String>| {
                self.names.select(peer).is_ok_and(|selected| selected.contains(both))
            };
            if let Some(peer) = node.peers.iter().find(is_both) {
                mistake = mistake.also(peer.span(), "here");
            }
            self.wrong(mistake);
        }
        let needed = (peers.len() + bootstrap.len()) as u64 * ids.len() as u64;
        if needed > self.pairs_left {
            let first = node.peers.first().or(node.bootstrap.first());
            let span = first.map_or(node.name.span(), |pattern| pattern.span());
            self.wrong(
                Diagnostic::at(span, format!("{needed} entries of peers are too many"))
                    .note(format!("all globs of a scenario may come to {}", super::PAIRS_MAX))
                    .help("select fewer peers"),
            );
            return;
        }
        self.pairs_left -= needed;
        for id in ids {
            let others = |listed: &BTreeSet<NodeId>| {
                listed.iter().copied().filter(|peer| peer.0 as usize != id).collect()
            };
            (self.nodes[id].peers, self.nodes[id].bootstrap) = (others(&peers), others(&bootstrap));
        }
    }

    /// The nodes that a node lists, itself perhaps included.
    fn listed(
        &mut self,
        node: &Node,
        patterns: &[Spanned<String>],
        itself_does: &str,
        ids: &Range<usize>,
    ) -> BTreeSet<NodeId> {
        let mut listed: BTreeSet<NodeId> = BTreeSet::new();
        for pattern in patterns {
            let Some(selected) = self.select_members(pattern) else { continue };
            let (is_glob, text) = (is_glob(pattern.get_ref()), pattern.get_ref());
            // One name for all of a `count` may well be that of one of them.
            let itself = |id: &NodeId| node.count.is_none() && ids.contains(&(id.0 as usize));
            if selected.iter().all(itself) {
                let message = match is_glob {
                    true => format!("{text:?} matches no node but `{}` itself", node.name),
                    false => format!("`{text}` {itself_does}"),
                };
                self.wrong(Diagnostic::at(pattern.span(), message).help("name another node"));
            }
            let _ = self.check_speak_all(pattern.span(), ids, &selected);
            self.check_dialled(pattern, &selected, ids);
            listed.extend(selected);
        }
        listed
    }

    /// Nobody dials whom a NAT stands in front of: a first packet from outside is not let in.
    fn check_dialled(
        &mut self,
        pattern: &Spanned<String>,
        selected: &[NodeId],
        ids: &Range<usize>,
    ) {
        let mut hidden = None;
        for to in selected.iter().map(|id| id.0 as usize) {
            for from in ids.clone().filter(|from| *from != to) {
                match self.nat_in_front(from, to) {
                    Some(nat) => hidden = hidden.or(Some((from, to, nat))),
                    None => return,
                }
            }
        }
        let Some((from, to, nat)) = hidden else { return };
        let name = |node: usize| self.nodes[node].name.clone();
        let (from, to, nat) = (name(from), name(to), &self.nats[nat.0 as usize].name);
        self.wrong(
            Diagnostic::at(pattern.span(), format!("`{from}` cannot dial `{to}`"))
                .label(format!("it is behind `{nat}`, which lets no first packet in"))
                .note("who is dialled has an address on the public network, or behind the same NAT")
                .help(format!("let `{to}` list `{from}`, if that one can be dialled")),
        );
    }

    /// An address is given out by a node's position, whatever those before it have.
    fn check_ipv4(&mut self) {
        let first = IPV4_NODES_MAX as usize;
        let Some(beyond) = self.nodes.iter().skip(first).position(|node| node.ipv4) else { return };
        let Some(node) = self.entry_of(first + beyond) else { return };
        let span = node.count.as_ref().map_or(node.name.span(), |count| count.span());
        let name = &self.nodes[first + beyond].name;
        self.wrong(
            Diagnostic::at(span, format!("no IPv4 address is left for `{name}`"))
                .label(format!("only the first {IPV4_NODES_MAX} nodes of a file can have one"))
                .help("write `interfaces = [\"ipv6\"]` for those that come last, or fewer nodes"),
        );
    }

    pub(super) fn check_neighbours(&mut self, asks: &BTreeSet<Pair>) {
        let neighbours = model::neighbours(&self.nodes, asks);
        let Some(crowded) = neighbours.iter().position(|count| *count > NEIGHBOURS_MAX) else {
            return;
        };
        let Some(node) = self.entry_of(crowded) else { return };
        let (name, count) = (&self.nodes[crowded].name, neighbours[crowded]);
        self.wrong(
            Diagnostic::at(node.name.span(), format!("{count} peers of `{name}` are too many"))
                .label(format!("a node can have {NEIGHBOURS_MAX}"))
                .note("those that it lists and those that list it are counted")
                .help("let it list fewer `peers`, or fewer nodes list it"),
        );
    }

    /// The `[[node]]` that made the node at this position.
    fn entry_of(&self, position: usize) -> Option<&'a Node> {
        let entry = self.nodes_of.iter().position(|ids| ids.contains(&position))?;
        self.file.node.get(entry).map(Table::get)
    }
}
