//! What was expected, what was so instead, and who knew what: in sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use underpass_core::{Duration, Instant};

use super::Tracked;
use super::ledger::{Ledger, Messages, Traffic};
use crate::machine::IpFamily;
use crate::scenario::model::{EventKind, Fact, Need, NodeId, PathKind, SessionState, Share, Time};
use crate::trace::Way;
use crate::trace::observation::reason;
use crate::units::{Bytes, Period};

/// Of many facts, so many are told.
const SHOWN: usize = 3;

/// What was so when an expectation turned out unmet.
pub(super) struct Found {
    /// What was true of the facts that decided it.
    pub(super) seen: String,
    /// What each party of these facts knew.
    pub(super) knew: Vec<String>,
    /// These parties, and whom of the others each has to do with.
    pub(super) parties: BTreeMap<NodeId, BTreeSet<NodeId>>,
}

/// Of which directions between two nodes something is said.
#[derive(Clone, Copy)]
enum Said {
    OneWay,
    /// Of both at once.
    BothWays,
    /// Of any one of them.
    EitherWay,
}

/// Speaks of what is in the ledger.
pub(super) struct Words<'a> {
    pub(super) names: &'a [String],
    pub(super) ledger: &'a Ledger,
}

/// When it went wrong, and how things stood then. `later` is when all was as expected after that.
pub(super) fn happened(time: Time, at: Instant, later: Option<Instant>, seen: &str) -> String {
    let when = match (time, later) {
        (Time::By(_), None) => "never; ".into(),
        (Time::Within { .. }, None) => "neither then nor later; ".into(),
        (Time::By(_) | Time::Within { .. }, Some(later)) => format!("too late, at {later}; "),
        (Time::During(from, _), None) if at == from => "at no time from then on; ".into(),
        (Time::During(from, _), Some(later)) if at == from => format!("only from {later} on; "),
        (Time::During(..), None) => format!("until {at}; "),
        (Time::During(..), Some(later)) => format!("until {at}, and again from {later} on; "),
        (Time::Never | Time::AtEnd, _) => String::new(),
    };
    format!("{when}at {at} {seen}")
}

