//! How two peers that reach each other through a relay find a direct way (Ford, Srisuresh and Kegel,
//! 2005): each tells the other where it may be, and both probe at the same time, so that the NATs in
//! front of each take the other's probes for answers to its own.
//!
//! The one that begins says how long a round trip takes, and probes when the answer comes; the other
//! probes half a round trip after the question came. A probe is a `Ping`: its answer on the way that
//! it took proves that way, as any other does. NATs exist that keep a port from a node for a while
//! if the other side's probe comes first; so every attempt after the first is off by another bit.
//!
//! Nothing of this can be aimed: see [`address`] and [`limits`].

mod address;
mod attempt;
mod burst;
mod candidates;
mod limits;
mod observed;
mod reason;
mod when;

pub use attempt::PunchSlot;
pub use limits::ProbeCell;
pub use reason::{RelayReason, Relayed};

pub(crate) use address::{Scope, scope};
pub(crate) use candidates::{Local, own_addresses, socket_to};
pub(crate) use limits::{CELLS_PER_ATTEMPT, ProbeLimits};
pub(crate) use reason::{reason, relayed};
pub(crate) use when::{on_attested, on_course, on_network_change, on_seen, set_local_addresses};

use attempt::{Attempt, Role, Step};
use burst::Burst;
use observed::Observed;
use when::{goes_first, is_wanted, plan, schedule};

use crate::access::Standing;
use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::heartbeat::Via;
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::path::Path;
use crate::paths::Balance;
use crate::peer::{PeerSlot, PeerState};
use crate::relay;
use crate::table::list::Link;
use crate::time::{Duration, Instant};
use crate::timer::ATTEMPT;
use crate::way::Way;
use crate::wire::{Attested, Control, Mapping, Ping, Probe, Punch, PunchKind};

/// Attempts in a row that are soon begun again, as no word came back of them: nobody was probed.
const UNANSWERED: u8 = 2;
/// Answers to probes are waited for after the first.
const GRACE: Duration = Duration::from_secs(1);
/// A peer's offers come no closer than this, or it would keep the places of others. Ours are further apart.
const OFFERS_APART: Duration = Duration::from_secs(7);
/// A longer round trip is not believed: to what a peer says of it, this node waits half.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(2);
/// Addresses of this host that are known at once.
pub(crate) const LOCAL_ADDRESSES: usize = 4;

/// What a node knows of itself.
pub(crate) struct Shared {
    pub(crate) observed: Observed,
    pub(crate) local: heapless::Vec<Local, LOCAL_ADDRESSES>,
    /// Somebody has answered directly in this place.
    pub(crate) is_heard: bool,
}

/// What it knows of a peer.
pub(crate) struct Punching {
    /// Where relays saw it when that last changed.
    told: Attested,
    /// The attempt under way.
    attempt: Link,
    /// Attempts that came so far as to probe, since something changed.
    tries: u8,
    /// Attempts since then that nobody answered.
    unanswered: u8,
    /// The last offer of the peer that was taken up.
    last: Held<Offered>,
    peer_mapping: Mapping,
    /// Probes of the last attempt.
    probes: u8,
    /// When the last one began.
    tried_at: Held<Instant>,
    /// When the next one begins.
    next_at: Held<Instant>,
    direct_since: Held<Instant>,
    /// When the direct way was lost, if none has been tried for since.
    lost_at: Held<Instant>,
}

#[derive(Clone, Copy)]
struct Offered {
    number: u32,
    at: Instant,
}

impl Shared {
    pub(crate) const NEW: Self =
        Self { observed: Observed::NOTHING, local: heapless::Vec::new(), is_heard: false };
}

impl Punching {
    pub(crate) const NONE: Self = Self {
        told: Attested::NOWHERE,
        attempt: Link::NONE,
        tries: 0,
        unanswered: 0,
        last: Held::Nothing,
        peer_mapping: Mapping::Unknown,
        probes: 0,
        tried_at: Held::Nothing,
        next_at: Held::Nothing,
        direct_since: Held::Nothing,
        lost_at: Held::Nothing,
    };

