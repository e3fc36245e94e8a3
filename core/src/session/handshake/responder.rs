//! Handshakes of others.
//!
//! Nothing here changes what is known of a peer: a `Hello` may be a replayed one. Only what shows
//! that somebody is there who holds the new keys does: the first packet that opens under them, and
//! in XX the `Confirm` (`confirm.rs`).

use super::progress::{Pending, advance, wait_for};
use super::{HandshakeSlot, Share, Stage, abandon, owe_message, own_intro};
use crate::access::{self, Use, Whom};
use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::identity::PeerId;
use crate::lifecycle::Turn;
use crate::noise::{Noise, Role, Setup};
use crate::paths;
use crate::peer::Contact;
use crate::realm::{RealmId, Realms, Receiver};
use crate::relay;
use crate::session::Owner;
use crate::stateless;
use crate::time::Instant;
use crate::timer::{ATTEMPT, Timer};
use crate::way::Way;
use crate::wire::{Confirm, Cookie, Hello, Intro, Pattern, Welcome};

/// Takes up somebody's handshake, or repeats the answer to it.
pub(crate) fn on_hello(
    way: Way,
    header: &Hello,
    datagram: &[u8],
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let receiver = Receiver::of_hello(header.pattern);
    let realm = cx.state.realms.of_message(datagram, receiver).ok_or(Dropped::WrongMac1)?.id;
    if let Some(handshake) = same_hello(header, cx.handshakes) {
        return answer_again(handshake, way, cx).map(|()| None);
    }
    let is_allowed = match Realms::is_of_relays(realm) {
        true => relay::is_welcome(cx) && way.direct().is_some(),
        false => may_be_allowed(header.pattern, way, cx),
    };
    if !is_allowed {
        return Err(Dropped::NotAllowed);
    }
    if cx.is_under_load() && !shows_cookie(way, datagram, cx) {
        give_cookie(way, realm, header, cx);
        return Err(Dropped::CookieRequired);
    }
    if is_crowded(way, cx) {
        return Err(Dropped::HandshakesFull);
    }
    let share = share_of(way, cx);
    let handshake = cx.take_handshake(share).ok_or(Dropped::HandshakesFull)?;
    let session = cx.take_session(handshake);
    let ephemeral = cx.state.secrets.draw();
    let realm = cx.state.realms.of(realm);
    let noise = Noise::new(Setup {
        pattern: header.pattern.noise(),
        role: Role::Responder,
        prologue: &realm.prologue(),
        psk: *realm.pre_shared_key(),
        local_static: cx.state.agreement_key,
        remote_static: None,
        ephemeral,
    });
    let realm = realm.id;
    let slot = cx.handshake(handshake);
    slot.stage = Stage::ReadingHello;
    (slot.pattern, slot.realm) = (header.pattern, realm);
    slot.way = Held::This(way);
    slot.session = session;
    slot.remote_index = header.sender;
    slot.hello_mac1 = header.mac1;
    slot.noise = Held::This(noise);
    slot.message.copy_from_slice(datagram);
    let expiry = cx.now() + ATTEMPT;
    cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeExpiry, Some(expiry));
    Ok(advance(handshake, cx))
}

/// Whether whoever calls may be somebody whom the node answers. Who it is comes later, and work and
/// cookies would tell those whom it does not answer that it is there.
fn may_be_allowed(pattern: Pattern, way: Way, cx: &mut Cx<'_>) -> bool {
    if access::allows(Use::Answers, None, cx) {
        return true;
    }
    let is_possible = pattern == Pattern::Ik && cx.state.config.access.answers != Whom::Nobody;
    is_possible && (!cx.is_under_load() || access::allows_at(way, cx))
}

fn same_hello(header: &Hello, handshakes: &[HandshakeSlot]) -> Option<u16> {
    let same = |slot: &HandshakeSlot| {
        slot.stage != Stage::Free
            && slot.role() == Role::Responder
            && slot.hello_mac1 == header.mac1
    };
    handshakes.iter().position(same).map(|position| position as u16)
}

