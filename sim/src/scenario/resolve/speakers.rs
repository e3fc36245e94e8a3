//! What stands on nodes, and who can talk to whom by that.

use std::ops::Range;

use super::Resolver;
use crate::machine::MACHINES;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{Node, Spanned, Table};
use crate::scenario::model::NodeId;
use crate::scenario::nearest::suggest;

impl Resolver<'_> {
    /// The machine that a node names, if it is another than our own.
    pub(super) fn machine(&mut self, node: &Node) -> Option<String> {
        let written = node.machine.as_ref()?;
        let known = self.vocabulary.machines;
        self.known("machine", written, known)?;
        let foreign = !MACHINES.contains(&written.get_ref().as_str());
        if let Some((key, at)) = of_our_own(node).filter(|_| foreign) {
            self.wrong(
                Diagnostic::at(at, format!("a node with a machine of its own and `{key}`"))
                    .label("this is for nodes that speak our protocol")
                    .also(written.span(), "it does not")
                    .help(format!("leave `{key}` out; the machine itself says such things")),
            );
        }
        foreign.then(|| written.get_ref().clone())
    }

    /// The application that a node names.
    pub(super) fn app(&mut self, node: &Node) -> Option<String> {
        let written = node.app.as_ref()?;
        let known = self.vocabulary.apps;
        self.known("application", written, known)?;
        Some(written.get_ref().clone())
    }

    fn known(&mut self, what: &str, written: &Spanned<String>, known: &[&str]) -> Option<()> {
        let name = written.get_ref().as_str();
        if known.contains(&name) {
            return Some(());
        }
        let all = format!("{what}s");
        self.wrong(
            Diagnostic::at(written.span(), format!("no {what} is called {name:?}"))
                .label("unknown name")
                .note(format!("your own {all} are registered in Rust, where the file is run"))
                .help(suggest(name, &all, known.iter().copied())),
        );
        None
    }

    /// Those that nodes made together name speak what they do.
    pub(super) fn check_speak_all(
        &mut self,
        at: Range<usize>,
        ids: &Range<usize>,
        named: &[NodeId],
    ) -> Option<()> {
        let Some(own) = ids.clone().next() else { return Some(()) };
        let own = NodeId(u32::try_from(own).expect("bounded by NODES_MAX"));
        named.iter().try_for_each(|other| self.check_speak(at.clone(), own, *other))
    }

    /// Two nodes that are to have to do with each other speak the same protocol.
    pub(super) fn check_speak(
        &mut self,
        at: Range<usize>,
        one: NodeId,
        other: NodeId,
    ) -> Option<()> {
        let (one, other) = (&self.nodes[one.0 as usize], &self.nodes[other.0 as usize]);
        if one.machine == other.machine || one.hostile.is_some() || other.hostile.is_some() {
            return Some(());
        }
        let speaks =
            |machine: &Option<String>| machine.as_deref().unwrap_or(MACHINES[0]).to_owned();
        let label = format!(
            "`{}` has the machine `{}`, `{}` has `{}`",
            one.name,
            speaks(&one.machine),
            other.name,
            speaks(&other.machine)
        );
        let message = format!("`{}` and `{}` speak different protocols", one.name, other.name);
        self.wrong(
            Diagnostic::at(at, message)
                .label(label)
                .help("give both the same `machine`, or name another node"),
        );
        None
    }
}

impl Resolver<'_> {
    /// Nodes of different networks have nothing to do with each other, but for those that relay.
    pub(super) fn check_networks(&mut self) {
        let file = self.file;
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            let Node { peers, bootstrap, access, .. } = entry.get();
            let allowed = access.iter().flat_map(|access| &access.get().allow);
            let Some(own) = ids.clone().next() else { continue };
            let own = NodeId(u32::try_from(own).expect("bounded by NODES_MAX"));
            let named = peers.iter().map(|pattern| (pattern, true));
            let named =
                named.chain(bootstrap.iter().chain(allowed).map(|pattern| (pattern, false)));
            for (pattern, may_relay) in named {
                let Ok(selected) = self.names.select(pattern) else { continue };
                let relays = |id: &NodeId| self.nodes[id.0 as usize].relay.is_some();
                let others = selected.iter().filter(|id| !self.is_hostile(**id));
                let mut others = others.filter(|id| !(may_relay && relays(id))).copied();
                let stranger =
                    others.find(|id| self.nodes[id.0 as usize].network != self.network_of(own));
                if let Some(stranger) = stranger {
                    let _ = self.check_network(pattern.span(), own, stranger);
                }
            }
        }
    }

    /// Two nodes that are to have to do with each other are of one network.
    pub(super) fn check_network(
        &mut self,
        at: Range<usize>,
        one: NodeId,
        other: NodeId,
    ) -> Option<()> {
        let (own, theirs) = (self.network_of(one), self.network_of(other));
        if own == theirs {
            return Some(());
        }
        let [name, other] = [one, other].map(|node| self.names.of(node));
        let mistake =
            Diagnostic::at(at, format!("`{name}` and `{other}` are of different networks"))
                .label(format!("one is a member of `{own}`, the other of `{theirs}`"))
                .note("all that networks have in common are relays, which are listed in `peers`")
                .help("give both the same `network`, or name another node");
        self.wrong(mistake);
        None
    }

    fn network_of(&self, node: NodeId) -> &str {
        &self.nodes[node.0 as usize].network
    }
}

/// A key that says something of nodes of our own protocol, and where it is.
fn of_our_own(node: &Node) -> Option<(&'static str, Range<usize>)> {
    let keys = [
        ("limits", node.limits.as_ref().map(Spanned::span)),
        ("access", node.access.as_ref().map(Table::span)),
        ("cpu", node.cpu.as_ref().map(Spanned::span)),
        ("app", node.app.as_ref().map(Spanned::span)),
        ("network", node.network.as_ref().map(Spanned::span)),
        ("ping_interval", node.ping_interval.as_ref().map(Spanned::span)),
        ("claims", node.claims.as_ref().map(Spanned::span)),
    ];
    keys.into_iter().find_map(|(key, at)| Some((key, at?)))
}
