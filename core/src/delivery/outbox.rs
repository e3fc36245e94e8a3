//! Messages on their way out: kept until they are acknowledged or their time is over, and sent as
//! fast as the path and the peer bear (RFC 9002; names of its appendices in brackets).

use super::flights::{self, Flights, Packet};
use super::newreno::Growth;
use super::persistence::Series;
use super::route::{Route, Wait};
use super::slots::{self, Chain, Direction, MessageSlot, Queue};
use crate::counters::{Counter, Dropped};
use crate::crypto::aead::TAG_LEN;
use crate::cx::{Actor, Cx};
use crate::error::SendError;
use crate::lifecycle::Turn;
use crate::message::{MessageId, Outcome, Outgoing};
use crate::paths;
use crate::table::list::List;
use crate::time::{Duration, Instant};
use crate::timer::Timer;
use crate::way::Way;
use crate::wire::{
    Ack, FRAGMENT_LEN, FRAGMENTS_MAX, Fragment, Intro, MAX_MESSAGE, SealedHeader, fragment_len,
    fragments,
};

/// A packet is lost once one sent so many later has arrived (section 6.1.1: `kPacketThreshold`).
const PACKET_THRESHOLD: u64 = 3;
/// Packets that ask for an acknowledgement when one is overdue (section 6.2.4).
const PROBES: u8 = 2;
/// A probe timeout is doubled up to so long: a peer that is there but has no room looks like a lossy
/// path, and a message has its lifetime to get through. RFC 9002 leaves the limit to whatever ends
/// the connection; pings go on as often all the while.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// From so many in a row on the peer's own questions show when something may reach it.
const TIMEOUTS_HURRIED: u8 = 2;
/// After so many in a row, and as many again, the way that packets take is no longer trusted, whatever
/// its pings say.
const TIMEOUTS_DISTRUSTED: u8 = 3;
/// So many doublings pass that in any case.
const DOUBLINGS_MAX: u8 = 10;

const _: () = assert!(u8::MAX.is_multiple_of(TIMEOUTS_DISTRUSTED));

/// What a node keeps of its messages to a peer.
pub(crate) struct Outbox {
    /// The next message's number.
    pub(crate) next_number: u64,
    /// The next packet's.
    next_transmit: u64,
    /// Those that have not ended, by number.
    messages: List<Chain>,
    /// Those of them with something to send: what was lost first, then in their own order.
    queue: List<Queue>,
    pub(super) flights: List<Flights>,
    route: Route,
    largest_acked: Option<u64>,
    /// When the first packet under way counts as lost, since a later one has arrived [loss_time].
    loss_at: Option<Instant>,
    /// Probe timeouts since the last acknowledgement [pto_count], and when the last one was.
    timeouts: u8,
    timed_out_at: Instant,
    /// Packets to be sent however full the path seems.
    probes: u8,
}

impl Outbox {
    pub(crate) const EMPTY: Self = Self {
        next_number: 0,
        next_transmit: 0,
        messages: List::EMPTY,
        queue: List::EMPTY,
        flights: List::EMPTY,
        route: Route::NONE,
        largest_acked: None,
        loss_at: None,
        timeouts: 0,
        timed_out_at: Instant::ORIGIN,
        probes: 0,
    };

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.flights.is_empty()
    }

    pub(super) fn owes(&self) -> bool {
        !self.queue.is_empty()
    }

    /// When the first message ends at the latest.
    pub(super) fn expiry(&self, messages: &[MessageSlot]) -> Option<Instant> {
        self.messages.first().map(|slot| messages[usize::from(slot)].at)
    }
}

/// The longest message that this peer takes.
fn longest_for(intro: &Intro) -> usize {
    if intro.message_window == 0 {
        return 0;
    }
    usize::from(intro.fragments_max.min(FRAGMENTS_MAX)) * FRAGMENT_LEN
}

