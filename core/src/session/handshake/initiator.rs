//! Our own handshakes.

use super::progress::{Pending, advance, wait_for};
use super::{Share, Stage, owe_message, own_intro, peer_of_attempt};
use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::noise::{Noise, Role, Setup};
use crate::peer::Contact;
use crate::realm::Receiver;
use crate::session::Owner;
use crate::timer::{ATTEMPT, Timer};
use crate::way::Way;
use crate::wire::{Confirm, Cookie, Hello, Pattern, Welcome};

/// Begins a handshake with a peer, or with whoever is at its address; `false` if there is no place
/// for one.
pub(crate) fn initiate(peer: u16, way: Way, cx: &mut Cx<'_>) -> bool {
    let Some(handshake) = cx.take_handshake(Share::Own) else { return false };
    let contact = cx.peer(peer).contact;
    let pattern = if contact.is_some() { Pattern::Ik } else { Pattern::Xx };
    let session = cx.take_session(handshake);
    let ephemeral = cx.state.secrets.draw();
    let slot = &cx.peers[usize::from(peer)];
    let realm = match slot.is_foreign {
        true => cx.state.realms.of_relays(),
        false => cx.state.realms.of_attempt(slot.attempts),
    };
    let noise = Noise::new(Setup {
        pattern: pattern.noise(),
        role: Role::Initiator,
        prologue: &realm.prologue(),
        psk: *realm.pre_shared_key(),
        local_static: cx.state.agreement_key,
        remote_static: contact.map(|contact| contact.agreement_key),
        ephemeral,
    });
    let realm = realm.id;
    let channel = &mut cx.peer(peer).channel;
    channel.hellos += 1;
    let (channel, number) = (channel.local, channel.hellos);
    let intro = match pattern {
        Pattern::Ik => own_intro(channel, number, cx),
        // Anybody in the network can read it.
        Pattern::Xx => own_intro(0, 0, cx),
    };
    let slot = cx.handshake(handshake);
    slot.stage = Stage::WritingHello;
    (slot.pattern, slot.realm) = (pattern, realm);
    slot.way = Held::This(way);
    (slot.session, slot.peer) = (session, Some(peer));
    (slot.channel, slot.hello) = (channel, number);
    slot.remote = contact;
    slot.noise = Held::This(noise);
    slot.message_len = Hello::LEN;
    Hello::put_intro(&mut slot.message, pattern, &intro);
    cx.peer(peer).initiating = Some(handshake);
    let expiry = cx.now() + ATTEMPT;
    cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeExpiry, Some(expiry));
    cx.state.counters.count(Counter::HandshakesBegun);
    let turn = advance(handshake, cx);
    assert!(turn.is_none(), "the first thing it needs is a key of its own");
    true
}

pub(super) fn hello_written(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    let (session, pattern, realm) = (slot.session, slot.pattern, slot.realm);
    let remote_key = slot.noise.as_ref().and_then(Noise::remote_static).copied();
    let mac1_key = cx.state.realms.of(realm).mac1_key(remote_key.as_ref());
    let sender = cx.session(session).local_index;
    let slot = cx.handshake(handshake);
    Hello::finish(&mut slot.message, pattern, sender, &mac1_key);
    slot.stage = Stage::AwaitingWelcome;
    owe_message(handshake, cx);
    Ok(None)
}

/// The handshake of ours that a message on this way, to this index, may answer.
fn awaiting(receiver: u32, way: Way, cx: &mut Cx<'_>) -> Option<u16> {
    let session = cx.find_session(receiver)?;
    let Owner::Handshake(handshake) = cx.session(session).owner else { return None };
    let slot = cx.handshake(handshake);
    let is_there = [slot.way.get(), slot.proof_way.get()].contains(&Some(way));
    (slot.stage == Stage::AwaitingWelcome && is_there).then_some(handshake)
}