fn answer_again(handshake: u16, way: Way, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let slot = cx.handshake(handshake);
    // The sender may have moved, or somebody may have been faster with a copy: whoever asks is
    // answered, and who it is shows in what comes next.
    slot.way = Held::This(way);
    match slot.stage {
        Stage::AwaitingConfirm | Stage::ReadingConfirm | Stage::Confirming => {
            owe_message(handshake, cx);
            prolong(handshake, cx);
            Ok(())
        }
        _ => Err(Dropped::HandshakeInProgress),
    }
}

/// Whoever repeats its `Hello` has had no answer, and has five seconds from when it has one to prove that
/// it is there. That is done once, so that a slot is held for two attempts' time and no longer; and under
/// load for no stranger, as a flood of them would hold the slots twice as long.
fn prolong(handshake: u16, cx: &mut Cx<'_>) {
    if cx.is_under_load() && cx.handshake(handshake).share == Share::Stranger {
        return;
    }
    let slot = cx.handshake(handshake);
    let expiry = slot.timers.earliest().map(|deadline| deadline.at + ATTEMPT);
    if !core::mem::replace(&mut slot.is_prolonged, true) {
        cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeExpiry, expiry);
    }
}

fn shows_cookie(way: Way, datagram: &[u8], cx: &mut Cx<'_>) -> bool {
    let now = cx.now();
    let state = &mut *cx.state;
    state.cookie_secrets.prove(&way, datagram, &mut state.secrets, now)
}

/// Asks the sender to show that it is where it says: shorter than what it sent, and nothing is
/// remembered of it.
fn give_cookie(way: Way, realm: RealmId, header: &Hello, cx: &mut Cx<'_>) {
    let now = cx.now();
    let state = &mut *cx.state;
    let cookie = state.cookie_secrets.cookie(&way, &mut state.secrets, now);
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&state.public.draw_u64().to_le_bytes());
    nonce[8..].copy_from_slice(&state.public.draw_u64().to_le_bytes());
    let own_key = (header.pattern == Pattern::Ik).then_some(&state.agreement_key);
    let realm = state.realms.of(realm);
    let key = realm.cookie_key(own_key, &header.mac1, &nonce);
    let datagram = Cookie { receiver: header.sender, nonce }.encode(&key, &cookie);
    stateless::owe(way, &datagram, cx);
    cx.state.counters.count(Counter::CookiesSent);
}

/// Handshakes through one circuit: that of its other end, and one of a life of it before.
const HANDSHAKES_A_CIRCUIT: usize = 2;

/// Whether through this circuit, or the relay that keeps it, come as many handshakes as may be under way
/// at once. A relay takes up half of the places at most, whomever it carries.
fn is_crowded(way: Way, cx: &mut Cx<'_>) -> bool {
    let Way::Relayed(circuit) = way else { return false };
    let relayed = cx.handshakes.iter().filter(|slot| slot.stage != Stage::Free);
    let relayed = relayed.filter(|slot| slot.role() == Role::Responder);
    let circuits = relayed.filter_map(|slot| match slot.way.get() {
        Some(Way::Relayed(other)) if other.relay == circuit.relay => Some(other),
        _ => None,
    });
    circuits.clone().filter(|other| *other == circuit).count() >= HANDSHAKES_A_CIRCUIT
        || circuits.count() >= (cx.handshakes.len() / 2).max(1)
}

/// Whose place a new handshake takes. Who calls shows later; until then, who comes from where a
/// peer is counts as that peer once the strangers' places are gone.
fn share_of(way: Way, cx: &mut Cx<'_>) -> Share {
    if cx.has_place(Share::Stranger) {
        return Share::Stranger;
    }
    let is_here = |slot: &HandshakeSlot| slot.stage != Stage::Free && slot.way.get() == Some(way);
    let is_peer = cx.peers.iter().any(|peer| peer.is_taken && paths::is_at(peer, way));
    let has_one = cx.handshakes.iter().any(|slot| is_here(slot) && slot.share == Share::Known);
    if is_peer && !has_one { Share::Known } else { Share::Stranger }
}

