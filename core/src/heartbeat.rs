//! Whether a peer still answers, and how long its answers take.
//!
//! Liveness comes only from a `Pong` that returns the nonce of an outstanding `Ping` on the path
//! that was pinged: neither a replayed packet nor one from elsewhere proves anything. A `Ping` that
//! is lost is sent again on the schedule of every control exchange, each time with a fresh nonce.

use crate::counters::{Counter, Dropped};
use crate::crypto::aead::TAG_LEN;
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::path::Path;
use crate::peer::{PeerSlot, PeerState};
use crate::session::{Owner, SessionId};
use crate::time::{Duration, Instant};
use crate::timer::{ATTEMPT, Timer, retry_gap};
use crate::wire::{Control, Probe, SealedHeader};

/// Intervals without an answer after which a peer is gone, once the `Ping` then under way has had its
/// time.
const SILENT_INTERVALS: u64 = 3;
/// Tries whose answers still count; with a second between tries, round trips of up to four seconds.
const TRIES_KEPT: usize = 4;

/// What a node remembers of a peer's answers.
pub(crate) struct Heartbeat {
    /// Between the beginnings of two exchanges; agreed on with the session.
    pub(crate) interval: Duration,
    /// The last round trip measured.
    pub(crate) round_trip: Option<Duration>,
    /// When the last answer came, or the session began.
    answered_at: Instant,
    exchange: Held<Exchange>,
    tries: Tries,
    ping_owed: bool,
    pong_owed: Held<PongOwed>,
    /// The intervals are over; what counts now is the `Ping` that was under way then.
    is_last_chance: bool,
}

/// A `Ping` that has not been answered yet, with its retries.
struct Exchange {
    begun: Instant,
    tries: u8,
}

/// The last tries, those of the exchange before included: their answers may still be under way.
struct Tries {
    kept: [Held<Try>; TRIES_KEPT],
    next: u8,
}

#[derive(Clone, Copy)]
struct Try {
    nonce: [u8; 8],
    path: Path,
    at: Instant,
}

/// The answer goes back by the session and path that the question came by.
#[derive(Clone, Copy)]
struct PongOwed {
    probe: Probe,
    session: SessionId,
    path: Path,
}

/// A session and a path: by which a message came, or is to go.
#[derive(Clone, Copy)]
pub(crate) struct Via {
    pub(crate) session: SessionId,
    pub(crate) path: Path,
}

impl Heartbeat {
    pub(crate) const IDLE: Self = Self {
        interval: Duration::ZERO,
        round_trip: None,
        answered_at: Instant::ORIGIN,
        exchange: Held::Nothing,
        tries: Tries::NONE,
        ping_owed: false,
        pong_owed: Held::Nothing,
        is_last_chance: false,
    };
}

impl Tries {
    const NONE: Self = Self { kept: [const { Held::Nothing }; TRIES_KEPT], next: 0 };

    fn push(&mut self, sent: Try) {
        self.kept[usize::from(self.next)] = Held::This(sent);
        self.next = (self.next + 1) % TRIES_KEPT as u8;
    }

    /// The try that this answers. A path answers for all tries on it.
    fn answered(&mut self, probe: &Probe, path: Path) -> Option<Try> {
        let on_path = |kept: &Held<Try>| kept.get().filter(|sent| sent.path == path);
        let answered =
            self.kept.iter().filter_map(on_path).find(|sent| sent.nonce == probe.nonce)?;
        for kept in &mut self.kept {
            if on_path(kept).is_some() {
                *kept = Held::Nothing;
            }
        }
        Some(answered)
    }
}

/// Begins an exchange now.
pub(crate) fn begin(peer: u16, cx: &mut Cx<'_>) {
    let begun = cx.now();
    let slot = cx.peer(peer);
    slot.give_up_unproven(begun);
    let heartbeat = &mut slot.heartbeat;
    heartbeat.exchange = Held::This(Exchange { begun, tries: 0 });
    heartbeat.ping_owed = true;
    cx.make_ready(Actor::Peer(peer));
}

/// Pings as soon as possible, within the exchange under way if that has not had its time.
pub(crate) fn ping_now(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let heartbeat = &mut cx.peer(peer).heartbeat;
    match heartbeat.exchange.as_ref() {
        Some(exchange) if now < exchange.begun + ATTEMPT => {
            heartbeat.ping_owed = true;
            cx.make_ready(Actor::Peer(peer));
        }
        _ => begin(peer, cx),
    }
}

/// Lets the peer have its turn if it is owed anything.
pub(crate) fn wake(peer: u16, cx: &mut Cx<'_>) {
    if owes(peer, cx) {
        cx.make_ready(Actor::Peer(peer));
    }
}

/// From now on the peer should answer within three intervals of this length.
pub(crate) fn expect_answers(peer: u16, interval: Duration, cx: &mut Cx<'_>) {
    cx.peer(peer).heartbeat.interval = interval;
    restart_silence(peer, cx);
}

fn restart_silence(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let heartbeat = &mut cx.peer(peer).heartbeat;
    heartbeat.is_last_chance = false;
    heartbeat.answered_at = now;
    let patience = heartbeat.interval.saturating_mul(SILENT_INTERVALS);
    let at = cx.now() + patience;
    cx.set_timer(Actor::Peer(peer), Timer::Silence, Some(at));
}

/// Whether a peer has not answered for as long as this node itself would wait, whatever interval
/// the peer has asked for.
pub(crate) fn is_overdue(peer: &PeerSlot, own_interval: Duration, now: Instant) -> bool {
    let patience = own_interval.saturating_mul(SILENT_INTERVALS) + ATTEMPT;
    now.saturating_since(peer.heartbeat.answered_at) > patience
}

