//! What one direction of a link is like.

use std::num::NonZeroU32;

use underpass_core::Duration;

use super::distribution::Distribution;
use crate::units::{Probability, Rate};

/// One direction of a link, in tc-netem's terms. The default is ideal: no delay, no loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkModel {
    /// Propagation delay of every packet.
    pub delay: Duration,
    /// How far each packet's delay differs from `delay`. It never falls below zero.
    pub jitter: Duration,
    /// How the differences are spread.
    pub distribution: Distribution,
    /// Packets lost by chance.
    pub loss: LossModel,
    /// Packets of which a second one goes out. A packet that is lost, too, goes out once.
    pub duplicate: Probability,
    /// Packets in which one bit is flipped. The UDP checksum, which would find it, is taken to be
    /// right: what protects the payload is the receiver's business.
    pub corrupt: Probability,
    /// Packets that skip the delay, and the queue of a limited rate, and so overtake others.
    pub reorder: Probability,
    /// Before the first packet that is reordered, and between two, `gap - 1` are not.
    pub gap: NonZeroU32,
    /// Bits a second, IP and UDP headers included; `None` for no limit.
    pub rate: Option<Rate>,
    /// Packets that wait for a limited rate, the one being sent included; one more is dropped. Those
    /// that have been sent and are still under way do not count, which in tc-netem they do. The
    /// default is tc-netem's, 1000.
    pub limit: u32,
    /// Bytes of the largest packet, IP and UDP headers included; larger ones are dropped, as if none
    /// may be fragmented. `None` for no limit.
    pub mtu: Option<u32>,
}

/// How a link loses packets by chance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LossModel {
    /// Each packet independently of all others: tc-netem's `loss random`.
    Random(Probability),
    /// In bursts: tc-netem's `loss gemodel`.
    GilbertElliott(GilbertElliott),
}

/// A link that is in a good or in a bad state. It begins in the good one; each packet is lost with
/// the probability of the state that it finds, and then the state may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GilbertElliott {
    /// From good to bad: tc-netem's `p`.
    pub p: Probability,
    /// From bad to good: tc-netem's `r`. A bad state lasts `1 / r` packets on average.
    pub r: Probability,
    /// Loss in the bad state: tc-netem's `1-h`.
    pub loss_bad: Probability,
    /// Loss in the good state: tc-netem's `1-k`.
    pub loss_good: Probability,
}

/// What a link has different from the one that is there: fields that are `None` stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LinkPatch {
    /// Whether they are differences from the ideal link, whatever link is there.
    pub afresh: bool,
    /// See [`LinkModel::delay`].
    pub delay: Option<Duration>,
    /// See [`LinkModel::jitter`].
    pub jitter: Option<Duration>,
    /// See [`LinkModel::distribution`].
    pub distribution: Option<Distribution>,
    /// See [`LinkModel::loss`].
    pub loss: Option<LossModel>,
    /// See [`LinkModel::duplicate`].
    pub duplicate: Option<Probability>,
    /// See [`LinkModel::corrupt`].
    pub corrupt: Option<Probability>,
    /// See [`LinkModel::reorder`].
    pub reorder: Option<Probability>,
    /// See [`LinkModel::gap`].
    pub gap: Option<NonZeroU32>,
    /// See [`LinkModel::rate`].
    pub rate: Option<Rate>,
    /// See [`LinkModel::limit`].
    pub limit: Option<u32>,
    /// See [`LinkModel::mtu`].
    pub mtu: Option<u32>,
}

impl LinkModel {
    /// No delay, no loss, no limit of rate or size.
    pub const IDEAL: Self = Self {
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        distribution: Distribution::Uniform,
        loss: LossModel::NEVER,
        duplicate: Probability::NEVER,
        corrupt: Probability::NEVER,
        reorder: Probability::NEVER,
        gap: NonZeroU32::MIN,
        rate: None,
        limit: 1000,
        mtu: None,
    };

    /// The link with these differences.
    pub fn with(self, patch: &LinkPatch) -> Self {
        let old = if patch.afresh { Self::IDEAL } else { self };
        Self {
            delay: patch.delay.unwrap_or(old.delay),
            jitter: patch.jitter.unwrap_or(old.jitter),
            distribution: patch.distribution.unwrap_or(old.distribution),
            loss: patch.loss.unwrap_or(old.loss),
            duplicate: patch.duplicate.unwrap_or(old.duplicate),
            corrupt: patch.corrupt.unwrap_or(old.corrupt),
            reorder: patch.reorder.unwrap_or(old.reorder),
            gap: patch.gap.unwrap_or(old.gap),
            rate: patch.rate.or(old.rate),
            limit: patch.limit.unwrap_or(old.limit),
            mtu: patch.mtu.or(old.mtu),
        }
    }

    /// Whether what becomes of a packet depends on those before it.
    pub(super) fn remembers(&self) -> bool {
        self.rate.is_some()
            || self.gap > NonZeroU32::MIN
            || matches!(self.loss, LossModel::GilbertElliott(_))
    }
}

impl Default for LinkModel {
    fn default() -> Self {
        Self::IDEAL
    }
}

impl LossModel {
    /// Nothing is lost.
    pub const NEVER: Self = Self::Random(Probability::NEVER);

    /// Whether anything is ever lost.
    pub fn loses(self) -> bool {
        match self {
            Self::Random(loss) => loss != Probability::NEVER,
            Self::GilbertElliott(GilbertElliott { loss_bad, loss_good, .. }) => {
                loss_bad != Probability::NEVER || loss_good != Probability::NEVER
            }
        }
    }
}

impl LinkPatch {
    /// These differences and those, which win.
    pub fn and(self, other: &Self) -> Self {
        if other.afresh {
            return *other;
        }
        Self {
            afresh: self.afresh,
            delay: other.delay.or(self.delay),
            jitter: other.jitter.or(self.jitter),
            distribution: other.distribution.or(self.distribution),
            loss: other.loss.or(self.loss),
            duplicate: other.duplicate.or(self.duplicate),
            corrupt: other.corrupt.or(self.corrupt),
            reorder: other.reorder.or(self.reorder),
            gap: other.gap.or(self.gap),
            rate: other.rate.or(self.rate),
            limit: other.limit.or(self.limit),
            mtu: other.mtu.or(self.mtu),
        }
    }
}