pub(super) fn hello_read(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    let pattern = slot.pattern;
    let intro = Hello::intro(&slot.message, pattern)?;
    match pattern {
        Pattern::Ik => {
            slot.remote_intro = Some(intro);
            slot.stage = Stage::Identifying;
            Ok(wait_for(handshake, Pending::Identity, cx))
        }
        // Who it is comes last, and with it what it says of itself.
        Pattern::Xx => {
            let channel = cx.state.public.draw_u64();
            Ok(write_welcome(handshake, channel, cx))
        }
    }
}

fn write_welcome(handshake: u16, channel: u64, cx: &mut Cx<'_>) -> Option<Turn> {
    let intro = own_intro(channel, 0, cx);
    let slot = cx.handshake(handshake);
    slot.channel = channel;
    slot.stage = Stage::WritingWelcome;
    slot.message_len = Welcome::len(slot.pattern);
    Welcome::put_intro(&mut slot.message, slot.pattern, &intro);
    cx.state.counters.count(Counter::HandshakesAnswered);
    advance(handshake, cx)
}

/// Knows who is calling. In IK that one is answered, unless our own call to the same node goes
/// first; in XX, where it was answered before, there is nothing more to wait for.
pub(super) fn identified(
    handshake: u16,
    remote: Contact,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    slot.remote = Some(remote);
    let (pattern, intro) = (slot.pattern, slot.remote_intro.expect("read before"));
    let known = cx.find_peer(&remote.id);
    if !takes(handshake, known, cx) {
        return Err(Dropped::NotAllowed);
    }
    if known.is_some_and(|peer| is_replayed(&intro, peer, cx)) {
        return Err(Dropped::ReplayedHello);
    }
    if !makes_way(handshake, &remote.id, &intro, cx) {
        return Err(Dropped::ReplayedHello);
    }
    if known.is_some() {
        cx.move_to_known(handshake);
    }
    match pattern {
        Pattern::Ik if own_is_answered_first(remote.id, cx) => Err(Dropped::SimultaneousOpen),
        Pattern::Ik => {
            let channel = known.map(|peer| cx.peer(peer).channel.local);
            // A stranger has a record once it is confirmed, with the channel that it is told now.
            let channel = channel.unwrap_or_else(|| cx.state.public.draw_u64());
            Ok(write_welcome(handshake, channel, cx))
        }
        Pattern::Xx => {
            keys_made(handshake, cx);
            Ok(Some(Turn::Proved(handshake)))
        }
    }
}

/// Whether whoever has begun a handshake may have a session: in the relay realm nobody who is known as a
/// member of our network, and everybody else if we relay for others.
pub(crate) fn takes(handshake: u16, known: Option<u16>, cx: &mut Cx<'_>) -> bool {
    match Realms::is_of_relays(cx.handshake(handshake).realm) {
        true => match known {
            Some(peer) => relay::is_welcome(cx) && cx.peer(peer).is_foreign,
            None => relay::has_room(cx),
        },
        false => access::allows(Use::Answers, known, cx),
    }
}

/// Whether this channel has brought a session by this `Hello` or a later one. Neither a clock nor
/// flash is needed for that: a node that has forgotten the channel takes the `Hello` up, and its
/// sender cannot prove that it is there.
fn is_replayed(intro: &Intro, peer: u16, cx: &mut Cx<'_>) -> bool {
    let newest = cx.peer(peer).channel.remote.get();
    newest.is_some_and(|newest| newest.channel == intro.channel && newest.hello >= intro.hello)
}

/// Handshakes that one node may have under way with us: that of its present life, and one of a life
/// before, recorded and sent again.
const HANDSHAKES_EACH: usize = 2;

