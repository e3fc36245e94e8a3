//! What is known now of everything that an expectation asks about.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use underpass_core::{Duration, Instant, Outcome, RelayReason};

use crate::machine::{IpFamily, SendId};
use crate::scenario::model::{
    EventKind, Fact, Mode, NodeId, PathKind, Scenario, SessionState, Share,
};
use crate::trace::{Observation, Way};

/// What a fact is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Subject {
    /// A node by itself.
    Node(NodeId),
    /// What a node knows of a peer.
    View(NodeId, NodeId),
    /// What one node sends to another.
    Traffic(NodeId, NodeId),
}

/// What a node does with a payload of its application.
#[derive(Clone, Copy)]
enum Offer {
    Sent,
    Waits,
    Refused(&'static str),
}

/// What an observation has changed.
pub(super) enum Changed {
    Nothing,
    /// What a node reports of a peer, and so of peers at all.
    View(NodeId, NodeId),
    Traffic(NodeId, NodeId),
    /// What a node reports of itself alone.
    Node(NodeId),
    /// All that a node knows.
    Memory(NodeId),
}

pub(super) struct Ledger {
    /// By node.
    pub(super) nodes: Vec<Node>,
    /// What a node knows of a peer, both ways between any two that a fact is about.
    views: BTreeMap<(NodeId, NodeId), View>,
    /// Between a sender and a receiver that a fact is about.
    traffic: BTreeMap<(NodeId, NodeId), Traffic>,
    /// By [`SendId`].
    sends: Vec<Statement>,
    /// Bytes that a relay has sent on since a time that a fact counts from.
    relayed: BTreeMap<(NodeId, Instant), u64>,
    /// Read when the run is over.
    metrics: BTreeMap<(NodeId, String), u64>,
}

pub(super) struct Node {
    pub(super) is_on: bool,
    /// Since when it does not run, though it is on.
    pub(super) suspended: Option<Instant>,
    /// Since when it is on or off.
    pub(super) since: Instant,
    /// How often it was started before.
    pub(super) incarnation: u32,
    pub(super) connected: Reports,
    pub(super) disconnected: Reports,
}

/// What one node knows of another.
pub(super) struct View {
    pub(super) state: SessionState,
    pub(super) since: Instant,
    /// How packets to it travel, and since when; `None` if they do not.
    pub(super) way: Option<Way>,
    pub(super) way_since: Instant,
    /// Which of its broadcasts this one has heard, in all its lives.
    pub(super) heard: BTreeSet<(SendId, u64)>,
    /// Whether its record is known, and since when.
    pub(super) is_known: bool,
    /// It has found it by a tag.
    pub(super) is_found: bool,
    pub(super) known_since: Instant,
    /// Why it is not a direct one, as last reported.
    pub(super) why: Option<RelayReason>,
    /// The last round trip measured, and when.
    pub(super) rtt: Option<(Duration, Instant)>,
    pub(super) connected: Reports,
    pub(super) disconnected: Reports,
}

/// How often a node reported something, in the whole run.
#[derive(Clone, Copy, Default)]
pub(super) struct Reports {
    pub(super) count: u64,
    /// When last, and about whom.
    pub(super) last: Option<(Instant, NodeId)>,
}

/// A `[[send]]`, as far as it matters here.
struct Statement {
    name: String,
    from: NodeId,
    to: NodeId,
    count: u64,
    mode: Mode,
}

/// The payloads from one node to another.
#[derive(Default)]
pub(super) struct Traffic {
    /// How many there are to be in the whole run.
    pub(super) planned: u64,
    /// How many of these arrived.
    pub(super) arrived: u64,
    pub(super) last_arrival: Option<Instant>,
    pub(super) slowest: Option<Slowest>,
    pub(super) sent: u64,
    /// How often the sender refused one, for which reason.
    pub(super) refused: BTreeMap<&'static str, u64>,
    /// How many of those sent are messages, and how so many of them ended; `None` if none are planned.
    pub(super) messages: Option<Messages>,
    /// By `SendId`, in order.
    sends: Vec<Progress>,
}

/// The messages from one node to another that were accepted.
#[derive(Clone, Copy, Default)]
pub(super) struct Messages {
    pub(super) accepted: u64,
    pub(super) acked: u64,
    pub(super) failed: u64,
    pub(super) unknown: u64,
}

#[derive(Clone, Copy)]
pub(super) struct Slowest {
    pub(super) latency: Duration,
    pub(super) send: SendId,
    pub(super) number: u64,
    pub(super) at: Instant,
}

/// How far one `[[send]]` has come.
struct Progress {
    send: SendId,
    /// Its application gave out the payloads below this number.
    offered: u64,
    /// A bit for each payload that arrived; those beyond its end did not.
    arrived: Vec<u64>,
}

impl Subject {
    pub(super) fn of(fact: &Fact) -> Self {
        match *fact {
            Fact::Session { a, b, .. } | Fact::Rtt { a, b, .. } => Self::View(a, b),
            Fact::Path { from, to, .. } => Self::View(from, to),
            Fact::Knows { node, of } | Fact::Found { node, of } => Self::View(node, of),
            Fact::Heard { node, from } => Self::View(node, from),
            Fact::Relayed { through, .. } => Self::Node(through),
            Fact::Event { node, peer: Some(peer), .. } => Self::View(node, peer),
            Fact::Delivered { from, to, .. } | Fact::Latency { from, to, .. } => {
                Self::Traffic(from, to)
            }
            Fact::Event { node, peer: None, .. } | Fact::Metric { node, .. } => Self::Node(node),
        }
    }
}

impl Changed {
    /// Ranges of the subjects that changed.
    pub(super) fn subjects(&self) -> impl Iterator<Item = RangeInclusive<Subject>> + use<> {
        let one = |subject| subject..=subject;
        let (first, second) = match *self {
            Self::Nothing => (None, None),
            Self::View(node, peer) => {
                (Some(one(Subject::Node(node))), Some(one(Subject::View(node, peer))))
            }
            Self::Traffic(from, to) => (Some(one(Subject::Traffic(from, to))), None),
            Self::Node(node) => (Some(one(Subject::Node(node))), None),
            Self::Memory(node) => {
                let views = Subject::View(node, NodeId(0))..=Subject::View(node, NodeId(u32::MAX));
                (Some(views), None)
            }
        };
        first.into_iter().chain(second)
    }
}

impl Ledger {
    /// Everybody is off.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut ledger = Self {
            nodes: scenario.nodes.iter().map(|_| Node::off()).collect(),
            views: BTreeMap::new(),
            traffic: BTreeMap::new(),
            sends: Vec::new(),
            relayed: BTreeMap::new(),
            metrics: BTreeMap::new(),
        };
        for fact in scenario.expects.iter().flat_map(|expect| &expect.facts) {
            if let Subject::View(a, b) | Subject::Traffic(a, b) = Subject::of(fact) {
                ledger.views.entry((a, b)).or_insert_with(View::blank);
                ledger.views.entry((b, a)).or_insert_with(View::blank);
            }
            if let Fact::Relayed { through, since, .. } = *fact {
                ledger.relayed.insert((through, since), 0);
            }
            if let Subject::Traffic(from, to) = Subject::of(fact) {
                ledger.traffic.entry((from, to)).or_default();
            }
        }
        for (id, send) in (0..).map(SendId).zip(&scenario.sends) {
            let &crate::scenario::model::Send { from, to, count, mode, .. } = send;
            ledger.sends.push(Statement { name: send.name.clone(), from, to, count, mode });
            if let Some(traffic) = ledger.traffic.get_mut(&(from, to)) {
                traffic.planned += count;
                if send.mode == Mode::Message {
                    traffic.messages.get_or_insert_default();
                }
                traffic.sends.push(Progress { send: id, offered: 0, arrived: Vec::new() });
            }
        }
        ledger
    }

    pub(super) fn observe(&mut self, at: Instant, node: NodeId, what: &Observation) -> Changed {
        match *what {
            Observation::Started { incarnation } => self.start(at, node, incarnation),
            Observation::Stopped => self.stop(at, node),
            Observation::Suspended => self.suspend(node, Some(at)),
            Observation::Resumed => self.suspend(node, None),
            Observation::Session { peer, state } => self.session(at, node, peer, state),
            Observation::Route { peer, way } => {
                let Some(view) = self.views.get_mut(&(node, peer)) else { return Changed::Nothing };
                (view.way, view.way_since) = (way, at);
                if let Some(Way::Direct(_)) = way {
                    view.why = None;
                }
                Changed::View(node, peer)
            }
            Observation::Why { peer, why } => {
                let Some(view) = self.views.get_mut(&(node, peer)) else { return Changed::Nothing };
                view.why = Some(why);
                Changed::View(node, peer)
            }
            Observation::Known { peer, is } => {
                let Some(view) = self.views.get_mut(&(node, peer)) else { return Changed::Nothing };
                (view.is_known, view.known_since) = (is, at);
                Changed::View(node, peer)
            }
            Observation::Found { peer } => {
                let Some(view) = self.views.get_mut(&(node, peer)) else { return Changed::Nothing };
                view.is_found = true;
                Changed::View(node, peer)
            }
            Observation::Heard { from, send, number, .. } => {
                let Some(view) = self.views.get_mut(&(node, from)) else { return Changed::Nothing };
                view.heard.insert((send, number));
                Changed::View(node, from)
            }
            Observation::Forwarded { bytes } => self.forwarded(at, node, bytes),
            Observation::Rtt { peer, rtt } => {
                let Some(view) = self.views.get_mut(&(node, peer)) else { return Changed::Nothing };
                view.rtt = Some((rtt, at));
                Changed::View(node, peer)
            }
            Observation::Sent { send, number, .. } => self.offered(node, send, number, Offer::Sent),
            Observation::Waits { send, number, .. } => {
                self.offered(node, send, number, Offer::Waits)
            }
            Observation::Refused { send, number, why, .. } => {
                self.offered(node, send, number, Offer::Refused(why))
            }
            Observation::Ended { send, number, outcome, .. } => {
                self.ended(node, send, number, outcome)
            }
            Observation::Delivered { from, send, number, latency } => {
                let arrival = Slowest { latency, send, number, at };
                self.delivered(node, from, arrival)
            }
            _ => Changed::Nothing,
        }
    }

    pub(super) fn read_metric(&mut self, node: NodeId, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.metrics.insert((node, name.into()), value);
        }
    }

    /// Whether a fact holds now.
    pub(super) fn holds(&self, fact: &Fact) -> bool {
        match fact {
            Fact::Session { a, b, is } => self.view(*a, *b).is_some_and(|view| view.state == *is),
            Fact::Path { from, to, is, because } => {
                let is_meant = |why: Option<RelayReason>| {
                    because.is_none_or(|because| why.is_some_and(|why| is_alike(why, because)))
                };
                let is_so = |view: &View| is_so(*is, view.way) && is_meant(view.why);
                self.view(*from, *to).is_some_and(is_so)
            }
            Fact::Knows { node, of } => self.view(*node, *of).is_some_and(|view| view.is_known),
            Fact::Found { node, of } => self.view(*node, *of).is_some_and(|view| view.is_found),
            Fact::Heard { node, from } => {
                self.view(*node, *from).is_some_and(|view| view.heard_all(self.told(*from)))
            }
            Fact::Relayed { through, since, at_least, at_most } => {
                (at_least..=at_most).contains(&&self.relayed(*through, *since))
            }
            Fact::Rtt { a, b, at_least, at_most } => {
                let rtt = self.view(*a, *b).and_then(|view| view.rtt);
                rtt.is_some_and(|(rtt, _)| (at_least..=at_most).contains(&&rtt))
            }
            Fact::Delivered { from, to, wanted } => {
                let traffic = self.traffic(*from, *to);
                traffic.arrived >= traffic.wanted(*wanted)
            }
            Fact::Latency { from, to, at_most } => {
                let traffic = self.traffic(*from, *to);
                match traffic.slowest {
                    Some(slowest) => slowest.latency <= *at_most,
                    // A glob may select pairs that send nothing: nothing of theirs is late.
                    None => traffic.planned == 0,
                }
            }
            Fact::Event { node, kind, peer, at_least, at_most } => {
                let reports = self.reports(*node, *peer, *kind);
                (at_least..=at_most).contains(&&reports.count)
            }
            Fact::Metric { node, name, at_least, at_most } => self
                .metric(*node, name)
                .is_some_and(|value| (*at_least..=*at_most).contains(&value)),
        }
    }

    /// What a node knows of a peer; `None` while it is off.
    pub(super) fn view(&self, node: NodeId, peer: NodeId) -> Option<&View> {
        let is_on = self.nodes[node.0 as usize].is_on;
        is_on.then(|| self.views.get(&(node, peer)).expect("all that facts are about are there"))
    }

    /// How many broadcasts a node makes in the whole run.
    pub(super) fn told(&self, from: NodeId) -> u64 {
        let is_theirs = |send: &&Statement| (send.from, send.mode) == (from, Mode::Broadcast);
        self.sends.iter().filter(is_theirs).map(|send| send.count).sum()
    }

    pub(super) fn relayed(&self, relay: NodeId, since: Instant) -> u64 {
        *self.relayed.get(&(relay, since)).expect("all that facts are about are there")
    }

    pub(super) fn traffic(&self, from: NodeId, to: NodeId) -> &Traffic {
        self.traffic.get(&(from, to)).expect("all that facts are about are there")
    }

    pub(super) fn reports(&self, node: NodeId, peer: Option<NodeId>, kind: EventKind) -> &Reports {
        let (connected, disconnected) = match peer {
            Some(peer) => {
                let view = self.views.get(&(node, peer));
                let view = view.expect("all that facts are about are there");
                (&view.connected, &view.disconnected)
            }
            None => {
                let node = &self.nodes[node.0 as usize];
                (&node.connected, &node.disconnected)
            }
        };
        match kind {
            EventKind::Connected => connected,
            EventKind::Disconnected => disconnected,
        }
    }

    pub(super) fn metric(&self, node: NodeId, name: &str) -> Option<u64> {
        self.metrics.get(&(node, name.to_owned())).copied()
    }

    pub(super) fn send_name(&self, send: SendId) -> &str {
        &self.sends[send.0 as usize].name
    }

    fn start(&mut self, at: Instant, node: NodeId, incarnation: u32) -> Changed {
        let record = &mut self.nodes[node.0 as usize];
        (record.is_on, record.since, record.incarnation) = (true, at, incarnation);
        for (_, view) in self.views.range_mut((node, NodeId(0))..=(node, NodeId(u32::MAX))) {
            (view.state, view.since, view.rtt) = (SessionState::Init, at, None);
            (view.way, view.way_since, view.why) = (None, at, None);
            (view.is_known, view.known_since) = (false, at);
            view.is_found = false;
        }
        Changed::Memory(node)
    }

    fn stop(&mut self, at: Instant, node: NodeId) -> Changed {
        let record = &mut self.nodes[node.0 as usize];
        (record.is_on, record.since, record.suspended) = (false, at, None);
        Changed::Memory(node)
    }

    /// What it knows it still knows, and no fact asks whether it runs.
    fn suspend(&mut self, node: NodeId, since: Option<Instant>) -> Changed {
        self.nodes[node.0 as usize].suspended = since;
        Changed::Nothing
    }

    fn session(&mut self, at: Instant, node: NodeId, peer: NodeId, state: SessionState) -> Changed {
        let record = &mut self.nodes[node.0 as usize];
        Reports::count(&mut record.connected, &mut record.disconnected, state, at, peer);
        if let Some(view) = self.views.get_mut(&(node, peer)) {
            Reports::count(&mut view.connected, &mut view.disconnected, state, at, peer);
            if view.state != state {
                (view.state, view.since) = (state, at);
            }
        }
        Changed::View(node, peer)
    }

    fn forwarded(&mut self, at: Instant, relay: NodeId, bytes: u32) -> Changed {
        let counts = self.relayed.range_mut((relay, Instant::ORIGIN)..=(relay, at));
        let mut changed = Changed::Nothing;
        for (_, count) in counts {
            *count += u64::from(bytes);
            changed = Changed::Node(relay);
        }
        changed
    }

    /// The traffic that a payload belongs to, with the place of its statement in it; `None` if no
    /// fact is about it, or no statement sends such a payload.
    fn traffic_of(&mut self, send: SendId, number: u64) -> Option<(&mut Traffic, usize)> {
        let statement = self.sends.get(send.0 as usize)?;
        if number >= statement.count {
            return None;
        }
        let traffic = self.traffic.get_mut(&(statement.from, statement.to))?;
        let place = traffic.sends.binary_search_by_key(&send, |progress| progress.send).ok()?;
        Some((traffic, place))
    }

    /// An application gave a payload out. Whether it goes, no fact asks.
    fn offered(&mut self, node: NodeId, send: SendId, number: u64, offer: Offer) -> Changed {
        let Some(mode) = self.mode_of(node, send) else { return Changed::Nothing };
        if let Some((traffic, place)) = self.traffic_of(send, number) {
            let progress = &mut traffic.sends[place];
            progress.offered = progress.offered.max(number + 1);
            match offer {
                Offer::Sent => {
                    traffic.sent += 1;
                    let messages = traffic.messages.as_mut().filter(|_| mode == Mode::Message);
                    messages.into_iter().for_each(|messages| messages.accepted += 1);
                }
                Offer::Waits => {}
                Offer::Refused(why) => *traffic.refused.entry(why).or_default() += 1,
            }
        }
        Changed::Nothing
    }

    /// A message ended. How, no fact asks.
    fn ended(&mut self, node: NodeId, send: SendId, number: u64, outcome: Outcome) -> Changed {
        if self.mode_of(node, send).is_some()
            && let Some((traffic, _)) = self.traffic_of(send, number)
            && let Some(messages) = &mut traffic.messages
        {
            match outcome {
                Outcome::Acked => messages.acked += 1,
                Outcome::Failed => messages.failed += 1,
                Outcome::Unknown => messages.unknown += 1,
            }
        }
        Changed::Nothing
    }

    /// How the payloads of a statement are sent, if this node sends them.
    fn mode_of(&self, node: NodeId, send: SendId) -> Option<Mode> {
        let statement = self.sends.get(send.0 as usize)?;
        (statement.from == node).then_some(statement.mode)
    }

    fn delivered(&mut self, to: NodeId, from: NodeId, arrival: Slowest) -> Changed {
        let is_theirs = |send: &Statement| (send.from, send.to) == (from, to);
        if !self.sends.get(arrival.send.0 as usize).is_some_and(is_theirs) {
            return Changed::Nothing;
        }
        let Some((traffic, place)) = self.traffic_of(arrival.send, arrival.number) else {
            return Changed::Nothing;
        };
        if traffic.sends[place].mark(arrival.number) {
            traffic.arrived += 1;
        }
        traffic.last_arrival = Some(arrival.at);
        if traffic.slowest.is_none_or(|slowest| arrival.latency > slowest.latency) {
            traffic.slowest = Some(arrival);
        }
        Changed::Traffic(from, to)
    }
}