    /// Something has changed: what failed before may succeed now.
    fn begin_anew(&mut self) {
        (self.tries, self.unanswered) = (0, 0);
    }
}

/// The attempt with a peer.
fn attempt<'a>(peer: u16, cx: &'a mut Cx<'_>) -> Option<&'a mut Attempt> {
    let place = cx.peers[usize::from(peer)].punch.attempt.slot()?;
    cx.punches[usize::from(place)].attempt.as_mut()
}

/// A free place for an attempt, if there is one. A quarter is kept for those that are `asked_for`: a few
/// peers that offer all the time would have all of them.
fn free_place(punches: &[PunchSlot], asked_for: bool) -> Option<usize> {
    let kept = if asked_for { 0 } else { punches.len() / 4 };
    let is_free = |place: &usize| punches[*place].attempt.as_ref().is_none();
    (0..punches.len()).filter(is_free).nth(kept)
}

/// Takes a place for an attempt, if there is one.
fn begin(attempt: Attempt, peer: u16, cx: &mut Cx<'_>) -> bool {
    let is_named = cx.peer(peer).standing != Standing::Met;
    let free = free_place(cx.punches, is_named || attempt.role == Role::Offers);
    let Some(place) = free else { return false };
    let now = cx.now();
    cx.punches[place].attempt = Held::This(attempt);
    let punching = &mut cx.peer(peer).punch;
    (punching.attempt, punching.probes) = (Link::to(place as u16), 0);
    punching.tried_at = Held::This(now);
    cx.state.counters.count(Counter::PunchesBegun);
    true
}

/// Gives the place of an attempt back, if there is one.
fn end(peer: u16, cx: &mut Cx<'_>) {
    let punching = &mut cx.peer(peer).punch;
    if let Some(place) = core::mem::replace(&mut punching.attempt, Link::NONE).slot() {
        cx.punches[usize::from(place)].attempt = Held::Nothing;
    }
}

/// A direct way to a peer answers.
fn finish(peer: u16, cx: &mut Cx<'_>) {
    let until = cx.now() + GRACE;
    match attempt(peer, cx) {
        Some(attempt) if attempt.step == Step::Probing => {
            attempt.step = Step::Proven;
            attempt.burst.stop();
            plan(peer, Some(until), cx);
        }
        Some(attempt) if attempt.step == Step::Proven => {}
        _ => {
            end(peer, cx);
            plan(peer, None, cx);
        }
    }
}

/// Forgets what is under way with a peer; what is known of where it is stays.
pub(crate) fn stop(peer: u16, cx: &mut Cx<'_>) {
    end(peer, cx);
    let punching = &mut cx.peer(peer).punch;
    (punching.direct_since, punching.lost_at) = (Held::Nothing, Held::Nothing);
    plan(peer, None, cx);
    review(peer, cx);
}

/// What this node has to say of itself in an attempt.
fn describe(peer: u16, number: u32, way: Option<Way>, cx: &mut Cx<'_>) -> Punch {
    let slot = &cx.peers[usize::from(peer)];
    let known = way.and_then(|way| slot.ways.find(way));
    let round_trip = known.and_then(|known| known.round_trip).or(slot.heartbeat.round_trip);
    let round_trip = round_trip.unwrap_or_default().as_micros();
    Punch {
        attempt: number,
        round_trip_us: u32::try_from(round_trip).unwrap_or(u32::MAX),
        mapping: cx.state.punch.observed.mapping(),
        candidates: candidates::own(&cx.state.punch, &slot.relaying.attested, cx.now()),
    }
}

/// By which way the two talk about it: a relay's, if there is one.
fn talk_way(peer: &PeerSlot) -> Option<Way> {
    let mut ways = peer.ways.iter().filter(|known| known.is_validated()).map(|known| known.way);
    let relayed = ways.find(|way| matches!(way, Way::Relayed(_)));
    relayed.or(peer.ways.course.primary())
}