/// Takes a cookie: the `Hello` goes out once more with it, and so do those that repeat it.
pub(crate) fn on_cookie(
    way: Way,
    header: &Cookie,
    datagram: &mut [u8],
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let handshake = awaiting(header.receiver, way, cx).ok_or(Dropped::UnexpectedCookie)?;
    let slot = cx.handshake(handshake);
    let (realm, mac1) = (slot.realm, Hello::mac1(&slot.message));
    let responder = slot.remote.map(|contact| contact.agreement_key);
    let realm = cx.state.realms.of(realm);
    let key = realm.cookie_key(responder.as_ref(), &mac1, &header.nonce);
    let cookie = Cookie::open(datagram, &key).map_err(|_| Dropped::HandshakeUnauthentic)?;
    let slot = cx.handshake(handshake);
    Hello::put_mac2(&mut slot.message, &cookie);
    // Once at once. A responder to whom we seem to come from ever new addresses would else be asked
    // as fast as it can answer.
    if !core::mem::replace(&mut slot.has_cookie, true) {
        owe_message(handshake, cx);
    }
    Ok(None)
}

/// Takes the answer to one of our handshakes and begins to read it.
pub(crate) fn on_welcome(
    way: Way,
    header: &Welcome,
    datagram: &[u8],
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    // A responder of XX does not know yet whom it answers.
    let receiver = Receiver::of_hello(header.pattern);
    let realm = cx.state.realms.of_message(datagram, receiver).ok_or(Dropped::WrongMac1)?.id;
    let handshake = awaiting(header.receiver, way, cx).ok_or(Dropped::UnexpectedWelcome)?;
    let slot = cx.handshake(handshake);
    if slot.pattern != header.pattern || slot.realm != realm {
        return Err(Dropped::UnexpectedWelcome);
    }
    slot.answer[..datagram.len()].copy_from_slice(datagram);
    slot.reader = slot.noise.clone();
    slot.way = Held::This(way);
    slot.remote_index = header.sender;
    slot.stage = Stage::ReadingWelcome;
    Ok(advance(handshake, cx))
}

pub(super) fn welcome_read(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    slot.remote_intro = Some(Welcome::intro(&slot.answer, slot.pattern)?);
    slot.noise = slot.reader.take().map_or(Held::Nothing, Held::This);
    slot.send_owed = false;
    match slot.pattern {
        Pattern::Ik => Ok(keys_made(handshake, cx)),
        Pattern::Xx => {
            slot.stage = Stage::Identifying;
            cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeRetry, None);
            Ok(wait_for(handshake, Pending::Identity, cx))
        }
    }
}

/// Knows who is at the address: a stranger is told who we are, a peer is met as one.
pub(super) fn identified(
    handshake: u16,
    remote: Contact,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let peer = cx.handshake(handshake).peer.expect("it is ours");
    if let Some(known) = cx.find_peer(&remote.id) {
        return Ok(Some(Turn::Met { known, unknown: peer }));
    }
    cx.identify(peer, remote);
    let slot = cx.handshake(handshake);
    let (channel, number) = (slot.channel, slot.hello);
    slot.remote = Some(remote);
    slot.stage = Stage::WritingConfirm;
    let intro = own_intro(channel, number, cx);
    let slot = cx.handshake(handshake);
    slot.message_len = Confirm::LEN;
    Confirm::put_intro(&mut slot.message, &intro);
    Ok(advance(handshake, cx))
}

pub(super) fn confirm_written(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    let (realm, receiver) = (slot.realm, slot.remote_index);
    let remote = slot.remote.expect("it was identified").agreement_key;
    let mac1_key = cx.state.realms.of(realm).mac1_key(Some(&remote));
    let slot = cx.handshake(handshake);
    Confirm::finish(&mut slot.message[..Confirm::LEN], receiver, &mac1_key);
    slot.tries = 0;
    owe_message(handshake, cx);
    Ok(keys_made(handshake, cx))
}

/// The responder holds the keys, or will: a `Ping` lets it know that we do too.
fn keys_made(handshake: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let slot = cx.handshake(handshake);
    let keys = slot.noise.take().expect("it has just read or written").split();
    let (session, remote_index) = (slot.session, slot.remote_index);
    slot.stage = Stage::Confirming;
    let now = cx.now();
    cx.session(session).install(keys, Role::Initiator, remote_index, now);
    if cx.handshake(handshake).pattern == Pattern::Ik {
        cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeRetry, None);
    }
    // On a slow way the `Ping` has its full time too.
    let expiry = now + ATTEMPT;
    cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeExpiry, Some(expiry));
    peer_of_attempt(handshake, cx).map(Turn::Answered)
}
