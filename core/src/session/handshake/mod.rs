//! Handshakes under way: from a `Hello` to a session that both ends have proved to hold.
//!
//! ```text
//! IK  initiator  WritingHello -> AwaitingWelcome <-> ReadingWelcome -> Confirming -> session
//!     responder  ReadingHello -> Identifying -> WritingWelcome -> Confirming -> session
//! XX  initiator  WritingHello -> AwaitingWelcome <-> ReadingWelcome -> Identifying
//!                  -> WritingConfirm -> Confirming -> session
//!     responder  ReadingHello -> WritingWelcome -> AwaitingConfirm <-> ReadingConfirm
//!                  -> Identifying -> Confirming -> session
//! ```
//!
//! IK is for a peer whose key is known, XX for whoever is at an address. Most arrows are a public-key
//! operation or several, each a job. A slot ends as a session when the other end has proved that it
//! holds the keys (`confirm.rs`), or when its time is over.

mod confirm;
mod initiator;
mod progress;
mod responder;
mod share;

pub(crate) use confirm::{Confirmed, abandon_others, confirm, own_is_confirmed_first, remote};
pub(crate) use initiator::{initiate, on_cookie, on_welcome};
pub(crate) use progress::{on_outcome, take_work};
pub(crate) use responder::{on_confirm, on_hello, takes};

pub(crate) use share::{Share, UnderWay};

use progress::Pending;
use zeroize::Zeroize;

use crate::access::{self, Use};
use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::delivery;
use crate::gossip;
use crate::heartbeat::Via;
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::noise::{Noise, Role};
use crate::peer::Contact;
use crate::realm::{RealmId, Realms};
use crate::relay;
use crate::session::SessionId;
use crate::time::Duration;
use crate::timer::{HandshakeTimers, Timer, retry_gap};
use crate::way::Way;
use crate::wire::{Hello, Intro, Malformed, Pattern, VERSION, Welcome};

/// How far a handshake is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    Free,
    WritingHello,
    /// The `Hello` is out, and repeated.
    AwaitingWelcome,
    /// On a copy of the state: a forged `Welcome` must not cost us the handshake.
    ReadingWelcome,
    ReadingHello,
    /// Whose key a message carried.
    Identifying,
    WritingWelcome,
    /// The `Welcome` is out, and repeated when the `Hello` is.
    AwaitingConfirm,
    /// On a copy of the state, too.
    ReadingConfirm,
    WritingConfirm,
    /// The keys are there; the first packet opened with them proves that the peer is, too.
    Confirming,
}

/// One handshake of the storage.
pub struct HandshakeSlot {
    pub(crate) stage: Stage,
    pub(crate) share: Share,
    pattern: Pattern,
    realm: RealmId,
    /// The peer that we began it with, by slot.
    peer: Option<u16>,
    /// Where the `Hello` goes to or came from.
    pub(crate) way: Held<Way>,
    /// Where the `Confirm` came from; of ours, where the `Hello` went before it took another way.
    pub(crate) proof_way: Held<Way>,
    pub(crate) session: SessionId,
    /// The other end, once it is known.
    remote: Option<Contact>,
    remote_index: u32,
    /// The channel that our message names.
    channel: u64,
    /// Which of our handshakes in that channel it is.
    hello: u64,
    remote_intro: Option<Intro>,
    noise: Held<Noise>,
    /// The copy that reads a `Welcome` or `Confirm`.
    reader: Held<Noise>,
    /// What is being written, or a `Hello` being read; kept to be repeated byte by byte.
    message: [u8; Hello::LEN],
    message_len: usize,
    /// The `Welcome` or `Confirm` being read.
    answer: [u8; Welcome::LEN_MAX],
    /// Tells a repeated `Hello` from another one.
    hello_mac1: [u8; 16],
    /// What it waits for. The secrets that takes are not copied here.
    pending: Pending,
    /// The number of the ticket that operation was handed out with.
    ticket: Option<u64>,
    tries: u8,
    /// One of others that has had its second five seconds.
    is_prolonged: bool,
    /// Our `Hello` carries a cookie.
    has_cookie: bool,
    send_owed: bool,
    pub(crate) timers: HandshakeTimers,
    /// In the queue of those with something to send.
    pub(crate) is_ready: bool,
    /// In the queue of those with a job.
    pub(crate) job_queued: bool,
    /// Some of its public-key work is done.
    pub(crate) has_had_work: bool,
}

