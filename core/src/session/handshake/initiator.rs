//! Our own handshakes.

use super::progress::advance;
use super::{Stage, owe_message, own_intro, peer_of_attempt};
use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::lifecycle::Turn;
use crate::noise::{IK_PSK0_PSK2, Noise, Role, Setup};
use crate::path::Path;
use crate::session::Owner;
use crate::timer::{ATTEMPT, Timer};
use crate::wire::{Hello, Welcome};

/// Begins a handshake with a peer; `false` if there is no place for one.
pub(crate) fn initiate(peer: u16, path: Path, cx: &mut Cx<'_>) -> bool {
    let Some(handshake) = cx.take_handshake(Role::Initiator) else { return false };
    let contact = *cx.peer(peer).contact();
    let noise = Noise::new(Setup {
        pattern: &IK_PSK0_PSK2,
        role: Role::Initiator,
        prologue: &cx.state.config.network.prologue(),
        psk: *cx.state.config.network.pre_shared_key(),
        local_static: cx.state.agreement_key,
        remote_static: Some(contact.agreement_key),
        ephemeral: cx.state.secrets.draw(),
    });
    let session = cx.take_session(handshake);
    let channel = &mut cx.peer(peer).channel;
    channel.hellos += 1;
    let (channel, hello) = (channel.local, channel.hellos);
    let intro = own_intro(channel, hello, cx);
    let slot = cx.handshake(handshake);
    slot.stage = Stage::WritingHello;
    slot.path = Held::This(path);
    slot.session = session;
    slot.channel = channel;
    slot.remote = Some(contact);
    slot.noise = Held::This(noise);
    Hello::put_intro(&mut slot.message, &intro);
    cx.peer(peer).initiating = Some(handshake);
    let expiry = cx.now() + ATTEMPT;
    cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeExpiry, Some(expiry));
    cx.state.counters.count(Counter::HandshakesBegun);
    let turn = advance(handshake, cx);
    assert!(turn.is_none(), "the first thing it needs is a key of its own");
    true
}

pub(super) fn hello_written(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let session = cx.handshake(handshake).session;
    let sender = cx.session(session).local_index;
    let slot = cx.handshake(handshake);
    let remote_key = slot.noise.as_ref().and_then(Noise::remote_static);
    let remote_key = *remote_key.expect("the pattern begins with it");
    let mac1_key = cx.state.config.network.mac1_key(&remote_key);
    let slot = cx.handshake(handshake);
    Hello::finish(&mut slot.message, sender, &mac1_key);
    slot.stage = Stage::AwaitingWelcome;
    owe_message(handshake, cx);
    Ok(None)
}

/// Takes the answer to one of our handshakes and begins to read it.
pub(crate) fn on_welcome(
    path: Path,
    header: &Welcome,
    datagram: &[u8],
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    if !Welcome::is_for(datagram, &cx.state.mac1_key) {
        return Err(Dropped::WrongMac1);
    }
    let session = cx.find_session(header.receiver).ok_or(Dropped::UnknownSession)?;
    let Owner::Handshake(handshake) = cx.session(session).owner else {
        return Err(Dropped::UnexpectedWelcome);
    };
    let slot = cx.handshake(handshake);
    if slot.stage != Stage::AwaitingWelcome || slot.path.get() != Some(path) {
        return Err(Dropped::UnexpectedWelcome);
    }
    slot.answer.copy_from_slice(datagram);
    slot.reader = slot.noise.clone();
    slot.remote_index = header.sender;
    slot.stage = Stage::ReadingWelcome;
    Ok(advance(handshake, cx))
}

/// The responder holds the keys: a `Ping` lets it know that we do too.
pub(super) fn welcome_read(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    slot.remote_intro = Some(Welcome::intro(&slot.answer)?);
    let keys = slot.reader.as_ref().expect("it has just read").split();
    let (session, remote_index) = (slot.session, slot.remote_index);
    slot.stage = Stage::Confirming;
    slot.send_owed = false;
    (slot.noise, slot.reader) = (Held::Nothing, Held::Nothing);
    cx.session(session).install(keys, Role::Initiator, remote_index);
    cx.set_timer(Actor::Handshake(handshake), Timer::HelloRetry, None);
    // On a slow path the `Ping` has its full time too.
    let expiry = cx.now() + ATTEMPT;
    cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeExpiry, Some(expiry));
    Ok(peer_of_attempt(handshake, cx).map(Turn::Answered))
}
