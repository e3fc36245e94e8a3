//! From what a file says to what it means: names to nodes, defaults filled in, and everything
//! refused that cannot have been meant.
//!
//! Every mistake is collected. What follows from an earlier one is not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::{Duration, Instant};

use super::diagnostic::Diagnostic;
use super::file::{File, Seeds};
use super::model::{self, Cell, NodeId, Scenario};
use super::shape::Shape;
use super::vocabulary::Vocabulary;
use crate::link::Preset;
use crate::payload::Stamp;
use crate::units::Period;
use crate::world::Topology;

mod cuts;
mod expects;
mod facts;
mod faults;
mod finds;
mod hostile;
mod insiders;
mod late;
mod link_faults;
mod link_sense;
mod links;
mod members;
mod names;
mod nats;
mod nodes;
mod pointless;
mod presets;
mod reach;
mod secrets;
mod sends;
mod sense;
mod shares;
mod speakers;
mod times;
mod timing;

use cuts::Cut;
use faults::End;
use names::Names;

/// What globs and counts may come to in one file. Larger worlds than anybody runs fit; a slip of
/// the finger does not exhaust the memory.
const NODES_MAX: u64 = 200_000;
const PAIRS_MAX: u64 = 2_000_000;
const SEEDS_MAX: u64 = 1_000_000;

/// How many peers a node's tables can hold.
const NEIGHBOURS_MAX: usize = 16_384;

const EVENTS_DEFAULT: u64 = 50_000_000;

/// Which of the scenarios of its file it is.
pub(super) struct Part {
    pub(super) cell: Cell,
    /// How many there are.
    pub(super) cells: usize,
    /// Whether each of them draws by itself.
    pub(super) is_independent: bool,
}

/// What is known so far of the scenario, and what is wrong with it.
struct Resolver<'a> {
    file: &'a File,
    part: &'a Part,
    vocabulary: &'a Vocabulary<'a>,
    mistakes: Vec<Diagnostic>,
    /// What nothing in the scenario makes use of.
    idle: Vec<Diagnostic>,
    /// When the scenario ends.
    end: Instant,
    /// How many seeds it has.
    seeds: usize,
    names: Names,
    /// Whether every `[[node]]` got its names: else one that is not found is no mistake.
    names_sound: bool,
    nodes: Vec<model::Node>,
    nats: Vec<model::Nat>,
    /// Positions in `nats` of those that each `[[nat]]` makes.
    nats_of: Vec<Range<usize>>,
    /// NATs that the file gives a name, without those that the simulator knows.
    nat_presets: BTreeMap<String, nats::Preset>,
    /// Which of `nodes` are hostile.
    hostile: BTreeSet<NodeId>,
    /// Positions in `nodes` of those that each `[[node]]` makes.
    nodes_of: Vec<Range<usize>>,
    /// Links that the file gives a name, without those that the simulator knows.
    presets: BTreeMap<String, Preset>,
    /// Where the file gives the loss of each node's access link, up and down.
    node_losses: Vec<links::Losses>,
    pairs: Vec<model::PairLink>,
    /// Where each of `pairs` names its nodes.
    pair_spans: Vec<Range<usize>>,
    /// Each pair of nodes with a link of its own: where that is in `pairs`, and its losses.
    pair_losses: BTreeMap<(NodeId, NodeId), (usize, links::Losses)>,
    sends: Vec<model::Send>,
    /// Positions in `sends` by sender and receiver.
    sends_between: BTreeMap<(NodeId, NodeId), Vec<usize>>,
    faults: Vec<model::Fault>,
    /// Whom each of `faults` parts.
    cuts: Vec<Cut>,
    /// Where each of `faults` says what it does.
    fault_spans: Vec<Range<usize>>,
    /// When each fault that the file names is over.
    fault_ends: BTreeMap<String, End>,
    /// Pairs that globs may still come to.
    pairs_left: u64,
}

/// A scenario without mistakes.
pub(super) struct Resolved {
    pub(super) scenario: Scenario,
    /// What is there for nothing: a mistake, unless another cell of the file makes use of it.
    pub(super) idle: Vec<Diagnostic>,
}

impl Resolved {
    /// How much there is to hold.
    pub(super) fn parts(&self) -> usize {
        let Scenario { nodes, sends, expects, pairs, .. } = &self.scenario;
        let facts: usize = expects.iter().map(|expect| expect.facts.len()).sum();
        nodes.len() + sends.len() + pairs.len() + facts
    }
}