/// Whether two reasons are of one kind.
fn is_alike(one: RelayReason, other: RelayReason) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

/// Whether packets travel as they should.
fn is_so(is: PathKind, way: Option<Way>) -> bool {
    match (is, way) {
        (PathKind::None, way) => way.is_none(),
        (PathKind::Direct(family), Some(Way::Direct(address))) => match family {
            None => true,
            Some(IpFamily::V4) => address.is_ipv4(),
            Some(IpFamily::V6) => address.is_ipv6(),
        },
        (PathKind::Relayed(through), Some(Way::Relayed(relay))) => {
            through.is_none_or(|through| through == relay)
        }
        _ => false,
    }
}

impl Node {
    fn off() -> Self {
        Self {
            is_on: false,
            suspended: None,
            since: Instant::ORIGIN,
            incarnation: 0,
            connected: Reports::default(),
            disconnected: Reports::default(),
        }
    }
}

impl View {
    fn heard_all(&self, told: u64) -> bool {
        u64::try_from(self.heard.len()).is_ok_and(|heard| heard >= told)
    }

    fn blank() -> Self {
        Self {
            state: SessionState::Init,
            since: Instant::ORIGIN,
            way: None,
            way_since: Instant::ORIGIN,
            heard: BTreeSet::new(),
            is_known: false,
            is_found: false,
            known_since: Instant::ORIGIN,
            why: None,
            rtt: None,
            connected: Reports::default(),
            disconnected: Reports::default(),
        }
    }
}