/// Keeps a message until it ends.
pub(super) fn accept(
    to: u16,
    message: &Outgoing<'_>,
    cx: &mut Cx<'_>,
) -> Result<MessageId, SendError> {
    let &Outgoing { kind, purpose, payload } = message;
    if cx.peer(to).is_foreign {
        return Err(SendError::Unsupported);
    }
    // Of a peer never met nothing is known: if the message is too long for it, that ends it then.
    let heard = cx.peer(to).channel.remote.get().filter(Intro::is_heard);
    let longest = heard.as_ref().map_or(MAX_MESSAGE, longest_for);
    if longest == 0 {
        return Err(SendError::Unsupported);
    }
    if payload.len() > longest.min(slots::longest_out(cx)) {
        return Err(SendError::TooLong);
    }
    let slot = slots::take(Direction::Out, payload.len(), cx).ok_or(SendError::Full)?;
    let (peer, at) = (cx.handle(to), cx.now() + cx.state.config.message_lifetime);
    let message = &mut cx.messages[usize::from(slot)];
    message.bytes_mut(cx.buffer, 0, payload.len()).copy_from_slice(payload);
    let outbox = &mut cx.peers[usize::from(to)].delivery.outbox;
    let number = outbox.next_number;
    outbox.next_number += 1;
    (message.peer, message.number, message.at) = (peer, number, at);
    (message.kind, message.purpose) = (kind, purpose);
    message.to_send = message.all();
    outbox.messages.push_back(cx.messages, slot);
    outbox.queue.push_back(cx.messages, slot);
    cx.state.counters.count(Counter::MessagesSent);
    Ok(MessageId(number))
}

/// Writes the next packet to a peer, whose way this is, into `content`, if one may be sent now.
pub(super) fn take_owed(to: u16, way: Way, content: &mut [u8], cx: &mut Cx<'_>) -> Option<usize> {
    let now = cx.now();
    let peer = &mut cx.peers[usize::from(to)];
    let window = peer.channel.remote.as_ref()?.message_window;
    let outbox = &mut peer.delivery.outbox;
    let slot = outbox.queue.first()?;
    let measured = peer.ways.find(way).and_then(|known| known.round_trip);
    if outbox.route.follow(way, measured) {
        outbox.timeouts = 0;
    }
    let message = &cx.messages[usize::from(slot)];
    let floor = cx.messages[usize::from(outbox.messages.first()?)].number;
    if message.number - floor >= window.into() {
        // Those behind it are further ahead still: what was sent before stands before it.
        outbox.route.congestion.ran_dry();
        return None;
    }
    let fragment = next_fragment(message, outbox.next_transmit, floor, cx.buffer);
    let bytes = (SealedHeader::LEN + fragment.content_len() + TAG_LEN) as u16;
    let is_probe = outbox.probes > 0;
    if !is_probe && let Err(wait) = outbox.route.admit(bytes.into(), now) {
        if let Wait::Until(at) = wait {
            cx.set_timer(Actor::Peer(to), Timer::Pace, Some(at));
        }
        return None;
    }
    let content_len = fragment.encode(content);
    let packet = Packet {
        number: fragment.transmit,
        sent_at: now,
        route: outbox.route.number(),
        message: slot,
        bytes,
        index: fragment.index,
        is_superseded: false,
    };
    outbox.probes -= u8::from(is_probe);
    on_sent(to, packet, cx);
    Some(content_len)
}

/// The first fragment of a message that is to be sent.
fn next_fragment<'b>(
    message: &MessageSlot,
    transmit: u64,
    floor: u64,
    buffer: &'b [u8],
) -> Fragment<'b> {
    let index = message.to_send.trailing_zeros() as u8;
    let len = fragment_len(message.len as usize, index);
    Fragment {
        purpose: message.purpose,
        kind: message.kind,
        len: message.len,
        number: message.number,
        transmit,
        floor,
        index,
        bytes: message.bytes(buffer, usize::from(index) * FRAGMENT_LEN, len),
    }
}