pub(crate) fn on_message(
    from: u16,
    via: Via,
    kind: PunchKind,
    punch: &Punch,
    cx: &mut Cx<'_>,
) -> Result<(), Dropped> {
    cx.peer(from).punch.peer_mapping = punch.mapping;
    match kind {
        PunchKind::Offer => on_offer(from, via, punch, cx),
        PunchKind::Answer => on_answer(from, punch, cx),
    }
}

/// A peer wants to meet. An offer is answered once, and again if it comes again; never by an offer.
fn on_offer(from: u16, via: Via, punch: &Punch, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    if cx.peer(from).state != PeerState::Active {
        // No answer could go out yet: it will ask again.
        return Err(Dropped::PunchIgnored);
    }
    let goes_first = goes_first(from, cx);
    match attempt(from, cx) {
        Some(attempt) if attempt.role == Role::Answers && attempt.number() == punch.attempt => {
            attempt.message_owed = true;
            cx.make_ready(Actor::Peer(from));
            return Ok(());
        }
        // Both want to: that of the smaller one counts.
        Some(attempt) if attempt.step == Step::Asking && !goes_first => end(from, cx),
        Some(_) => return Err(Dropped::PunchIgnored),
        None => {}
    }
    let now = cx.now();
    let Punching { last, tries, .. } = cx.peer(from).punch;
    let is_over = |last: Offered| last.number == punch.attempt || now < last.at + OFFERS_APART;
    if last.get().is_some_and(is_over) {
        return Err(Dropped::PunchIgnored);
    }
    // Of a crowd that called at once not everybody's place is remembered. A relay says it again if it is
    // asked, and so does the peer what it offers.
    let is_nowhere = cx.peer(from).relaying.attested.iter().next().is_none();
    if is_nowhere && relay::search(from, cx) {
        return Err(Dropped::PunchIgnored);
    }
    let burst = Burst::to(targets(from, punch, cx));
    if burst.targets().next().is_none() {
        // Nothing would come of it here but a place taken.
        return Err(Dropped::PunchIgnored);
    }
    let own = describe(from, punch.attempt, Some(via.way), cx);
    let half =
        Duration::from_micros(u64::from(punch.round_trip_us).min(ROUND_TRIP_MAX.as_micros()) / 2);
    let wait = if tries == 0 { half } else { cx.state.public.jitter(half) };
    if !begin(Attempt::answering(own, burst, now), from, cx) {
        return Err(Dropped::PunchesFull);
    }
    cx.peer(from).punch.last = Held::This(Offered { number: punch.attempt, at: now });
    plan(from, Some(now + wait), cx);
    cx.make_ready(Actor::Peer(from));
    review(from, cx);
    Ok(())
}

/// A peer takes part in what this node has begun: its probes leave now.
fn on_answer(from: u16, punch: &Punch, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let burst = Burst::to(targets(from, punch, cx));
    let asked = attempt(from, cx)
        .filter(|attempt| attempt.step == Step::Asking && attempt.number() == punch.attempt);
    asked.ok_or(Dropped::UnexpectedPunchAck)?.burst = burst;
    probe(from, cx);
    Ok(())
}

/// Where a peer's addresses lead.
fn targets(peer: u16, theirs: &Punch, cx: &mut Cx<'_>) -> heapless::Vec<Path, { burst::TARGETS }> {
    let slot = &cx.peers[usize::from(peer)];
    let relay = match slot.ways.course.primary() {
        Some(Way::Relayed(circuit)) => cx.resolve(circuit.relay),
        _ => None,
    };
    let relay = relay.map(|relay| &cx.peers[usize::from(relay)]);
    let path = relay.and_then(|relay| relay.ways.course.primary()).and_then(Way::direct);
    candidates::targets(theirs, &slot.relaying.attested, &cx.state.punch, path, cx.now())
}

