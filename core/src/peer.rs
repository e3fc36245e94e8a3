//! What a node keeps of each peer.

use serde::{Deserialize, Serialize};

use crate::access::Standing;
use crate::delivery::Delivery;
use crate::event::Event;
use crate::gossip::Gossiping;
use crate::heartbeat::Heartbeat;
use crate::held::Held;
use crate::identity::PeerId;
use crate::path::Path;
use crate::paths::Ways;
use crate::punch::{Punching, RelayReason};
use crate::relay::Relaying;
use crate::session::SessionId;
use crate::time::{Duration, Instant};
use crate::timer::PeerTimers;
use crate::way::Way;
use crate::wire::Intro;

/// A peer by handle: valid until the peer is closed or makes room for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Peer {
    pub(crate) slot: u16,
    pub(crate) generation: u32,
}

/// A peer as this node sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PeerState {
    /// Never reached so far.
    #[default]
    Init,
    /// Answering.
    Active,
    /// Was active, and no longer answers.
    Disconnected,
}

/// Who a peer is.
#[derive(Clone, Copy)]
pub(crate) struct Contact {
    pub(crate) id: PeerId,
    pub(crate) agreement_key: [u8; 32],
}

/// What two records of each other agree on, whatever sessions come and go: message numbers count
/// in it. It ends with either record, which the other end sees by the new number it is told.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    /// Ours, drawn with the record.
    pub(crate) local: u64,
    /// Handshakes begun in it.
    pub(crate) hellos: u64,
    /// What the peer said of itself with the newest session.
    pub(crate) remote: Held<Intro>,
}

impl Channel {
    const NONE: Self = Self { local: 0, hellos: 0, remote: Held::Nothing };

    /// Whether the peer offers to relay.
    pub(crate) fn can_relay(&self) -> bool {
        self.remote.as_ref().is_some_and(Intro::can_relay)
    }

    /// Whether the peer takes part in gossip.
    pub(crate) fn can_gossip(&self) -> bool {
        self.remote.as_ref().is_some_and(Intro::can_gossip)
    }

    /// As both ends name it: ours, theirs. `None` before the first session.
    pub(crate) fn ends(&self) -> Option<[u64; 2]> {
        self.remote.as_ref().map(|remote| [self.local, remote.channel])
    }
}

/// One peer of the storage.
pub struct PeerSlot {
    /// Changes whenever the slot passes to another peer.
    pub(crate) generation: u32,
    /// Not free.
    pub(crate) is_taken: bool,
    /// Of another network: it is dealt with for relaying only.
    pub(crate) is_foreign: bool,
    /// Who it is; nobody knows yet of a peer of which there is only an address.
    pub(crate) contact: Option<Contact>,
    pub(crate) standing: Standing,
    pub(crate) state: PeerState,
    /// When it came into this state.
    pub(crate) since: Instant,
    /// Where it is dialled: where it last answered, or is said to be.
    pub(crate) known: Held<Path>,
    /// How it can be reached, as far as this session has shown.
    pub(crate) ways: Ways,
    /// The session to send on.
    pub(crate) current: Option<SessionId>,
    /// The one before, still opened for packets that were under way.
    pub(crate) previous: Option<SessionId>,
    /// The handshake that this node has begun with it, by slot.
    pub(crate) initiating: Option<u16>,
    /// Attempts to reach it that came to nothing since it was last active.
    pub(crate) attempts: u8,
    /// When it is next believed that it has lost its session.
    pub(crate) hints_from: Instant,
    pub(crate) channel: Channel,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) punch: Punching,
    pub(crate) delivery: Delivery,
    pub(crate) relaying: Relaying,
    pub(crate) gossip: Gossiping,
    pub(crate) timers: PeerTimers,
    pub(crate) news: News,
    /// In the queue of those with something to send.
    pub(crate) is_ready: bool,
}

/// What the application has not been told yet.
#[derive(Clone, Copy)]
pub(crate) struct News {
    /// In the queue of peers with events.
    pub(crate) queued: bool,
    /// The state that was last reported.
    pub(crate) reported: PeerState,
    /// The way that was last reported since the peer became active.
    pub(crate) way: Held<Way>,
    pub(crate) round_trip: Option<Duration>,
    /// Why it is relayed, if it is.
    pub(crate) reason: Held<RelayReason>,
    /// The same, as it was last reported.
    pub(crate) reported_reason: Held<RelayReason>,
}