impl HandshakeSlot {
    /// What a storage is filled with.
    pub const EMPTY: Self = Self {
        stage: Stage::Free,
        share: Share::Own,
        pattern: Pattern::Ik,
        realm: RealmId::NONE,
        peer: None,
        way: Held::Nothing,
        proof_way: Held::Nothing,
        session: 0,
        remote: None,
        remote_index: 0,
        channel: 0,
        hello: 0,
        remote_intro: None,
        noise: Held::Nothing,
        reader: Held::Nothing,
        message: [0; Hello::LEN],
        message_len: 0,
        answer: [0; Welcome::LEN_MAX],
        hello_mac1: [0; 16],
        pending: Pending::Nothing,
        ticket: None,
        tries: 0,
        is_prolonged: false,
        has_cookie: false,
        send_owed: false,
        timers: HandshakeTimers::STOPPED,
        is_ready: false,
        job_queued: false,
        has_had_work: false,
    };

    #[cfg(feature = "inspect")]
    pub(crate) fn each_secret(&self, show: impl FnMut(&[u8; 32])) {
        let states = [self.noise.as_ref(), self.reader.as_ref()].into_iter().flatten();
        states.flat_map(Noise::secrets).for_each(show);
    }

    pub(crate) fn role(&self) -> Role {
        if self.share == Share::Own { Role::Initiator } else { Role::Responder }
    }
}

impl Drop for HandshakeSlot {
    fn drop(&mut self) {
        // What was opened in place.
        self.message.zeroize();
        self.answer.zeroize();
    }
}

impl From<Malformed> for Dropped {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Length => Self::BadLength,
            Malformed::Kind => Self::UnknownKind,
            Malformed::Version => Self::UnsupportedVersion,
            Malformed::Reserved => Self::ReservedBits,
        }
    }
}

/// What we say of ourselves.
fn own_intro(channel: u64, hello: u64, cx: &Cx<'_>) -> Intro {
    let (fragments_max, message_window) = delivery::own_limits(cx);
    Intro {
        version: VERSION,
        fragments_max,
        message_window,
        capabilities: relay::capabilities(cx) | gossip::capabilities(cx),
        ping_interval: cx.state.config.ping_interval,
        channel,
        hello,
        replay_window: u16::try_from(cx.window_bits()).unwrap_or(u16::MAX),
    }
}

/// Our handshake goes another way from now on, if it has no answer yet.
/// An answer counts all the same that comes by the way it has taken so far. Whether it goes on so; one that
/// has its answer does not.
pub(crate) fn redirect(handshake: u16, way: Way, cx: &mut Cx<'_>) -> bool {
    let slot = cx.handshake(handshake);
    if !matches!(slot.stage, Stage::WritingHello | Stage::AwaitingWelcome) {
        return false;
    }
    slot.proof_way = core::mem::replace(&mut slot.way, Held::This(way));
    if slot.stage == Stage::AwaitingWelcome {
        owe_message(handshake, cx);
    }
    true
}

/// Erases a handshake, its session included.
pub(crate) fn abandon(handshake: u16, cx: &mut Cx<'_>) {
    let session = cx.handshake(handshake).session;
    cx.release_session(session);
    release(handshake, cx);
}

/// Whether the access policy lets a handshake go on, as far as is known of its initiator.
pub(crate) fn is_allowed(handshake: u16, cx: &mut Cx<'_>) -> bool {
    let slot = cx.handshake(handshake);
    if slot.stage == Stage::Free || slot.role() == Role::Initiator {
        return true;
    }
    let (remote, pattern, realm) = (slot.remote, slot.pattern, slot.realm);
    match (remote, pattern) {
        (Some(remote), _) => {
            let peer = cx.find_peer(&remote.id);
            takes(handshake, peer, cx)
        }
        _ if Realms::is_of_relays(realm) => relay::is_welcome(cx),
        (None, Pattern::Xx) => access::allows(Use::Answers, None, cx),
        // It is asked again when its initiator is known.
        (None, Pattern::Ik) => true,
    }
}

