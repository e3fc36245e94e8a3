//! What lies between the nodes.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::Duration;

use super::Resolver;
use super::names::Pair;
use crate::link::{Distribution, GilbertElliott, LinkModel, LinkPatch, LossModel, Preset};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Direction, Link, LinkFault, LinkPreset, Links, Table, Two};
use crate::scenario::model::{NodeId, PairLink};
use crate::units::{Period, Probability};

/// Where a link's loss is written, for `up` and for `down`, if it has any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Losses {
    pub(super) up: Option<Range<usize>>,
    pub(super) down: Option<Range<usize>>,
}

/// Both directions of a link.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Directions {
    up: LinkModel,
    down: LinkModel,
    losses: Losses,
    /// What is wrong with it if IPv6 crosses it.
    too_small_for_ipv6: Option<Diagnostic>,
}

/// What any of the tables that describe a link says of it.
pub(super) struct Given<'f> {
    pub(super) preset: Option<&'f Spanned<String>>,
    pub(super) rtt: Option<&'f Spanned<Period>>,
    pub(super) keys: Direction,
    pub(super) up: Option<&'f Direction>,
    pub(super) down: Option<&'f Direction>,
}

impl<'f> From<&'f Link> for Given<'f> {
    fn from(link: &'f Link) -> Self {
        Self {
            preset: link.preset.as_ref(),
            rtt: link.rtt.as_ref(),
            keys: link.keys(),
            up: link.up.as_ref().map(Table::get),
            down: link.down.as_ref().map(Table::get),
        }
    }
}

impl<'f> From<&'f LinkFault> for Given<'f> {
    fn from(link: &'f LinkFault) -> Self {
        Self {
            preset: link.preset.as_ref(),
            rtt: link.rtt.as_ref(),
            keys: link.keys(),
            up: link.up.as_ref().map(Table::get),
            down: link.down.as_ref().map(Table::get),
        }
    }
}

impl<'f> From<&'f LinkPreset> for Given<'f> {
    fn from(link: &'f LinkPreset) -> Self {
        Self {
            preset: None,
            rtt: None,
            keys: link.keys(),
            up: link.up.as_ref().map(Table::get),
            down: link.down.as_ref().map(Table::get),
        }
    }
}