pub(super) fn resolve(
    shape: &Shape,
    name: &str,
    part: Part,
    vocabulary: &Vocabulary<'_>,
) -> Result<Resolved, Vec<Diagnostic>> {
    let mut resolver = Resolver::new(&shape.file, &part, vocabulary);
    resolver.check_texts();
    resolver.check_duration();
    let seeds = resolver.seeds();
    resolver.seeds = seeds.len();
    let max_events = resolver.max_events();
    resolver.resolve_nats();
    resolver.resolve_nodes();
    resolver.resolve_members();
    resolver.resolve_insiders();
    resolver.resolve_finds();
    resolver.resolve_hostile();
    resolver.resolve_links();
    resolver.resolve_sends();
    resolver.check_rooms();
    resolver.resolve_faults();
    resolver.check_secrets();
    resolver.check_roams();
    resolver.check_all_act();
    resolver.check_all_used();
    let expects = resolver.resolve_expects(&shape.origins);
    if resolver.mistakes.is_empty() {
        resolver.check_late_faults(&expects);
    }
    if !resolver.mistakes.is_empty() {
        resolver.mistakes.extend(resolver.idle);
        return Err(resolver.mistakes);
    }
    let Resolver { nodes, nats, pairs, sends, faults, idle, .. } = resolver;
    let file = &shape.file;
    let scenario = Scenario {
        name: format!("{name}{}", part.cell),
        cell: part.cell,
        cells: part.cells,
        is_independent: part.is_independent,
        title: file.title.get_ref().clone(),
        tags: file.tags.iter().map(|tag| tag.get_ref().clone()).collect(),
        quarantine: file.quarantine.as_ref().map(|why| why.get_ref().clone()),
        duration: file.duration.get_ref().0,
        seeds,
        max_events,
        nodes,
        nats,
        pairs,
        sends,
        faults,
        expects,
    };
    match Topology::of(&scenario) {
        Some(_) => Ok(Resolved { scenario, idle }),
        None => Err(vec![
            Diagnostic::of_file("there are not enough addresses for all nodes and NATs")
                .help("write smaller `pool`s, or fewer nodes"),
        ]),
    }
}

impl<'a> Resolver<'a> {
    fn new(file: &'a File, part: &'a Part, vocabulary: &'a Vocabulary<'a>) -> Self {
        Self {
            file,
            part,
            vocabulary,
            mistakes: Vec::new(),
            idle: Vec::new(),
            end: instant(&file.duration),
            seeds: 0,
            names: Names::default(),
            names_sound: true,
            nodes: Vec::new(),
            nats: Vec::new(),
            nats_of: Vec::new(),
            nat_presets: BTreeMap::new(),
            hostile: BTreeSet::new(),
            nodes_of: Vec::new(),
            presets: BTreeMap::new(),
            node_losses: Vec::new(),
            pairs: Vec::new(),
            pair_spans: Vec::new(),
            pair_losses: BTreeMap::new(),
            sends: Vec::new(),
            sends_between: BTreeMap::new(),
            faults: Vec::new(),
            cuts: Vec::new(),
            fault_spans: Vec::new(),
            fault_ends: BTreeMap::new(),
            pairs_left: PAIRS_MAX,
        }
    }

    fn wrong(&mut self, mistake: Diagnostic) {
        self.mistakes.push(mistake);
    }

    /// The value, or nothing after its mistake is noted.
    fn note<T>(&mut self, result: Result<T, Box<Diagnostic>>) -> Option<T> {
        result.map_err(|mistake| self.wrong(*mistake)).ok()
    }

    /// Texts that somebody will read must say something.
    fn check_texts(&mut self) {
        let file = self.file;
        let title = [("title", &file.title, "say in a sentence what the scenario shows")];
        let why = file.quarantine.iter().map(|text| {
            ("quarantine", text, "say why the scenario is known to fail, or leave the key out")
        });
        let tags = file.tags.iter().map(|tag| ("tags", tag, "leave the empty tag out"));
        for (key, text, help) in title.into_iter().chain(why).chain(tags) {
            if text.get_ref().trim().is_empty() {
                let message = format!("empty text in `{key}`");
                self.wrong(Diagnostic::at(text.span(), message).help(help));
            }
        }
    }

