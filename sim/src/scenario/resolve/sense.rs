//! Expectations that no run could meet, or that every run would.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::scenario::file::Spanned;

use super::names::Pair;
use super::{Resolver, shown};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{Expect, Table};
use crate::scenario::model::{
    self, Fact, FaultKind, LinkPlace, Mode, NatId, NodeId, PathKind, SessionState, Share, Time,
};
use crate::world::{IPV4_UDP_HEADERS, IPV6_UDP_HEADERS};

impl Resolver<'_> {
    /// What is wrong with an expectation in this scenario, if anything: the first thing, since
    /// others follow from it or say the same of other nodes.
    pub(super) fn nonsense(
        &self,
        expect: &Expect,
        fact: Range<usize>,
        facts: &[Fact],
        time: Time,
    ) -> Option<Diagnostic> {
        self.too_early(expect, facts)
            .or_else(|| facts.iter().find_map(|said| self.out_of_reach(said, &fact, time)))
            .or_else(|| facts.iter().find_map(|said| self.udp_blocked(said, &fact, time)))
            .or_else(|| facts.iter().find_map(|said| self.strangers(said, expect, time)))
            .or_else(|| self.nothing_sent(facts, &fact))
            .or_else(|| facts.iter().find_map(|said| self.more_than_sent(said, expect)))
            .or_else(|| facts.iter().find_map(|said| self.cannot_all_arrive(said, expect, time)))
            .or_else(|| self.counters_begin_anew(facts, &fact))
    }

    /// `by` a time when some node is not switched on.
    fn too_early(&self, expect: &Expect, facts: &[Fact]) -> Option<Diagnostic> {
        let by = expect.by.as_ref()?;
        let until = super::instant(by);
        let off = |id: &NodeId| self.nodes[id.0 as usize].start > until;
        let node = facts.iter().flat_map(involved).flatten().find(off)?;
        let start = shown(self.nodes[node.0 as usize].start);
        let name = self.names.of(node);
        Some(
            Diagnostic::at(by.span(), format!("`{name}` is not switched on by then"))
                .label(format!("it starts at {start}"))
                .help(format!("make it later than {start}")),
        )
    }

    /// Two nodes of different families never exchange anything.
    fn out_of_reach(&self, said: &Fact, at: &Range<usize>, time: Time) -> Option<Diagnostic> {
        let [Some(a), Some(b)] = involved(said) else { return None };
        let (one, other) = (&self.nodes[a.0 as usize], &self.nodes[b.0 as usize]);
        let shared = (one.ipv4 && other.ipv4) || (one.ipv6 && other.ipv6);
        let relayed = !is_direct(said) && self.relays_between((a, b)).next().is_some();
        if shared || relayed || !needs_a_path(said) || time == Time::Never {
            return None;
        }
        let family = |node: &model::Node| match node.ipv4 {
            true => format!("`{}` has only IPv4", node.name),
            false => format!("`{}` has only IPv6", node.name),
        };
        Some(
            Diagnostic::at(
                at.clone(),
                format!("`{}` and `{}` cannot reach each other", one.name, other.name),
            )
            .label(format!("{}, {}", family(one), family(other)))
            .help("give one of them `interfaces = [\"ipv4\", \"ipv6\"]`"),
        )
    }

    /// A NAT between two nodes that lets no UDP pass.
    fn udp_blocked(&self, said: &Fact, at: &Range<usize>, time: Time) -> Option<Diagnostic> {
        let [Some(a), Some(b)] = involved(said) else { return None };
        let roams = |fault: &model::Fault| matches!(fault.kind, FaultKind::Roam { node, .. } if node == a || node == b);
        if !needs_a_path(said) || time == Time::Never || self.faults.iter().any(roams) {
            return None;
        }
        let nats =
            |node: NodeId| self.outward(self.nodes[node.0 as usize].behind).collect::<Vec<_>>();
        let between = |(node, other): (NodeId, NodeId)| {
            let (own, others) = (nats(node), nats(other));
            let blocks = |nat: &NatId| !self.nats[nat.0 as usize].model.udp;
            own.into_iter().find(|nat| blocks(nat) && !others.contains(nat)).map(|nat| (node, nat))
        };
        let (node, nat) = between((a, b)).or_else(|| between((b, a)))?;
        let (node, nat) = (self.names.of(node), &self.nats[nat.0 as usize].name);
        let (a, b) = (self.names.of(a), self.names.of(b));
        Some(
            Diagnostic::at(at.clone(), format!("`{a}` and `{b}` cannot reach each other"))
                .label(format!("`{node}` is behind `{nat}`, which lets no UDP pass"))
                .help("let it be behind another NAT, or on the public network"),
        )
    }

    /// Nobody but a relay introduces two nodes to each other.
    fn strangers(&self, said: &Fact, expect: &Expect, time: Time) -> Option<Diagnostic> {
        let (a, b, at, what) = match said {
            Fact::Session { is: SessionState::Init, .. } => return None,
            Fact::Session { a, b, .. } => {
                (a, b, expect.session.as_ref()?.get().is.span(), "have a session")
            }
            Fact::Path { is: PathKind::None, .. } => return None,
            Fact::Path { from, to, .. } => {
                (from, to, expect.path.as_ref()?.get().is.span(), "have a path")
            }
            _ => return None,
        };
        let hidden =
            |a: &NodeId, b: &NodeId| self.nat_in_front(a.0 as usize, b.0 as usize).is_some();
        let knows = |a: &NodeId, b: &NodeId| {
            let model::Node { peers, bootstrap, .. } = &self.nodes[a.0 as usize];
            let listed = peers.binary_search(b).is_ok() || bootstrap.binary_search(b).is_ok();
            listed && !hidden(a, b)
        };
        // Who takes part in gossip may hear of whoever is discoverable.
        let hears = |a: &NodeId, b: &NodeId| {
            let part = |node: &NodeId| self.nodes[node.0 as usize].gossip.as_ref();
            part(a).is_some() && part(b).is_some_and(|gossip| gossip.is_discoverable)
        };
        let meets = |a, b| knows(a, b) || hears(a, b);
        if time == Time::Never || meets(a, b) || meets(b, a) {
            return None;
        }
        if self.nodes.iter().any(|node| node.relay.is_some()) {
            return self.not_introduced((*a, *b), at, what);
        }
        let both_hidden = hidden(a, b) && hidden(b, a);
        let (a, b) = (self.names.of(*a), self.names.of(*b));
        if both_hidden {
            return Some(
                Diagnostic::at(at, format!("`{a}` and `{b}` never {what}"))
                    .label("each is behind a NAT that lets no first packet of the other in")
                    .note("nothing else introduces nodes to each other yet")
                    .help("ask for sessions with a node on the public network"),
            );
        }
        Some(
            Diagnostic::at(at, format!("`{a}` and `{b}` never {what}"))
                .label("neither lists the other in `peers` or `bootstrap`")
                .note("nothing else introduces nodes to each other yet")
                .help(format!("add `peers = [\"{b}\"]` to `{a}`, or the other way round")),
        )
    }

    /// Two nodes that no relay brings together, though there are some.
    fn not_introduced(&self, (a, b): Pair, at: Range<usize>, what: &str) -> Option<Diagnostic> {
        let asks = |a, b| self.sends_between.contains_key(&(a, b));
        let is_asked = asks(a, b) || asks(b, a);
        let meet = self.relays_between((a, b)).next().is_some();
        if is_asked && meet {
            return None;
        }
        let (a, b) = (self.names.of(a), self.names.of(b));
        let mistake = Diagnostic::at(at, format!("`{a}` and `{b}` never {what}"));
        Some(match meet {
            true => mistake
                .label("neither looks for the other at a relay")
                .note("who sends to a node that it does not list looks for it at its relays")
                .help(format!("add a `[[send]]` with `from = \"{a}\"` and `to = \"{b}\"`")),
            false => mistake
                .label("there is no relay that both list in `peers`")
                .note("a node is reached through those of its `peers` that relay")
                .help("let both list the same relay"),
        })
    }

    /// Relays that both list.
    pub(super) fn relays_between(&self, (a, b): Pair) -> impl Iterator<Item = NodeId> + '_ {
        let peers = |node: NodeId| &self.nodes[node.0 as usize].peers;
        let is_relay = |id: &NodeId| self.nodes[id.0 as usize].relay.is_some();
        let both = peers(a).iter().filter(move |id| peers(b).binary_search(id).is_ok());
        both.copied().filter(is_relay)
    }

    /// An expectation about payloads of which there are none.
    fn nothing_sent(&self, facts: &[Fact], at: &Range<usize>) -> Option<Diagnostic> {
        let mut pairs = facts.iter().filter_map(payloads).peekable();
        let (from, to) = *pairs.peek()?;
        if pairs.any(|pair| self.sends_between.contains_key(&pair)) {
            return None;
        }
        let (from, to) = (self.names.of(from), self.names.of(to));
        Some(
            Diagnostic::at(at.clone(), format!("nothing is sent from `{from}` to `{to}`"))
                .help(format!("add a `[[send]]` with `from = \"{from}\"` and `to = \"{to}\"`")),
        )
    }

    fn more_than_sent(&self, said: &Fact, expect: &Expect) -> Option<Diagnostic> {
        let Fact::Delivered { from, to, wanted: Share::AtLeast(wanted) } = said else {
            return None;
        };
        let sent = self.sends_of((*from, *to)).map(|send| send.count);
        let sent = sent.fold(0, u64::saturating_add);
        if *wanted <= sent {
            return None;
        }
        let at = expect.delivered.as_ref()?.get().at_least.as_ref()?.span();
        let (from, to) = (self.names.of(*from), self.names.of(*to));
        Some(
            Diagnostic::at(at, format!("{wanted} cannot be delivered"))
                .label(format!("only {sent} are sent from `{from}` to `{to}`"))
                .help(format!("ask for at most {sent}, or send more")),
        )
    }

    /// `all` over a path that loses packets, or that a fault cuts meanwhile; if they are messages, for
    /// longer than these are tried.
    fn cannot_all_arrive(&self, said: &Fact, expect: &Expect, time: Time) -> Option<Diagnostic> {
        let Fact::Delivered { from, to, wanted: Share::All | Share::PerMille(1000) } = said else {
            return None;
        };
        let pair = (*from, *to);
        self.sends_between.get(&pair)?;
        if time == Time::Never {
            return None;
        }
        let delivered = expect.delivered.as_ref()?.get();
        let at = (delivered.all.as_ref().map(Spanned::span))
            .or_else(|| delivered.at_least.as_ref().map(Spanned::span))
            .or_else(|| expect.delivered.as_ref().map(Table::span))?;
        let (from, to) = (self.names.of(*from), self.names.of(*to));
        let datagrams = self.sends_of(pair).any(|send| send.mode == Mode::Datagram);
        let what = if datagrams { "datagrams" } else { "messages" };
        let message = format!("not all {what} from `{from}` to `{to}` can arrive");
        let help = "ask for less, such as `at_least = \"95%\"`";
        if let Some(loss) = self.loss_on_the_way(pair).filter(|_| datagrams) {
            return Some(
                Diagnostic::at(at, message)
                    .label("a lost datagram is not sent again")
                    .also(loss, "a link on the way loses some")
                    .help(format!("{help}, or take the loss out")),
            );
        }
        if let Some((size, mtu)) = self.too_large(pair) {
            return Some(
                Diagnostic::at(at, message)
                    .label(format!("{size} bytes do not fit into the `mtu` of {mtu} on the way"))
                    .help("send smaller payloads, or give the links a larger `mtu`"),
            );
        }
        let (fault, moment) = self.cut_on_the_way(pair)?;
        let (name, moment) = (&self.faults[fault].name, shown(moment));
        let label = match self.faults[fault].kind {
            FaultKind::Link(_) | FaultKind::Hostile(_) => {
                format!("what is sent at {moment} may be lost")
            }
            _ => format!("what is sent at {moment} is lost"),
        };
        Some(
            Diagnostic::at(at, message)
                .label(label)
                .also(self.fault_spans[fault].clone(), format!("`{name}` is in the way"))
                .help(format!("{help}, or send when nothing is cut")),
        )
    }

    /// A counter of a node that loses it on the way.
    fn counters_begin_anew(&self, facts: &[Fact], at: &Range<usize>) -> Option<Diagnostic> {
        let counted: BTreeSet<NodeId> = facts.iter().filter_map(counted).collect();
        let loses = |fault: &model::Fault| match fault.kind {
            FaultKind::Crash(node, _) | FaultKind::Restart(node, _) => counted.contains(&node),
            FaultKind::Partition(_)
            | FaultKind::Block { .. }
            | FaultKind::Link(_)
            | FaultKind::Interface(_)
            | FaultKind::Suspend(_)
            | FaultKind::Clock { .. }
            | FaultKind::Drop { .. }
            | FaultKind::DropSent { .. }
            | FaultKind::ChangeSecret(_)
            | FaultKind::RetireSecret(_)
            | FaultKind::Hostile(_)
            | FaultKind::NatReboot(_)
            | FaultKind::Roam { .. } => false,
        };
        let fault = self.faults.iter().position(loses)?;
        let (FaultKind::Crash(node, _) | FaultKind::Restart(node, _)) = self.faults[fault].kind
        else {
            return None;
        };
        let (node, name) = (self.names.of(node), &self.faults[fault].name);
        let message = format!("a `metric` of `{node}`, which does not stay on");
        Some(
            Diagnostic::at(at.clone(), message)
                .label("read at the end only")
                .also(self.fault_spans[fault].clone(), format!("`{name}` takes its counters"))
                .note("counters begin anew with every start, and a node that is off has none")
                .help("name nodes that stay on, or ask for an `event`, counted over all starts"),
        )
    }

    /// Whether a fact about payloads has any to be about.
    pub(super) fn is_about_something(&self, said: &Fact) -> bool {
        payloads(said).is_none_or(|pair| self.sends_between.contains_key(&pair))
    }

    pub(super) fn sends_of(&self, pair: Pair) -> impl Iterator<Item = &model::Send> {
        let indices = self.sends_between.get(&pair).into_iter().flatten();
        indices.map(|index| &self.sends[*index])
    }

    /// A datagram between two nodes that does not fit through a link, even without its seal: its
    /// size, and the MTU.
    fn too_large(&self, pair: Pair) -> Option<(usize, u32)> {
        let (from, to) = pair;
        let links = [
            self.link_at(LinkPlace::Access(from)).0,
            self.link_at(LinkPlace::Pair(from, to)).0,
            self.link_at(LinkPlace::Access(to)).1,
        ];
        let mtu = links.iter().filter_map(|link| link.mtu).min()?;
        // Messages are cut into packets.
        let datagrams = self.sends_of(pair).filter(|send| send.mode == Mode::Datagram);
        let size = datagrams.map(|send| send.size).max()?;
        let headers = if self.use_ipv6(pair) { IPV6_UDP_HEADERS } else { IPV4_UDP_HEADERS };
        (size + headers as usize > mtu as usize).then_some((size, mtu))
    }

    /// Where the first loss between two nodes is written.
    fn loss_on_the_way(&self, (from, to): Pair) -> Option<Range<usize>> {
        let up = self.node_losses[from.0 as usize].up.clone();
        let between =
            || self.pair_losses.get(&(from, to)).and_then(|(_, losses)| losses.up.clone());
        let down = || self.node_losses[to.0 as usize].down.clone();
        up.or_else(between).or_else(down)
    }
}