fn on_sent(to: u16, packet: Packet, cx: &mut Cx<'_>) {
    flights::take_off(to, packet, cx);
    let message = &mut cx.messages[usize::from(packet.message)];
    let bit = 1 << packet.index;
    let is_again = message.sent & bit != 0;
    message.sent |= bit;
    message.to_send &= !bit;
    let outbox = &mut cx.peers[usize::from(to)].delivery.outbox;
    if message.to_send == 0 {
        outbox.queue.remove(cx.messages, packet.message);
    }
    outbox.next_transmit += 1;
    outbox.route.on_sent(packet.bytes.into(), packet.sent_at);
    if outbox.queue.is_empty() {
        outbox.route.congestion.ran_dry();
    }
    cx.state.counters.count(Counter::FragmentsSent);
    if is_again {
        cx.state.counters.count(Counter::FragmentsRetransmitted);
    }
    set_loss_timer(to, cx);
}

/// Takes an acknowledgement [OnAckReceived].
pub(super) fn on_ack(from: u16, ack: &Ack, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let outbox = &mut cx.peer(from).delivery.outbox;
    if ack.largest >= outbox.next_transmit {
        return Err(Dropped::UnexpectedAck);
    }
    outbox.largest_acked = outbox.largest_acked.max(Some(ack.largest));
    let (mut growth, mut whole) = (Growth::default(), List::EMPTY);
    let mut at = outbox.flights.first();
    // What is passed over here lies so far behind that it is lost now, but for the last few: so the
    // work is that of having sent it.
    while let Some(flight) = at {
        let number = cx.flights[usize::from(flight)].packet.number;
        if number > ack.largest {
            break;
        }
        at = List::<Flights>::next(cx.flights, flight);
        if ack.covers(number) {
            let packet = flights::land(from, flight, cx);
            on_acked(from, &packet, ack, &mut growth, &mut whole, cx);
        }
    }
    detect_lost(from, cx);
    let now = cx.now();
    cx.peer(from).delivery.outbox.route.congestion.grow(&growth, now);
    while let Some(slot) = whole.pop_front(cx.messages) {
        // After its time the peer may have forgotten a part that it acknowledged, even if the timer
        // has not been handled yet.
        let is_late = cx.message(slot).at <= now;
        conclude(from, slot, if is_late { Outcome::Unknown } else { Outcome::Acked }, cx);
    }
    set_loss_timer(from, cx);
    Ok(())
}

/// A packet has arrived. A message of which that was the last goes from the peer's list to `whole`.
fn on_acked(
    from: u16,
    packet: &Packet,
    ack: &Ack,
    growth: &mut Growth,
    whole: &mut List<Chain>,
    cx: &mut Cx<'_>,
) {
    let now = cx.now();
    let peer = &mut cx.peers[usize::from(from)];
    let outbox = &mut peer.delivery.outbox;
    (outbox.timeouts, outbox.probes) = (0, 0);
    outbox.route.on_acked(packet, growth);
    let message = &mut cx.messages[usize::from(packet.message)];
    let is_longest = fragment_len(message.len as usize, packet.index) == FRAGMENT_LEN;
    if is_longest && outbox.route.took(packet) {
        peer.ways.bears_all();
    }
    if packet.number == ack.largest && outbox.route.took(packet) {
        let delay = Duration::from_micros(ack.delay_us.into());
        outbox.route.rtt.sample(now.saturating_since(packet.sent_at), delay);
    }
    let was_queued = message.to_send != 0;
    let was_done = message.done == message.all();
    message.done |= 1 << packet.index;
    message.to_send &= !message.done;
    let is_done = message.done == message.all();
    if was_queued && message.to_send == 0 {
        outbox.queue.remove(cx.messages, packet.message);
    }
    if is_done && !was_done {
        outbox.messages.remove(cx.messages, packet.message);
        whole.push_back(cx.messages, packet.message);
    }
}

