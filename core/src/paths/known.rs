//! One way to a peer, and what is known of it.

use crate::held::Held;
use crate::time::{Duration, Instant};
use crate::way::Way;
use crate::wire::Probe;

/// Tries whose answers still count; with a second between tries, round trips of up to four seconds.
const TRIES_KEPT: usize = 4;

/// Of the last 16 tries, so many without an answer make a way lossy: 40 % each way. It takes that few
/// again until it is not.
const LOSSY: u32 = 10;
const CLEAN: u32 = 3;

/// How far a way is proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Proof {
    /// Nothing has been answered on it.
    Probing,
    /// The last `Ping` on it was answered, or has not had its time.
    Validated,
    /// It was validated, and is late with an answer.
    Suspect,
}

/// One way to a peer.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) way: Way,
    pub(crate) proof: Proof,
    /// When it was added, or validated anew.
    pub(crate) since: Instant,
    pub(super) added_at: Instant,
    /// Packets of the peer came from there before this node thought of it.
    pub(crate) is_hearsay: bool,
    /// While nothing has been answered, each try counts as a probe to that address.
    pub(crate) is_probed: bool,
    /// Bytes that may still go there while nothing has been answered.
    credit: u32,
    /// Which of the last tries were answered, the last in the lowest bit.
    answers: u16,
    /// So few of them that another way is better.
    pub(crate) is_lossy: bool,
    /// Until then another way is better, as what goes by this one is not acknowledged.
    pub(super) distrusted_until: Instant,
    pub(super) distrusts: u8,
    /// The last round trip measured on it.
    pub(crate) round_trip: Option<Duration>,
    /// A `Ping` that has not been answered yet, with its retries.
    pub(crate) exchange: Held<Exchange>,
    tries: [Held<Try>; TRIES_KEPT],
    next_try: u8,
    /// When the last `Ping` went out.
    pub(crate) pinged_at: Instant,
    /// When the next is due.
    pub(crate) ping_at: Held<Instant>,
    pub(crate) ping_owed: bool,
    /// When something last came by it.
    pub(crate) heard_at: Instant,
    /// One more than the highest counter that came by it.
    pub(crate) heard: u64,
    /// The same at the other end, as the last `Pong` that said so has it.
    pub(crate) arrived: u64,
}

/// Tries in a row, until one of them is answered.
#[derive(Clone, Copy)]
pub(crate) struct Exchange {
    pub(crate) begun: Instant,
    pub(crate) tries: u8,
    /// How long nothing had come by the way until then.
    pub(crate) silence: Duration,
}

#[derive(Clone, Copy)]
struct Try {
    nonce: [u8; 8],
    at: Instant,
}

/// What has passed between this node and a way, so far as its proof is concerned.
#[derive(Clone, Copy)]
pub(crate) struct Balance {
    came: u32,
    went: u32,
}

/// An address may get less than so many times what came from it (RFC 9000, section 8.1).
const FACTOR: u32 = 3;

impl Balance {
    /// Of a way that the node chose by itself.
    pub(crate) const OWN_CHOICE: Self = Self { came: u32::MAX, went: 0 };

    /// Of datagrams so long, which fit into 16 bits.
    pub(crate) fn of(came: usize, went: usize) -> Self {
        Self { came: bytes(came), went: bytes(went) }
    }

    fn credit(self) -> u32 {
        self.came.saturating_mul(FACTOR).saturating_sub(self.went.saturating_add(1))
    }

    fn is_own_choice(self) -> bool {
        self.came == u32::MAX
    }
}

fn bytes(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Known {
    pub(super) fn new(way: Way, balance: Balance, now: Instant) -> Self {
        Self {
            way,
            proof: Proof::Probing,
            since: now,
            added_at: now,
            is_hearsay: !balance.is_own_choice(),
            is_probed: false,
            credit: balance.credit(),
            answers: u16::MAX,
            is_lossy: false,
            distrusted_until: Instant::ORIGIN,
            distrusts: 0,
            round_trip: None,
            exchange: Held::Nothing,
            tries: [Held::Nothing; TRIES_KEPT],
            next_try: 0,
            pinged_at: Instant::ORIGIN,
            ping_at: Held::Nothing,
            ping_owed: false,
            heard_at: now,
            heard: 0,
            arrived: 0,
        }
    }

    /// Whether it has to be kept open, by asking more often than was agreed.
    pub(crate) fn is_kept_open(&self, pace: Duration, interval: Duration) -> bool {
        self.way.direct().is_some() && pace < interval
    }

    pub(crate) fn is_validated(&self) -> bool {
        self.proof == Proof::Validated
    }

    /// More came from there, or this node wants to go there by itself.
    pub(super) fn trust(&mut self, balance: Balance) {
        if balance.is_own_choice() {
            (self.is_hearsay, self.credit) = (false, u32::MAX);
        } else {
            self.credit = self.credit.saturating_add(balance.came.saturating_mul(FACTOR));
        }
    }

    /// Whether a datagram of this length may go there; if so, it counts as sent.
    pub(crate) fn charge(&mut self, len: usize) -> bool {
        if self.proof != Proof::Probing || !self.is_hearsay {
            return true;
        }
        match self.credit.checked_sub(bytes(len)) {
            Some(left) => {
                self.credit = left;
                true
            }
            None => false,
        }
    }

    /// Begins to ask, as soon as possible.
    pub(crate) fn begin(&mut self, now: Instant) {
        let silence = now.saturating_since(self.heard_at);
        self.exchange = Held::This(Exchange { begun: now, tries: 0, silence });
        (self.ping_owed, self.ping_at) = (true, Held::Nothing);
    }

    /// A `Ping` with this nonce goes out.
    pub(crate) fn tried(&mut self, nonce: [u8; 8], now: Instant) {
        self.tries[usize::from(self.next_try)] = Held::This(Try { nonce, at: now });
        self.next_try = (self.next_try + 1) % TRIES_KEPT as u8;
        self.pinged_at = now;
    }

    /// An exchange is over without an answer.
    pub(super) fn give_up(&mut self) {
        let tries = self.exchange.take().map_or(0, |exchange| exchange.tries);
        self.count(tries);
        self.judge();
        self.ping_owed = false;
    }

    fn count(&mut self, unanswered: u8) {
        self.answers = self.answers.checked_shl(unanswered.into()).unwrap_or(0);
    }

    fn judge(&mut self) {
        let lost = self.answers.count_zeros();
        self.is_lossy = lost >= LOSSY || self.is_lossy && lost > CLEAN;
    }

    /// Takes an answer: the round trip, if it is one to a try on this way. It answers for all of them.
    pub(super) fn answered(&mut self, probe: &Probe, now: Instant) -> Option<Duration> {
        let tries = self.tries.iter().filter_map(Held::as_ref);
        let at = tries.clone().find(|tried| tried.nonce == probe.nonce)?.at;
        let round_trip = now.saturating_since(at);
        self.tries = [Held::Nothing; TRIES_KEPT];
        let tries = self.exchange.as_ref().map_or(0, |exchange| exchange.tries);
        let unanswered = tries.saturating_sub(1);
        self.count(unanswered);
        self.answers = self.answers << 1 | 1;
        self.judge();
        self.prove(round_trip, now);
        Some(round_trip)
    }

    /// It was answered.
    pub(super) fn prove(&mut self, round_trip: Duration, now: Instant) {
        self.round_trip = Some(round_trip);
        self.ping_owed = false;
        if self.proof != Proof::Validated {
            (self.proof, self.since) = (Proof::Validated, now);
        }
    }
}
