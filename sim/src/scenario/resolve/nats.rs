//! What stands between the nodes and the public network.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::Duration;

use super::Resolver;
use super::names::is_glob;
use crate::nat::population::Population;
use crate::nat::{
    Behaviour, Hairpin, NatModel, Pooling, PortAllocation, Refresh, Translate, Unsolicited,
};
use crate::random::Draws;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Nat, NatPreset, Table};
use crate::scenario::model::{self, NatId};
use crate::scenario::nearest::suggest;
use crate::units::Period;

/// More than anybody runs. Every NAT takes a network of 256 addresses at least, and the range for
/// those between carrier-grade NATs and others has 2^22 (RFC 6598).
const NATS_MAX: u64 = 10_000;
/// As many external addresses as a large carrier-grade NAT has.
const POOL_MAX: u64 = 256;
/// Where a node is that no NAT stands in front of.
pub(super) const PUBLIC: &str = "public";

/// A kind of NAT that has a name.
#[derive(Clone, Copy)]
pub(super) struct Preset {
    model: NatModel,
    pool: u16,
}

impl Resolver<'_> {
    /// Adds every NAT; nodes are not known yet.
    pub(super) fn resolve_nats(&mut self) {
        let file = self.file;
        self.resolve_nat_presets();
        for entry in &file.nat {
            let first = self.nats.len();
            self.add_nats(entry.get());
            self.nats_of.push(first..self.nats.len());
        }
        for (entry, ids) in file.nat.iter().zip(self.nats_of.clone()) {
            let Some(behind) = &entry.get().behind else { continue };
            let Some(outer) = self.select_nats(behind) else { continue };
            for (nat, outer) in self.nats[ids].iter_mut().zip(outer.iter().cycle()) {
                nat.behind = Some(*outer);
            }
        }
        self.check_circles();
    }

    fn resolve_nat_presets(&mut self) {
        let file = self.file;
        for (name, table) in file.preset.iter().flat_map(|presets| &presets.get().nat) {
            if NatModel::named(name).is_some() {
                self.wrong(
                    Diagnostic::at(table.span(), format!("a preset is called `{name}` already"))
                        .label("the simulator has this one")
                        .help("give yours another name"),
                );
            }
            let preset = self.settings(Table::get(table), Preset::default());
            self.nat_presets.insert(name.clone(), preset);
        }
    }

    fn add_nats(&mut self, nat: &Nat) {
        self.check_name(&nat.name, "NAT");
        if nat.name.get_ref() == PUBLIC {
            self.wrong(
                Diagnostic::at(nat.name.span(), format!("a NAT cannot be called `{PUBLIC}`"))
                    .label("this is the network in front of all NATs")
                    .help("give it another name"),
            );
        }
        let preset = self.nat_preset(nat.preset.as_ref());
        let Preset { model, pool } = self.settings(&nat.settings(), preset);
        let left = NATS_MAX.saturating_sub(self.nats.len() as u64);
        for name in self.numbered(&nat.name, nat.count.as_ref(), "NAT", NATS_MAX, left) {
            let id = NatId(u32::try_from(self.nats.len()).expect("bounded by NATS_MAX"));
            if let Err(first) = self.names.add_nat(name.clone(), id, nat.name.span()) {
                self.name_twice(&name, &nat.name, nat.count.is_some(), first);
                return;
            }
            self.nats.push(model::Nat { name, model, pool, behind: None });
        }
    }

    fn nat_preset(&mut self, name: Option<&Spanned<String>>) -> Preset {
        let Some(name) = name else { return Preset::default() };
        let text = name.get_ref().as_str();
        let own = self.nat_presets.get(text).copied();
        let known = own.or_else(|| Some(Preset { model: NatModel::named(text)?, pool: 1 }));
        if known.is_none() {
            let mut names: Vec<&str> = self.nat_presets.keys().map(String::as_str).collect();
            names.extend(NatModel::names());
            let help = suggest(text, "presets", names);
            self.wrong(
                Diagnostic::at(name.span(), format!("no preset of NATs is called {text:?}"))
                    .label("unknown name")
                    .help(help),
            );
        }
        known.unwrap_or_default()
    }

    /// A NAT with these settings, and those of the preset where nothing is said.
    fn settings(&mut self, given: &NatPreset, preset: Preset) -> Preset {
        let Preset { model: base, pool } = preset;
        let model = NatModel {
            mapping: given.mapping.as_ref().map_or(base.mapping, |said| behaviour(*said.get_ref())),
            filtering: said(&given.filtering, behaviour).unwrap_or(base.filtering),
            ports: said(&given.ports, ports).unwrap_or(base.ports),
            pooling: said(&given.pairing, pooling).unwrap_or(base.pooling),
            translate: said(&given.translate, translate).unwrap_or(base.translate),
            timeout: said(&given.timeout, period).unwrap_or(base.timeout),
            unreplied_timeout: said(&given.unreplied_timeout, period).or(base.unreplied_timeout),
            refresh: said(&given.refresh, refresh).unwrap_or(base.refresh),
            hairpin: said(&given.hairpin, hairpin).unwrap_or(base.hairpin),
            unsolicited: said(&given.unsolicited, unsolicited).unwrap_or(base.unsolicited),
            table: said(&given.table, |table| table).unwrap_or(base.table),
            mappings_per_host: said(&given.mappings_per_host, |limit| limit)
                .or(base.mappings_per_host),
            udp: said(&given.udp, |udp| udp).unwrap_or(base.udp),
            ..base
        };
        self.check_settings(given, &model);
        Preset { model, pool: self.pool(given.pool.as_ref()).unwrap_or(pool) }
    }

    fn check_settings(&mut self, given: &NatPreset, model: &NatModel) {
        for (key, time) in
            [("timeout", &given.timeout), ("unreplied_timeout", &given.unreplied_timeout)]
        {
            if let Some(time) = time.as_ref().filter(|time| time.get_ref().0 == Duration::ZERO) {
                self.wrong(
                    Diagnostic::at(time.span(), format!("`{key}` must be longer than no time"))
                        .label("every mapping would be gone at once")
                        .help(format!("write how long, such as `{key} = \"30s\"`")),
                );
            }
        }
        let unreplied = model.unreplied_timeout.unwrap_or(Duration::ZERO);
        if unreplied > model.timeout
            && let Some(at) = given.unreplied_timeout.as_ref().or(given.timeout.as_ref())
        {
            let (unreplied, timeout) = (Period(unreplied), Period(model.timeout));
            let message = format!(
                "an `unreplied_timeout` of {unreplied} is longer than the `timeout` of {timeout}"
            );
            self.wrong(
                Diagnostic::at(at.span(), message)
                    .label("who is answered would be forgotten sooner")
                    .help(format!("make it at most {timeout}, or the `timeout` longer")),
            );
        }
        for (key, number) in
            [("table", &given.table), ("mappings_per_host", &given.mappings_per_host)]
        {
            if let Some(number) = number.as_ref().filter(|number| *number.get_ref() == 0) {
                self.wrong(
                    Diagnostic::at(number.span(), format!("`{key}` must be at least 1"))
                        .label("nothing would ever pass")
                        .help("write `udp = false` for a NAT that lets no UDP pass"),
                );
            }
        }
    }

    fn pool(&mut self, pool: Option<&Spanned<u64>>) -> Option<u16> {
        let pool = pool?;
        let count = *pool.get_ref();
        if !(1..=POOL_MAX).contains(&count) {
            self.wrong(
                Diagnostic::at(pool.span(), format!("a NAT cannot have {count} addresses"))
                    .help(format!("`pool` is from 1 to {POOL_MAX}")),
            );
        }
        u16::try_from(count).ok()
    }

    /// The NATs that a name or glob selects; nothing after a mistake is noted.
    pub(super) fn select_nats(&mut self, pattern: &Spanned<String>) -> Option<Vec<NatId>> {
        let selected = self.names.select_nats(pattern);
        self.note_name(selected)
    }

    /// The NAT of a name, or `None` for the public network.
    pub(super) fn realm(&mut self, name: &Spanned<String>) -> Option<Option<NatId>> {
        if name.get_ref() == PUBLIC {
            return Some(None);
        }
        if is_glob(name.get_ref()) {
            self.wrong(
                Diagnostic::at(name.span(), "a node roams to one place")
                    .label("this is a pattern for several")
                    .help("name one NAT, or `public`"),
            );
            return None;
        }
        self.select_nats(name)?.first().copied().map(Some)
    }

    /// Gives each of these nodes NATs of its own, called `NODE-nat-1` and so on from the inside. They
    /// are the same for every seed: what a file describes does not change.
    pub(super) fn draw_nats(
        &mut self,
        written: &Spanned<String>,
        population: &Spanned<file::Population>,
        behind: Option<&Spanned<String>>,
        ids: Range<usize>,
    ) {
        if let Some(behind) = behind {
            self.wrong(
                Diagnostic::at(population.span(), "`population` and `behind` in one `[[node]]`")
                    .also(behind.span(), "this says where it is")
                    .help("keep one: the NATs of a population are drawn"),
            );
            return;
        }
        let population = match population.get_ref() {
            file::Population::Households => Population::Households,
            file::Population::Phones => Population::Phones,
        };
        let draws = Draws::new(0);
        for node in ids {
            let mut behind = None;
            let models = population.draw(&draws, &self.nodes[node].name);
            for (position, model) in models.into_iter().enumerate().rev() {
                let name = format!("{}-nat-{}", self.nodes[node].name, position + 1);
                let id = NatId(u32::try_from(self.nats.len()).expect("two for a node at most"));
                if let Err(first) = self.names.add_nat(name.clone(), id, written.span()) {
                    return self.name_twice(&name, written, true, first);
                }
                self.nats.push(model::Nat { name, model, pool: 1, behind });
                behind = Some(id);
            }
            self.nodes[node].behind = behind;
        }
    }

    /// A NAT that is behind itself leads nowhere.
    fn check_circles(&mut self) {
        let ids = (0..).map(NatId).take(self.nats.len());
        let circle = ids.into_iter().find_map(|id| Some((id, self.circle(id)?)));
        let Some((id, circle)) = circle else { return };
        let file = self.file;
        let entry = self.nats_of.iter().position(|ids| ids.contains(&(id.0 as usize)));
        let Some(nat) = entry.and_then(|entry| file.nat.get(entry)).map(Table::get) else { return };
        let span = nat.behind.as_ref().map_or(nat.name.span(), Spanned::span);
        let names = circle.iter().map(|nat| format!("`{}`", self.nats[nat.0 as usize].name));
        let way = names.collect::<Vec<_>>().join(" behind ");
        let name = &self.nats[id.0 as usize].name;
        self.wrong(
            Diagnostic::at(span, format!("`{name}` is behind itself"))
                .label(way)
                .help("leave `behind` out for the one that is on the public network"),
        );
        // Nothing else can be said of where anybody is.
        for nat in &mut self.nats {
            nat.behind = None;
        }
    }

    /// The way from a NAT outward that comes back to it.
    fn circle(&self, nat: NatId) -> Option<Vec<NatId>> {
        let mut way = vec![nat];
        for _ in 0..self.nats.len() {
            let outer = self.nats[way.last()?.0 as usize].behind?;
            way.push(outer);
            if outer == nat {
                return Some(way);
            }
        }
        None
    }

    /// A NAT that nobody is ever behind was not meant.
    pub(super) fn check_all_used(&mut self) {
        if !self.mistakes.is_empty() {
            return;
        }
        let roams = self.faults.iter().filter_map(|fault| match fault.kind {
            model::FaultKind::Roam { behind, .. } => behind,
            _ => None,
        });
        let mut used = BTreeSet::new();
        let outer = self.nodes.iter().filter_map(|node| node.behind);
        for nat in outer.chain(roams) {
            used.extend(self.outward(Some(nat)));
        }
        let file = self.file;
        for (entry, ids) in file.nat.iter().zip(self.nats_of.clone()) {
            let ids = (0..).map(NatId).skip(ids.start).take(ids.len());
            let Some(idle) = ids.into_iter().find(|id| !used.contains(id)) else { continue };
            let name = self.nats[idle.0 as usize].name.clone();
            self.idle.push(
                Diagnostic::at(entry.get().name.span(), format!("nobody is behind `{name}`"))
                    .help(format!("write `behind = \"{name}\"` in a `[[node]]`, or leave it out")),
            );
        }
    }

    /// The NATs in front of who is behind this one, the innermost first.
    pub(super) fn outward(&self, behind: Option<NatId>) -> impl Iterator<Item = NatId> + '_ {
        std::iter::successors(behind, |nat| self.nats[nat.0 as usize].behind)
    }

    /// The NAT that is in the way of a first packet to a node from another, if any is.
    pub(super) fn nat_in_front(&self, from: usize, to: usize) -> Option<NatId> {
        let (from, behind) = (self.nodes[from].behind, self.nodes[to].behind?);
        let is_inside = self.outward(from).any(|nat| nat == behind);
        (!is_inside).then_some(behind)
    }

    fn name_twice(
        &mut self,
        name: &str,
        written: &Spanned<String>,
        counted: bool,
        first: Range<usize>,
    ) {
        self.names_sound = false;
        let by_count = if counted { format!("one of them is `{name}`") } else { String::new() };
        self.wrong(
            Diagnostic::at(written.span(), format!("two NATs are called `{name}`"))
                .label(by_count)
                .also(first, "first here")
                .help("give one of them another name"),
        );
    }
}

