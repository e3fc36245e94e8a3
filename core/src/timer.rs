//! The timers of a node, and the schedule that every retried exchange follows.

use core::marker::PhantomData;

use crate::time::{Duration, Instant};

/// What a deadline is for; shown in traces, so that they explain themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// When to ping a peer, for the first time in an exchange or again.
    Ping,
    /// When a peer that has not answered counts as gone.
    Silence,
    /// When packets to a peer that has changed its way leave the one before.
    Stretch,
    /// When to ask a relay again to keep a place for this node.
    Reservation,
    /// When to look for a peer at relays, or to ask the next one.
    Search,
    /// When to dial a peer that is gone.
    Reconnect,
    /// When to look for a direct way to a peer, and what is next in that.
    Punch,
    /// When a peer that gossip lets go has been told so.
    Parting,
    /// When to forget the session that a newer one has replaced.
    PreviousSession,
    /// When the keys of a session are to be updated, erased, renewed or given up.
    Keys,
    /// When to acknowledge what has come of messages.
    Acknowledge,
    /// When a packet of a message counts as lost, or its acknowledgement is asked for.
    Loss,
    /// When the next packet of a message may follow.
    Pace,
    /// When a message that was not acknowledged ends, or one that has come in part is forgotten.
    MessageExpiry,
    /// When to send a handshake's first or third message again.
    HandshakeRetry,
    /// When to give up a handshake.
    HandshakeExpiry,
    /// When to look after the neighbours that gossip keeps, and after what it knows.
    Membership,
    /// When to compare with a neighbour who is known.
    Shuffle,
    /// When to sign this node's own record anew.
    Publish,
    /// When to ask once more who has a tag.
    Walk,
}

impl Timer {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Ping,
        Self::Silence,
        Self::Stretch,
        Self::Reservation,
        Self::Search,
        Self::Reconnect,
        Self::Punch,
        Self::PreviousSession,
        Self::Keys,
        Self::Acknowledge,
        Self::Loss,
        Self::Pace,
        Self::MessageExpiry,
        Self::HandshakeRetry,
        Self::HandshakeExpiry,
    ];
}

/// When [`Node::handle_timeout`](crate::Node::handle_timeout) must be called next, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadline {
    /// The moment. It may lie in the past: then the call is due at once.
    pub at: Instant,
    /// The timer that expires then.
    pub timer: Timer,
}

/// How long a control exchange is tried.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(5);

/// The gap after try number `tries` (from 1): 250 ms, 500 ms, then a second.
pub(crate) const fn retry_gap(tries: u8) -> Duration {
    match tries {
        0 | 1 => Duration::from_millis(250),
        2 => Duration::from_millis(500),
        _ => Duration::from_secs(1),
    }
}

/// The timers that an owner of some kind has.
pub(crate) trait Kinds<const N: usize> {
    const KINDS: [Timer; N];
}

/// A few timers of one owner: the earliest is the owner's deadline.
pub(crate) struct Timers<K, const N: usize> {
    at: [Option<Instant>; N],
    kinds: PhantomData<K>,
}

/// A peer's timers.
pub(crate) type PeerTimers = Timers<OfPeer, 14>;
/// A handshake's timers.
pub(crate) type HandshakeTimers = Timers<OfHandshake, 2>;

/// The timers of the node itself.
pub(crate) type NodeTimers = Timers<OfNode, 4>;

pub(crate) struct OfNode;
pub(crate) struct OfPeer;
pub(crate) struct OfHandshake;

impl Kinds<4> for OfNode {
    const KINDS: [Timer; 4] = [Timer::Membership, Timer::Shuffle, Timer::Publish, Timer::Walk];
}

impl Kinds<14> for OfPeer {
    const KINDS: [Timer; 14] = [
        Timer::Ping,
        Timer::Silence,
        Timer::Stretch,
        Timer::Reservation,
        Timer::Search,
        Timer::Reconnect,
        Timer::Punch,
        Timer::Parting,
        Timer::PreviousSession,
        Timer::Keys,
        Timer::Acknowledge,
        Timer::Loss,
        Timer::Pace,
        Timer::MessageExpiry,
    ];
}

impl Kinds<2> for OfHandshake {
    const KINDS: [Timer; 2] = [Timer::HandshakeRetry, Timer::HandshakeExpiry];
}

impl<K: Kinds<N>, const N: usize> Timers<K, N> {
    pub(crate) const STOPPED: Self = Self { at: [None; N], kinds: PhantomData };

    pub(crate) fn set(&mut self, timer: Timer, at: Option<Instant>) {
        let position = K::KINDS.iter().position(|kind| *kind == timer);
        self.at[position.expect("an owner sets its own timers")] = at;
    }

    /// The earliest, in declared order among equals.
    pub(crate) fn earliest(&self) -> Option<Deadline> {
        let mut earliest: Option<Deadline> = None;
        // By reference: a copy of all of them would take longer than to look.
        for (&timer, at) in K::KINDS.iter().zip(&self.at) {
            if let Some(at) = *at
                && earliest.is_none_or(|earliest| at < earliest.at)
            {
                earliest = Some(Deadline { at, timer });
            }
        }
        earliest
    }

    /// Stops and returns the earliest if it is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let due = self.earliest().filter(|deadline| deadline.at <= now)?;
        self.set(due.timer, None);
        Some(due.timer)
    }
}
