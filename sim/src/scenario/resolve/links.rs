//! What lies between the nodes.

use std::ops::Range;

use toml::Spanned;
use underpass_core::Duration;

use super::Resolver;
use super::names::Pair;
use crate::link::{LinkModel, LossModel};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{Direction, Link, Links, Table, Two};
use crate::scenario::model::PairLink;
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
}

impl Resolver<'_> {
    /// Gives every node its access link, and pairs of nodes theirs.
    pub(super) fn resolve_links(&mut self) {
        let file = self.file;
        let default = match &file.link {
            Some(links) => match links.get_ref() {
                Links::One(link) => self.access_link(link, "`[link]`"),
                Links::Several(links) => self.several(links),
            },
            None => Directions::default(),
        };
        self.node_losses = vec![Losses::default(); self.nodes.len()];
        for (entry, ids) in file.node.iter().zip(self.nodes_of.clone()) {
            let own = entry.get().link.as_ref();
            let own = own.map(|link| self.access_link(link.get(), "a node's `link`"));
            let link = own.as_ref().unwrap_or(&default);
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
            self.wrong(
                Diagnostic::at(rtt.span(), "`rtt` on an access link")
                    .label("a round trip crosses two access links, each in both directions")
                    .help("write `delay`, or `rtt` in a `[[link]]` with `between`"),
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
        let Two(a, b) = between.get_ref();
        let Some(pairs) = self.ordered_pairs(a, b) else { return };
        let first_new = self.pairs.len();
        for (a, b) in pairs {
            match self.pair_losses.get(&(a, b)) {
                Some((index, _)) if *index < first_new => {
                    return self.given_twice((a, b), *index, between.span());
                }
                // A glob on either side finds a pair from both ends.
                Some(_) if directions.up == directions.down => continue,
                Some(_) => return self.ambiguous((a, b), at),
                None => {}
            }
            let Losses { up, down } = directions.losses.clone();
            let back = Losses { up: down.clone(), down: up.clone() };
            self.pair_losses.insert((a, b), (self.pairs.len(), Losses { up, down }));
            self.pair_losses.insert((b, a), (self.pairs.len(), back));
            self.pair_spans.push(between.span());
            self.pairs.push(PairLink { a, b, ab: directions.up, ba: directions.down });
        }
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
        self.check_rtt(link);
        self.check_limits(link);
        let up = link.up.as_ref().map(Table::get);
        let down = link.down.as_ref().map(Table::get);
        let mut both = Directions {
            up: model(link, up),
            down: model(link, down),
            losses: Losses { up: loss_span(link, up), down: loss_span(link, down) },
        };
        if let Some(rtt) = &link.rtt {
            let rtt = rtt.get_ref().0;
            both.up.delay = Duration::from_micros(rtt.as_micros() / 2);
            both.down.delay = rtt.saturating_sub(both.up.delay);
        }
        both
    }

    fn check_rtt(&mut self, link: &Link) {
        let Some(rtt) = &link.rtt else { return };
        let of = |direction: &Option<Table<Direction>>| direction.as_ref()?.get().delay.clone();
        let delay = link.delay.clone().or_else(|| of(&link.up)).or_else(|| of(&link.down));
        if let Some(delay) = delay {
            let half = Period(Duration::from_micros(rtt.get_ref().0.as_micros() / 2));
            self.wrong(
                Diagnostic::at(rtt.span(), "`rtt` and `delay` for one link")
                    .also(delay.span(), "this says it, too")
                    .help(format!("keep one: an `rtt` of {rtt} is a `delay` of {half} each way")),
            );
        }
    }

    /// A queue that nothing waits in, or that holds nothing, was not meant.
    fn check_limits(&mut self, link: &Link) {
        let up = link.up.as_ref().map(Table::get);
        let down = link.down.as_ref().map(Table::get);
        let rate = |own: Option<&Direction>| {
            link.rate.is_some() || own.is_some_and(|own| own.rate.is_some())
        };
        let own_limit = |own: Option<&Direction>| own.and_then(|own| own.limit.clone());
        for (limit, has_rate) in [
            (link.limit.clone(), rate(up) || rate(down)),
            (own_limit(up), rate(up)),
            (own_limit(down), rate(down)),
        ] {
            let Some(limit) = limit else { continue };
            if *limit.get_ref() == 0 {
                self.wrong(
                    Diagnostic::at(limit.span(), "`limit` must be at least 1")
                        .help("it counts the packets that wait for the rate; the default is 1000"),
                );
            } else if !has_rate {
                self.wrong(
                    Diagnostic::at(limit.span(), "a `limit` without a `rate` does nothing")
                        .label("no packet ever waits here")
                        .help("add `rate = \"10mbit\"`, or leave `limit` out"),
                );
            }
        }
    }
}

/// One direction: what it says itself, then what the link says, then the ideal.
fn model(link: &Link, own: Option<&Direction>) -> LinkModel {
    fn pick<T: Copy>(own: Option<Option<&Spanned<T>>>, both: Option<&Spanned<T>>) -> Option<T> {
        own.flatten().or(both).map(|value| *value.get_ref())
    }
    let ideal = LinkModel::IDEAL;
    let time = |value: Option<Period>| value.map_or(Duration::ZERO, |period| period.0);
    LinkModel {
        delay: time(pick(own.map(|own| own.delay.as_ref()), link.delay.as_ref())),
        jitter: time(pick(own.map(|own| own.jitter.as_ref()), link.jitter.as_ref())),
        loss: pick(own.map(|own| own.loss.as_ref()), link.loss.as_ref())
            .map_or(ideal.loss, LossModel::Random),
        rate: pick(own.map(|own| own.rate.as_ref()), link.rate.as_ref()),
        limit: pick(own.map(|own| own.limit.as_ref()), link.limit.as_ref()).unwrap_or(ideal.limit),
        ..ideal
    }
}

/// Where the loss of one direction is written, if it loses anything.
fn loss_span(link: &Link, own: Option<&Direction>) -> Option<Range<usize>> {
    let loss = own.and_then(|own| own.loss.as_ref()).or(link.loss.as_ref())?;
    (*loss.get_ref() != Probability::NEVER).then(|| loss.span())
}