/// Finds the packets that are lost: they are the first ones, as both thresholds are older the
/// further one looks back [DetectAndRemoveLostPackets].
fn detect_lost(to: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let outbox = &mut cx.peer(to).delivery.outbox;
    outbox.loss_at = None;
    let Some(largest) = outbox.largest_acked else { return };
    let delay = outbox.route.rtt.loss_delay();
    let mut series = Series::default();
    while let Some(first) = cx.peer(to).delivery.outbox.flights.first() {
        let Packet { number, sent_at, .. } = cx.flights[usize::from(first)].packet;
        if number > largest {
            break;
        }
        if largest - number < PACKET_THRESHOLD && sent_at + delay > now {
            cx.peer(to).delivery.outbox.loss_at = Some(sent_at + delay);
            break;
        }
        let packet = flights::land(to, first, cx);
        let outbox = &mut cx.peer(to).delivery.outbox;
        outbox.route.on_forgotten(&packet);
        if outbox.route.took(&packet) {
            series.add(number, sent_at);
        }
        send_again(to, &packet, cx);
    }
    let Route { rtt, congestion, .. } = &mut cx.peer(to).delivery.outbox.route;
    if let Some(newest) = series.newest() {
        congestion.on_congestion(newest, now);
        if series.is_persistent(rtt.probe_timeout()) {
            congestion.on_persistent_congestion();
        }
    }
}

/// What a packet carried is sent again, before everything else, unless that is no longer needed.
fn send_again(to: u16, packet: &Packet, cx: &mut Cx<'_>) {
    let message = &mut cx.messages[usize::from(packet.message)];
    let bit = 1 << packet.index;
    if packet.is_superseded || message.done & bit != 0 {
        return;
    }
    let was_queued = message.to_send != 0;
    message.to_send |= bit;
    if !was_queued {
        let outbox = &mut cx.peers[usize::from(to)].delivery.outbox;
        outbox.queue.push_front(cx.messages, packet.message);
    }
}

/// A packet counts as lost by its time, or an acknowledgement is overdue [OnLossDetectionTimeout].
pub(super) fn on_loss_timer(to: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let outbox = &mut cx.peer(to).delivery.outbox;
    let mut turn = None;
    if outbox.loss_at.is_some() {
        detect_lost(to, cx);
    } else {
        // At the end it goes through the last few again and again.
        outbox.timeouts =
            outbox.timeouts.checked_add(1).unwrap_or(u8::MAX - TIMEOUTS_DISTRUSTED + 1);
        if outbox.timeouts.is_multiple_of(TIMEOUTS_DISTRUSTED) {
            turn = paths::distrust(to, cx);
        }
        probe(to, cx);
    }
    set_loss_timer(to, cx);
    turn
}

/// The peer is heard from on this way, though it has not acknowledged anything for long: what a NAT shuts
/// between two questions is open now, and may be shut whenever the timer runs out.
pub(super) fn hurry(to: u16, way: Way, cx: &mut Cx<'_>) {
    let now = cx.now();
    let slot = cx.peer(to);
    if slot.ways.course.primary() != Some(way) {
        return;
    }
    let outbox = &slot.delivery.outbox;
    let again = outbox.timed_out_at + outbox.route.rtt.probe_timeout();
    if outbox.loss_at.is_none() && outbox.timeouts >= TIMEOUTS_HURRIED && now >= again {
        probe(to, cx);
        set_loss_timer(to, cx);
        cx.make_ready(Actor::Peer(to));
    }
}

/// What is overdue goes out once more, now.
fn probe(to: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let outbox = &mut cx.peer(to).delivery.outbox;
    (outbox.timed_out_at, outbox.probes) = (now, PROBES);
    match first_in_part(to, cx) {
        Some(slot) => send_rest_again(to, slot, cx),
        None if has_lost(to, cx) => {}
        None => send_oldest_again(to, cx),
    }
}

/// The first message of which the peer has a part.
fn first_in_part(to: u16, cx: &mut Cx<'_>) -> Option<u16> {
    let mut at = cx.peer(to).delivery.outbox.messages.first();
    while let Some(slot) = at.filter(|&slot| cx.messages[usize::from(slot)].done == 0) {
        at = List::<Chain>::next(cx.messages, slot);
    }
    at
}

