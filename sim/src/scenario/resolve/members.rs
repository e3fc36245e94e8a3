//! How much members of the network hold, and whom they deal with.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use crate::scenario::file::Spanned;
use underpass_core::{Config, Duration, Instant, RelayLimits, TAGS, Whom};

use super::names::Pair;
use super::{Resolver, instant};
use crate::machine::underpass::{Lie, Lies, Limits};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Kind, Node, OwnLimits, OwnRelay, Table};
use crate::scenario::model::{self, Access, Gossip, NodeId};
use crate::units::{Period, Rate};

/// A window far larger than anybody needs takes up memory for every session.
const WINDOW_BITS_MAX: u64 = 65_536;

/// Bytes a second: so many that the longest datagram passes beside what is kept for short ones.
const RELAYED_MIN: u32 = 2_000;
const RELAYED_MAX: u32 = 1_000_000_000;

impl Resolver<'_> {
    /// Gives every node its limits, and whom it deals with.
    pub(super) fn resolve_members(&mut self) {
        let file = self.file;
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            let node = entry.get();
            let limits = node.limits.as_ref().and_then(|limits| self.limits(limits.get_ref()));
            let cpu = node.cpu.as_ref().and_then(|cpu| self.cpu(cpu.get_ref()));
            let access = node.access.as_ref().and_then(|access| self.access(access.get(), &ids));
            let relay = node.relay.as_ref().and_then(|relay| self.relay(relay.get_ref()));
            let drops = node.relay.as_ref().and_then(|relay| self.drops(relay.get_ref()));
            let (drops_from, drops_of) = drops.unzip();
            let lies = node.relay.as_ref().and_then(|relay| self.lies(relay.get_ref()));
            let interval = node.ping_interval.as_ref().and_then(|every| self.ping_interval(every));
            let claims = node.claims.as_ref().and_then(|other| self.claimed(other, &ids));
            let gossip = self.gossip(node);
            for id in ids.clone() {
                self.nodes[id].gossip.clone_from(&gossip);
                self.nodes[id].drops_from = drops_from;
                self.nodes[id].drops_of = drops_of.clone().unwrap_or_default();
                self.nodes[id].lies = lies.clone().unwrap_or_default();
                self.nodes[id].ping_interval = interval.unwrap_or(Config::PING_INTERVAL);
                self.nodes[id].claims = claims;
                (self.nodes[id].limits, self.nodes[id].relay) = (limits.unwrap_or_default(), relay);
                self.nodes[id].cpu = cpu.unwrap_or_default();
                if let Some(access) = &access {
                    let itself = |peer: &&NodeId| peer.0 as usize != id;
                    let allow = access.allow.iter().filter(itself).copied().collect();
                    self.nodes[id].access = Access { allow, ..*access };
                }
            }
        }
        self.check_callable();
        self.check_networks();
    }

    /// What part a node takes in gossip.
    fn gossip(&mut self, node: &Node) -> Option<Gossip> {
        let is_discoverable = node.discoverable.as_ref().map(|is| *is.get_ref());
        let newcomers = node.newcomers.as_ref().filter(|is| *is.get_ref());
        let needless = node.tags.first().map(|tag| ("tags", tag.span()));
        let needless = needless.or(newcomers.map(|is| ("newcomers", is.span())));
        if let Some((key, span)) = needless.filter(|_| is_discoverable != Some(true)) {
            self.wrong(
                Diagnostic::at(span, format!("`{key}` of a node that nobody finds"))
                    .help(format!("write `discoverable = true`, or leave `{key}` out")),
            );
        }
        if let Some(tag) = node.tags.get(TAGS) {
            self.wrong(
                Diagnostic::at(tag.span(), format!("{} tags are too many", node.tags.len()))
                    .label(format!("a node can have {TAGS}"))
                    .help("leave some out"),
            );
        }
        let tags = node.tags.iter().map(|tag| tag.get_ref().clone()).collect();
        let is_bootstrap = newcomers.is_some();
        is_discoverable.map(|is_discoverable| Gossip { is_discoverable, is_bootstrap, tags })
    }

    /// A node must have room for all that it has to do with.
    pub(super) fn check_rooms(&mut self) {
        let asks = model::asks(&self.nodes, &self.sends);
        for (entry, ids) in self.file.node.iter().zip(self.nodes_of.clone()) {
            self.check_room(entry.get(), ids, &asks);
        }
        self.check_neighbours(&asks);
    }

    fn limits(&mut self, limits: &file::Limits) -> Option<Limits> {
        let own = match limits {
            file::Limits::Of(Kind::Board) => return Some(Limits::BOARD),
            file::Limits::Of(Kind::Host) => return Some(Limits::HOST),
            file::Limits::Own(own) => own,
        };
        let OwnLimits {
            peers,
            handshakes,
            messages,
            message_window,
            buffer,
            window_bits,
            circuits,
            records,
        } = &**own;
        let buffer = buffer.as_ref().map(|buffer| {
            let bytes = buffer.get_ref().0;
            (bytes, buffer.span())
        });
        Some(Limits {
            peers: self.in_range("peers", peers, 1..=16_384),
            handshakes: self.in_range("handshakes", handshakes, 2..=4_096),
            messages: self.in_range("messages", messages, 2..=16_384),
            message_window: self.power_of_two("message_window", message_window, 32..=1_024),
            buffer: self.bounded("buffer", buffer, 1_440..=10_485_600),
            window_bits: self.power_of_two("window_bits", window_bits, 128..=WINDOW_BITS_MAX),
            circuits: self.in_range("circuits", circuits, 1..=16_384),
            records: self.in_range("records", records, 4..=16_384),
        })
    }

    /// How much a node relays, if it does.
    fn relay(&mut self, relay: &file::Relay) -> Option<RelayLimits> {
        let own = match relay {
            file::Relay::Is(false) => return None,
            file::Relay::Is(true) => return Some(RelayLimits::DEFAULT),
            file::Relay::Own(own) => own,
        };
        let OwnRelay { circuit, peer, all, reservations, circuits, foreign, .. } = &**own;
        let default = RelayLimits::DEFAULT;
        let count = |count: Option<usize>, default| {
            count.map_or(default, |count| u16::try_from(count).expect("it is in its range"))
        };
        Some(RelayLimits {
            reservations: count(
                self.in_range("reservations", reservations, 0..=16_384),
                default.reservations,
            ),
            circuits_per_peer: count(
                self.in_range("circuits", circuits, 0..=16_384),
                default.circuits_per_peer,
            ),
            circuit_bytes: self.bytes_a_second(circuit).unwrap_or(default.circuit_bytes),
            peer_bytes: self.bytes_a_second(peer).unwrap_or(default.peer_bytes),
            all_bytes: self.bytes_a_second(all).unwrap_or(default.all_bytes),
            foreign_bytes: self.bytes_a_second(foreign).unwrap_or(default.foreign_bytes),
        })
    }

    /// From when on a relay loses what it carries, and whose.
    fn drops(&mut self, relay: &file::Relay) -> Option<(Instant, Vec<NodeId>)> {
        let file::Relay::Own(own) = relay else { return None };
        let Some(written) = own.drops_from.as_ref() else {
            if let Some(whose) = own.drops_of.first() {
                self.wrong(
                    Diagnostic::at(whose.span(), "`drops_of` without `drops_from`")
                        .label("from when on does it lose them?")
                        .help("add `drops_from = \"0s\"`, or leave `drops_of` out"),
                );
            }
            return None;
        };
        let from = instant(written);
        let mut whose = BTreeSet::new();
        for pattern in &own.drops_of {
            whose.extend(self.select_members(pattern)?);
        }
        let is_in_time = self.before_end("the relay begins to lose", from, written.span());
        is_in_time.then(|| (from, whose.into_iter().collect()))
    }

    /// What a relay does that is not to be believed.
    fn lies(&mut self, relay: &file::Relay) -> Option<Lies> {
        let file::Relay::Own(own) = relay else { return None };
        let attests = match &own.attests {
            Some(name) => {
                let node = self.names.node(name);
                Some(self.note_name(node)?)
            }
            None => None,
        };
        let lie = own.lies.map(|lie| match lie {
            file::Lie::Doubles => Lie::Doubles,
            file::Lie::Replays => Lie::Replays,
            file::Lie::Alters => Lie::Alters,
            file::Lie::Misleads => Lie::Misleads,
        });
        Some(Lies { lie, attests })
    }

    /// Checkers know how often pings come at most.
    fn ping_interval(&mut self, every: &Spanned<Period>) -> Option<Duration> {
        let (least, most) = (Config::PING_INTERVAL, Config::PING_INTERVAL_MAX);
        let interval = every.get_ref().0;
        if (least..=most).contains(&interval) {
            return Some(interval);
        }
        let message = format!("no node pings every {}", every.get_ref());
        self.wrong(Diagnostic::at(every.span(), message).help(format!(
            "write an interval from {} to {}",
            Period(least),
            Period(most)
        )));
        None
    }

    /// At whose addresses a node says it is.
    fn claimed(&mut self, name: &Spanned<String>, ids: &Range<usize>) -> Option<NodeId> {
        let node = self.names.node(name);
        let node = self.note_name(node)?;
        if ids.contains(&(node.0 as usize)) {
            self.wrong(
                Diagnostic::at(name.span(), format!("`{name}` claims its own addresses"))
                    .help("leave `claims` out, or name another node"),
            );
            return None;
        }
        Some(node)
    }

    /// What a relay lets pass in a second, which must be a packet at least.
    fn bytes_a_second(&mut self, rate: &Option<Spanned<Rate>>) -> Option<u32> {
        let written = rate.as_ref()?;
        let bytes = u32::try_from(written.get_ref().bits_per_second() / 8).ok();
        let bytes = bytes.filter(|bytes| (RELAYED_MIN..=RELAYED_MAX).contains(bytes));
        if bytes.is_none() {
            let message = format!("no relay is made for {}", written.get_ref());
            let least = Rate::from_bits_per_second(8 * u64::from(RELAYED_MIN));
            let most = Rate::from_bits_per_second(8 * u64::from(RELAYED_MAX));
            let (least, most) = (least.expect("not zero"), most.expect("not zero"));
            self.wrong(
                Diagnostic::at(written.span(), message)
                    .note("a second's worth may pass at once, of which a quarter is for short ones")
                    .help(format!("write a rate from {least} to {most}")),
            );
        }
        bytes
    }

    fn in_range(
        &mut self,
        key: &str,
        limit: &Option<Spanned<u64>>,
        range: RangeInclusive<u64>,
    ) -> Option<usize> {
        self.bounded(key, limit.as_ref().map(|limit| (*limit.get_ref(), limit.span())), range)
    }

    /// A limit that a node can keep to.
    fn bounded(
        &mut self,
        key: &str,
        limit: Option<(u64, Range<usize>)>,
        range: RangeInclusive<u64>,
    ) -> Option<usize> {
        let (value, at) = limit?;
        if !range.contains(&value) {
            let (least, most) = range.into_inner();
            self.wrong(
                Diagnostic::at(at, format!("`{key}` cannot be {value}"))
                    .label("no node is made for this")
                    .help(format!("`{key}` is from {least} to {most}")),
            );
            return None;
        }
        usize::try_from(value).ok()
    }

    fn power_of_two(
        &mut self,
        key: &str,
        limit: &Option<Spanned<u64>>,
        range: RangeInclusive<u64>,
    ) -> Option<usize> {
        let written = limit.as_ref()?;
        let value = *written.get_ref();
        if range.contains(&value) && !value.is_power_of_two() {
            let near = value.next_power_of_two();
            self.wrong(
                Diagnostic::at(written.span(), format!("`{key}` cannot be {value}"))
                    .label("not a power of two")
                    .help(format!("write `{key} = {}` or `{key} = {near}`", near / 2)),
            );
            return None;
        }
        self.in_range(key, limit, range)
    }

    fn access(&mut self, access: &file::Access, ids: &Range<usize>) -> Option<Access> {
        let mut allow: BTreeSet<NodeId> = BTreeSet::new();
        for pattern in &access.allow {
            let selected = self.select_members(pattern)?;
            self.check_speak_all(pattern.span(), ids, &selected)?;
            if selected.iter().all(|id| ids.contains(&(id.0 as usize)) && ids.len() == 1) {
                let message = format!("`{pattern}` allows itself");
                self.wrong(
                    Diagnostic::at(pattern.span(), message)
                        .help("a node always deals with itself: name another node"),
                );
            }
            allow.extend(selected);
        }
        let circle = |whom: &Option<Spanned<file::Whom>>| match whom.as_ref().map(Spanned::get_ref)
        {
            None | Some(file::Whom::Network) => Whom::Network,
            Some(file::Whom::Listed) => Whom::Listed,
            Some(file::Whom::Pinned) => Whom::Pinned,
            Some(file::Whom::Nobody) => Whom::Nobody,
        };
        let (answers, messages) = (circle(&access.answers), circle(&access.messages));
        Some(Access { answers, messages, allow: allow.into_iter().collect() })
    }

    /// Whom a node dials, calls or names it must have room for.
    fn check_room(&mut self, node: &Node, ids: Range<usize>, asks: &BTreeSet<Pair>) {
        let Some(at) = node.limits.as_ref().map(Spanned::span) else { return };
        for id in ids {
            let node = &self.nodes[id];
            let mut named: BTreeSet<NodeId> = node.peers.iter().copied().collect();
            named.extend(&node.access.allow);
            let from = NodeId(u32::try_from(id).expect("bounded by NODES_MAX"));
            let asked = asks.range((from, NodeId(0))..=(from, NodeId(u32::MAX)));
            named.extend(asked.map(|(_, to)| *to));
            // An address takes up room until it is known whose it is.
            let needed = named.len() + node.bootstrap.len();
            let Some(room) = node.limits.peers.filter(|room| *room < needed) else { continue };
            let message =
                format!("`{}` has no room for the {needed} peers that it names", node.name);
            let mistake = Diagnostic::at(at, message)
                .label(format!("room for {room}"))
                .note("`peers`, `bootstrap`, those that `access` allows and those sent to are counted")
                .help(format!("let it hold at least {needed}, or list fewer"));
            return self.wrong(mistake);
        }
    }

    /// Who knows an address alone is answered only by those that answer everybody.
    fn check_callable(&mut self) {
        let file = self.file;
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            for pattern in &entry.get().bootstrap {
                let Ok(called) = self.names.select(pattern) else { continue };
                let deaf = |id: &&NodeId| {
                    !ids.contains(&(id.0 as usize))
                        && self.nodes[id.0 as usize].access.answers != Whom::Network
                };
                let Some(deaf) = called.iter().find(deaf) else { continue };
                let entry = self.nodes_of.iter().position(|ids| ids.contains(&(deaf.0 as usize)));
                let access = entry.and_then(|entry| self.file.node[entry].get().access.as_ref());
                let name = self.names.of(*deaf);
                let mut mistake =
                    Diagnostic::at(pattern.span(), format!("`{name}` does not answer strangers"))
                        .label("whoever calls an address says last who it is")
                        .help(format!(
                            "list `{name}` in `peers`, or let it answer the \"network\""
                        ));
                if let Some(access) = access.map(Table::span) {
                    mistake = mistake.also(access, "it deals with these only");
                }
                self.wrong(mistake);
            }
        }
    }
}
