//! What a change in one part means for the others: the only place that knows them all.
//!
//! A part changes its own state and returns a [`Turn`] if that concerns others; whoever called it
//! hands the turn in here. What parts do call of each
//! other, ARCHITECTURE.md says.

use crate::access::{self, Standing, Use};
use crate::counters::Dropped;
use crate::cx::Cx;
use crate::delivery;
use crate::gossip;
use crate::heartbeat;
use crate::held::Held;
use crate::identity::PeerId;
use crate::noise::Role;
use crate::path::Path;
use crate::paths::{self, Hold, Known, Ways};
use crate::peer::{Channel, Contact, PeerState};
use crate::punch;
use crate::reconnect;
use crate::relay;
use crate::session::handshake::Confirmed;
use crate::session::{self, handshake};
use crate::time::Duration;
use crate::way::{Circuit, Way};
use crate::wire::Confirm;

/// Something that a part has found out and that others must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "the other parts must hear of it"]
pub(crate) enum Turn {
    /// It is time to dial a peer.
    Dial(u16),
    /// A session with a peer must be made anew, though it is in use.
    Renew(u16),
    /// Our handshake with a peer has its answer, and keys: a `Ping` will confirm it.
    Answered(u16),
    /// The other end of a handshake, by slot, has shown that it holds the keys.
    Proved(u16),
    /// Whoever was dialled by address alone is a peer that we know.
    Met { known: u16, unknown: u16 },
    /// Our handshake with a peer came to nothing.
    Failed(u16),
    /// A peer that was not active has answered a `Ping`.
    Alive(u16),
    /// A peer has not answered for too long.
    Silent(u16),
    /// A peer's packets come by a way on which it has not answered yet.
    SeemsAt(u16),
    /// A probe to a peer was answered there.
    Punched { peer: u16, path: Path, round_trip: Duration },
    /// The packets of an active peer take another way.
    Rerouted(u16),
    /// More has come from there: a `Ping` that had to wait may go there now.
    MayBePinged(u16),
    /// No way to an active peer answers in time.
    Doubtful(u16),
    /// A relay keeps a place for us: peers can be looked for there.
    RelayReady(u16),
    /// There is a circuit to a peer.
    CircuitOpened(u16, Circuit),
    /// A relay has said where a peer is.
    Attested(u16),
    /// There is no more.
    CircuitGone(u16, Circuit),
    /// No relay of ours leads to a peer.
    NotFound(u16),
    /// A node is to be dialled, by the slot of its record, that may become a neighbour.
    Keep(u16),
    /// A peer is no neighbour, and nobody else wants it.
    Part(u16),
}

pub(crate) fn on_turn(turn: Option<Turn>, cx: &mut Cx<'_>) {
    let Some(turn) = turn else { return };
    match turn {
        Turn::Dial(peer) => dial(peer, cx),
        Turn::Renew(peer) => renew(peer, cx),
        Turn::Answered(peer) => answered(peer, cx),
        Turn::Proved(handshake) => proved(handshake, cx),
        Turn::Met { known, unknown } => met(known, unknown, cx),
        Turn::Failed(peer) => failed(peer, cx),
        Turn::Alive(peer) => {
            reconnect::succeeded(peer, cx);
            relay::on_alive(peer, cx);
            delivery::wake(peer, cx);
            rerouted(peer, cx);
            gossip::on_alive(peer, cx);
        }
        Turn::Silent(peer) => silent(peer, cx),
        Turn::SeemsAt(peer) => {
            punch::vouch(peer, cx);
            heartbeat::ping_now(peer, cx);
        }
        Turn::Punched { peer, path, round_trip } => {
            let turn = heartbeat::on_answer(peer, path.into(), round_trip, cx);
            on_turn(turn, cx);
        }
        Turn::Rerouted(peer) => rerouted(peer, cx),
        Turn::MayBePinged(peer) => heartbeat::wake(peer, cx),
        Turn::Doubtful(peer) => {
            relay::search(peer, cx);
            rerouted(peer, cx);
        }
        Turn::RelayReady(relay) => {
            // By now we have answered it, so that it may say where it sees us.
            heartbeat::ping_now(relay, cx);
            gossip::on_moved(cx);
            dial_all_but(relay, cx);
        }
        Turn::CircuitOpened(peer, circuit) => {
            circuit_opened(peer, circuit, cx);
            punch::on_attested(peer, cx);
        }
        Turn::Attested(peer) => punch::on_attested(peer, cx),
        Turn::CircuitGone(peer, circuit) => lose_way(peer, Way::Relayed(circuit), cx),
        Turn::NotFound(peer) => not_found(peer, cx),
        Turn::Keep(record) => keep(record, cx),
        Turn::Part(peer) => forget(peer, cx),
    }
}

