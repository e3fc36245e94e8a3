//! Whether a peer still answers, by which ways, and how long its answers take.
//!
//! Liveness comes only from a `Pong` that returns the nonce of an outstanding `Ping` on the way
//! that was pinged: neither a replayed packet nor one from elsewhere proves anything. A `Ping` that
//! is lost is sent again on the schedule of every control exchange, each time with a fresh nonce.

use crate::counters::{Counter, Dropped};
use crate::crypto::aead::TAG_LEN;
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::paths::{self, Balance, Exchange, Hold, Known, Outline, Proof};
use crate::peer::{PeerSlot, PeerState};
use crate::punch;
use crate::session::{Owner, SessionId};
use crate::time::{Duration, Instant};
use crate::timer::{ATTEMPT, Timer, retry_gap};
use crate::way::Way;
use crate::wire::{Control, Ping, Pong, Probe, SealedHeader, Seen};

/// Intervals without an answer after which a peer is gone, once the `Ping` then under way has had its
/// time.
const SILENT_INTERVALS: u64 = 3;
/// While payloads go out by a way, it is asked as often as this whether they arrive.
const BUSY_INTERVAL: Duration = Duration::from_secs(1);
/// And while they go two ways, so often: the answers say how far behind the slower one is.
const STRETCH_INTERVAL: Duration = Duration::from_millis(100);
/// Tries without an answer after which a way is suspect, once the second has had its time: with what
/// [`BUSY_INTERVAL`] adds, a way that has failed is noticed within 1.75 s while payloads go out, or 1 s
/// and six round trips if those take longer than 125 ms.
const SUSPECT_TRIES: u8 = 2;

/// What a node remembers of a peer's answers.
pub(crate) struct Heartbeat {
    /// Between the beginnings of two exchanges; agreed on with the session.
    pub(crate) interval: Duration,
    /// The last round trip measured.
    pub(crate) round_trip: Option<Duration>,
    /// How long its direct ways are open in silence.
    pub(crate) hold: Hold,
    /// When the last answer came, or the session began.
    answered_at: Instant,
    pongs_owed: [Held<PongOwed>; PONGS_OWED],
    /// The intervals are over; what counts now is the `Ping` that was under way then.
    is_last_chance: bool,
}

/// Answers that a peer may be owed at once: it asks on two ways when it changes from one to the other.
const PONGS_OWED: usize = 2;

/// The answer goes back by the session and way that the question came by.
#[derive(Clone, Copy)]
struct PongOwed {
    ping: Ping,
    session: SessionId,
    way: Way,
}

/// A session and a way: by which a message came, or is to go.
#[derive(Clone, Copy)]
pub(crate) struct Via {
    pub(crate) session: SessionId,
    pub(crate) way: Way,
}

impl Heartbeat {
    pub(crate) const IDLE: Self = Self {
        interval: Duration::ZERO,
        round_trip: None,
        hold: Hold::UNKNOWN,
        answered_at: Instant::ORIGIN,
        pongs_owed: [Held::Nothing; PONGS_OWED],
        is_last_chance: false,
    };

    /// A newer question on the same way takes the place of the one before.
    fn owe_pong(&mut self, owed: PongOwed) {
        let is_same = |held: &Held<PongOwed>| held.as_ref().is_some_and(|o| o.way == owed.way);
        let place = self
            .pongs_owed
            .iter()
            .position(is_same)
            .or_else(|| self.pongs_owed.iter().position(|held| held.as_ref().is_none()));
        self.pongs_owed[place.unwrap_or_default()] = Held::This(owed);
    }

    fn take_pong(&mut self) -> Option<PongOwed> {
        self.pongs_owed.iter_mut().find_map(Held::take)
    }
}

/// Begins an exchange on this way now, which this node has chosen.
pub(crate) fn begin_on(peer: u16, way: Way, cx: &mut Cx<'_>) {
    let now = cx.now();
    cx.peer(peer).ways.add(way, Balance::OWN_CHOICE, now).begin(now);
    cx.make_ready(Actor::Peer(peer));
    arm(peer, cx);
}

/// The same where nobody may be: until one is answered, each try counts as a probe of that address.
pub(crate) fn begin_unsure_on(peer: u16, way: Way, cx: &mut Cx<'_>) {
    begin_on(peer, way, cx);
    if let Some(known) = cx.peer(peer).ways.find_mut(way) {
        known.is_probed = true;
    }
}

