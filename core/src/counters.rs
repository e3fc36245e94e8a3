//! What a node counts: how much it did, and every reason for which it refused a datagram.

use serde::Serialize;

/// Declares an enum whose variants are counted, each with its name in metrics beside it.
macro_rules! counted {
    (
        $(#[$outer:meta])* pub enum $name:ident {
            $( $(#[$inner:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
        #[non_exhaustive]
        pub enum $name { $( $(#[$inner])* $variant, )+ }

        impl $name {
            /// Every one there is.
            pub const ALL: &[Self] = &[ $( Self::$variant, )+ ];
            const COUNT: usize = Self::ALL.len();

            /// Its name in metrics and scenario files.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }
    };
}

counted! {
    /// Why a datagram was refused. A refused datagram changes nothing but the count, unless the
    /// reason says otherwise. One that was opened has used up its counter; it may have confirmed its
    /// session, brought a newer key, and shown where its sender seems to be.
    pub enum Dropped {
        /// Its length is none that its kind can have.
        BadLength = "dropped.bad-length",
        /// Its first byte is no kind of this protocol.
        UnknownKind = "dropped.unknown-kind",
        /// It is of another version of the protocol.
        UnsupportedVersion = "dropped.unsupported-version",
        /// Bytes that must be zero are not, or the counter is the one that nobody may use.
        ReservedBits = "dropped.reserved-bits",
        /// A handshake message for another node or network, or garbage: its `mac1` does not fit.
        WrongMac1 = "dropped.wrong-mac1",
        /// A handshake message whose sender does not hold the keys it must.
        HandshakeUnauthentic = "dropped.handshake-unauthentic",
        /// A handshake with a key of small order, or one that is nobody's.
        WeakKey = "dropped.weak-key",
        /// A handshake from this node's own identity, or with its own ephemeral key.
        OwnIdentity = "dropped.own-identity",
        /// A `Hello` while the same one is being answered. The answer goes to where it came from.
        HandshakeInProgress = "dropped.handshake-in-progress",
        /// A `Hello` of a handshake that was made, or one that a later handshake has overtaken: it
        /// was recorded and sent again.
        ReplayedHello = "dropped.replayed-hello",
        /// A `Hello` under load whose sender has yet to show that it receives what is sent to where it
        /// seems to be. It was sent a cookie.
        CookieRequired = "dropped.cookie-required",
        /// From somebody whom the access policy does not allow it. If it was to confirm a handshake,
        /// that is forgotten.
        NotAllowed = "dropped.not-allowed",
        /// No room for another handshake under way.
        HandshakesFull = "dropped.handshakes-full",
        /// No room for another peer. The packet's counter is used up, the handshake forgotten.
        PeersFull = "dropped.peers-full",
        /// Both ends began, and this node's own handshake goes first. If it was a sealed packet, its
        /// counter is used up.
        SimultaneousOpen = "dropped.simultaneous-open",
        /// A `Welcome` to no handshake of this node, or to one that has its answer.
        UnexpectedWelcome = "dropped.unexpected-welcome",
        /// A `Confirm` to no handshake of this node, or to one that has its own.
        UnexpectedConfirm = "dropped.unexpected-confirm",
        /// A cookie to no handshake of this node that waits for an answer.
        UnexpectedCookie = "dropped.unexpected-cookie",
        /// The hint that a session is gone, about none in use, from elsewhere, or too soon after another.
        HintIgnored = "dropped.hint-ignored",
        /// For a session that this node does not have. Its sender may be told so.
        UnknownSession = "dropped.unknown-session",
        /// Sealed with keys of an epoch that this session has not.
        WrongEpoch = "dropped.wrong-epoch",
        /// A packet that was accepted before.
        Replayed = "dropped.replayed",
        /// So far behind the newest packet that it cannot be told from a replayed one.
        TooOld = "dropped.too-old",
        /// Its seal does not fit.
        Unauthentic = "dropped.unauthentic",
        /// Sealed by the peer, of a type or form that this version does not know. Its counter is
        /// used up.
        UnknownMessage = "dropped.unknown-message",
        /// About a circuit that this node does not know, or that its sender has nothing to do with; or from
        /// a relay that was not asked. Its counter is used up.
        UnknownCircuit = "dropped.unknown-circuit",
        /// Beyond what this node relays. Its counter is used up, and its sender may be told.
        RelayLimited = "dropped.relay-limited",
        /// A relay's packet that came through a relay: only one is between two peers. Its counter is used
        /// up.
        NestedRelay = "dropped.nested-relay",
        /// A `Pong` to no outstanding `Ping`, or on another path. Its counter is used up.
        UnexpectedPong = "dropped.unexpected-pong",
        /// An offer to meet during another attempt, or of one that is over. Its counter is used up.
        PunchIgnored = "dropped.punch-ignored",
        /// No room for another attempt to meet. Its counter is used up.
        PunchesFull = "dropped.punches-full",
        /// An answer to no offer to meet that waits for one. Its counter is used up.
        UnexpectedPunchAck = "dropped.unexpected-punch-ack",
        /// Of a message, or about one, on a session of another channel than the peer's current one:
        /// one end has forgotten the other since. Its counter is used up.
        OtherChannel = "dropped.other-channel",
        /// No room to put a message together. It is not acknowledged, and so comes again. Its
        /// counter is used up, and what the sender has ended before it is forgotten.
        MessagesFull = "dropped.messages-full",
        /// A message further ahead than the sender was allowed. Its counter is used up, and what
        /// the sender has ended before it is forgotten.
        BeyondWindow = "dropped.beyond-window",
        /// A fragment that contradicts others of its message. Its counter is used up.
        FragmentMismatch = "dropped.fragment-mismatch",
        /// About third parties, from somebody who has no part in that here, or is not listened to for a while.
        /// Its counter is used up.
        GossipIgnored = "dropped.gossip-ignored",
        /// About third parties, and more than this node looks into. Its counter is used up.
        GossipLimited = "dropped.gossip-limited",
        /// An acknowledgement of what was never sent. Its counter is used up.
        UnexpectedAck = "dropped.unexpected-ack",
    }
}

counted! {
    /// What a node did.
    pub enum Counter {
        /// Datagrams handed to it.
        DatagramsReceived = "datagrams.received",
        /// Datagrams it gave out to be sent.
        DatagramsSent = "datagrams.sent",
        /// Bytes of those handed to it.
        BytesReceived = "bytes.received",
        /// Bytes of those it gave out.
        BytesSent = "bytes.sent",
        /// Handshakes it began.
        HandshakesBegun = "handshakes.begun",
        /// Handshakes of others that it took up.
        HandshakesAnswered = "handshakes.answered",
        /// Handshakes that ended in a session both ends use.
        HandshakesConfirmed = "handshakes.confirmed",
        /// Handshakes given up, its own and others'.
        HandshakesExpired = "handshakes.expired",
        /// Cookies sent to those who called under load.
        CookiesSent = "cookies.sent",
        /// Hints sent to those whose session is gone.
        HintsSent = "hints.sent",
        /// Updates of the key that a session seals with.
        KeyUpdates = "keys.updated",
        /// Sessions given up because they were not renewed in time.
        SessionsRefused = "sessions.refused",
        /// Public-key operations handed out.
        Jobs = "jobs",
        /// Payloads of applications it sealed.
        PayloadsSent = "payloads.sent",
        /// Payloads of applications it handed up.
        PayloadsReceived = "payloads.received",
        /// Pings sent.
        PingsSent = "pings.sent",
        /// Pings answered.
        PongsSent = "pongs.sent",
        /// Attempts to reach peers directly, its own and others'.
        PunchesBegun = "punches.begun",
        /// Those of them in which a probe was answered.
        PunchesAnswered = "punches.answered",
        /// Those that came to nothing.
        PunchesFailed = "punches.failed",
        /// Offers to meet and answers to them that were sent, repeated ones too.
        PunchMessagesSent = "punches.messages-sent",
        /// Probes sent.
        ProbesSent = "probes.sent",
        /// Messages accepted for sending.
        MessagesSent = "messages.sent",
        /// Messages that arrived, whole and for the first time.
        MessagesDelivered = "messages.delivered",
        /// Messages of its own that the peer has.
        MessagesAcked = "messages.acked",
        /// Messages of its own that were certainly not delivered.
        MessagesFailed = "messages.failed",
        /// Messages of its own of which nobody knows whether they arrived.
        MessagesUnknown = "messages.unknown",
        /// Packets of messages sent.
        FragmentsSent = "fragments.sent",
        /// Those of them that had been sent before.
        FragmentsRetransmitted = "fragments.retransmitted",
        /// Packets of messages that brought nothing new.
        FragmentsRepeated = "fragments.repeated",
        /// Acknowledgements sent.
        AcksSent = "acks.sent",
        /// Circuits that this node, as a relay, has brought about.
        CircuitsOpened = "circuits.opened",
        /// Datagrams that it has sent on as a relay.
        DatagramsRelayed = "datagrams.relayed",
        /// Bytes of those.
        BytesRelayed = "bytes.relayed",
        /// Notices of a relay that it has dropped what was beyond its limits.
        RelayLimits = "relay.limits",
        /// Messages about third parties that were sent.
        GossipSent = "gossip.sent",
        /// Bytes of those, without what sealing adds.
        GossipBytesSent = "gossip.bytes-sent",
        /// Messages about third parties that came.
        GossipReceived = "gossip.received",
        /// Bytes of the questions of others that were looked into.
        QuestionBytes = "gossip.question-bytes",
        /// Bytes of the answers to them: records, and rumours that somebody had missed.
        AnswerBytes = "gossip.answer-bytes",
        /// Nodes dialled because of their records.
        GossipDials = "gossip.dials",
        /// Times that a peer became a neighbour.
        NeighboursGained = "gossip.neighbours-gained",
        /// Records whose signature was checked.
        RecordsChecked = "records.checked",
        /// Records that were news.
        RecordsAccepted = "records.accepted",
        /// Records that came, and there was no room for, or no time to check them.
        RecordsRefused = "records.refused",
        /// Signatures that were wrong, of records and rumours.
        BadSignatures = "signatures.bad",
        /// Questions of others who has a tag.
        RequestsReceived = "requests.received",
        /// Rumours heard for the first time, this node's own included.
        RumoursHeard = "rumours.heard",
        /// Rumours heard again.
        RumoursRepeated = "rumours.repeated",
        /// Rumours told to somebody who had missed them.
        RumoursAnswered = "rumours.answered",
        /// Rumours that came when later ones of their origins had been forgotten, so that they are old.
        RumoursOutdated = "rumours.outdated",
        /// Broadcasts that others took the place of before the application had asked for them.
        BroadcastsLost = "broadcasts.lost",
        /// Rumours told to a neighbour.
        RumoursSent = "rumours.sent",
    }
}

impl core::fmt::Display for Dropped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

impl core::error::Error for Dropped {}

/// Everything that a node has counted since it was made.
#[derive(Clone, Debug)]
pub struct Counters {
    done: [u64; Counter::COUNT],
    dropped: [u64; Dropped::COUNT],
}

impl Counters {
    pub(crate) const ZERO: Self = Self { done: [0; Counter::COUNT], dropped: [0; Dropped::COUNT] };

    /// How often, or how many.
    pub fn done(&self, counter: Counter) -> u64 {
        self.done[counter as usize]
    }

    /// How many datagrams were refused for this reason.
    pub fn dropped(&self, reason: Dropped) -> u64 {
        self.dropped[reason as usize]
    }

    /// Every counter with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let done = Counter::ALL.iter().map(|counter| (counter.name(), self.done(*counter)));
        done.chain(Dropped::ALL.iter().map(|reason| (reason.name(), self.dropped(*reason))))
    }

    pub(crate) fn count(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    pub(crate) fn add(&mut self, counter: Counter, amount: usize) {
        self.done[counter as usize] += amount as u64;
    }

    pub(crate) fn refuse(&mut self, reason: Dropped) {
        self.dropped[reason as usize] += 1;
    }
}