    fn check_duration(&mut self) {
        let duration = &self.file.duration;
        if duration.get_ref().0 == Duration::ZERO {
            self.wrong(
                Diagnostic::at(duration.span(), "the scenario lasts no time at all")
                    .help("say how long it runs in virtual time: `duration = \"60s\"`"),
            );
        } else if self.end > Stamp::SENT_AT_MAX {
            self.wrong(
                Diagnostic::at(duration.span(), "the scenario is too long")
                    .note("the time that stands in every payload has so much room and no more")
                    .help(format!("it can end at {} at the latest", shown(Stamp::SENT_AT_MAX))),
            );
        }
    }

    fn seeds(&mut self) -> Vec<u64> {
        let Some(seeds) = &self.file.seeds else { return vec![1] };
        let wrong = |message: String| {
            Diagnostic::at(seeds.span(), message)
                .help("write the seeds, `[1, 2, 3]`, or how many, `20`")
        };
        let count = match seeds.get_ref() {
            Seeds::Count(count) => *count,
            Seeds::List(list) => list.len() as u64,
        };
        if count == 0 {
            self.wrong(wrong("no seeds: the scenario would never run".into()));
        } else if count > SEEDS_MAX {
            self.wrong(wrong(format!("{count} seeds are too many, {SEEDS_MAX} are allowed")));
        }
        match seeds.get_ref() {
            Seeds::Count(count) => (1..=(*count).min(SEEDS_MAX)).collect(),
            Seeds::List(list) => self.distinct(list),
        }
    }

    fn distinct(&mut self, list: &[Spanned<u64>]) -> Vec<u64> {
        let mut first: BTreeMap<u64, Range<usize>> = BTreeMap::new();
        for seed in list {
            let value = *seed.get_ref();
            if let Some(first) = first.get(&value) {
                let mistake = Diagnostic::at(seed.span(), format!("seed {value} is given twice"))
                    .also(first.clone(), "first here")
                    .help("every seed is one run; the same seed would be the same run");
                self.wrong(mistake);
            } else {
                first.insert(value, seed.span());
            }
        }
        list.iter().map(|seed| *seed.get_ref()).collect()
    }

    fn max_events(&mut self) -> u64 {
        let Some(events) = &self.file.max_events else { return EVENTS_DEFAULT };
        if *events.get_ref() == 0 {
            self.wrong(
                Diagnostic::at(events.span(), "`max_events` must be at least 1")
                    .help(format!("leave it out for the default, {EVENTS_DEFAULT}")),
            );
        }
        *events.get_ref()
    }

    /// Whether something begins before the end of the scenario.
    fn before_end(&mut self, what: &str, at: Instant, span: Range<usize>) -> bool {
        if at < self.end {
            return true;
        }
        let duration = &self.file.duration;
        self.wrong(
            Diagnostic::at(span, format!("{what} at {}, when the scenario is over", shown(at)))
                .also(duration.span(), "it ends here")
                .help(format!("make it earlier than {}, or `duration` longer", shown(self.end))),
        );
        false
    }
}

/// The moment that a file's time means: counted from the start.
fn instant(period: &Spanned<Period>) -> Instant {
    Instant::ORIGIN + period.get_ref().0
}

/// A moment as a file would write it.
fn shown(at: Instant) -> Period {
    Period(at.saturating_since(Instant::ORIGIN))
}

/// The one of several keys that is there; a diagnostic if there are none or more.
fn exactly_one<'k>(
    what: &str,
    says: &str,
    table: Range<usize>,
    keys: &[(&'k str, Option<Range<usize>>)],
) -> Result<&'k str, Box<Diagnostic>> {
    let all = keys.iter().map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let mut there = keys.iter().filter_map(|(key, span)| span.clone().map(|span| (*key, span)));
    match (there.next(), there.next()) {
        (Some((key, _)), None) => Ok(key),
        (Some((one, first)), Some((other, second))) => {
            let mistake = Diagnostic::at(second, format!("`{one}` and `{other}` in one {what}"))
                .also(first, format!("`{one}` is here"))
                .help(format!("write two: one {what} has one of {all}"));
            Err(Box::new(mistake))
        }
        (None, _) => {
            let mistake = Diagnostic::at(table, format!("the {what} does not say what {says}"))
                .label(format!("needs one of {all}"));
            Err(Box::new(mistake))
        }
    }
}
