//! What was behind a failure: what the parties knew at that moment, and what happened to them last.
//!
//! Nothing of this is kept while a run is made. One that failed is made again, which gives the same
//! run, and is looked at where it went wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use underpass_core::{Duration, Instant};

use crate::run::Failure;
use crate::scenario::Scenario;
use crate::scenario::model::{Fault, NodeId};
use crate::trace::{Happening, Observation, PacketInfo, Witness};
use crate::world::{Stop, World};

/// So many of the last events are told.
const EVENTS: usize = 6;
/// Of so many parties it is told what they knew.
const PARTIES: usize = 4;

/// What was behind a failure.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Background {
    /// What each party knew, by its name: lines.
    pub knew: Vec<(String, Vec<String>)>,
    /// What happened to the parties last, in order, each on a line with its time.
    pub before: Vec<String>,
}

/// What was behind each of these failures of a scenario, in a world that is made as theirs was and
/// at its origin.
pub(crate) fn of(failures: &[Failure], scenario: &Scenario, mut world: World) -> Vec<Background> {
    let questions: Vec<Question> =
        failures.iter().map(|failure| Question::about(failure, world.node_names())).collect();
    let memory = Memory::new(&questions, &world);
    world.attach(Box::new(memory.clone()));
    let mut order: Vec<usize> = (0..questions.len()).collect();
    order.sort_by_key(|&position| questions[position].at);
    let mut found = vec![Background::default(); questions.len()];
    for position in order {
        let question = &questions[position];
        // A run that was stopped stops again, and is looked at as it is then.
        let _ = world.run_until(question.at);
        found[position] = Background {
            knew: knowledge(question, scenario, &world),
            before: memory.before(position, question.at, &scenario.faults),
        };
    }
    found
}

/// What is asked of a failure.
#[derive(Clone)]
struct Question {
    at: Instant,
    /// With whom of the others each has to do. Nobody in particular, if it is empty.
    parties: BTreeMap<NodeId, BTreeSet<NodeId>>,
    /// Every event matters, not only those that change what is known.
    in_detail: bool,
}

impl Question {
    fn about(failure: &Failure, names: &[String]) -> Self {
        match failure {
            Failure::Unmet(unmet) => {
                Self { at: unmet.at, parties: unmet.parties.clone(), in_detail: false }
            }
            Failure::Stopped { at, stop } => {
                let parties = match stop {
                    Stop::Spinning { node, .. } => [*node].into(),
                    Stop::Violation(text) => named(text, names),
                    Stop::MaxEvents { .. } => BTreeSet::new(),
                };
                let others = |party| parties.iter().copied().filter(move |other| *other != party);
                let parties = parties.iter().map(|party| (*party, others(*party).collect()));
                Self { at: *at, parties: parties.collect(), in_detail: true }
            }
        }
    }

    fn concerns(&self, nodes: &[NodeId]) -> bool {
        self.parties.is_empty() || nodes.iter().all(|node| self.parties.contains_key(node))
    }
}