/// Whether a fact is about something that came through between two nodes.
fn needs_a_path(said: &Fact) -> bool {
    match said {
        Fact::Session { is, .. } => *is != SessionState::Init,
        Fact::Path { is, .. } => *is != PathKind::None,
        Fact::Delivered { .. } | Fact::Rtt { .. } | Fact::Latency { .. } => true,
        Fact::Event { .. }
        | Fact::Knows { .. }
        | Fact::Found { .. }
        | Fact::Heard { .. }
        | Fact::Relayed { .. }
        | Fact::Metric { .. } => false,
    }
}

/// Whether a fact is about a path without a relay.
fn is_direct(said: &Fact) -> bool {
    matches!(said, Fact::Path { is: PathKind::Direct(_), .. })
}

/// The nodes that a fact is about.
pub(super) fn involved(said: &Fact) -> [Option<NodeId>; 2] {
    match said {
        Fact::Session { a, b, .. } | Fact::Rtt { a, b, .. } => [Some(*a), Some(*b)],
        Fact::Delivered { from, to, .. }
        | Fact::Latency { from, to, .. }
        | Fact::Path { from, to, .. } => [Some(*from), Some(*to)],
        Fact::Knows { node, of: other }
        | Fact::Found { node, of: other }
        | Fact::Heard { node, from: other } => [Some(*node), Some(*other)],
        Fact::Relayed { through, .. } => [Some(*through), None],
        Fact::Event { node, peer, .. } => [Some(*node), *peer],
        Fact::Metric { node, .. } => [Some(*node), None],
    }
}

/// Whose counter a fact reads.
fn counted(said: &Fact) -> Option<NodeId> {
    match said {
        Fact::Metric { node, .. } => Some(*node),
        _ => None,
    }
}

/// Between whom a fact counts payloads.
fn payloads(said: &Fact) -> Option<Pair> {
    match said {
        Fact::Delivered { from, to, .. } | Fact::Latency { from, to, .. } => Some((*from, *to)),
        _ => None,
    }
}