/// Probes carry the rest of what the peer has in part, before all else: a peer that has no room refuses
/// everything but that, and has room again only when it has that.
fn send_rest_again(to: u16, slot: u16, cx: &mut Cx<'_>) {
    let mut at = cx.peer(to).delivery.outbox.flights.first();
    while let Some(flight) = at {
        at = List::<Flights>::next(cx.flights, flight);
        let packet = cx.flights[usize::from(flight)].packet;
        if packet.message == slot && !packet.is_superseded {
            send_flight_again(to, flight, cx);
        }
    }
    let outbox = &mut cx.peers[usize::from(to)].delivery.outbox;
    if cx.messages[usize::from(slot)].to_send != 0 {
        outbox.queue.remove(cx.messages, slot);
        outbox.queue.push_front(cx.messages, slot);
    }
}

/// Whether something that was lost is to be sent next: the probes carry that. Else it would wait for
/// ever behind what they repeat, if the path seems full and nothing is acknowledged.
fn has_lost(to: u16, cx: &mut Cx<'_>) -> bool {
    let first = cx.peer(to).delivery.outbox.queue.first();
    first.is_some_and(|slot| {
        let message = cx.message(slot);
        message.to_send & message.sent != 0
    })
}

/// Probes carry what has waited longest.
fn send_oldest_again(to: u16, cx: &mut Cx<'_>) {
    let mut at = cx.peer(to).delivery.outbox.flights.first();
    let mut left = PROBES;
    while let Some(flight) = at.filter(|_| left > 0) {
        at = List::<Flights>::next(cx.flights, flight);
        let packet = cx.flights[usize::from(flight)].packet;
        if packet.is_superseded {
            continue;
        }
        left -= 1;
        send_flight_again(to, flight, cx);
    }
}

/// What a packet carried is sent again, though the packet may still arrive.
fn send_flight_again(to: u16, flight: u16, cx: &mut Cx<'_>) {
    let packet = cx.flights[usize::from(flight)].packet;
    send_again(to, &packet, cx);
    if let Some(forgotten) = flights::supersede(to, flight, cx) {
        cx.peer(to).delivery.outbox.route.on_forgotten(&forgotten);
    }
}

/// [SetLossDetectionTimer]
fn set_loss_timer(to: u16, cx: &mut Cx<'_>) {
    let outbox = &cx.peers[usize::from(to)].delivery.outbox;
    let overdue = outbox.flights.last().map(|last| {
        let backoff = 1 << outbox.timeouts.min(DOUBLINGS_MAX);
        let timeout = outbox.route.rtt.probe_timeout();
        let timeout = timeout.saturating_mul(backoff).min(timeout.max(BACKOFF_MAX));
        // A probe may have to wait: that is no reason to ask for it again and again.
        cx.flights[usize::from(last)].packet.sent_at.max(outbox.timed_out_at) + timeout
    });
    let at = outbox.loss_at.or(overdue);
    cx.set_timer(Actor::Peer(to), Timer::Loss, at);
}

/// The peer has fallen silent: whatever was under way is to be sent again when it is back. That
/// says nothing of how much the path bears.
pub(super) fn pause(to: u16, cx: &mut Cx<'_>) {
    while let Some(first) = cx.peer(to).delivery.outbox.flights.first() {
        let packet = flights::land(to, first, cx);
        cx.peer(to).delivery.outbox.route.on_forgotten(&packet);
    }
    let outbox = &mut cx.peers[usize::from(to)].delivery.outbox;
    (outbox.loss_at, outbox.timeouts, outbox.probes) = (None, 0, 0);
    while outbox.queue.pop_front(cx.messages).is_some() {}
    let mut at = outbox.messages.first();
    while let Some(slot) = at {
        at = List::<Chain>::next(cx.messages, slot);
        let message = &mut cx.messages[usize::from(slot)];
        message.to_send = message.all() & !message.done;
        outbox.queue.push_back(cx.messages, slot);
    }
    cx.set_timer(Actor::Peer(to), Timer::Loss, None);
    cx.set_timer(Actor::Peer(to), Timer::Pace, None);
}

