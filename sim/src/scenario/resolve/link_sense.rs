//! Keys of links that mean nothing, by themselves or without others.

use std::ops::Range;

use crate::scenario::file::Spanned;
use underpass_core::Duration;

use super::links::{Given, gilbert_elliott};
use crate::link::LinkModel;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::file::{self, Direction};
use crate::units::Probability;
use crate::world::{IPV4_UDP_HEADERS, IPV6_UDP_HEADERS};

/// The datagram that begins a handshake, with its headers: over IPv4, and over IPv6.
const MTU_MIN: u32 = 192 + IPV4_UDP_HEADERS;
const IPV6_MTU_MIN: u32 = 192 + IPV6_UDP_HEADERS;

/// A key that needs another one.
struct Needs {
    key: fn(&Direction) -> Option<Range<usize>>,
    /// Whether the link has what the key needs.
    has: fn(&LinkModel) -> bool,
    message: &'static str,
    label: &'static str,
    help: &'static str,
}

const NEEDS: &[Needs] = &[
    Needs {
        key: |keys| keys.limit.as_ref().filter(|limit| *limit.get_ref() > 0).map(Spanned::span),
        has: |link| link.rate.is_some(),
        message: "a `limit` without a `rate` does nothing",
        label: "no packet ever waits here",
        help: "add `rate = \"10mbit\"`, or leave `limit` out",
    },
    Needs {
        key: |keys| keys.distribution.as_ref().map(Spanned::span),
        has: |link| link.jitter > Duration::ZERO,
        message: "a `distribution` without a `jitter` does nothing",
        label: "every packet takes the same time here",
        help: "add `jitter = \"5ms\"`, or leave `distribution` out",
    },
    Needs {
        key: |keys| possible(keys.reorder.as_ref()).map(Spanned::span),
        has: |link| link.delay > Duration::ZERO,
        message: "a `reorder` without a `delay` does nothing",
        label: "a reordered packet skips the delay, and there is none",
        help: "add `delay = \"20ms\"`, or leave `reorder` out",
    },
    Needs {
        key: |keys| keys.gap.as_ref().filter(|gap| *gap.get_ref() > 0).map(Spanned::span),
        has: |link| link.reorder != Probability::NEVER,
        message: "a `gap` without a `reorder` does nothing",
        label: "no packet is reordered here",
        help: "add `reorder = \"5%\"`, or leave `gap` out",
    },
];

fn possible(probability: Option<&Spanned<Probability>>) -> Option<&Spanned<Probability>> {
    probability.filter(|probability| *probability.get_ref() != Probability::NEVER)
}

impl Given<'_> {
    /// Keys without what they need, on a link that has become these. What is said of both
    /// directions must mean something in one.
    pub(super) fn nonsense(&self, up: &LinkModel, down: &LinkModel) -> Vec<Diagnostic> {
        let check = |needs: &Needs| {
            let (up, down) = ((needs.has)(up), (needs.has)(down));
            let tables = [(Some(&self.keys), up || down), (self.up, up), (self.down, down)];
            let lacks = |(keys, has): (Option<&Direction>, bool)| {
                let at = keys.and_then(needs.key).filter(|_| !has)?;
                Some(Diagnostic::at(at, needs.message).label(needs.label).help(needs.help))
            };
            tables.into_iter().filter_map(lacks).collect::<Vec<_>>()
        };
        NEEDS.iter().flat_map(check).collect()
    }

    /// An MTU that is large enough, but not for IPv6, on a link that has become these.
    pub(super) fn too_small_for_ipv6(
        &self,
        up: &LinkModel,
        down: &LinkModel,
    ) -> Option<Diagnostic> {
        let check = |own, model: &LinkModel| {
            let mtu = model.mtu.filter(|mtu| (MTU_MIN..IPV6_MTU_MIN).contains(mtu))?;
            let at = self.place_of(own, |keys| keys.mtu.as_ref().map(Spanned::span))?;
            let mistake =
                Diagnostic::at(at, format!("no handshake over IPv6 fits into an `mtu` of {mtu}"))
                    .label(format!("its first datagram takes {IPV6_MTU_MIN} bytes"))
                    .note("192, and 48 for the headers of IPv6 and UDP, which count")
                    .help(format!(
                        "make it at least {IPV6_MTU_MIN}; every link of IPv6 has 1280 or more"
                    ));
            Some(mistake)
        };
        check(self.up, up).or_else(|| check(self.down, down))
    }

    /// Values that mean nothing on any link.
    pub(super) fn wrong_values(&self) -> Vec<Diagnostic> {
        let tables = [Some(&self.keys), self.up, self.down];
        tables.into_iter().flatten().flat_map(wrong_values).collect()
    }
}

fn wrong_values(keys: &Direction) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    let zero = |value: &Option<Spanned<u32>>, key, help| {
        let value = value.as_ref().filter(|value| *value.get_ref() == 0)?;
        Some(Diagnostic::at(value.span(), format!("`{key}` must be at least 1")).help(help))
    };
    let help = "it counts the packets that wait for the rate; the default is 1000";
    mistakes.extend(zero(&keys.limit, "limit", help));
    let help = "of so many packets in a row one may be reordered; the default is 1, for any";
    mistakes.extend(zero(&keys.gap, "gap", help));
    mistakes.extend(keys.mtu.as_ref().and_then(small_mtu));
    if let Some(loss) = &keys.loss
        && let file::Loss::GilbertElliott(model) = loss.get_ref()
    {
        mistakes.extend(one_state(model, loss.span()));
    }
    mistakes
}

fn small_mtu(mtu: &Spanned<u32>) -> Option<Diagnostic> {
    if *mtu.get_ref() >= MTU_MIN {
        return None;
    }
    let message = format!("no handshake fits into an `mtu` of {mtu}");
    let mistake = Diagnostic::at(mtu.span(), message)
        .label(format!("its first datagram takes {MTU_MIN} bytes"))
        .note("192, and 28 for the headers of IPv4 and UDP, which count (with IPv6, 48)")
        .help(format!("make it at least {MTU_MIN}; every link of IPv6 has 1280 or more"));
    Some(mistake)
}

/// A model of two states that has only one, or makes no difference between them.
fn one_state(model: &file::GilbertElliott, at: Range<usize>) -> Option<Diagnostic> {
    let states = gilbert_elliott(model);
    if states.p == Probability::NEVER {
        let mistake = Diagnostic::at(model.p.span(), "the good state never ends")
            .label("with `p` at 0% no packet ever meets the bad one")
            .help("write how often a packet ends it, `p = \"1%\"`, or a plain `loss = \"1%\"`");
        return Some(mistake);
    }
    if states.r == Probability::NEVER {
        let mistake = Diagnostic::at(model.r.span(), "the bad state never ends")
            .label("with `r` at 0% the link stays bad for good")
            .help("write how often a packet ends it: `r = \"10%\"` lasts ten packets on average");
        return Some(mistake);
    }
    if states.loss_bad <= states.loss_good {
        let written = model.loss_bad.as_ref().or(model.loss_good.as_ref());
        let message = "the bad state loses no more than the good one";
        let mistake = Diagnostic::at(written.map_or(at, Spanned::span), message)
            .label(format!(
                "{} in the bad state, {} in the good",
                states.loss_bad, states.loss_good
            ))
            .help("make `loss_bad` larger than `loss_good`, or write a plain `loss = \"1%\"`");
        return Some(mistake);
    }
    None
}