impl Words<'_> {
    /// An expectation as a sentence.
    pub(super) fn expected(&self, time: Time, need: Need, facts: &[Tracked]) -> String {
        let facts: Vec<&Fact> = facts.iter().map(|tracked| &tracked.fact).collect();
        let pairs: BTreeSet<(NodeId, NodeId)> = facts.iter().filter_map(|f| mutual(f)).collect();
        let both_ways = |fact: &Fact| mutual(fact).is_some_and(|(a, b)| pairs.contains(&(b, a)));
        // Of the two directions between two nodes, one is enough to speak of both.
        let is_said = |fact: &&Fact| mutual(fact).is_none_or(|(a, b)| a < b || !both_ways(fact));
        let said: Vec<&Fact> = facts.iter().copied().filter(is_said).collect();
        let directions = |fact: &Fact| match (both_ways(fact), time, need) {
            (false, ..) => Said::OneWay,
            (true, Time::Never, Need::All) => Said::EitherWay,
            (true, ..) => Said::BothWays,
        };
        let claims = listed(said.iter().map(|fact| self.claim(fact, directions(fact))), ", ");
        let claims = match (need, time) {
            (Need::All, _) => claims,
            (Need::AtLeast(count), Time::Never) => format!("{count} at once of: {claims}"),
            (Need::AtLeast(count), _) => {
                format!("at least {count} of {}: {claims}", said.len())
            }
        };
        let counts = facts.iter().any(|fact| {
            matches!(
                fact,
                Fact::Delivered { .. }
                    | Fact::Latency { .. }
                    | Fact::Event { .. }
                    | Fact::Relayed { .. }
            )
        });
        match time {
            Time::By(until) => format!("{claims} by {until}"),
            Time::Within { from, until } => {
                format!("{claims}, at some time from {from} to {until}")
            }
            Time::During(from, until) => format!("{claims}, all the time from {from} to {until}"),
            Time::Never if need != Need::All => format!("never {claims}"),
            Time::Never if said.len() > 1 => format!("never any of: {claims}"),
            Time::Never => format!("never: {claims}"),
            Time::AtEnd if counts => format!("{claims} by the end"),
            Time::AtEnd => format!("{claims} at the end"),
        }
    }

    /// What decides about these facts now: those that do not hold, or all if every one does; of
    /// those that never may, the ones that hold.
    pub(super) fn found(&self, time: Time, facts: &[Tracked]) -> Found {
        let blamed = |tracked: &Tracked| tracked.holds == (time == Time::Never);
        let any_blamed = facts.iter().any(blamed);
        let decide = || facts.iter().filter(|tracked| !any_blamed || blamed(tracked));
        let seen = listed(decide().map(|tracked| self.seen(&tracked.fact)), "; ");
        let mut knew: BTreeMap<NodeId, Vec<String>> = BTreeMap::new();
        let mut parties: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for tracked in decide().take(SHOWN) {
            let known = self.knew(&tracked.fact);
            for (node, _) in &known {
                let others = known.iter().map(|(other, _)| *other).filter(|other| other != node);
                parties.entry(*node).or_default().extend(others);
            }
            for (node, knows) in known {
                let lines = knew.entry(node).or_default();
                if !lines.contains(&knows) {
                    lines.push(knows);
                }
            }
        }
        let line = |(node, lines): (NodeId, Vec<String>)| {
            format!("{}: {}", self.name(node), lines.join("; "))
        };
        Found { seen, knew: knew.into_iter().map(line).collect(), parties }
    }

    fn name(&self, node: NodeId) -> &str {
        &self.names[node.0 as usize]
    }

    /// A fact as it should be.
    fn claim(&self, fact: &Fact, said: Said) -> String {
        match fact {
            Fact::Session { a, b, is } => {
                let (a, b, is) = (self.name(*a), self.name(*b), state(*is));
                match said {
                    Said::OneWay => format!("{a} sees {b} {is}"),
                    Said::BothWays => format!("{a} and {b} see each other {is}"),
                    Said::EitherWay => format!("{a} or {b} sees the other {is}"),
                }
            }
            Fact::Path { from, to, is, because } => {
                let (from, to) = (self.name(*from), self.name(*to));
                let because = because.map(|because| format!(", as {}", reason(because)));
                let because = because.unwrap_or_default();
                let how = match is {
                    PathKind::Direct(None) => "is direct".into(),
                    PathKind::Direct(Some(IpFamily::V4)) => "is direct over IPv4".into(),
                    PathKind::Direct(Some(IpFamily::V6)) => "is direct over IPv6".into(),
                    PathKind::Relayed(None) => "is relayed".into(),
                    PathKind::Relayed(Some(relay)) => {
                        format!("leads through {}", self.name(*relay))
                    }
                    PathKind::None => return format!("{from} has no path to {to}{because}"),
                };
                format!("the path of {from} to {to} {how}{because}")
            }
            Fact::Heard { node, from } => {
                let told = self.ledger.told(*from);
                let (node, from) = (self.name(*node), self.name(*from));
                format!("{node} heard all {told} broadcasts of {from}")
            }
            Fact::Found { node, of } => {
                format!("{} found {} by its tag", self.name(*node), self.name(*of))
            }
            Fact::Knows { node, of } => {
                format!("{} knows {} by its record", self.name(*node), self.name(*of))
            }
            Fact::Relayed { through, since, at_least, at_most } => {
                let low = Some(*at_least).filter(|low| *low > 0).map(Bytes);
                let high = Some(*at_most).filter(|high| *high < u64::MAX).map(Bytes);
                let (relay, range) = (self.name(*through), range(low, high));
                format!("{relay} relayed {range}{}", from_time(*since))
            }
            Fact::Rtt { a, b, at_least, at_most } => {
                let (a, b) = (self.name(*a), self.name(*b));
                let low = Some(*at_least).filter(|low| *low > Duration::ZERO).map(Period);
                let high = Some(*at_most).filter(|high| *high < Duration::MAX).map(Period);
                let range = range(low, high);
                match said {
                    Said::OneWay => format!("{a} measures a round trip of {range} to {b}"),
                    Said::BothWays => {
                        format!("{a} and {b} measure a round trip of {range} to each other")
                    }
                    Said::EitherWay => {
                        format!("{a} or {b} measures a round trip of {range} to the other")
                    }
                }
            }
            Fact::Delivered { from, to, wanted } => {
                let amount = amount(self.ledger.traffic(*from, *to), *wanted);
                format!("{amount} from {} to {} arrived", self.name(*from), self.name(*to))
            }
            Fact::Latency { from, to, at_most } => {
                let (from, to) = (self.name(*from), self.name(*to));
                format!("payloads from {from} to {to} took at most {}", Period(*at_most))
            }
            Fact::Event { node, kind, peer, at_least, at_most } => {
                let peer = peer.map_or("a peer", |peer| self.name(peer));
                let (node, event) = (self.name(*node), event(*kind));
                match (*at_least, *at_most) {
                    (1, u64::MAX) => format!("{node} reported {peer} {event}"),
                    (0, 0) => format!("{node} did not report {peer} {event}"),
                    (low, high) => {
                        format!("{node} reported {peer} {event} {}", times_range(low, high))
                    }
                }
            }
            Fact::Metric { node, name, at_least, at_most } => {
                format!("{name} of {} is {}", self.name(*node), count_range(*at_least, *at_most))
            }
        }
    }

    /// A fact as it is.
    fn seen(&self, fact: &Fact) -> String {
        match fact {
            Fact::Session { a, b, .. } => match self.ledger.view(*a, *b) {
                None => self.was_off(*a),
                Some(view) => {
                    let (a, b, is) = (self.name(*a), self.name(*b), state(view.state));
                    format!("{a} saw {b} {is} (since {})", view.since)
                }
            },
            Fact::Path { from, to, .. } => match self.ledger.view(*from, *to) {
                None => self.was_off(*from),
                Some(view) => {
                    let (from, to) = (self.name(*from), self.name(*to));
                    match view.way {
                        None => format!("{from} had no path to {to} (since {})", view.way_since),
                        Some(way) => format!(
                            "{from} sent to {to} {} (since {})",
                            self.along(way),
                            view.way_since
                        ),
                    }
                }
            },
            Fact::Heard { node, from } => match self.ledger.view(*node, *from) {
                None => self.was_off(*node),
                Some(view) => {
                    let heard = view.heard.len();
                    let (node, from) = (self.name(*node), self.name(*from));
                    format!("{node} had heard {heard} broadcasts of {from}")
                }
            },
            Fact::Found { node, of } => match self.ledger.view(*node, *of) {
                None => self.was_off(*node),
                Some(view) => {
                    let found = if view.is_found { "had found" } else { "had not found" };
                    format!("{} {found} {}", self.name(*node), self.name(*of))
                }
            },
            Fact::Knows { node, of } => match self.ledger.view(*node, *of) {
                None => self.was_off(*node),
                Some(view) => {
                    let knows = if view.is_known { "knew" } else { "did not know" };
                    let (node, of) = (self.name(*node), self.name(*of));
                    format!("{node} {knows} {of} (since {})", view.known_since)
                }
            },
            Fact::Relayed { through, since, .. } => {
                let count = Bytes(self.ledger.relayed(*through, *since));
                format!("{} had relayed {count}{}", self.name(*through), from_time(*since))
            }
            Fact::Rtt { a, b, .. } => match self.ledger.view(*a, *b).map(|view| view.rtt) {
                None => self.was_off(*a),
                Some(None) => {
                    format!("{} had measured no round trip to {}", self.name(*a), self.name(*b))
                }
                Some(Some((rtt, at))) => {
                    let (a, b, rtt) = (self.name(*a), self.name(*b), Period(rtt));
                    format!("{a} had last measured {rtt} to {b} (at {at})")
                }
            },
            Fact::Delivered { from, to, .. } => self.arrived(*from, *to),
            Fact::Latency { from, to, .. } => self.slowest(*from, *to),
            Fact::Event { node, kind, peer, .. } => {
                let reports = self.ledger.reports(*node, *peer, *kind);
                let about = peer.map_or("a peer", |peer| self.name(peer));
                let (node, event) = (self.name(*node), event(*kind));
                match reports.last {
                    None => format!("{node} had not reported {about} {event}"),
                    Some(last) => {
                        let (times, last) = (times(reports.count), self.last(last, *peer));
                        format!("{node} had reported {about} {event} {times} ({last})")
                    }
                }
            }
            Fact::Metric { node, name, .. } => match self.ledger.metric(*node, name) {
                Some(value) => format!("{name} of {} was {value}", self.name(*node)),
                None if self.ledger.nodes[node.0 as usize].is_on => {
                    format!("{} had no counter {name}", self.name(*node))
                }
                None => format!("{}, and had no {name}", self.was_off(*node)),
            },
        }
    }

    /// How packets travel.
    fn along(&self, way: Way) -> String {
        match way {
            Way::Direct(address) => format!("directly, at {address}"),
            Way::Relayed(relay) => format!("through {}", self.name(relay)),
        }
    }

    fn was_off(&self, node: NodeId) -> String {
        let record = &self.ledger.nodes[node.0 as usize];
        format!("{} was off (since {})", self.name(node), record.since)
    }

    fn arrived(&self, from: NodeId, to: NodeId) -> String {
        let traffic = self.ledger.traffic(from, to);
        let (from, to) = (self.name(from), self.name(to));
        let mut details = Vec::new();
        let missing = traffic.offered() - traffic.arrived;
        if missing > 0 {
            details.push(format!("missing {}", self.missing(traffic, missing)));
        }
        for (why, count) in &traffic.refused {
            details.push(format!("{from} refused {count}: {why}"));
        }
        if let Some(messages) = &traffic.messages {
            let Messages { accepted, acked, failed, unknown } = *messages;
            let open = accepted.saturating_sub(acked + failed + unknown);
            details.push(format!(
                "of {accepted} messages accepted, {acked} acked, {failed} failed, {unknown} \
                 unknown, {open} open"
            ));
            let waiting = traffic.waiting();
            if waiting > 0 {
                details.push(format!("{from} had no room for {waiting} more"));
            }
        }
        let later = traffic.planned - traffic.offered();
        if later > 0 {
            details.push(format!("{later} still to be sent"));
        }
        let (arrived, planned) = (traffic.arrived, payloads(traffic.planned));
        let seen = format!("{arrived} of {planned} from {from} to {to} had arrived");
        match details.is_empty() {
            true => seen,
            false => format!("{seen} ({})", details.join("; ")),
        }
    }

    fn missing(&self, traffic: &Traffic, missing: u64) -> String {
        let shown: Vec<_> = traffic.missing().take(SHOWN).collect();
        let more = missing - shown.iter().map(|(_, first, last)| last - first + 1).sum::<u64>();
        let run = |(send, first, last): &(_, u64, u64)| {
            let name = self.ledger.send_name(*send);
            match last - first {
                0 => format!("{first} of {name}"),
                1 => format!("{first} and {last} of {name}"),
                _ => format!("{first} to {last} of {name}"),
            }
        };
        let shown = shown.iter().map(run).collect::<Vec<_>>().join(", ");
        match more {
            0 => shown,
            more => format!("{shown}, and {more} more"),
        }
    }

    fn slowest(&self, from: NodeId, to: NodeId) -> String {
        let traffic = self.ledger.traffic(from, to);
        let (from, to) = (self.name(from), self.name(to));
        match traffic.slowest {
            None => format!("no payload from {from} to {to} had arrived"),
            Some(slowest) => {
                let (arrived, latency) = (payloads(traffic.arrived), Period(slowest.latency));
                let (number, name) = (slowest.number, self.ledger.send_name(slowest.send));
                format!(
                    "the slowest of {arrived} from {from} to {to} had taken {latency} \
                     (number {number} of {name}, arrived at {})",
                    slowest.at
                )
            }
        }
    }

    /// What the parties of a fact know of it, each in a few words.
    fn knew(&self, fact: &Fact) -> Vec<(NodeId, String)> {
        match *fact {
            Fact::Session { a, b, .. } => vec![self.knows(a, b, ""), self.knows(b, a, "")],
            Fact::Path { from, to, .. } => {
                let path = |a, b| {
                    let view = self.ledger.view(a, b);
                    let along = view.and_then(|view| Some((self.along(view.way?), view.way_since)));
                    let path = along.map_or(", no path".into(), |(along, since)| {
                        format!(", {along} since {since}")
                    });
                    let why = view.and_then(|view| view.why);
                    let why = why.map(|why| format!(", no direct one as {}", reason(why)));
                    format!("{path}{}", why.unwrap_or_default())
                };
                vec![self.knows(from, to, &path(from, to)), self.knows(to, from, &path(to, from))]
            }
            Fact::Knows { node, of: other }
            | Fact::Found { node, of: other }
            | Fact::Heard { node, from: other } => {
                vec![self.knows(node, other, ""), self.knows(other, node, "")]
            }
            Fact::Relayed { through, .. } => vec![(through, self.power(through))],
            Fact::Rtt { a, b, .. } => {
                let rtt = |a, b| match self.ledger.view(a, b).and_then(|view| view.rtt) {
                    Some((rtt, _)) => format!(", round trip {}", Period(rtt)),
                    None => ", no round trip".into(),
                };
                vec![self.knows(a, b, &rtt(a, b)), self.knows(b, a, &rtt(b, a))]
            }
            Fact::Delivered { from, to, .. } | Fact::Latency { from, to, .. } => {
                let traffic = self.ledger.traffic(from, to);
                let refused: u64 = traffic.refused.values().sum();
                let sent = format!(", sent {}, refused {refused}", traffic.sent);
                let last = traffic.last_arrival;
                let last = last.map_or(String::new(), |at| format!(", the last at {at}"));
                let got = format!(", got {}{last}", traffic.arrived);
                vec![self.knows(from, to, &sent), self.knows(to, from, &got)]
            }
            Fact::Event { node, peer: Some(peer), .. } => {
                let reported = |node, peer| {
                    let times = |kind| times(self.ledger.reports(node, Some(peer), kind).count);
                    let (up, down) = (times(EventKind::Connected), times(EventKind::Disconnected));
                    format!(", connected {up}, disconnected {down}")
                };
                let (node_s, peer_s) = (reported(node, peer), reported(peer, node));
                vec![self.knows(node, peer, &node_s), self.knows(peer, node, &peer_s)]
            }
            Fact::Event { node, peer: None, .. } => {
                let told = |kind| {
                    let reports = self.ledger.reports(node, None, kind);
                    let last = reports.last.map(|last| format!(" ({})", self.last(last, None)));
                    format!("{} {}{}", event(kind), times(reports.count), last.unwrap_or_default())
                };
                let (up, down) = (told(EventKind::Connected), told(EventKind::Disconnected));
                vec![(node, format!("{}; {up}; {down}", self.power(node)))]
            }
            Fact::Metric { node, .. } => vec![(node, self.power(node))],
        }
    }

    /// How a node sees a peer, and something more that it can tell while it is on.
    fn knows(&self, node: NodeId, peer: NodeId, more: &str) -> (NodeId, String) {
        let knows = match self.ledger.view(node, peer) {
            None => self.power(node),
            Some(_) if node == peer => format!("{}{more}", self.power(node)),
            Some(view) => {
                let (peer, is) = (self.name(peer), state(view.state));
                let answer = view.rtt.map(|(_, at)| format!(", last answer at {at}"));
                let answer = answer.unwrap_or_default();
                let suspended = self.ledger.nodes[node.0 as usize].suspended;
                let stands_still =
                    suspended.map(|since| format!("; suspended since {since}")).unwrap_or_default();
                format!("{peer} {is} since {}{answer}{more}{stands_still}", view.since)
            }
        };
        (node, knows)
    }

    fn power(&self, node: NodeId) -> String {
        let record = &self.ledger.nodes[node.0 as usize];
        let is = if record.is_on { "on" } else { "off" };
        match record.incarnation {
            0 => format!("{is} since {}", record.since),
            restarts => {
                format!("{is} since {}, restarted {}", record.since, times(restarts.into()))
            }
        }
    }

    /// When a report came last, and about whom if that is not clear.
    fn last(&self, (at, about): (Instant, NodeId), peer: Option<NodeId>) -> String {
        match peer {
            Some(_) => format!("last at {at}"),
            None => format!("last {} at {at}", self.name(about)),
        }
    }
}

