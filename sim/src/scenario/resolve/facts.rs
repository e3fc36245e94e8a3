//! What must be true, one fact for each ordered pair of nodes.

use crate::scenario::file::Spanned;
use underpass_core::{Duration, Instant, RelayReason};

use super::Resolver;
use crate::machine::IpFamily;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, AtLeast, Because, Expect, Interface, Table};
use crate::scenario::model::{
    EventKind, Fact, Mode, NodeId, PathKind, Send, SessionState, Share, Time,
};
use crate::scenario::nearest::suggest;
use crate::units::{Bytes, Period};

impl Resolver<'_> {
    /// The facts of an expectation that has exactly one kind.
    pub(super) fn facts(&mut self, expect: &Expect, time: Option<Time>) -> Option<Vec<Fact>> {
        if let Some(session) = &expect.session {
            self.session(session.get())
        } else if let Some(rtt) = &expect.rtt {
            self.rtt(rtt.get())
        } else if let Some(path) = &expect.path {
            self.path(path.get())
        } else if let Some(knows) = &expect.knows {
            self.knows(knows.get())
        } else if let Some(found) = &expect.found {
            self.found(found.get())
        } else if let Some(heard) = &expect.heard {
            self.heard(heard.get())
        } else if let Some(relayed) = &expect.relayed {
            self.relayed(relayed, time)
        } else if let Some(delivered) = &expect.delivered {
            self.delivered(delivered)
        } else if let Some(latency) = &expect.latency {
            self.latency(latency.get())
        } else if let Some(event) = &expect.event {
            self.event(event.get())
        } else {
            self.metric(expect.metric.as_ref()?)
        }
    }

    fn session(&mut self, session: &file::Session) -> Option<Vec<Fact>> {
        let is = match session.is.get_ref() {
            file::SessionState::Init => SessionState::Init,
            file::SessionState::Active => SessionState::Active,
            file::SessionState::Disconnected => SessionState::Disconnected,
        };
        let pairs = self.both_ways(session.between.get_ref())?;
        Some(pairs.into_iter().map(|(a, b)| Fact::Session { a, b, is }).collect())
    }

    fn rtt(&mut self, rtt: &file::Rtt) -> Option<Vec<Fact>> {
        let range = self.range(rtt.at_least.as_ref(), rtt.at_most.as_ref());
        let pairs = self.both_ways(rtt.between.get_ref());
        if rtt.at_least.is_none() && rtt.at_most.is_none() {
            self.no_bound(rtt.between.span(), "`at_most = \"50ms\"`");
            return None;
        }
        let ((low, high), pairs) = (range?, pairs?);
        let at_least = low.map_or(Duration::ZERO, |low: Period| low.0);
        let at_most = high.map_or(Duration::MAX, |high| high.0);
        let fact = |(a, b)| Fact::Rtt { a, b, at_least, at_most };
        Some(pairs.into_iter().map(fact).collect())
    }

    fn path(&mut self, path: &file::Path) -> Option<Vec<Fact>> {
        let kind = *path.is.get_ref();
        let needless = [
            ("over", path.over.as_ref().map(Spanned::span), file::PathKind::Direct, "direct"),
            (
                "through",
                path.through.as_ref().map(Spanned::span),
                file::PathKind::Relayed,
                "relayed",
            ),
        ];
        for (key, span, wanted, word) in needless {
            if let Some(span) = span.filter(|_| kind != wanted) {
                self.wrong(
                    Diagnostic::at(span, format!("`{key}` for a path that is not \"{word}\""))
                        .also(path.is.span(), "what it is")
                        .help(format!("leave `{key}` out, or write `is = \"{word}\"`")),
                );
                return None;
            }
        }
        let because = match &path.because {
            Some(because) if kind == file::PathKind::Direct => {
                self.wrong(
                    Diagnostic::at(because.span(), "`because` for a path that is \"direct\"")
                        .also(path.is.span(), "what it is")
                        .help("leave `because` out: a reason is for paths that are not direct"),
                );
                return None;
            }
            because => because.as_ref().map(|because| reason(*because.get_ref())),
        };
        let through = match &path.through {
            Some(name) => Some(*self.relays(name)?.first()?),
            None => None,
        };
        if kind == file::PathKind::Relayed && self.nodes.iter().all(|node| node.relay.is_none()) {
            self.wrong(
                Diagnostic::at(path.is.span(), "there is no relay in the scenario")
                    .help("write `relay = true` for a node that both list in `peers`"),
            );
            return None;
        }
        let is = match kind {
            file::PathKind::Direct => {
                PathKind::Direct(path.over.as_ref().map(|family| match family.get_ref() {
                    Interface::Ipv4 => IpFamily::V4,
                    Interface::Ipv6 => IpFamily::V6,
                }))
            }
            file::PathKind::Relayed => PathKind::Relayed(through),
            file::PathKind::None => PathKind::None,
        };
        let pairs = self.ordered_pairs(&path.from, &path.to)?;
        let fact = |(from, to)| Fact::Path { from, to, is, because };
        Some(pairs.into_iter().map(fact).collect())
    }

    fn knows(&mut self, knows: &file::Knows) -> Option<Vec<Fact>> {
        let pairs = self.ordered_pairs(&knows.node, &knows.of)?;
        self.check_takes_part(&knows.node, &pairs)?;
        Some(pairs.into_iter().map(|(node, of)| Fact::Knows { node, of }).collect())
    }

    fn found(&mut self, found: &file::Found) -> Option<Vec<Fact>> {
        let pairs = self.ordered_pairs(&found.node, &found.of)?;
        let looks = |node: NodeId| !self.nodes[node.0 as usize].finds.is_empty();
        if let Some((idle, _)) = pairs.iter().find(|(node, _)| !looks(*node)) {
            let idle = self.names.of(*idle);
            self.wrong(
                Diagnostic::at(found.node.span(), format!("`{idle}` looks for nobody"))
                    .help(format!("add a `[[find]]` with `node = \"{idle}\"`, a `tag` and `at`")),
            );
            return None;
        }
        Some(pairs.into_iter().map(|(node, of)| Fact::Found { node, of }).collect())
    }

    fn heard(&mut self, heard: &file::Heard) -> Option<Vec<Fact>> {
        let pairs = self.ordered_pairs(&heard.node, &heard.from)?;
        self.check_takes_part(&heard.node, &pairs)?;
        let is_theirs =
            |from: NodeId| move |send: &Send| (send.from, send.mode) == (from, Mode::Broadcast);
        let mute = pairs.iter().find(|(_, from)| !self.sends.iter().any(is_theirs(*from)));
        if let Some((_, mute)) = mute {
            let mute = self.names.of(*mute);
            self.wrong(
                Diagnostic::at(heard.from.span(), format!("`{mute}` broadcasts nothing")).help(
                    format!("add a `[[send]]` from `{mute}` with `to = \"*\"` and `mode = \"broadcast\"`"),
                ),
            );
            return None;
        }
        Some(pairs.into_iter().map(|(node, from)| Fact::Heard { node, from }).collect())
    }

    /// Nobody hears of others, or what they say to all, without taking part.
    fn check_takes_part(&mut self, at: &Spanned<String>, pairs: &[(NodeId, NodeId)]) -> Option<()> {
        let deaf = pairs.iter().find(|(node, _)| self.nodes[node.0 as usize].gossip.is_none());
        let Some((deaf, _)) = deaf else { return Some(()) };
        let deaf = self.names.of(*deaf);
        self.wrong(
            Diagnostic::at(at.span(), format!("`{deaf}` hears of nobody"))
                .label("it takes no part in gossip")
                .help(format!("write `discoverable = true` for `{deaf}`, or `false` to listen")),
        );
        None
    }

    /// In a span, bytes are counted from its beginning.
    fn relayed(&mut self, table: &Table<file::Relayed>, time: Option<Time>) -> Option<Vec<Fact>> {
        let relayed = table.get();
        let relays = self.relays(&relayed.through);
        let range = self.range(relayed.at_least.as_ref(), relayed.at_most.as_ref());
        if relayed.at_least.is_none() && relayed.at_most.is_none() {
            self.no_bound(table.span(), "`at_most = \"10KiB\"`");
            return None;
        }
        let since = match time? {
            Time::Within { from, .. } | Time::During(from, _) => from,
            Time::By(_) | Time::Never | Time::AtEnd => Instant::ORIGIN,
        };
        let (relays, (low, high)) = (relays?, range?);
        let (at_least, at_most) =
            (low.map_or(0, |low: Bytes| low.0), high.map_or(u64::MAX, |high| high.0));
        let fact = |through| Fact::Relayed { through, since, at_least, at_most };
        Some(relays.into_iter().map(fact).collect())
    }

    /// The nodes of this name, which must relay.
    fn relays(&mut self, name: &Spanned<String>) -> Option<Vec<NodeId>> {
        let nodes = self.select_members(name)?;
        let other = nodes.iter().find(|node| self.nodes[node.0 as usize].relay.is_none());
        if let Some(other) = other {
            let other = self.names.of(*other);
            self.wrong(
                Diagnostic::at(name.span(), format!("`{other}` does not relay"))
                    .help(format!("write `relay = true` for `{other}`, or name one that does")),
            );
            return None;
        }
        Some(nodes)
    }

    fn delivered(&mut self, table: &Table<file::Delivered>) -> Option<Vec<Fact>> {
        let delivered = table.get();
        let wanted = self.share(table);
        let pairs = self.pairs_or_oneself(&delivered.from, &delivered.to);
        let (wanted, pairs) = (wanted?, pairs?);
        Some(pairs.into_iter().map(|(from, to)| Fact::Delivered { from, to, wanted }).collect())
    }

    fn share(&mut self, table: &Table<file::Delivered>) -> Option<Share> {
        let help = "write one of `all = true`, `at_least = 5`, `at_least = \"99%\"`";
        let mistake = match (&table.get().all, &table.get().at_least) {
            (None, None) => Diagnostic::at(table.span(), "how many must be delivered?").help(help),
            (Some(all), Some(at_least)) => {
                Diagnostic::at(at_least.span(), "`all` and `at_least` in one fact")
                    .also(all.span(), "`all` is here")
                    .help(help)
            }
            (Some(all), None) if *all.get_ref() => return Some(Share::All),
            (Some(all), None) => {
                Diagnostic::at(all.span(), "`all` is only written as `all = true`").help(help)
            }
            (None, Some(at_least)) => {
                return Some(match at_least.get_ref() {
                    AtLeast::Count(count) => Share::AtLeast(*count),
                    AtLeast::Share(share) => Share::PerMille(share.thousandths()),
                });
            }
        };
        self.wrong(mistake);
        None
    }

    fn latency(&mut self, latency: &file::Latency) -> Option<Vec<Fact>> {
        let at_most = latency.at_most.get_ref().0;
        let pairs = self.pairs_or_oneself(&latency.from, &latency.to)?;
        Some(pairs.into_iter().map(|(from, to)| Fact::Latency { from, to, at_most }).collect())
    }

    fn event(&mut self, event: &file::Event) -> Option<Vec<Fact>> {
        let kind = match event.kind {
            file::EventKind::Connected => EventKind::Connected,
            file::EventKind::Disconnected => EventKind::Disconnected,
        };
        let range = self.range(event.at_least.as_ref(), event.at_most.as_ref());
        let pairs = match &event.peer {
            Some(peer) => {
                let pairs = self.ordered_pairs(&event.node, peer)?;
                pairs.into_iter().map(|(node, peer)| (node, Some(peer))).collect::<Vec<_>>()
            }
            None => {
                self.select_members(&event.node)?.into_iter().map(|node| (node, None)).collect()
            }
        };
        let (low, high) = range?;
        // An event that is only limited need not happen at all.
        let at_least = low.unwrap_or(if high.is_some() { 0 } else { 1 });
        let at_most = high.unwrap_or(u64::MAX);
        if at_least > at_most {
            return None; // `range` said so.
        }
        let fact = |(node, peer)| Fact::Event { node, kind, peer, at_least, at_most };
        Some(pairs.into_iter().map(fact).collect())
    }

    fn metric(&mut self, table: &Table<file::Metric>) -> Option<Vec<Fact>> {
        let metric = table.get();
        let name = metric.name.get_ref();
        let known = self.vocabulary.metrics;
        let nodes = self.select_members(&metric.node);
        // Another's machines count what they like.
        let foreign = |node: &NodeId| self.nodes[node.0 as usize].machine.is_some();
        let any_name = nodes.as_ref().is_some_and(|nodes| nodes.iter().all(foreign));
        if !any_name && !known.contains(&name.as_str()) {
            self.wrong(
                Diagnostic::at(metric.name.span(), format!("no metric is called {name:?}"))
                    .label("unknown name")
                    .help(suggest(name, "metrics", known.iter().copied())),
            );
        }
        let range = self.range(metric.at_least.as_ref(), metric.at_most.as_ref());
        if metric.at_least.is_none() && metric.at_most.is_none() {
            self.no_bound(table.span(), "`at_most = 100`");
            return None;
        }
        let (nodes, (low, high)) = (nodes?, range?);
        let (at_least, at_most) = (low.unwrap_or(0), high.unwrap_or(u64::MAX));
        let fact = |node| Fact::Metric { node, name: name.clone(), at_least, at_most };
        Some(nodes.into_iter().map(fact).collect())
    }

    fn no_bound(&mut self, span: std::ops::Range<usize>, example: &str) {
        self.wrong(
            Diagnostic::at(span, "neither `at_least` nor `at_most`")
                .label("anything would do")
                .help(format!("add a bound, such as {example}")),
        );
    }

    /// Both bounds, unless nothing lies between them.
    fn range<T: Copy + PartialOrd>(
        &mut self,
        low: Option<&Spanned<T>>,
        high: Option<&Spanned<T>>,
    ) -> Option<(Option<T>, Option<T>)> {
        if let (Some(low), Some(high)) = (low, high)
            && low.get_ref() > high.get_ref()
        {
            self.wrong(
                Diagnostic::at(high.span(), "nothing lies in this range")
                    .label("at most this")
                    .also(low.span(), "and at least this")
                    .help("swap the two, or leave one out"),
            );
            return None;
        }
        Some((low.map(|low| *low.get_ref()), high.map(|high| *high.get_ref())))
    }
}

/// Of which kind a reason must be.
fn reason(because: Because) -> RelayReason {
    match because {
        Because::NotTried => RelayReason::NotTried,
        Because::Trying => RelayReason::Trying,
        Because::NoAddress => RelayReason::NoAddress,
        Because::OwnPortsVary => RelayReason::OwnPortsVary,
        Because::PeerPortsVary => RelayReason::PeerPortsVary,
        Because::BothPortsVary => RelayReason::BothPortsVary,
        Because::NoAnswer => RelayReason::NoAnswer,
        // Whenever that was.
        Because::Lost => RelayReason::Lost { since: Instant::ORIGIN },
        Because::Lossy => RelayReason::Lossy,
        Because::UdpBlocked => RelayReason::UdpBlocked,
    }
}