/// Erases a handshake whose realm has ended; returns the peer that we began it with, if we did.
pub(crate) fn abandon_outdated(handshake: u16, cx: &mut Cx<'_>) -> Option<u16> {
    let slot = cx.handshake(handshake);
    let realm = slot.realm;
    if slot.stage == Stage::Free || cx.state.realms.has(realm) {
        return None;
    }
    let peer = peer_of_attempt(handshake, cx);
    abandon(handshake, cx);
    peer
}

/// Gives the slot back; the session lives on, or is gone already.
fn release(handshake: u16, cx: &mut Cx<'_>) {
    if let Some(peer) = peer_of_attempt(handshake, cx) {
        cx.peer(peer).initiating = None;
    }
    cx.release_handshake(handshake);
}

/// The peer that we began this handshake with.
fn peer_of_attempt(handshake: u16, cx: &mut Cx<'_>) -> Option<u16> {
    cx.handshake(handshake).peer
}

/// The session of our own handshake with this peer that waits to be confirmed: a `Ping` on it does
/// that.
pub(crate) fn unconfirmed(peer: u16, cx: &mut Cx<'_>) -> Option<Via> {
    let attempt = cx.peer(peer).initiating?;
    let slot = cx.handshake(attempt);
    if slot.stage != Stage::Confirming {
        return None;
    }
    Some(Via { session: slot.session, way: slot.way.get()? })
}

pub(crate) fn on_timer(timer: Timer, handshake: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    match timer {
        Timer::HandshakeRetry => {
            retry(handshake, cx);
            None
        }
        Timer::HandshakeExpiry => {
            cx.state.counters.count(Counter::HandshakesExpired);
            let peer = peer_of_attempt(handshake, cx);
            abandon(handshake, cx);
            peer.map(Turn::Failed)
        }
        _ => unreachable!("not a timer of a handshake"),
    }
}

/// Sends the `Hello` or `Confirm` again, unless a `Welcome` is being read: that may yet prove a
/// forged one, so the next retry is due all the same.
fn retry(handshake: u16, cx: &mut Cx<'_>) {
    let slot = cx.handshake(handshake);
    if matches!(slot.stage, Stage::AwaitingWelcome | Stage::Confirming) {
        owe_message(handshake, cx);
    } else {
        let gap = retry_gap(slot.tries);
        let retry = cx.now() + gap;
        cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeRetry, Some(retry));
    }
}

fn owe_message(handshake: u16, cx: &mut Cx<'_>) {
    cx.handshake(handshake).send_owed = true;
    cx.make_ready(Actor::Handshake(handshake));
}

/// Writes the handshake's message into `out`, if it is to be sent now: the same bytes every time,
/// but for the `mac2` of a cookie. Returns its way and its length.
pub(crate) fn take_owed(handshake: u16, out: &mut [u8], cx: &mut Cx<'_>) -> Option<(Way, usize)> {
    let now = cx.now();
    let slot = cx.handshake(handshake);
    if !core::mem::take(&mut slot.send_owed) {
        return None;
    }
    let len = slot.message_len;
    out[..len].copy_from_slice(&slot.message[..len]);
    let way = slot.way.get()?;
    if slot.role() == Role::Initiator {
        slot.tries = slot.tries.saturating_add(1);
        let retry = now + retry_gap(slot.tries);
        cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeRetry, Some(retry));
    }
    Some((way, len))
}

/// The ping interval that two nodes share: the longer of what they asked for.
fn shared_interval(cx: &Cx<'_>, theirs: Duration) -> Duration {
    use crate::config::Config;
    let longer = cx.state.config.ping_interval.max(theirs);
    longer.clamp(Config::PING_INTERVAL_MIN, Config::PING_INTERVAL_MAX)
}