/// Pings as soon as possible on every way, within the exchanges under way that have not had their time.
/// One that has never answered is asked no more often for that: whoever makes up packets would have it
/// pinged as often as he likes.
pub(crate) fn ping_now(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    for known in cx.peer(peer).ways.iter_mut() {
        match known.exchange.as_ref() {
            Some(exchange) if now < exchange.begun + ATTEMPT => {
                known.ping_owed |= known.proof != Proof::Probing;
            }
            _ => known.begin(now),
        }
    }
    cx.make_ready(Actor::Peer(peer));
    arm(peer, cx);
}

/// A payload goes out by this way: should it not arrive, that is to be noticed soon.
pub(crate) fn hasten(peer: u16, way: Way, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    let is_on_two = slot.ways.course.also().is_some();
    if slot.ways.find_mut(way).is_some_and(|known| is_hastened(known, is_on_two)) {
        arm(peer, cx);
    }
}

/// The same for the way that the peer's packets take.
pub(crate) fn hasten_primary(peer: u16, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    let is_on_two = slot.ways.course.also().is_some();
    if slot.ways.primary_mut().is_some_and(|known| is_hastened(known, is_on_two)) {
        arm(peer, cx);
    }
}

fn is_hastened(known: &mut Known, is_on_two: bool) -> bool {
    let interval = if is_on_two { STRETCH_INTERVAL } else { BUSY_INTERVAL };
    let soon = known.pinged_at + interval;
    let is_waiting = known.exchange.as_ref().is_none() && known.ping_at.get() > Some(soon);
    if is_waiting {
        known.ping_at = Held::This(soon);
    }
    is_waiting
}

/// Lets the peer have its turn if it is owed anything.
pub(crate) fn wake(peer: u16, cx: &mut Cx<'_>) {
    if owes(peer, cx) {
        cx.make_ready(Actor::Peer(peer));
    }
}

/// From now on the peer should answer within three intervals of this length.
pub(crate) fn expect_answers(peer: u16, interval: Duration, cx: &mut Cx<'_>) {
    let heartbeat = &mut cx.peer(peer).heartbeat;
    heartbeat.interval = interval;
    heartbeat.hold.begins_anew();
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
    let Heartbeat { interval, hold, .. } = slot.heartbeat;
    slot.heartbeat = Heartbeat { interval, hold, ..Heartbeat::IDLE };
    cx.set_timer(Actor::Peer(peer), Timer::Ping, None);
    cx.set_timer(Actor::Peer(peer), Timer::Silence, None);
}

pub(crate) fn on_ping(from: u16, via: Via, ping: Ping, cx: &mut Cx<'_>) {
    let Via { session, way } = via;
    let now = cx.now();
    let slot = cx.peer(from);
    slot.heartbeat.owe_pong(PongOwed { ping, session, way });
    if way.direct().is_some() {
        slot.heartbeat.hold.is_there(now, slot.heartbeat.interval + ATTEMPT);
    }
    if let Some(known) = slot.ways.find_mut(way)
        && let Some(exchange) = known.exchange.as_mut()
    {
        // It has opened the way itself: that ours is answered then tells nothing of silences.
        exchange.silence = Duration::ZERO;
    }
    let Heartbeat { interval, hold, .. } = slot.heartbeat;
    // The answer keeps the way open as well as our own question would.
    if let (pace, Some(known)) = (hold.pace(interval), slot.ways.find_mut(way))
        && let Some(at) = known.ping_at.get().filter(|_| known.is_kept_open(pace, interval))
    {
        let agreed = known.pinged_at + interval;
        known.ping_at = Held::This(at.max((now + pace).min(agreed)));
        arm(from, cx);
    }
    cx.make_ready(Actor::Peer(from));
}

pub(crate) fn on_pong(
    from: u16,
    via: Via,
    pong: &Pong,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let now = cx.now();
    let peer = cx.peer(from);
    let before = peer.ways.outline();
    let round_trip =
        peer.ways.answered(via.way, &pong.probe, now).ok_or(Dropped::UnexpectedPong)?;
    let is_current = peer.current == Some(via.session);
    if let Some(known) = peer.ways.find_mut(via.way)
        && let Some(seen) = pong.seen.filter(|_| is_current)
    {
        known.arrived = known.arrived.max(seen.next);
    }
    Ok(answered(from, via.way, before, round_trip, cx))
}

/// A peer was asked on this way by another part, and has answered.
pub(crate) fn on_answer(
    peer: u16,
    way: Way,
    round_trip: Duration,
    cx: &mut Cx<'_>,
) -> Option<Turn> {
    let now = cx.now();
    let ways = &mut cx.peer(peer).ways;
    let before = ways.outline();
    ways.prove(way, round_trip, now);
    answered(peer, way, before, round_trip, cx)
}