/// Between whom a fact that can be said of both directions is.
fn mutual(fact: &Fact) -> Option<(NodeId, NodeId)> {
    match *fact {
        Fact::Session { a, b, .. } | Fact::Rtt { a, b, .. } => Some((a, b)),
        _ => None,
    }
}

/// The first few, and how many more there are.
fn listed(mut items: impl Iterator<Item = String>, separator: &str) -> String {
    let shown: Vec<String> = items.by_ref().take(SHOWN).collect();
    let shown = shown.join(separator);
    match items.count() {
        0 => shown,
        more => format!("{shown}{separator}and {more} more"),
    }
}

fn state(state: SessionState) -> &'static str {
    match state {
        SessionState::Init => "init",
        SessionState::Active => "active",
        SessionState::Disconnected => "disconnected",
    }
}

fn event(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Connected => "connected",
        EventKind::Disconnected => "disconnected",
    }
}

fn amount(traffic: &Traffic, wanted: Share) -> String {
    let planned = traffic.planned;
    match (wanted, planned) {
        (Share::All, 1) | (Share::AtLeast(1), 1) => "the one payload".into(),
        (Share::All, _) => format!("all {}", payloads(planned)),
        (Share::AtLeast(count), _) if count == planned => format!("all {}", payloads(planned)),
        (Share::AtLeast(count), _) => format!("at least {count} of {}", payloads(planned)),
        (Share::PerMille(share), _) => {
            let (percent, tenths) = (share / 10, share % 10);
            let tenths = if tenths == 0 { String::new() } else { format!(".{tenths}") };
            let count = traffic.wanted(wanted);
            format!("at least {percent}{tenths}% ({count}) of {}", payloads(planned))
        }
    }
}