/// Forgets everything that is under way with this peer.
pub(crate) fn stop(peer: u16, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    slot.heartbeat = Heartbeat { interval: slot.heartbeat.interval, ..Heartbeat::IDLE };
    cx.set_timer(Actor::Peer(peer), Timer::Ping, None);
    cx.set_timer(Actor::Peer(peer), Timer::Silence, None);
}

pub(crate) fn on_message(
    from: u16,
    via: Via,
    message: Control,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    match message {
        Control::Ping(probe) => {
            let Via { session, path } = via;
            cx.peer(from).heartbeat.pong_owed = Held::This(PongOwed { probe, session, path });
            cx.make_ready(Actor::Peer(from));
            Ok(None)
        }
        Control::Pong(probe) => on_pong(from, via.path, probe, cx),
    }
}

fn on_pong(from: u16, path: Path, probe: Probe, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let now = cx.now();
    let peer = cx.peer(from);
    let heartbeat = &mut peer.heartbeat;
    let answered = heartbeat.tries.answered(&probe, path).ok_or(Dropped::UnexpectedPong)?;
    let round_trip = now.saturating_since(answered.at);
    let next = heartbeat.exchange.take().map(|exchange| exchange.begun + heartbeat.interval);
    heartbeat.ping_owed = false;
    heartbeat.round_trip = Some(round_trip);
    peer.news.round_trip = Some(round_trip);
    peer.prove(path);
    let was_active = peer.state == PeerState::Active;
    if !was_active {
        peer.enter(PeerState::Active, now);
    }
    cx.make_news(from);
    if next.is_some() {
        cx.set_timer(Actor::Peer(from), Timer::Ping, next);
    }
    restart_silence(from, cx);
    Ok((!was_active).then_some(Turn::Alive(from)))
}

pub(crate) fn on_timer(timer: Timer, peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    match timer {
        Timer::Ping => {
            ping_now(peer, cx);
            None
        }
        Timer::Silence => on_silence(peer, cx),
        _ => unreachable!("not a timer of the heartbeat"),
    }
}

/// The `Ping` under way has its full time too: or else the last of three would go out for nothing.
fn on_silence(peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let now = cx.now();
    let heartbeat = &mut cx.peer(peer).heartbeat;
    let end = heartbeat.exchange.as_ref().map(|exchange| exchange.begun + ATTEMPT);
    match end.filter(|end| *end > now && !heartbeat.is_last_chance) {
        Some(end) => {
            heartbeat.is_last_chance = true;
            cx.set_timer(Actor::Peer(peer), Timer::Silence, Some(end));
            None
        }
        None => Some(Turn::Silent(peer)),
    }
}

/// Bytes of the datagram that a `Ping` or `Pong` makes.
const DATAGRAM_LEN: usize = SealedHeader::LEN + Control::LEN_MAX + TAG_LEN;

/// The next control message for this peer, if one is owed, and how it goes: answers first.
/// `to_ping` says by which session and path a `Ping` of some length may go now; if by none, it
/// stays owed.
pub(crate) fn take_owed(
    peer: u16,
    to_ping: impl FnOnce(u16, usize, &mut Cx<'_>) -> Option<Via>,
    cx: &mut Cx<'_>,
) -> Option<(Via, Control)> {
    if let Some(pong) = take_pong(peer, cx) {
        return Some(pong);
    }
    if !cx.peer(peer).heartbeat.ping_owed {
        return None;
    }
    let via = to_ping(peer, DATAGRAM_LEN, cx)?;
    cx.peer(peer).heartbeat.ping_owed = false;
    let probe = next_try(peer, via.path, cx)?;
    cx.state.counters.count(Counter::PingsSent);
    Some((via, Control::Ping(probe)))
}

fn take_pong(peer: u16, cx: &mut Cx<'_>) -> Option<(Via, Control)> {
    let PongOwed { probe, session, path } = cx.peer(peer).heartbeat.pong_owed.take()?;
    if cx.session(session).owner != Owner::Peer(peer) {
        // It was retired before the answer could go out.
        return None;
    }
    cx.peer(peer).charge(path, DATAGRAM_LEN);
    cx.state.counters.count(Counter::PongsSent);
    Some((Via { session, path }, Control::Pong(probe)))
}

/// Draws the nonce of the next try, and arms the timer for the one after it.
fn next_try(peer: u16, path: Path, cx: &mut Cx<'_>) -> Option<Probe> {
    let at = cx.now();
    let nonce = cx.state.public.draw_u64().to_le_bytes();
    let heartbeat = &mut cx.peer(peer).heartbeat;
    let (interval, round_trip) = (heartbeat.interval, heartbeat.round_trip);
    let exchange = heartbeat.exchange.as_mut()?;
    exchange.tries = exchange.tries.saturating_add(1);
    heartbeat.tries.push(Try { nonce, path, at });
    // On a slow path the answer to the first try may still be under way.
    let gap = retry_gap(exchange.tries).max(round_trip.unwrap_or_default().saturating_mul(2));
    let retry = at + gap;
    let is_last = retry >= exchange.begun + ATTEMPT;
    // There is no interval yet while a handshake waits to be confirmed.
    let next = if is_last { exchange.begun + interval.max(ATTEMPT) } else { retry };
    cx.set_timer(Actor::Peer(peer), Timer::Ping, Some(next));
    Some(Probe { nonce })
}

/// Whether anything is owed to this peer.
pub(crate) fn owes(peer: u16, cx: &mut Cx<'_>) -> bool {
    let heartbeat = &cx.peer(peer).heartbeat;
    heartbeat.ping_owed || heartbeat.pong_owed.as_ref().is_some()
}
