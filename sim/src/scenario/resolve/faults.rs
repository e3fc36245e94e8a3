//! What goes wrong, and when.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::{Duration, Instant};

use super::cuts::Cut;
use super::names::is_glob;
use super::{Resolver, exactly_one, instant, shown};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Fault, Groups, Table};
use crate::scenario::model::{self, FaultKind, NatId, NodeId, State};

/// When a fault is over, as far as it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum End {
    At(Instant),
    /// It has no `for`; its `at` is here.
    Never(Range<usize>),
    /// It begins again; its `every` is here.
    Again(Range<usize>),
}

impl Resolver<'_> {
    pub(super) fn resolve_faults(&mut self) {
        let file = self.file;
        let named = file.fault.iter().map(|fault| (fault.span(), fault.get().name.as_ref()));
        let names = self.statement_names("fault", named);
        for (entry, name) in file.fault.iter().zip(names) {
            self.resolve_fault(entry.get(), entry.span(), name);
        }
    }

    fn resolve_fault(&mut self, fault: &Fault, table: Range<usize>, name: String) {
        let at = instant(&fault.at);
        let lasts = fault.lasts.as_ref().map(|lasts| lasts.get_ref().0);
        let takes_time = takes_no_time(fault).is_none();
        let end = match (&fault.every, lasts) {
            (Some(every), _) => End::Again(every.span()),
            (None, None) if takes_time => End::Never(fault.at.span()),
            (None, lasts) => End::At(at + lasts.unwrap_or_default()),
        };
        self.fault_ends.entry(name.clone()).or_insert(end);
        if self.before_end("the fault begins", at, fault.at.span()) {
            self.check_lasts(fault, at);
            self.check_every(fault, at);
        }
        let kinds = [
            ("partition", fault.partition.as_ref().map(Spanned::span)),
            ("crash", fault.crash.as_ref().map(Spanned::span)),
            ("restart", fault.restart.as_ref().map(Spanned::span)),
            ("block", fault.block.as_ref().map(Table::span)),
            ("link", fault.link.as_ref().map(Table::span)),
            ("interface", fault.interface.as_ref().map(Spanned::span)),
            ("suspend", fault.suspend.as_ref().map(Spanned::span)),
            ("clock", fault.clock.as_ref().map(Table::span)),
            ("drop", fault.drop.as_ref().map(Table::span)),
            ("nat_reboot", fault.nat_reboot.as_ref().map(Spanned::span)),
            ("roam", fault.roam.as_ref().map(Table::span)),
            ("hostile", fault.hostile.as_ref().map(Spanned::span)),
            ("change_secret", fault.change_secret.as_ref().map(Spanned::span)),
            ("retire_secret", fault.retire_secret.as_ref().map(Spanned::span)),
        ];
        let kind = exactly_one("fault", "goes wrong", table.clone(), &kinds);
        if self.note(kind).is_none() {
            return;
        }
        self.check_state(fault);
        let span = kinds.into_iter().find_map(|(_, span)| span).unwrap_or(table);
        if let Some(kind) = self.kind(fault, at) {
            let every = fault.every.as_ref().map(|every| every.get_ref().0);
            self.fault_spans.push(span);
            let cut = Cut::new(&kind, self);
            self.cuts.push(cut);
            self.faults.push(model::Fault { name, at, lasts, every, kind });
        }
    }

    fn check_lasts(&mut self, fault: &Fault, at: Instant) {
        let Some(lasts) = &fault.lasts else { return };
        let over = at + lasts.get_ref().0;
        let mistake = if let Some(kind) = takes_no_time(fault) {
            let message = format!("a `{kind}` takes no time, so it has no `for`");
            Diagnostic::at(lasts.span(), message).help(match kind {
                "restart" => "leave it out, or write `crash` for a node that stays off meanwhile",
                _ => "leave it out",
            })
        } else if lasts.get_ref().0 == Duration::ZERO {
            Diagnostic::at(lasts.span(), "a fault that lasts no time does nothing")
                .help("say how long: `for = \"10s\"`")
        } else if over > self.end {
            Diagnostic::at(lasts.span(), format!("the fault lasts until {}", shown(over)))
                .label("longer than the scenario")
                .also(self.file.duration.span(), "it ends here")
                .help("leave `for` out for a fault that lasts to the end")
        } else {
            return;
        };
        self.wrong(mistake);
    }

    /// A fault that is to begin again must be over by then, and begin again.
    fn check_every(&mut self, fault: &Fault, at: Instant) {
        let Some(every) = &fault.every else { return };
        let again = at + every.get_ref().0;
        let mistake = match &fault.lasts {
            _ if fault.roam.is_some() => {
                Diagnostic::at(every.span(), "a node that roams is there from then on")
                    .label("a second time it would come from there")
                    .help("leave `every` out, and write a `[[fault]]` for each place")
            }
            None if takes_no_time(fault).is_none() => {
                Diagnostic::at(every.span(), "`every` without `for`")
                    .label("when it is to begin again, it is not over")
                    .help(format!("say how long it lasts, less than {every}: `for = \"1s\"`"))
            }
            Some(lasts) if lasts.get_ref() >= every.get_ref() => {
                let message = format!("a fault of {lasts} every {every} is never over");
                Diagnostic::at(every.span(), message)
                    .also(lasts.span(), "as long as it lasts")
                    .help("make `every` longer than `for`, or leave both out for one without end")
            }
            _ if every.get_ref().0 == Duration::ZERO => {
                Diagnostic::at(every.span(), "`every` must be longer than no time")
                    .help("write how far apart, such as `every = \"60s\"`")
            }
            _ if again >= self.end => {
                Diagnostic::at(every.span(), "the fault does not begin again")
                    .label(format!("the next time would be {}", shown(again)))
                    .also(self.file.duration.span(), "the scenario ends here")
                    .help("leave `every` out, or make it shorter")
            }
            _ => return,
        };
        self.wrong(mistake);
    }

    fn kind(&mut self, fault: &Fault, at: Instant) -> Option<FaultKind> {
        if let Some(groups) = &fault.partition {
            return self.partition(groups);
        }
        if let Some(pattern) = &fault.hostile {
            return self.acting(pattern);
        }
        if let Some(name) = &fault.crash {
            let node = self.one_node(name, "crash")?;
            let start = self.nodes[node.0 as usize].start;
            if start > at {
                let message = format!("`{name}` crashes before it is switched on");
                let mistake = Diagnostic::at(name.span(), message)
                    .label(format!("it starts at {}", shown(start)))
                    .also(fault.at.span(), "the crash is here")
                    .help("let it crash later, or give the node an earlier `start`");
                self.wrong(mistake);
            }
            return Some(FaultKind::Crash(node, state(fault)));
        }
        if let Some(pattern) = &fault.change_secret {
            return self.change_secret(pattern);
        }
        if let Some(pattern) = &fault.retire_secret {
            return self.retire_secret(pattern);
        }
        if let Some(name) = &fault.restart {
            let node = self.one_node(name, "restart")?;
            return Some(FaultKind::Restart(node, state(fault)));
        }
        if let Some(block) = &fault.block {
            return self.block(block.get());
        }
        if let Some(link) = &fault.link {
            return self.link_fault(link);
        }
        if let Some(name) = &fault.interface {
            return self.one_node(name, "interface").map(FaultKind::Interface);
        }
        if let Some(name) = &fault.suspend {
            return self.suspend(name, at, fault.at.span());
        }
        if let Some(clock) = &fault.clock {
            return self.clock(clock.get());
        }
        if let Some(name) = &fault.nat_reboot {
            let nats = self.select_nats(name)?;
            let [nat] = nats[..] else {
                self.wrong(
                    Diagnostic::at(name.span(), "`nat_reboot` takes one NAT")
                        .label("this is a pattern for several")
                        .help("write a `[[fault]]` for each"),
                );
                return None;
            };
            return Some(FaultKind::NatReboot(nat));
        }
        if let Some(roam) = &fault.roam {
            let (node, behind) = (&roam.get().node, &roam.get().behind);
            let (node, behind) = (self.one_node(node, "roam"), self.realm(behind));
            return Some(FaultKind::Roam { node: node?, behind: behind? });
        }
        self.drop_fault(fault.drop.as_ref()?.get())
    }

    /// Only a node that is switched off can lose its state.
    fn check_state(&mut self, fault: &Fault) {
        let Some(written) = &fault.state else { return };
        if fault.crash.is_none() && fault.restart.is_none() {
            self.wrong(
                Diagnostic::at(written.span(), "`state` for a fault that switches nothing off")
                    .label("no node loses its state by it")
                    .help("leave it out: it belongs to a `crash` or a `restart`"),
            );
        }
    }

    /// Who roams goes to another place than the one that it is at.
    pub(super) fn check_roams(&mut self) {
        let mut roams: Vec<_> = (0..).zip(&self.faults).collect::<Vec<(usize, _)>>();
        roams.sort_by_key(|(_, fault)| fault.at);
        let mut places: BTreeMap<NodeId, (Option<NatId>, Option<Instant>)> = BTreeMap::new();
        let mut wrong = Vec::new();
        for (index, fault) in roams {
            let FaultKind::Roam { node, behind } = fault.kind else { continue };
            let name = self.names.of(node);
            let at_first = (self.nodes[node.0 as usize].behind, None);
            let (place, since) = places.insert(node, (behind, Some(fault.at))).unwrap_or(at_first);
            let span = self.fault_spans[index].clone();
            if since == Some(fault.at) {
                wrong.push(
                    Diagnostic::at(span, format!("`{name}` roams to two places at one time"))
                        .help("give one of the faults another `at`"),
                );
            } else if place == behind {
                let there = match behind {
                    Some(nat) => format!("behind `{}`", self.nats[nat.0 as usize].name),
                    None => "on the public network".into(),
                };
                wrong.push(
                    Diagnostic::at(span, format!("`{name}` is {there} already"))
                        .help("name another place to roam to"),
                );
            }
        }
        self.mistakes.extend(wrong);
    }

    pub(super) fn one_node(&mut self, name: &Spanned<String>, what: &str) -> Option<NodeId> {
        let found = match is_glob(name.get_ref()) {
            true => Err(Box::new(
                Diagnostic::at(name.span(), format!("`{what}` takes one node"))
                    .label("this is a pattern for several")
                    .help(format!("write a `[[fault]]` with `{what}` for each")),
            )),
            false => self.names.node(name),
        };
        self.note_name(found)
    }

    fn partition(&mut self, groups: &Spanned<Groups>) -> Option<FaultKind> {
        let help = "write two groups or more: `[[\"laptop\"], [\"sensor\", \"relay\"]]`";
        if groups.get_ref().len() < 2 {
            let message = "a partition of fewer than two groups divides nothing";
            let mistake = Diagnostic::at(groups.span(), message)
                .note("a node in no group still reaches everybody")
                .help(help);
            self.wrong(mistake);
            return None;
        }
        let mut group_of: BTreeMap<NodeId, (usize, Range<usize>)> = BTreeMap::new();
        let mut resolved = Vec::new();
        for (index, group) in groups.get_ref().iter().enumerate() {
            if group.get_ref().is_empty() {
                self.wrong(Diagnostic::at(group.span(), "a group without nodes").help(help));
                return None;
            }
            for pattern in group.get_ref() {
                for node in self.select_side(pattern)? {
                    let (other, first) =
                        group_of.entry(node).or_insert_with(|| (index, pattern.span())).clone();
                    if other != index {
                        self.in_two_groups(node, first, pattern.span());
                        return None;
                    }
                }
            }
            let members = group_of.iter().filter(|(_, (group, _))| *group == index);
            resolved.push(members.map(|(node, _)| *node).collect());
        }
        Some(FaultKind::Partition(resolved))
    }

    fn in_two_groups(&mut self, node: NodeId, first: Range<usize>, second: Range<usize>) {
        let node = self.names.of(node);
        let mistake = Diagnostic::at(second, format!("`{node}` is in two groups"))
            .label("again here")
            .also(first, "in this group")
            .help("a node is on one side of a partition");
        self.wrong(mistake);
    }

    /// The name of each statement: its own, or `what-1` and so on by position.
    pub(super) fn statement_names<'s>(
        &mut self,
        what: &str,
        named: impl Iterator<Item = (Range<usize>, Option<&'s Spanned<String>>)>,
    ) -> Vec<String> {
        let mut first: BTreeMap<String, Range<usize>> = BTreeMap::new();
        let mut names = Vec::new();
        for (number, (table, name)) in (1..).zip(named) {
            let span = name.map_or(table, Spanned::span);
            let name = name.map_or_else(|| format!("{what}-{number}"), |name| name.to_string());
            if name.is_empty() {
                self.wrong(
                    Diagnostic::at(span.clone(), format!("the empty text cannot name a {what}"))
                        .help(format!("leave `name` out to call it `{what}-{number}`")),
                );
            } else if let Some(first) = first.get(&name) {
                let mistake =
                    Diagnostic::at(span.clone(), format!("two {what}s are called `{name}`"))
                        .also(first.clone(), "first here")
                        .help("give one of them another name");
                self.wrong(mistake);
            }
            first.entry(name.clone()).or_insert(span);
            names.push(name);
        }
        names
    }
}

/// The kind of a fault that is over as it begins.
fn takes_no_time(fault: &Fault) -> Option<&'static str> {
    let kinds = [
        ("restart", fault.restart.is_some()),
        ("nat_reboot", fault.nat_reboot.is_some()),
        ("roam", fault.roam.is_some()),
        ("change_secret", fault.change_secret.is_some()),
        ("retire_secret", fault.retire_secret.is_some()),
    ];
    kinds.into_iter().find_map(|(kind, is_it)| is_it.then_some(kind))
}

/// What becomes of the state of a node that is switched off.
fn state(fault: &Fault) -> State {
    match fault.state.as_ref().map(Spanned::get_ref) {
        None | Some(file::State::Lost) => State::Lost,
        Some(file::State::Kept) => State::Kept,
    }
}