fn payloads(count: u64) -> String {
    if count == 1 { "1 payload".into() } else { format!("{count} payloads") }
}

fn times(count: u64) -> String {
    match count {
        0 => "never".into(),
        1 => "once".into(),
        2 => "twice".into(),
        count => format!("{count} times"),
    }
}

/// A number of reports since the run began.
fn times_range(low: u64, high: u64) -> String {
    match (low, high) {
        (low, high) if low == high => format!("exactly {} in all", times(low)),
        (low, u64::MAX) => format!("at least {} in all", times(low)),
        (0, high) => format!("at most {} in all", times(high)),
        (low, high) => format!("{low} to {high} times in all"),
    }
}

/// From when something was counted, unless that is the beginning.
fn from_time(since: Instant) -> String {
    if since == Instant::ORIGIN { String::new() } else { format!(" from {since} on") }
}

fn count_range(low: u64, high: u64) -> String {
    let (low, high) =
        (Some(low).filter(|low| *low > 0), Some(high).filter(|high| *high < u64::MAX));
    range(low, high)
}

fn range<T: Display + PartialEq>(low: Option<T>, high: Option<T>) -> String {
    match (low, high) {
        (None, None) => "any size".into(),
        (Some(low), None) => format!("at least {low}"),
        (None, Some(high)) => format!("at most {high}"),
        (Some(low), Some(high)) if low == high => format!("exactly {low}"),
        (Some(low), Some(high)) => format!("{low} to {high}"),
    }
}