impl Default for Preset {
    fn default() -> Self {
        Self { model: NatModel::default(), pool: 1 }
    }
}

fn said<F: Copy, M>(value: &Option<Spanned<F>>, means: impl Fn(F) -> M) -> Option<M> {
    value.as_ref().map(|value| means(*value.get_ref()))
}

fn period(period: Period) -> Duration {
    period.0
}

fn behaviour(said: file::Behaviour) -> Behaviour {
    match said {
        file::Behaviour::EndpointIndependent => Behaviour::EndpointIndependent,
        file::Behaviour::AddressDependent => Behaviour::AddressDependent,
        file::Behaviour::AddressAndPortDependent => Behaviour::AddressAndPortDependent,
    }
}

fn ports(said: file::Ports) -> PortAllocation {
    match said {
        file::Ports::Preserving => PortAllocation::Preserving,
        file::Ports::Overlapping => PortAllocation::Overlapping,
        file::Ports::Sequential => PortAllocation::Sequential,
        file::Ports::Random => PortAllocation::Random,
    }
}

fn pooling(said: file::Pairing) -> Pooling {
    match said {
        file::Pairing::Paired => Pooling::Paired,
        file::Pairing::Arbitrary => Pooling::Arbitrary,
    }
}

fn translate(said: file::Translate) -> Translate {
    match said {
        file::Translate::Both => Translate::Both,
        file::Translate::Ipv4 => Translate::Ipv4,
        file::Translate::Neither => Translate::Neither,
    }
}

fn refresh(said: file::Refresh) -> Refresh {
    match said {
        file::Refresh::Outbound => Refresh::Outbound,
        file::Refresh::Inbound => Refresh::Inbound,
        file::Refresh::Both => Refresh::Both,
    }
}

fn hairpin(said: file::Hairpin) -> Hairpin {
    match said {
        file::Hairpin::Off => Hairpin::Off,
        file::Hairpin::ExternalSource => Hairpin::ExternalSource,
        file::Hairpin::InternalSource => Hairpin::InternalSource,
    }
}

fn unsolicited(said: file::Unsolicited) -> Unsolicited {
    match said {
        file::Unsolicited::Drop => Unsolicited::Drop,
        file::Unsolicited::Track => Unsolicited::Track,
    }
}

#[cfg(test)]
mod tests;