impl Resolver<'_> {
    /// Gives every node its access link, and pairs of nodes theirs.
    pub(super) fn resolve_links(&mut self) {
        let file = self.file;
        self.resolve_presets();
        let mut default = match &file.link {
            Some(links) => match links.get_ref() {
                Links::One(link) => self.access_link(link, "`[link]`"),
                Links::Several(links) => self.several(links),
            },
            None => Directions::default(),
        };
        self.node_losses = vec![Losses::default(); self.nodes.len()];
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            let own = entry.get().link.as_ref();
            let mut own = own.map(|link| self.access_link(link.get(), "a node's `link`"));
            let link = own.as_mut().unwrap_or(&mut default);
            if self.nodes[ids.clone()].iter().any(|node| node.ipv6) {
                self.mistakes.extend(link.too_small_for_ipv6.take());
            }
            for id in ids {
                self.nodes[id].up = link.up;
                self.nodes[id].down = link.down;
                self.node_losses[id] = link.losses.clone();
            }
        }
    }

    /// A link that is no stretch between two nodes.
    fn access_link(&mut self, link: &Link, what: &str) -> Directions {
        if let Some(between) = &link.between {
            let message = format!("{what} cannot lie between two nodes");
            self.wrong(
                Diagnostic::at(between.span(), message)
                    .label("an access link leads from a node into the network")
                    .help("write a stretch between two nodes as `[[link]]` with `between`"),
            );
        } else if let Some(rtt) = &link.rtt {
            let help = "write `delay`, or `rtt` in a `[[link]]` with `between`";
            self.wrong(rtt_on_access(rtt.span(), help));
        }
        if let Some(when) = &link.when {
            self.wrong(
                Diagnostic::at(when.span(), format!("`when` for {what}"))
                    .label("it says when an entry of a list is there")
                    .help("write `[[link]]` with `when`, or `when` in the `[[node]]`"),
            );
        }
        self.directions(link)
    }

    /// The pairs' links; returns everybody's access link.
    fn several(&mut self, links: &[Table<Link>]) -> Directions {
        let mut default: Option<(Directions, Range<usize>)> = None;
        for entry in links {
            let link = entry.get();
            if let Some(between) = &link.between {
                self.pair_link(link, between, entry.span());
            } else if let Some((_, first)) = &default {
                let mistake = Diagnostic::at(entry.span(), "two access links for everybody")
                    .label("this `[[link]]` has no `between`")
                    .also(first.clone(), "neither has this one")
                    .help("add `between = [\"a\", \"b\"]`, or give one node its own `link`");
                self.wrong(mistake);
            } else {
                default = Some((self.access_link(link, "a `[[link]]`"), entry.span()));
            }
        }
        default.map(|(link, _)| link).unwrap_or_default()
    }

    fn pair_link(
        &mut self,
        link: &Link,
        between: &Spanned<Two<Spanned<String>>>,
        at: Range<usize>,
    ) {
        let directions = self.directions(link);
        let symmetric = directions.up == directions.down;
        let Some(pairs) = self.pairs_between(between, symmetric, at) else { return };
        if pairs.iter().any(|pair| self.use_ipv6(*pair)) {
            self.mistakes.extend(directions.too_small_for_ipv6);
        }
        for (a, b) in pairs {
            if let Some((index, _)) = self.pair_losses.get(&(a, b)) {
                return self.given_twice((a, b), *index, between.span());
            }
            let Losses { up, down } = directions.losses.clone();
            let back = Losses { up: down.clone(), down: up.clone() };
            self.pair_losses.insert((a, b), (self.pairs.len(), Losses { up, down }));
            self.pair_losses.insert((b, a), (self.pairs.len(), back));
            self.pair_spans.push(between.span());
            self.pairs.push(PairLink { a, b, ab: directions.up, ba: directions.down });
        }
    }

    /// The pairs between two patterns, each once, from the first to the second; `symmetric` if it
    /// does not matter which way round.
    pub(super) fn pairs_between(
        &mut self,
        between: &Spanned<Two<Spanned<String>>>,
        symmetric: bool,
        at: Range<usize>,
    ) -> Option<Vec<Pair>> {
        let Two(a, b) = between.get_ref();
        let mut pairs = self.linked_pairs(a, b)?;
        // A glob on either side finds a pair from both ends.
        let found: BTreeSet<Pair> = pairs.iter().copied().collect();
        let is_found_back = |(a, b): &Pair| found.contains(&(*b, *a));
        if let Some(pair) = pairs.iter().copied().find(is_found_back)
            && !symmetric
        {
            self.ambiguous(pair, at);
            return None;
        }
        pairs.retain(|(a, b)| a < b || !is_found_back(&(*a, *b)));
        let behind = |node: NodeId| self.nodes[node.0 as usize].behind;
        if let Some(apart) = pairs.iter().find(|(a, b)| behind(*a) != behind(*b)) {
            self.do_not_meet(*apart, between.span());
            return None;
        }
        Some(pairs)
    }

    fn do_not_meet(&mut self, (a, b): Pair, at: Range<usize>) {
        let place = |node: NodeId| match self.nodes[node.0 as usize].behind {
            Some(nat) => format!("behind `{}`", self.nats[nat.0 as usize].name),
            None => "on the public network".into(),
        };
        let (where_a, where_b) = (place(a), place(b));
        let (a, b) = (self.names.of(a), self.names.of(b));
        self.wrong(
            Diagnostic::at(at, format!("there is no one stretch between `{a}` and `{b}`"))
                .label(format!("`{a}` is {where_a}, `{b}` {where_b}"))
                .help("describe the access link of the one that is behind a NAT instead"),
        );
    }

    /// Whether two nodes talk over IPv6: they do where both have it.
    pub(super) fn use_ipv6(&self, (a, b): Pair) -> bool {
        [a, b].iter().all(|node| self.nodes[node.0 as usize].ipv6)
    }

    fn given_twice(&mut self, (a, b): Pair, index: usize, at: Range<usize>) {
        let (a, b) = (self.names.of(a), self.names.of(b));
        let mistake = Diagnostic::at(at, format!("two links between `{a}` and `{b}`"))
            .also(self.pair_spans[index].clone(), "first here")
            .help("keep one; `up` and `down` make its directions differ");
        self.wrong(mistake);
    }

    fn ambiguous(&mut self, (a, b): Pair, at: Range<usize>) {
        let (a, b) = (self.names.of(a), self.names.of(b));
        let message = format!("which way is up between `{a}` and `{b}`?");
        let mistake = Diagnostic::at(at, message)
            .label("both sides of `between` match both nodes, and its directions differ")
            .help("name the nodes of each side apart, or leave `up` and `down` out");
        self.wrong(mistake);
    }

    fn directions(&mut self, link: &Link) -> Directions {
        let given = Given::from(link);
        let Preset { up, down } = self.differences(&given);
        let (up, down) = (LinkModel::IDEAL.with(&up), LinkModel::IDEAL.with(&down));
        self.mistakes.extend(given.nonsense(&up, &down));
        Directions {
            up,
            down,
            losses: given.losses(&up, &down),
            too_small_for_ipv6: given.too_small_for_ipv6(&up, &down),
        }
    }

    /// What a table makes different, in both directions.
    pub(super) fn differences(&mut self, given: &Given<'_>) -> Preset {
        self.check_rtt(given);
        self.mistakes.extend(given.wrong_values());
        let Preset { mut up, mut down } = self.preset(given.preset);
        let both = patch(&given.keys);
        up = up.and(&both).and(&given.up.map(patch).unwrap_or_default());
        down = down.and(&both).and(&given.down.map(patch).unwrap_or_default());
        if let Some(rtt) = given.rtt {
            let rtt = rtt.get_ref().0;
            let there = Duration::from_micros(rtt.as_micros() / 2);
            (up.delay, down.delay) = (Some(there), Some(rtt.saturating_sub(there)));
        }
        Preset { up, down }
    }

    fn check_rtt(&mut self, given: &Given<'_>) {
        let Some(rtt) = given.rtt else { return };
        let of = |direction: Option<&Direction>| direction?.delay.clone();
        let delay = of(Some(&given.keys)).or_else(|| of(given.up)).or_else(|| of(given.down));
        if let Some(delay) = delay {
            let half = Period(Duration::from_micros(rtt.get_ref().0.as_micros() / 2));
            self.wrong(
                Diagnostic::at(rtt.span(), "`rtt` and `delay` for one link")
                    .also(delay.span(), "this says it, too")
                    .help(format!("keep one: an `rtt` of {rtt} is a `delay` of {half} each way")),
            );
        }
    }
}