impl News {
    pub(crate) const NONE: Self = Self {
        queued: false,
        reported: PeerState::Init,
        way: Held::Nothing,
        round_trip: None,
        reason: Held::Nothing,
        reported_reason: Held::Nothing,
    };
}

impl PeerSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        generation: 0,
        is_taken: false,
        is_foreign: false,
        contact: None,
        standing: Standing::Met,
        state: PeerState::Init,
        since: Instant::ORIGIN,
        known: Held::Nothing,
        ways: Ways::NONE,
        current: None,
        previous: None,
        initiating: None,
        attempts: 0,
        hints_from: Instant::ORIGIN,
        channel: Channel::NONE,
        heartbeat: Heartbeat::IDLE,
        punch: Punching::NONE,
        delivery: Delivery::EMPTY,
        relaying: Relaying::NONE,
        gossip: Gossiping::NONE,
        timers: PeerTimers::STOPPED,
        news: News::NONE,
        is_ready: false,
    };

    /// Who the peer in this slot is.
    ///
    /// # Panics
    /// If nobody knows.
    pub(crate) fn contact(&self) -> &Contact {
        self.contact.as_ref().expect("whoever has a session, or is in the index, is known")
    }

    /// Whether it is dialled until there is a session: the application asked for it, or gossip did.
    pub(crate) fn is_wanted(&self) -> bool {
        self.standing == Standing::Pinned || self.gossip.is_kept
    }

    /// All that is known of the peer, but for handshakes and for what its messages hold.
    #[cfg(feature = "inspect")]
    pub(crate) fn hash_into(&self, hasher: &mut impl core::hash::Hasher) {
        use core::hash::Hash as _;
        self.generation.hash(hasher);
        self.contact.map(|contact| contact.id).hash(hasher);
        (self.standing as u8, self.state as u8, self.since).hash(hasher);
        self.known.get().map(|path| (path.socket.0, path.remote)).hash(hasher);
        for known in self.ways.iter() {
            (known.way.to_bytes(), known.proof as u8).hash(hasher);
        }
        (self.current, self.previous, self.attempts, self.hints_from).hash(hasher);
        (self.channel.local, self.channel.hellos, self.channel.ends()).hash(hasher);
        (self.heartbeat.interval, self.heartbeat.round_trip).hash(hasher);
        let due = self.timers.earliest();
        due.map(|deadline| (deadline.at, deadline.timer as u8)).hash(hasher);
    }

    /// The next thing to tell the application of this peer, whose handle is `peer`.
    pub(crate) fn take_event(&mut self, peer: Peer) -> Option<Event> {
        if self.news.reported != self.state {
            (self.news.reported, self.news.way) = (self.state, Held::Nothing);
            return match self.state {
                PeerState::Init => None,
                PeerState::Active => Some(Event::Connected(peer)),
                PeerState::Disconnected => Some(Event::Disconnected(peer)),
            };
        }
        if let Some(way) = self.new_way() {
            self.news.way = Held::This(way);
            return Some(Event::Route(peer, way.route()));
        }
        if self.news.reported_reason.get() != self.news.reason.get() {
            self.news.reported_reason = self.news.reason;
            if let Some(reason) = self.news.reason.get() {
                return Some(Event::Relayed(peer, reason));
            }
        }
        self.news.round_trip.take().map(|round_trip| Event::RoundTrip(peer, round_trip))
    }

    pub(crate) fn has_news(&self) -> bool {
        self.news.reported != self.state
            || self.new_way().is_some()
            || self.news.reported_reason.get() != self.news.reason.get()
            || self.news.round_trip.is_some()
    }

    /// The way that an active peer's packets take, if it has not been reported.
    fn new_way(&self) -> Option<Way> {
        let way = self.ways.course.primary().filter(|_| self.state == PeerState::Active);
        way.filter(|way| self.news.way.get() != Some(*way))
    }

    pub(crate) fn enter(&mut self, state: PeerState, now: Instant) {
        (self.state, self.since) = (state, now);
    }
}