/// A packet of the peer came by a way on which it has not answered: should that be one that is probed, it
/// is this node's own choice to ask there, as often as it asks anywhere and probes may go there.
pub(crate) fn vouch(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let Some(place) = cx.peer(peer).punch.attempt.slot() else { return };
    let Cx { punches, peers, probe_cells, state, .. } = cx;
    let attempt = punches[usize::from(place)].attempt.as_ref();
    let ways = &mut peers[usize::from(peer)].ways;
    let mut limits = ProbeLimits { hasher: state.address_hasher(), cells: probe_cells };
    for target in attempt.iter().flat_map(|attempt| attempt.burst.targets()) {
        let is_new = ways.find(target.into()).is_some_and(|known| known.is_hearsay);
        if is_new && limits.take(target.remote, now) {
            ways.add(target.into(), Balance::OWN_CHOICE, now).is_probed = true;
        }
    }
}

/// Whether another probe may go this way; if so, it counts.
pub(crate) fn may_probe(way: Way, cx: &mut Cx<'_>) -> bool {
    let now = cx.now();
    let Cx { probe_cells, state, .. } = cx;
    let mut limits = ProbeLimits { hasher: state.address_hasher(), cells: probe_cells };
    way.direct().is_none_or(|path| limits.take(path.remote, now))
}

pub(crate) fn on_timer(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let Some(attempt) = attempt(peer, cx) else {
        offer(peer, cx);
        return;
    };
    let has_had_its_time = now >= attempt.begun + ATTEMPT;
    match attempt.step {
        Step::Asking | Step::Probing if has_had_its_time => fail(peer, cx),
        Step::Asking => {
            attempt.message_owed = true;
            let end = attempt.begun + ATTEMPT;
            plan(peer, Some(end), cx);
            cx.make_ready(Actor::Peer(peer));
        }
        Step::Waiting => probe(peer, cx),
        Step::Probing => next_round(peer, cx),
        Step::Proven => {
            end(peer, cx);
            // It may be lost again by now.
            schedule(peer, cx);
            review(peer, cx);
        }
    }
}

/// Begins an attempt.
fn offer(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    if !is_wanted(cx.peer(peer)) {
        plan(peer, None, cx);
        return;
    }
    let (number, way) = (cx.state.public.draw_u32(), talk_way(cx.peer(peer)));
    let own = describe(peer, number, way, cx);
    if !begin(Attempt::asking(own, now), peer, cx) {
        // Others are trying: again when they have had their time.
        let at = now + cx.state.public.jitter(ATTEMPT);
        plan(peer, Some(at), cx);
        return;
    }
    plan(peer, Some(now + ATTEMPT), cx);
    cx.make_ready(Actor::Peer(peer));
    review(peer, cx);
}

/// The probes of both ends leave about now.
fn probe(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let Some(attempt) = attempt(peer, cx) else { return };
    (attempt.step, attempt.begun) = (Step::Probing, now);
    let targets = attempt.burst.targets().count() as u16;
    cx.state.punch.observed.probed(targets);
    let punching = &mut cx.peer(peer).punch;
    (punching.tries, punching.unanswered) = (punching.tries.saturating_add(1), 0);
    next_round(peer, cx);
}

fn next_round(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let Some(attempt) = attempt(peer, cx) else { return };
    let end = attempt.begun + ATTEMPT;
    let gap = attempt.burst.next_round();
    plan(peer, Some(gap.map_or(end, |gap| (now + gap).min(end))), cx);
    cx.make_ready(Actor::Peer(peer));
}

/// The attempt has had its time.
fn fail(peer: u16, cx: &mut Cx<'_>) {
    let was_answered = attempt(peer, cx).is_some_and(|attempt| attempt.step == Step::Probing);
    end(peer, cx);
    cx.state.counters.count(Counter::PunchesFailed);
    let punching = &mut cx.peer(peer).punch;
    punching.lost_at = Held::Nothing;
    if !was_answered && punching.unanswered < UNANSWERED && is_wanted(cx.peer(peer)) {
        cx.peer(peer).punch.unanswered += 1;
        let at = cx.now() + cx.state.public.jitter(ATTEMPT);
        plan(peer, Some(at), cx);
    } else {
        if !was_answered {
            let punching = &mut cx.peer(peer).punch;
            punching.tries = punching.tries.saturating_add(1);
        }
        schedule(peer, cx);
    }
    review(peer, cx);
}