/// The nodes that a text names.
fn named(text: &str, names: &[String]) -> BTreeSet<NodeId> {
    let words: BTreeSet<&str> = text
        .split(|c: char| c.is_whitespace() || ",;:()".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let nodes = (0..).map(NodeId).zip(names);
    nodes.filter(|(_, name)| words.contains(name.as_str())).map(|(node, _)| node).collect()
}

fn knowledge(
    question: &Question,
    scenario: &Scenario,
    world: &World,
) -> Vec<(String, Vec<String>)> {
    // A machine of another's is nobody's peer.
    let member = |&node: &NodeId| {
        let party = &scenario.nodes[node.0 as usize];
        party.is_member().then_some((node, party.name.as_str()))
    };
    let knows = |(party, others): (&NodeId, &BTreeSet<NodeId>)| {
        let (_, name) = member(party)?;
        let others: Vec<_> = others.iter().filter_map(member).take(PARTIES).collect();
        Some((name.to_owned(), world.machine(*party)?.knowledge(&others)))
    };
    question.parties.iter().filter_map(knows).take(PARTIES).collect()
}

/// The last events for each question.
#[derive(Clone)]
struct Memory(Arc<Mutex<Recent>>);

struct Recent {
    nodes: Vec<String>,
    nats: Vec<String>,
    questions: Vec<(Question, VecDeque<Event>)>,
}

/// One event, or several alike.
struct Event {
    what: String,
    first: Instant,
    last: Instant,
    count: u64,
    /// It comes again and again: those alike are told as one.
    is_common: bool,
}

impl Memory {
    fn new(questions: &[Question], world: &World) -> Self {
        Self(Arc::new(Mutex::new(Recent {
            nodes: world.node_names().to_vec(),
            nats: world.nat_names().to_vec(),
            questions: questions.iter().map(|it| (it.clone(), VecDeque::new())).collect(),
        })))
    }

    /// The last events, and the faults around them.
    fn before(&self, position: usize, at: Instant, faults: &[Fault]) -> Vec<String> {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let events = recent.questions[position].1.iter();
        // At one instant the cause comes first.
        let mut lines: Vec<(Instant, String)> =
            faults.iter().flat_map(|fault| turns(fault, at)).collect();
        lines.extend(events.map(|event| (event.last, event.to_string())));
        lines.sort_by_key(|(at, _)| *at);
        let last = lines.len().saturating_sub(EVENTS);
        lines.drain(..last);
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

impl Witness for Memory {
    fn happened(&mut self, now: Instant, what: &Happening<&PacketInfo<'_>>) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Recent { nodes, nats, questions } = &mut *recent;
        let Some((weight, involved)) = weigh(what) else { return };
        for (question, events) in questions {
            let is_told = question.in_detail || weight != Weight::Detail;
            if is_told && question.concerns(&involved) {
                let is_common = weight == Weight::Common && !question.in_detail;
                note(events, now, words(what, is_common, nodes, nats), is_common);
            }
        }
    }
}

/// How much an event matters to those who ask what went wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// It changes how things are.
    Turn,
    /// It is one of many that are told as one.
    Common,
    /// It is told only where every event is.
    Detail,
}

/// How much an event matters, and whom it is about; `None` if it is never told.
fn weigh(what: &Happening<&PacketInfo<'_>>) -> Option<(Weight, Vec<NodeId>)> {
    let ends =
        |packet: &PacketInfo<'_>| [Some(packet.from), packet.to].into_iter().flatten().collect();
    Some(match what {
        Happening::Lost { packet, .. } => (Weight::Common, ends(packet)),
        Happening::Observed(node, observation) => match *observation {
            Observation::Session { peer, .. } | Observation::Established { peer, .. } => {
                (Weight::Turn, vec![*node, peer])
            }
            Observation::Garbled { from } => (Weight::Turn, vec![*node, from]),
            Observation::Refused { to, .. } => (Weight::Common, vec![*node, to]),
            Observation::Dropped { .. } => (Weight::Common, vec![*node]),
            Observation::Ended { to, .. }
            | Observation::AppEnded { to, .. }
            | Observation::AppSent { to, .. }
            | Observation::Sent { to, .. }
            | Observation::Waits { to, .. } => (Weight::Detail, vec![*node, to]),
            Observation::Delivered { from, .. } | Observation::AppReceived { from, .. } => {
                (Weight::Detail, vec![*node, from])
            }
            Observation::Rtt { peer, .. } => (Weight::Detail, vec![*node, peer]),
            _ => (Weight::Turn, vec![*node]),
        },
        Happening::Called(node, _) | Happening::Judged(node, _) => (Weight::Detail, vec![*node]),
        Happening::Transmitted(packet) | Happening::Injected(packet) => {
            (Weight::Detail, ends(packet))
        }
        Happening::Arrived(node, packet) => (Weight::Detail, vec![packet.from, *node]),
        Happening::Rebooted(_) => (Weight::Turn, Vec::new()),
        Happening::Overheard(..) | Happening::Translated(..) => return None,
    })
}

/// An event on a line; one of many without what differs between them.
fn words(
    what: &Happening<&PacketInfo<'_>>,
    is_common: bool,
    nodes: &[String],
    nats: &[String],
) -> String {
    let name = |node: NodeId| nodes[node.0 as usize].as_str();
    match what {
        Happening::Lost { packet, why, .. } if is_common => {
            // Whose address it is, a NAT on the way may have to say.
            let to = packet.to.map_or(packet.destination.to_string(), |to| name(to).into());
            format!("datagram from {} to {to} lost: {why}", name(packet.from))
        }
        Happening::Observed(node, Observation::Refused { to, why, .. }) if is_common => {
            format!("{} refused a payload to {}: {why}", name(*node), name(*to))
        }
        Happening::Observed(node, Observation::Dropped { reason }) => {
            format!("{} refused a datagram: {}", name(*node), reason.trim_start_matches("dropped."))
        }
        Happening::Observed(node, observation) => {
            format!("{}: {}", name(*node), observation.describe(name))
        }
        _ => {
            let (place, what) = what.digest().describe(nodes, nats);
            format!("{place} {what}")
        }
    }
}

fn note(events: &mut VecDeque<Event>, now: Instant, what: String, is_common: bool) {
    let alike = events.iter().position(|event| event.is_common && event.what == what);
    let event = match alike.filter(|_| is_common).and_then(|position| events.remove(position)) {
        Some(event) => Event { last: now, count: event.count + 1, ..event },
        None => Event { what, first: now, last: now, count: 1, is_common },
    };
    events.push_back(event);
    if events.len() > EVENTS {
        events.pop_front();
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, first, last, count, .. } = self;
        match count {
            1 => write!(f, "at {last}  {what}"),
            count => write!(f, "at {last}  {what} ({count} times since {first})"),
        }
    }
}

/// When a fault last began and ended, up to that time.
fn turns(fault: &Fault, until: Instant) -> Vec<(Instant, String)> {
    if fault.at > until {
        return Vec::new();
    }
    let since = until.saturating_since(fault.at).as_micros();
    let rounds = fault.every.map_or(0, |every| since / every.as_micros().max(1));
    let again = fault.every.unwrap_or(Duration::ZERO).saturating_mul(rounds);
    let begins = fault.at + again;
    let mut turns = vec![(begins, format!("at {begins}  fault {} begins", fault.name))];
    if let Some(ends) = fault.lasts.map(|lasts| begins + lasts).filter(|ends| *ends <= until) {
        turns.push((ends, format!("at {ends}  fault {} ends", fault.name)));
    }
    turns
}