/// Dials a peer that is not active where it is said to be now. One that has a session is pinged there,
/// and where it called from.
pub(crate) fn dial_at(peer: u16, path: Path, cx: &mut Cx<'_>) {
    cx.peer(peer).known = Held::This(path);
    if cx.peer(peer).current.is_some() {
        heartbeat::begin_on(peer, path.into(), cx);
        return;
    }
    if let Some(own) = cx.peer(peer).initiating
        && cx.handshake(own).way.get() != Some(path.into())
    {
        handshake::abandon(own, cx);
    }
    dial(peer, cx);
}

/// Pings an active peer at another path, unless that is known.
pub(crate) fn try_path(peer: u16, path: Path, cx: &mut Cx<'_>) {
    if cx.peer(peer).ways.find(path.into()).is_none() {
        heartbeat::begin_on(peer, path.into(), cx);
    }
}

/// Begins a handshake with a peer that was asked for and has neither a session nor a handshake.
pub(crate) fn dial(peer: u16, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    let is_idle = slot.initiating.is_none() && slot.current.is_none();
    if !slot.is_wanted() || !is_idle {
        return;
    }
    visit_relay_of(peer, cx);
    match whereabouts(peer, cx) {
        Some(path) if handshake::initiate(peer, path.into(), cx) => relay::search_later(peer, cx),
        Some(_) => reconnect::soon(peer, cx),
        // If there is no relay yet, the first one that is there will see to it.
        None => {
            relay::search(peer, cx);
        }
    }
}

/// Goes where a peer says that it is found, if none of our relays is one of its own: as a guest, so that
/// what was begun here goes on by itself once there is a session with that relay.
fn visit_relay_of(peer: u16, cx: &mut Cx<'_>) {
    let Some((id, path)) = gossip::relay_of(peer, cx) else { return };
    let contact = Contact { id, agreement_key: id.agreement_key() };
    let known = cx.find_peer(&id).or_else(|| admit(Some(contact), Asker::Stranger, cx));
    let Some(relay) = known.filter(|relay| *relay != peer) else { return };
    if !relay::visit(relay, cx) {
        return;
    }
    let slot = cx.peer(relay);
    slot.gossip.is_kept = true;
    let is_idle = slot.initiating.is_none() && slot.current.is_none();
    if let Some(path) = path.filter(|_| is_idle) {
        dial_at(relay, path, cx);
    }
}

/// Where to dial a peer: where it last answered or is said to be, in turn with where its record has it.
fn whereabouts(peer: u16, cx: &mut Cx<'_>) -> Option<Path> {
    let slot = cx.peer(peer);
    let (known, is_turn) = (slot.known.get(), slot.attempts % 2 == 1);
    match known {
        Some(path) if !is_turn => Some(path),
        _ => gossip::path_to(peer, cx).or(known),
    }
}

/// Dials a node that may become a neighbour.
fn keep(record: u16, cx: &mut Cx<'_>) {
    let Some((id, path)) = gossip::dial_target(record, cx) else { return };
    let contact = Contact { id, agreement_key: id.agreement_key() };
    let peer = cx.find_peer(&id).or_else(|| admit(Some(contact), Asker::Stranger, cx));
    gossip::on_dialled(peer, cx);
    let Some(peer) = peer else { return };
    match path {
        Some(path) => dial_at(peer, path, cx),
        None => dial(peer, cx),
    }
    let slot = cx.peer(peer);
    let is_under_way = slot.initiating.is_some() || slot.relaying.is_sought();
    let is_under_way = is_under_way || relay::is_guest_awaited(cx);
    if !is_under_way {
        given_up(peer, cx);
    }
}