pub(super) fn rtt_on_access(at: Range<usize>, help: &str) -> Diagnostic {
    Diagnostic::at(at, "`rtt` on an access link")
        .label("a round trip crosses two access links, each in both directions")
        .help(help)
}

impl Given<'_> {
    /// Where the losses of its directions are written, for a link that has become these.
    fn losses(&self, up: &LinkModel, down: &LinkModel) -> Losses {
        let of = |own: Option<&Direction>, model: &LinkModel| {
            let loss = |keys: &Direction| keys.loss.as_ref().map(Spanned::span);
            let corrupt = |keys: &Direction| keys.corrupt.as_ref().map(Spanned::span);
            let lossy = model.loss.loses().then(|| self.place_of(own, loss)).flatten();
            // What is corrupted opens nowhere.
            let corrupts = model.corrupt != Probability::NEVER;
            lossy.or_else(|| corrupts.then(|| self.place_of(own, corrupt)).flatten())
        };
        Losses { up: of(self.up, up), down: of(self.down, down) }
    }

    /// Where a key of the direction is written that has these keys of its own, or else the preset
    /// that may say it.
    pub(super) fn place_of(
        &self,
        own: Option<&Direction>,
        key: impl Fn(&Direction) -> Option<Range<usize>>,
    ) -> Option<Range<usize>> {
        let given = own.and_then(&key).or_else(|| key(&self.keys));
        given.or_else(|| self.preset.map(Spanned::span))
    }
}

/// What a table says of one direction.
fn patch(keys: &Direction) -> LinkPatch {
    fn get<T: Copy>(value: &Option<Spanned<T>>) -> Option<T> {
        value.as_ref().map(|value| *value.get_ref())
    }
    LinkPatch {
        afresh: false,
        delay: get(&keys.delay).map(|delay| delay.0),
        jitter: get(&keys.jitter).map(|jitter| jitter.0),
        distribution: get(&keys.distribution).map(distribution),
        loss: keys.loss.as_ref().map(|loss| loss_model(loss.get_ref())),
        duplicate: get(&keys.duplicate),
        corrupt: get(&keys.corrupt),
        reorder: get(&keys.reorder),
        gap: get(&keys.gap).and_then(NonZeroU32::new),
        rate: get(&keys.rate),
        limit: get(&keys.limit),
        mtu: get(&keys.mtu),
    }
}

fn distribution(distribution: file::Distribution) -> Distribution {
    match distribution {
        file::Distribution::Uniform => Distribution::Uniform,
        file::Distribution::Normal => Distribution::Normal,
        file::Distribution::Pareto => Distribution::Pareto,
        file::Distribution::ParetoNormal => Distribution::ParetoNormal,
    }
}

fn loss_model(loss: &file::Loss) -> LossModel {
    match loss {
        file::Loss::Random(loss) => LossModel::Random(*loss),
        file::Loss::GilbertElliott(model) => LossModel::GilbertElliott(gilbert_elliott(model)),
    }
}

/// With tc-netem's defaults: the bad state loses all, the good one nothing.
pub(super) fn gilbert_elliott(model: &file::GilbertElliott) -> GilbertElliott {
    let or = |value: &Option<Spanned<Probability>>, default| {
        value.as_ref().map_or(default, |value| *value.get_ref())
    };
    GilbertElliott {
        p: *model.p.get_ref(),
        r: *model.r.get_ref(),
        loss_bad: or(&model.loss_bad, Probability::ALWAYS),
        loss_good: or(&model.loss_good, Probability::NEVER),
    }
}