/// Whether a handshake may go on beside others of the same initiator. Of one channel only the newest
/// does. Of several, the one that has been here longest makes way, unless it is of the channel that
/// is known: recordings of other lives do not drive that out.
fn makes_way(handshake: u16, initiator: &PeerId, intro: &Intro, cx: &mut Cx<'_>) -> bool {
    let known = cx.find_peer(initiator).and_then(|peer| cx.peer(peer).channel.remote.get());
    let known = known.map(|known| known.channel);
    let mut oldest: Option<(Instant, u16)> = None;
    let mut count = 1;
    for other in (0..cx.handshakes.len() as u16).filter(|other| *other != handshake) {
        let slot = cx.handshake(other);
        let is_theirs = slot.role() == Role::Responder
            && slot.remote.is_some_and(|remote| remote.id == *initiator);
        let Some(theirs) = slot.remote_intro.filter(|_| is_theirs) else { continue };
        if theirs.channel == intro.channel {
            if theirs.hello >= intro.hello {
                return false;
            }
            abandon(other, cx);
            continue;
        }
        count += 1;
        if Some(theirs.channel) != known {
            let expiry = slot.timers.earliest().map(|deadline| (deadline.at, other));
            oldest = oldest.min(expiry).or(expiry);
        }
    }
    if let Some((_, other)) = oldest.filter(|_| count > HANDSHAKES_EACH) {
        abandon(other, cx);
    }
    true
}

/// If both ends have sent a `Hello`, that of the smaller `PeerId` is answered, and the other refused.
/// Whoever answers keeps its own handshake until the other's is confirmed: this `Hello` may be a
/// replayed one. If ours has its answer already, `confirm` decides between the two.
fn own_is_answered_first(remote: PeerId, cx: &mut Cx<'_>) -> bool {
    let Some(peer) = cx.find_peer(&remote) else { return false };
    let Some(own) = cx.peer(peer).initiating else { return false };
    cx.handshake(own).stage != Stage::Confirming && cx.state.id < remote
}

pub(super) fn welcome_written(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    let (session, remote_index) = (slot.session, slot.remote_index);
    let (pattern, realm) = (slot.pattern, slot.realm);
    let remote_key = slot.noise.as_ref().and_then(Noise::remote_static).copied();
    let mac1_key = cx.state.realms.of(realm).mac1_key(remote_key.as_ref());
    let sender = cx.session(session).local_index;
    let slot = cx.handshake(handshake);
    let message = &mut slot.message[..Welcome::len(pattern)];
    Welcome::finish(message, pattern, sender, remote_index, &mac1_key);
    owe_message(handshake, cx);
    match pattern {
        Pattern::Ik => keys_made(handshake, cx),
        Pattern::Xx => cx.handshake(handshake).stage = Stage::AwaitingConfirm,
    }
    Ok(None)
}

/// Takes the last message of an XX handshake and begins to read it.
pub(crate) fn on_confirm(
    way: Way,
    header: &Confirm,
    datagram: &[u8],
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let realm = cx.state.realms.of_message(datagram, Receiver::Known);
    let realm = realm.ok_or(Dropped::WrongMac1)?.id;
    let session = cx.find_session(header.receiver).ok_or(Dropped::UnexpectedConfirm)?;
    let Owner::Handshake(handshake) = cx.session(session).owner else {
        return Err(Dropped::UnexpectedConfirm);
    };
    let slot = cx.handshake(handshake);
    if slot.stage != Stage::AwaitingConfirm || slot.realm != realm {
        return Err(Dropped::UnexpectedConfirm);
    }
    slot.answer[..datagram.len()].copy_from_slice(datagram);
    slot.reader = slot.noise.clone();
    slot.proof_way = Held::This(way);
    slot.stage = Stage::ReadingConfirm;
    Ok(advance(handshake, cx))
}

pub(super) fn confirm_read(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    slot.remote_intro = Some(Confirm::intro(&slot.answer)?);
    slot.noise = slot.reader.take().map_or(Held::Nothing, Held::This);
    slot.stage = Stage::Identifying;
    Ok(wait_for(handshake, Pending::Identity, cx))
}

fn keys_made(handshake: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    let slot = cx.handshake(handshake);
    let keys = slot.noise.take().expect("it has just read or written").split();
    let (session, remote_index) = (slot.session, slot.remote_index);
    slot.stage = Stage::Confirming;
    cx.session(session).install(keys, Role::Responder, remote_index, now);
}