/// Whoever gossip alone wanted is forgotten.
fn given_up(peer: u16, cx: &mut Cx<'_>) {
    if gossip::on_unreached(peer, cx) {
        forget(peer, cx);
    }
}

/// There is a relay of ours: whoever is not reached otherwise may be found there.
fn dial_all_but(relay: u16, cx: &mut Cx<'_>) {
    for peer in (0..cx.peers.len() as u16).filter(|peer| *peer != relay) {
        let slot = cx.peer(peer);
        let is_wanted = match slot.current {
            None => slot.is_wanted(),
            Some(_) => !slot.ways.iter().any(Known::is_validated),
        };
        if slot.contact.is_some() && is_wanted {
            relay::search(peer, cx);
        }
    }
}

/// A circuit is as good as an address: the peer is dialled there, or pinged.
fn circuit_opened(peer: u16, circuit: Circuit, cx: &mut Cx<'_>) {
    let way = Way::Relayed(circuit);
    let slot = cx.peer(peer);
    if slot.current.is_some() {
        heartbeat::begin_on(peer, way, cx);
    } else if let Some(own) = slot.initiating {
        if !handshake::redirect(own, way, cx) {
            heartbeat::begin_on(peer, way, cx);
        }
    } else if !handshake::initiate(peer, way, cx) {
        reconnect::soon(peer, cx);
    }
}

/// A way leads nowhere any more. If it was the last, others are looked for.
fn lose_way(peer: u16, way: Way, cx: &mut Cx<'_>) {
    let now = cx.now();
    cx.peer(peer).ways.remove(way, now);
    paths::after_change(peer, cx);
    rerouted(peer, cx);
    let slot = cx.peer(peer);
    if slot.current.is_none() {
        return;
    }
    if slot.ways.iter().any(Known::is_validated) {
        relay::search_spare(peer, cx);
        return;
    }
    if let Some(path) = slot.known.get() {
        heartbeat::begin_unsure_on(peer, path.into(), cx);
    }
    relay::search(peer, cx);
}

/// The packets of a peer may take another way: those whom we relay to it hear where it is now. If it is
/// reached directly no more, our relays are asked where we are ourselves.
fn rerouted(peer: u16, cx: &mut Cx<'_>) {
    relay::on_moved(peer, cx);
    punch::on_attested(peer, cx);
    if punch::on_course(peer, cx) {
        for relay in cx.state.relays {
            if let Some(relay) = relay.get().and_then(|relay| cx.resolve(relay))
                && relay != peer
            {
                heartbeat::ping_now(relay, cx);
            }
        }
    }
}

/// Nobody knows where a peer is: it is looked for again after a while.
fn not_found(peer: u16, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    if slot.initiating.is_none() && slot.current.is_none() {
        slot.attempts = one_more(slot.attempts);
        reconnect::schedule(peer, cx);
        given_up(peer, cx);
    }
}

/// Begins a handshake with a peer whose session is in use until there is a newer one.
fn renew(peer: u16, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    let is_let_go = slot.gossip.is_parted && slot.standing == Standing::Met;
    let is_idle = slot.initiating.is_none() && !is_let_go;
    let Some(way) = slot.ways.course.primary().filter(|_| is_idle) else {
        return;
    };
    // Without a place for it the next attempt is due soon enough.
    handshake::initiate(peer, way, cx);
}

/// Our handshake has its answer: a `Ping` on the way that it took confirms it.
fn answered(peer: u16, cx: &mut Cx<'_>) {
    if let Some(via) = handshake::unconfirmed(peer, cx) {
        heartbeat::begin_on(peer, via.way, cx);
    }
}

/// The last message of a handshake has come.
fn proved(handshake: u16, cx: &mut Cx<'_>) {
    let Some(way) = cx.handshake(handshake).proof_way.get() else { return };
    if let Err(reason) = confirmed(handshake, way, Confirm::LEN, cx) {
        cx.state.counters.refuse(reason);
    }
}