impl Reports {
    fn count(
        connected: &mut Self,
        disconnected: &mut Self,
        state: SessionState,
        at: Instant,
        peer: NodeId,
    ) {
        let reports = match state {
            SessionState::Init => return,
            SessionState::Active => connected,
            SessionState::Disconnected => disconnected,
        };
        reports.count += 1;
        reports.last = Some((at, peer));
    }
}

impl Traffic {
    /// How many payloads this share is.
    pub(super) fn wanted(&self, share: Share) -> u64 {
        match share {
            Share::All => self.planned,
            Share::AtLeast(count) => count,
            Share::PerMille(share) => {
                let wanted = (u128::from(self.planned) * u128::from(share)).div_ceil(1000);
                u64::try_from(wanted).unwrap_or(u64::MAX)
            }
        }
    }

    /// How many payloads the application has given out.
    pub(super) fn offered(&self) -> u64 {
        self.sends.iter().map(|progress| progress.offered).sum()
    }

    /// How many of these the sender has neither sent nor refused: they wait for room in it, or did
    /// when it was switched off.
    pub(super) fn waiting(&self) -> u64 {
        self.offered().saturating_sub(self.sent + self.refused.values().sum::<u64>())
    }

    /// The payloads given out that did not arrive: runs of numbers, first and last.
    pub(super) fn missing(&self) -> impl Iterator<Item = (SendId, u64, u64)> {
        self.sends.iter().flat_map(|progress| {
            let mut from = 0;
            std::iter::from_fn(move || {
                let first = (from..progress.offered).find(|&number| !progress.has(number))?;
                let run = (first..progress.offered).take_while(|&number| !progress.has(number));
                let last = run.last().unwrap_or(first);
                from = last + 1;
                Some((progress.send, first, last))
            })
        })
    }
}

impl Progress {
    fn has(&self, number: u64) -> bool {
        let (word, bit) = place(number);
        self.arrived.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Notes an arrival; says whether it is the first of that payload.
    fn mark(&mut self, number: u64) -> bool {
        let is_first = !self.has(number);
        self.offered = self.offered.max(number + 1);
        let (word, bit) = place(number);
        if word >= self.arrived.len() {
            self.arrived.resize(word + 1, 0);
        }
        self.arrived[word] |= bit;
        is_first
    }
}

fn place(number: u64) -> (usize, u64) {
    let word = usize::try_from(number / 64).expect("fewer than 2^32 payloads");
    (word, 1 << (number % 64))
}