/// The channel has ended. What the peer may have is unknown for ever; what it cannot have is sent
/// from the beginning, in the new channel.
pub(super) fn restart(to: u16, cx: &mut Cx<'_>) {
    pause(to, cx);
    let mut at = cx.peer(to).delivery.outbox.messages.first();
    while let Some(slot) = at {
        at = List::<Chain>::next(cx.messages, slot);
        let message = cx.message(slot);
        if message.is_sent() {
            end(to, slot, Outcome::Unknown, cx);
        } else {
            (message.sent, message.done, message.to_send) = (0, 0, message.all());
        }
    }
}

/// The peer takes no longer messages than this introduction says: those not sent yet fail.
pub(super) fn fit(to: u16, intro: &Intro, cx: &mut Cx<'_>) {
    let longest = longest_for(intro);
    let mut at = cx.peer(to).delivery.outbox.messages.first();
    while let Some(slot) = at {
        at = List::<Chain>::next(cx.messages, slot);
        let message = cx.message(slot);
        let is_too_long = fragments(message.len as usize) * FRAGMENT_LEN > longest;
        if is_too_long && !message.is_sent() {
            end(to, slot, Outcome::Failed, cx);
        }
    }
}

/// Ends the first message if its time is over, and tells whether it was.
pub(super) fn expire_first(to: u16, cx: &mut Cx<'_>) -> bool {
    let now = cx.now();
    let outbox = &cx.peers[usize::from(to)].delivery.outbox;
    let first = outbox.messages.first().filter(|&slot| cx.messages[usize::from(slot)].at <= now);
    let Some(slot) = first else { return false };
    end_unacknowledged(to, slot, cx);
    true
}

/// Ends all messages: the peer is forgotten.
pub(super) fn close(to: u16, cx: &mut Cx<'_>) {
    pause(to, cx);
    while let Some(slot) = cx.peer(to).delivery.outbox.messages.first() {
        end_unacknowledged(to, slot, cx);
    }
}

fn end_unacknowledged(to: u16, slot: u16, cx: &mut Cx<'_>) {
    let is_sent = cx.message(slot).is_sent();
    end(to, slot, if is_sent { Outcome::Unknown } else { Outcome::Failed }, cx);
}

fn end(to: u16, slot: u16, outcome: Outcome, cx: &mut Cx<'_>) {
    cx.peers[usize::from(to)].delivery.outbox.messages.remove(cx.messages, slot);
    conclude(to, slot, outcome, cx);
}

/// Gives back all of a message, which is in its peer's list no longer, but its place: that holds
/// the outcome until it is reported.
fn conclude(to: u16, slot: u16, outcome: Outcome, cx: &mut Cx<'_>) {
    if cx.message(slot).to_send != 0 {
        cx.peers[usize::from(to)].delivery.outbox.queue.remove(cx.messages, slot);
    }
    forget_flights(to, slot, cx);
    report(slot, outcome, cx);
}

/// Keeps how a message ended until it is reported.
pub(super) fn report(slot: u16, outcome: Outcome, cx: &mut Cx<'_>) {
    slots::release_bytes(slot, cx);
    cx.message(slot).outcome = outcome;
    cx.state.messages.ended.push_back(cx.messages, slot);
    cx.state.counters.count(match outcome {
        Outcome::Acked => Counter::MessagesAcked,
        Outcome::Failed => Counter::MessagesFailed,
        Outcome::Unknown => Counter::MessagesUnknown,
    });
}

/// Most messages end when nothing of them is under way.
fn forget_flights(to: u16, slot: u16, cx: &mut Cx<'_>) {
    let mut at = cx.peer(to).delivery.outbox.flights.first();
    while let Some(flight) = at.filter(|_| cx.messages[usize::from(slot)].flights > 0) {
        at = List::<Flights>::next(cx.flights, flight);
        if cx.flights[usize::from(flight)].packet.message == slot {
            let packet = flights::land(to, flight, cx);
            cx.peer(to).delivery.outbox.route.on_forgotten(&packet);
        }
    }
}
