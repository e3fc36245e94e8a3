//! Nodes that mean harm, and when they do.

use std::collections::BTreeSet;
use std::num::NonZeroU8;
use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::Duration;

use super::names::is_glob;
use super::{Resolver, exactly_one};
use crate::machine::hostile::{
    Attack, Flood, FloodKind, Forge, HELLOS_MAX, Hostile, Replay, Tamper,
};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Node, Table};
use crate::scenario::model::{FaultKind, NodeId};
use crate::units::{Period, Probability};

impl Resolver<'_> {
    /// Gives every hostile node what it does.
    pub(super) fn resolve_hostile(&mut self) {
        let file = self.file;
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            let Some(table) = &entry.get().hostile else { continue };
            if let Some((key, at)) = of_members(entry.get()) {
                self.wrong(
                    Diagnostic::at(at, format!("a hostile node with `{key}`"))
                        .label("it belongs to no network")
                        .also(table.span(), "it is hostile")
                        .help(format!("leave `{key}` out; whom it attacks, `hostile` says")),
                );
            }
            let hostile = self.hostile(table, ids.clone());
            for id in ids {
                self.nodes[id].hostile.clone_from(&hostile);
            }
        }
    }

    fn hostile(&mut self, table: &Table<file::Hostile>, ids: Range<usize>) -> Option<Hostile> {
        let hostile = table.get();
        let attacks = [
            ("replay", hostile.replay.as_ref().map(Table::span)),
            ("flood", hostile.flood.as_ref().map(Table::span)),
            ("forge", hostile.forge.as_ref().map(Table::span)),
            ("tamper", hostile.tamper.as_ref().map(Table::span)),
        ];
        let one = exactly_one("hostile node", "it does", table.span(), &attacks);
        let name = self.note(one);
        let taps = self.taps(&hostile.taps);
        let (name, taps) = (name?, taps?);
        let attack = if let Some(replay) = &hostile.replay {
            Attack::Replay(self.replay(replay.get())?)
        } else if let Some(flood) = &hostile.flood {
            Attack::Flood(self.flood(flood.get(), ids)?)
        } else if let Some(forge) = &hostile.forge {
            Attack::Forge(Forge { every: self.pace(&forge.get().every)? })
        } else {
            Attack::Tamper(self.tamper(hostile.tamper.as_ref()?.get())?)
        };
        let (_, span) = attacks.into_iter().find(|(key, _)| *key == name)?;
        self.check_hears(&attack, name, span?, &taps)?;
        Some(Hostile { taps, attack })
    }

    fn taps(&mut self, patterns: &[Spanned<String>]) -> Option<Vec<NodeId>> {
        let mut taps = BTreeSet::new();
        for pattern in patterns {
            taps.extend(self.select_members(pattern)?);
        }
        Some(taps.into_iter().collect())
    }

    /// Most attacks begin with what they overhear.
    fn check_hears(
        &mut self,
        attack: &Attack,
        name: &str,
        at: Range<usize>,
        taps: &[NodeId],
    ) -> Option<()> {
        let is_deaf = matches!(attack, Attack::Flood(flood) if !flood.kind.hears_sessions());
        if !taps.is_empty() || is_deaf {
            return Some(());
        }
        let needs = match attack {
            Attack::Replay(_) => "it sends again what it overheard",
            Attack::Flood(_) => "it needs sessions that it overheard",
            Attack::Forge(_) => "it varies what it overheard",
            Attack::Tamper(_) | Attack::Custom(_) => "it changes what passes by it",
        };
        self.wrong(
            Diagnostic::at(at, format!("`{name}` without `taps`"))
                .label(needs)
                .help("say whose links it taps: `hostile.taps = [\"laptop\"]`"),
        );
        None
    }

    fn replay(&mut self, replay: &file::Replay) -> Option<Replay> {
        let every = self.pace(&replay.every);
        let from = self.taps(&replay.from);
        let bytes = replay.memory_bytes.as_ref();
        if let Some(bytes) = bytes.filter(|bytes| *bytes.get_ref() < MEMORY_BYTES_MIN) {
            self.wrong(
                Diagnostic::at(bytes.span(), "a memory that holds no datagram")
                    .help(format!("`memory_bytes` is at least {MEMORY_BYTES_MIN}")),
            );
            return None;
        }
        let memory_bytes = match bytes {
            Some(bytes) => usize::try_from(*bytes.get_ref()).unwrap_or(usize::MAX),
            None => Replay::MEMORY_BYTES,
        };
        Some(Replay { every: every?, from: from?, memory_bytes })
    }

    fn flood(&mut self, flood: &file::Flood, ids: Range<usize>) -> Option<Flood> {
        let every = self.pace(&flood.every);
        let kind = self.flood_kind(flood);
        let target = self.target(&flood.target)?;
        let (every, kind) = (every?, kind?);
        let own = self.nodes.get(ids.start)?;
        let other = &self.nodes[target.0 as usize];
        let shared = (own.ipv4 && other.ipv4) || (own.ipv6 && other.ipv6);
        if let Some(nat) = self.nat_in_front(ids.start, target.0 as usize)
            && !kind.hears_sessions()
        {
            let (other, nat) = (&other.name, &self.nats[nat.0 as usize].name);
            let mistake = Diagnostic::at(flood.target.span(), format!("`{other}` has no address"))
                .label(format!("it is behind `{nat}`, which lets nothing in that it does not know"))
                .help("flood who is on the public network, or write `kind = \"sealed\"`");
            self.wrong(mistake);
            return None;
        }
        if !shared && !flood.spoofed && kind != FloodKind::Hint {
            let (own, other) = (&own.name, &other.name);
            let mistake =
                Diagnostic::at(flood.target.span(), format!("`{own}` cannot reach `{other}`"))
                    .label("they have no address of one family")
                    .help("give it the same `interfaces`, or write `spoofed = true`");
            self.wrong(mistake);
            return None;
        }
        Some(Flood { target, kind, every, spoofed: flood.spoofed })
    }

    fn flood_kind(&mut self, flood: &file::Flood) -> Option<FloodKind> {
        let hellos = flood.hellos.as_ref();
        match (flood.kind, hellos) {
            (file::FloodKind::Garbage, None) => Some(FloodKind::Garbage),
            (file::FloodKind::Sealed, None) => Some(FloodKind::Sealed),
            (file::FloodKind::Hint, None) => Some(FloodKind::Hint),
            (file::FloodKind::Hello, None) => Some(FloodKind::Hello { hellos: HELLOS_MAX }),
            (file::FloodKind::Hello, Some(hellos)) => {
                let count = u8::try_from(*hellos.get_ref()).ok().and_then(NonZeroU8::new);
                if let Some(hellos) = count.filter(|count| *count <= HELLOS_MAX) {
                    return Some(FloodKind::Hello { hellos });
                }
                self.wrong(
                    Diagnostic::at(hellos.span(), format!("a machine cannot have {hellos} Hellos"))
                        .note("each takes real public-key work; they are sent again in turn")
                        .help(format!("`hellos` is from 1 to {HELLOS_MAX}; more nodes have more")),
                );
                None
            }
            (_, Some(hellos)) => {
                self.wrong(
                    Diagnostic::at(hellos.span(), "`hellos` in a flood of something else")
                        .help("leave it out, or write `kind = \"hello\"`"),
                );
                None
            }
        }
    }

    fn target(&mut self, name: &Spanned<String>) -> Option<NodeId> {
        if is_glob(name.get_ref()) {
            self.wrong(
                Diagnostic::at(name.span(), "a flood takes one target")
                    .label("this is a pattern for several")
                    .help("write a `[[node]]` for each"),
            );
            return None;
        }
        self.select_members(name)?.first().copied()
    }

    fn tamper(&mut self, tamper: &file::Tamper) -> Option<Tamper> {
        let share = *tamper.share.get_ref();
        if share == Probability::NEVER {
            self.wrong(
                Diagnostic::at(tamper.share.span(), "a share of nothing")
                    .help("say how many it changes: `share = \"10%\"`"),
            );
            return None;
        }
        Some(Tamper { share })
    }

    pub(super) fn pace(&mut self, every: &Spanned<Period>) -> Option<Duration> {
        let pace = every.get_ref().0;
        if pace == Duration::ZERO {
            self.wrong(
                Diagnostic::at(every.span(), "`every` must be longer than no time")
                    .help("write how far apart, such as `every = \"10ms\"`"),
            );
            return None;
        }
        Some(pace)
    }

    /// The hostile machines that a fault names.
    pub(super) fn acting(&mut self, pattern: &Spanned<String>) -> Option<FaultKind> {
        let selected = self.names.select(pattern);
        let selected = self.note_name(selected)?;
        let hostile: Vec<NodeId> =
            selected.iter().copied().filter(|id| self.is_hostile(*id)).collect();
        if hostile.is_empty() {
            let message = match is_glob(pattern.get_ref()) {
                true => format!("{:?} matches no hostile node", pattern.get_ref()),
                false => format!("`{pattern}` is not hostile"),
            };
            let help = match self.hostile.first() {
                Some(node) => format!("`{}` is", self.names.of(*node)),
                None => "give a node `hostile = { ... }`, which says what it does".into(),
            };
            self.wrong(Diagnostic::at(pattern.span(), message).help(help));
            return None;
        }
        Some(FaultKind::Hostile(hostile))
    }

    /// A hostile node that never acts was not meant.
    pub(super) fn check_all_act(&mut self) {
        if !self.mistakes.is_empty() {
            return;
        }
        let named = self.faults.iter().filter_map(|fault| match &fault.kind {
            FaultKind::Hostile(nodes) => Some(nodes),
            _ => None,
        });
        let acting: BTreeSet<NodeId> = named.flatten().copied().collect();
        let file = self.file;
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            let Some(table) = &entry.get().hostile else { continue };
            let idle = (0..).map(NodeId).skip(ids.start).take(ids.len());
            let Some(idle) = idle.into_iter().find(|id| !acting.contains(id)) else { continue };
            let name = self.names.of(idle).to_owned();
            self.idle.push(
                Diagnostic::at(table.span(), format!("`{name}` never acts"))
                    .label("no fault names it")
                    .help(format!(
                        "say when it acts: `[[fault]]` with `at = \"10s\"` and `hostile = \"{name}\"`"
                    )),
            );
        }
    }
}

/// A datagram of the greatest length, with its headers.
const MEMORY_BYTES_MIN: u64 = 1280;

/// A key that says something of members of the network, and where it is.
fn of_members(node: &Node) -> Option<(&'static str, Range<usize>)> {
    let first = |names: &[Spanned<String>]| names.first().map(Spanned::span);
    let keys = [
        ("peers", first(&node.peers)),
        ("bootstrap", first(&node.bootstrap)),
        ("limits", node.limits.as_ref().map(Spanned::span)),
        ("access", node.access.as_ref().map(Table::span)),
        ("cpu", node.cpu.as_ref().map(Spanned::span)),
        ("app", node.app.as_ref().map(Spanned::span)),
        ("machine", node.machine.as_ref().map(Spanned::span)),
        ("relay", node.relay.as_ref().map(Spanned::span)),
        ("network", node.network.as_ref().map(Spanned::span)),
        ("ping_interval", node.ping_interval.as_ref().map(Spanned::span)),
        ("claims", node.claims.as_ref().map(Spanned::span)),
        ("insider", node.insider.as_ref().map(Table::span)),
    ];
    keys.into_iter().find_map(|(key, at)| Some((key, at?)))
}