/// The application asked for whoever is at an address, and it is a peer that we know.
fn met(known: u16, unknown: u16, cx: &mut Cx<'_>) {
    let path = cx.peer(unknown).known.get().expect("it was dialled there");
    forget(unknown, cx);
    let slot = cx.peer(known);
    slot.standing = Standing::Pinned;
    if slot.state == PeerState::Active {
        relay::on_alive(known, cx);
        let slot = cx.peer(known);
        slot.news.reported = PeerState::Init;
        let has_moved = slot.ways.find(path.into()).is_none() && slot.initiating.is_none();
        cx.make_news(known);
        if has_moved {
            // Without a place for it, silence will tell.
            handshake::initiate(known, path.into(), cx);
        }
    } else {
        dial_at(known, path, cx);
    }
}

/// The other end of a handshake has shown by a datagram of `len` bytes on `way` that it holds its
/// keys: the session is the peer's, which is returned.
pub(crate) fn confirmed(
    handshake: u16,
    way: Way,
    len: usize,
    cx: &mut Cx<'_>,
) -> Result<u16, Dropped> {
    let remote = handshake::remote(handshake, cx);
    let known = cx.find_peer(&remote.id);
    let is_theirs = cx.handshake(handshake).role() == Role::Responder;
    if is_theirs && !handshake::takes(handshake, known, cx) {
        handshake::abandon(handshake, cx);
        return Err(Dropped::NotAllowed);
    }
    if known.is_some_and(|peer| handshake::own_is_confirmed_first(handshake, peer, cx)) {
        return Err(Dropped::SimultaneousOpen);
    }
    let admitted = known.or_else(|| admit(Some(remote), Asker::Stranger, cx));
    let Some(peer) = admitted else {
        handshake::abandon(handshake, cx);
        return Err(Dropped::PeersFull);
    };
    let before = cx.peer(peer).channel;
    let Confirmed { role, ping_interval } = handshake::confirm(handshake, peer, way, len, cx);
    delivery::on_confirmed(peer, &before, cx);
    let heard = |channel: &Channel| channel.remote.get().map(|intro| intro.channel);
    if heard(&before).is_some() && heard(&before) != heard(&cx.peer(peer).channel) {
        restarted(peer, cx);
    }
    if cx.peer(peer).state == PeerState::Active {
        reconnect::succeeded(peer, cx);
    }
    if let Way::Relayed(circuit) = way {
        relay::recall(peer, circuit, cx);
        punch::on_attested(peer, cx);
    }
    relay::on_renewed(peer, cx);
    heartbeat::expect_answers(peer, ping_interval, cx);
    reconnect::stop(peer, cx);
    if role == Role::Responder {
        // The initiator's own exchange is what confirmed the session.
        heartbeat::ping_now(peer, cx);
    }
    Ok(peer)
}

/// This host is elsewhere, or its links are others.
pub(crate) fn network_changed(cx: &mut Cx<'_>) {
    punch::on_network_change(cx);
    gossip::on_moved(cx);
    for peer in 0..cx.peers.len() as u16 {
        cx.peer(peer).heartbeat.hold = Hold::UNKNOWN;
        if cx.peer(peer).current.is_some() {
            heartbeat::ping_now(peer, cx);
        } else if cx.peer(peer).is_taken {
            reconnect::succeeded(peer, cx);
            dial(peer, cx);
        }
    }
}

/// A peer has begun anew: what it relayed for us it has forgotten, and so has it what we relay for it.
fn restarted(peer: u16, cx: &mut Cx<'_>) {
    relay::on_gone(peer, cx);
    lose_ways_through(peer, cx);
    if cx.peer(peer).state == PeerState::Active {
        relay::on_alive(peer, cx);
    }
}

/// Who wants a new peer to have a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The application: any peer that it did not ask for may have to go.
    Application,
    /// The peer itself: only one that is gone, or overdue, may have to.
    Stranger,
}

/// The slot of a peer that the application names.
pub(crate) fn record(id: PeerId, cx: &mut Cx<'_>) -> Option<u16> {
    cx.find_peer(&id).or_else(|| {
        let contact = Contact { id, agreement_key: id.agreement_key() };
        admit(Some(contact), Asker::Application, cx)
    })
}

/// A slot for a peer not known so far, or for whoever may be at an address; if need be one that
/// another peer has to leave.
pub(crate) fn admit(contact: Option<Contact>, asker: Asker, cx: &mut Cx<'_>) -> Option<u16> {
    if cx.is_full() {
        let other = cx.least_wanted_peer()?;
        let is_gone = !cx.is_in_touch(&cx.peers[usize::from(other)]);
        if asker == Asker::Stranger && !is_gone {
            return None;
        }
        forget(other, cx);
    }
    cx.add_peer(contact)
}