/// A peer has answered on this way; `before` is what its ways looked like.
fn answered(
    from: u16,
    way: Way,
    before: Outline,
    round_trip: Duration,
    cx: &mut Cx<'_>,
) -> Option<Turn> {
    let now = cx.now();
    let peer = cx.peer(from);
    let interval = peer.heartbeat.interval;
    if let Some(known) = peer.ways.find_mut(way) {
        let exchange = known.exchange.take();
        if let Some(Exchange { tries: 1, silence, .. }) = exchange
            && way.direct().is_some()
        {
            peer.heartbeat.hold.has_held(silence);
        }
        let agreed = exchange.map_or(now, |exchange| exchange.begun) + interval;
        let pace = peer.heartbeat.hold.pace(interval);
        let is_kept_open = known.is_kept_open(pace, interval);
        known.ping_at = Held::This(if is_kept_open { agreed.min(now + pace) } else { agreed });
    }
    peer.heartbeat.round_trip = Some(round_trip);
    peer.news.round_trip = Some(round_trip);
    let was_active = peer.state == PeerState::Active;
    let is_rerouted = peer.ways.outline() != before;
    if !was_active {
        peer.enter(PeerState::Active, now);
    }
    cx.make_news(from);
    // There may be room for what had to wait.
    cx.make_ready(Actor::Peer(from));
    paths::after_change(from, cx);
    arm(from, cx);
    restart_silence(from, cx);
    if was_active { is_rerouted.then_some(Turn::Rerouted(from)) } else { Some(Turn::Alive(from)) }
}

pub(crate) fn on_timer(timer: Timer, peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    match timer {
        Timer::Ping => on_ping_timer(peer, cx),
        Timer::Silence => on_silence(peer, cx),
        _ => unreachable!("not a timer of the heartbeat"),
    }
}

/// The way that is due first is asked, for the first time in an exchange or again, or has had its time.
fn on_ping_timer(peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let now = cx.now();
    let slot = cx.peer(peer);
    let interval = slot.heartbeat.interval;
    let before = slot.ways.outline();
    let is_due = |known: &&mut Known| known.ping_at.get().is_some_and(|at| at <= now);
    let Some(known) = slot.ways.iter_mut().find(is_due) else {
        // The way that was due is gone; others are due later.
        arm(peer, cx);
        return None;
    };
    known.ping_at = Held::Nothing;
    let way = known.way;
    let mut is_doubtful = false;
    match known.exchange.get() {
        None => known.begin(now),
        Some(exchange) if now < exchange.begun + ATTEMPT => {
            known.ping_owed = true;
            if exchange.tries >= SUSPECT_TRIES {
                slot.ways.suspect(way, now);
                is_doubtful = !slot.ways.iter().any(Known::is_validated);
            }
        }
        Some(exchange) => {
            let next = (exchange.begun + interval.max(ATTEMPT)).max(now);
            known.ping_at = Held::This(next);
            let answers_elsewhere =
                slot.ways.iter().any(|known| known.way != way && known.is_validated());
            if way.direct().is_some() {
                let Exchange { begun, silence, .. } = exchange;
                match answers_elsewhere {
                    true => slot.heartbeat.hold.has_lost(silence),
                    false => slot.heartbeat.hold.may_have_lost(silence, begun - silence),
                }
            }
            slot.ways.expired(way, now);
        }
    }
    let is_rerouted = slot.ways.outline() != before;
    cx.make_ready(Actor::Peer(peer));
    paths::after_change(peer, cx);
    arm(peer, cx);
    let is_active = cx.peer(peer).state == PeerState::Active;
    if is_doubtful && is_active {
        Some(Turn::Doubtful(peer))
    } else {
        is_rerouted.then_some(Turn::Rerouted(peer))
    }
}

/// Sets the timer for the first way that is due.
fn arm(peer: u16, cx: &mut Cx<'_>) {
    let at = cx.peer(peer).ways.iter().filter_map(|known| known.ping_at.get()).min();
    cx.set_timer(Actor::Peer(peer), Timer::Ping, at);
}