/// A `Pong` that no other part has asked for: perhaps to a probe.
pub(crate) fn on_pong(
    from: u16,
    via: Via,
    probe: &Probe,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let now = cx.now();
    let path = via.way.direct().ok_or(Dropped::UnexpectedPong)?;
    let Some(place) = cx.peer(from).punch.attempt.slot() else {
        return Err(Dropped::UnexpectedPong);
    };
    let Cx { punches, probe_cells, state, .. } = cx;
    let attempt = punches[usize::from(place)].attempt.as_mut();
    let burst = attempt.map(|attempt| &mut attempt.burst).ok_or(Dropped::UnexpectedPong)?;
    let round_trip = burst.answered(probe.nonce, path, now).ok_or(Dropped::UnexpectedPong)?;
    let mut limits = ProbeLimits { hasher: state.address_hasher(), cells: probe_cells };
    burst.settle(path, |at| limits.give_back(path.remote, at, now));
    if cx.peer(from).punch.direct_since.as_ref().is_none() {
        cx.state.counters.count(Counter::PunchesAnswered);
    }
    finish(from, cx);
    Ok(Some(Turn::Punched { peer: from, path, round_trip }))
}

/// Writes what is owed to a peer into `content`: a word about an attempt, or a probe.
pub(crate) fn take_owed(peer: u16, content: &mut [u8], cx: &mut Cx<'_>) -> Option<(Via, usize)> {
    let session = cx.peer(peer).current?;
    let way = talk_way(cx.peer(peer))?;
    let attempt = attempt(peer, cx)?;
    if core::mem::take(&mut attempt.message_owed) {
        return Some((Via { session, way }, say(peer, content, cx)?));
    }
    while let Some(path) = self::attempt(peer, cx)?.burst.take_turn() {
        if !may_probe(path.into(), cx) {
            continue;
        }
        let now = cx.now();
        let nonce = cx.state.public.draw_u64().to_le_bytes();
        let burst = &mut self::attempt(peer, cx)?.burst;
        burst.note_sent(nonce, path, now);
        let sent = burst.sent() as u8;
        cx.peer(peer).punch.probes = sent;
        cx.state.counters.count(Counter::ProbesSent);
        let ping = Control::Ping(Ping { probe: Probe { nonce }, asks: false });
        let len = ping.encode(&mut content[..Control::LEN_MAX]);
        return Some((Via { session, way: path.into() }, len));
    }
    None
}

/// Writes the offer, which is then repeated until it is answered, or the answer.
fn say(peer: u16, content: &mut [u8], cx: &mut Cx<'_>) -> Option<usize> {
    let now = cx.now();
    let attempt = attempt(peer, cx)?;
    let (len, next) = attempt.say(content, now);
    cx.state.counters.count(Counter::PunchMessagesSent);
    if let Some(next) = next {
        plan(peer, Some(next), cx);
    }
    Some(len)
}

/// Whether anything is owed to this peer.
pub(crate) fn owes(peer: u16, cx: &mut Cx<'_>) -> bool {
    attempt(peer, cx).is_some_and(|attempt| attempt.message_owed || attempt.burst.owes())
}

/// Notes whether the reason why a peer is relayed is another one than was reported.
pub(crate) fn review(peer: u16, cx: &mut Cx<'_>) {
    if reason::tells_of_others(&cx.peers[usize::from(peer)], &cx.state.punch) {
        (0..cx.peers.len() as u16).for_each(|other| review_one(other, cx));
    } else {
        review_one(peer, cx);
    }
}

fn review_one(peer: u16, cx: &mut Cx<'_>) {
    let reason = reason(&cx.peers[usize::from(peer)], cx.peers, &cx.state.punch);
    let news = &mut cx.peer(peer).news;
    news.reason = reason.map_or(Held::Nothing, Held::This);
    if cx.peer(peer).has_news() {
        cx.make_news(peer);
    }
}

#[cfg(test)]
mod tests;