/// The access policy has changed: those whom the node answers no longer are gone, and so are their
/// handshakes.
pub(crate) fn apply_access(cx: &mut Cx<'_>) {
    for slot in 0..cx.handshakes.len() as u16 {
        if !handshake::is_allowed(slot, cx) {
            handshake::abandon(slot, cx);
        }
    }
    for peer in 0..cx.peers.len() as u16 {
        let slot = cx.peer(peer);
        // Whom we dial ourselves we also talk to.
        let depends = slot.is_taken && slot.standing != Standing::Pinned;
        let is_foreign = slot.is_foreign;
        if depends && !is_foreign && !access::allows(Use::Answers, Some(peer), cx) {
            gone(peer, cx);
        }
    }
    relay::apply_access(cx);
}

/// A secret of the network was retired: handshakes under it have failed.
pub(crate) fn apply_realms(cx: &mut Cx<'_>) {
    for slot in 0..cx.handshakes.len() as u16 {
        if let Some(peer) = handshake::abandon_outdated(slot, cx) {
            failed(peer, cx);
        }
    }
}

/// Forgets a peer. Its own handshakes go too: they name the channel that ends with the record, and
/// must not bring it back for one that knows nothing of it.
pub(crate) fn forget(peer: u16, cx: &mut Cx<'_>) {
    let contact = cx.peer(peer).contact;
    close(peer, cx);
    if let Some(contact) = contact {
        handshake::abandon_others(peer, &contact.id, cx);
    }
    delivery::close(peer, cx);
    relay::forget(peer, cx);
    cx.remove_peer(peer);
}

/// Erases everything that is under way with a peer, but for messages.
fn close(peer: u16, cx: &mut Cx<'_>) {
    if let Some(own) = cx.peer(peer).initiating {
        handshake::abandon(own, cx);
    }
    session::close(peer, cx);
    relay::give_back(peer, cx);
    without_ways(peer, cx);
    relay::on_gone(peer, cx);
    gossip::on_gone(peer, cx);
    lose_ways_through(peer, cx);
}

/// Whoever was reached through this peer is reached so no more.
fn lose_ways_through(relay: u16, cx: &mut Cx<'_>) {
    let handle = cx.handle(relay);
    for peer in 0..cx.peers.len() as u16 {
        let through = |known: &Known| match known.way {
            Way::Relayed(circuit) if circuit.relay == handle => Some(known.way),
            _ => None,
        };
        let lost = cx.peer(peer).ways.iter().find_map(through);
        if let Some(way) = lost {
            lose_way(peer, way, cx);
        }
    }
}

/// Nothing is known any more of how a peer can be reached, but where to dial it.
fn without_ways(peer: u16, cx: &mut Cx<'_>) {
    cx.peer(peer).ways = Ways::NONE;
    paths::after_change(peer, cx);
    heartbeat::stop(peer, cx);
    punch::stop(peer, cx);
}

fn failed(peer: u16, cx: &mut Cx<'_>) {
    let slot = cx.peer(peer);
    slot.attempts = one_more(slot.attempts);
    if cx.peer(peer).current.is_none() {
        without_ways(peer, cx);
        reconnect::schedule(peer, cx);
        given_up(peer, cx);
    }
}

/// At the end it goes round: the network's secrets are tried in turn, and with either all of our relays.
pub(crate) fn one_more(attempts: u8) -> u8 {
    const TURNS: u8 = 2 * relay::RELAYS as u8;
    attempts.checked_add(1).unwrap_or(u8::MAX - (TURNS - 1))
}

fn silent(peer: u16, cx: &mut Cx<'_>) {
    gone(peer, cx);
    reconnect::schedule(peer, cx);
    given_up(peer, cx);
}

fn gone(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let slot = cx.peer(peer);
    // First of all: whoever may take its place looks whether it is still there.
    if slot.state == PeerState::Active {
        slot.enter(PeerState::Disconnected, now);
        cx.make_news(peer);
    }
    close(peer, cx);
    delivery::pause(peer, cx);
}