/// The `Ping` under way has its full time too: or else the last of three would go out for nothing.
fn on_silence(peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let now = cx.now();
    let slot = cx.peer(peer);
    let exchanges = slot.ways.iter().filter_map(|known| known.exchange.get());
    let end = exchanges.map(|exchange: Exchange| exchange.begun + ATTEMPT).max();
    let heartbeat = &mut slot.heartbeat;
    match end.filter(|end| *end > now && !heartbeat.is_last_chance) {
        Some(end) => {
            heartbeat.is_last_chance = true;
            cx.set_timer(Actor::Peer(peer), Timer::Silence, Some(end));
            None
        }
        None => Some(Turn::Silent(peer)),
    }
}

/// Bytes of the datagram that a `Ping` makes, or a `Pong` that says no more than that.
const DATAGRAM_LEN: usize = SealedHeader::LEN + Ping::LEN + TAG_LEN;

/// The next control message for this peer, if one is owed, and how it goes: answers first.
/// `session_on` says by which session a `Ping` goes this way; if by none, it stays owed.
pub(crate) fn take_owed(
    peer: u16,
    session_on: impl Fn(u16, Way, &mut Cx<'_>) -> Option<SessionId>,
    cx: &mut Cx<'_>,
) -> Option<(Via, Control)> {
    if let Some(pong) = take_pong(peer, cx) {
        return Some(pong);
    }
    let owed = |known: &Known| known.ping_owed.then_some(known.way);
    let mut ways = [None; paths::WAYS];
    for (place, way) in ways.iter_mut().zip(cx.peer(peer).ways.iter().filter_map(owed)) {
        *place = Some(way);
    }
    for way in ways.into_iter().flatten() {
        let Some(session) = session_on(peer, way, cx) else { continue };
        if let Some(ping) = next_try(peer, way, cx) {
            cx.state.counters.count(Counter::PingsSent);
            return Some((Via { session, way }, Control::Ping(ping)));
        }
    }
    None
}

fn take_pong(peer: u16, cx: &mut Cx<'_>) -> Option<(Via, Control)> {
    let PongOwed { ping, session, way } = cx.peer(peer).heartbeat.take_pong()?;
    if cx.session(session).owner != Owner::Peer(peer) {
        // It was retired before the answer could go out.
        return None;
    }
    let mut seen = None;
    if let Some(known) = cx.peer(peer).ways.find_mut(way) {
        known.charge(DATAGRAM_LEN);
        // To one that has not answered goes no more than came from there.
        if ping.asks && known.is_validated() {
            seen = Some(Seen { next: known.heard, from: way.direct().map(|path| path.remote) });
        }
    }
    cx.state.counters.count(Counter::PongsSent);
    Some((Via { session, way }, Control::Pong(Pong { probe: ping.probe, seen })))
}

/// Draws the nonce of the next try on a way, and says when the one after it is due; `None` if nothing
/// may go there until more has come from there.
fn next_try(peer: u16, way: Way, cx: &mut Cx<'_>) -> Option<Ping> {
    let now = cx.now();
    let nonce = cx.state.public.draw_u64().to_le_bytes();
    let slot = cx.peer(peer);
    // Relays see where we are.
    let asks = slot.ways.course.also().is_some() || slot.channel.can_relay();
    let known = slot.ways.find_mut(way)?;
    let is_probe = known.is_probed && known.proof == Proof::Probing;
    let may_go = known.charge(DATAGRAM_LEN) && (!is_probe || punch::may_probe(way, cx));
    let known = cx.peer(peer).ways.find_mut(way)?;
    if !may_go {
        // If nothing more comes from there, it has had its time all the same.
        known.ping_at =
            known.exchange.get().map_or(Held::Nothing, |it| Held::This(it.begun + ATTEMPT));
        arm(peer, cx);
        return None;
    }
    known.ping_owed = false;
    known.tried(nonce, now);
    // On a slow path the answer to the first try may still be under way.
    let round_trip = known.round_trip.unwrap_or_default();
    let exchange = known.exchange.as_mut()?;
    exchange.tries = exchange.tries.saturating_add(1);
    let gap = retry_gap(exchange.tries).max(round_trip.saturating_mul(2));
    known.ping_at = Held::This((now + gap).min((exchange.begun + ATTEMPT).max(now)));
    arm(peer, cx);
    Some(Ping { probe: Probe { nonce }, asks })
}

/// Whether anything is owed to this peer.
pub(crate) fn owes(peer: u16, cx: &mut Cx<'_>) -> bool {
    let slot = cx.peer(peer);
    slot.ways.iter().any(|known| known.ping_owed)
        || slot.heartbeat.pongs_owed.iter().any(|held| held.as_ref().is_some())
}
