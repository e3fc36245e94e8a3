//! Handshakes of others.
//!
//! Nothing here changes what is known of a peer: a `Hello` may be a replayed one. Only the first
//! packet that opens under the new keys shows that somebody is there (`confirm.rs`).

use super::progress::{Pending, advance, wait_for};
use super::{HandshakeSlot, Stage, owe_message, own_intro};
use crate::counters::{Counter, Dropped};
use crate::cx::{Actor, Cx};
use crate::held::Held;
use crate::identity::PeerId;
use crate::lifecycle::Turn;
use crate::noise::{IK_PSK0_PSK2, Noise, Role, Setup};
use crate::path::Path;
use crate::peer::Contact;
use crate::timer::{ATTEMPT, Timer};
use crate::wire::{Hello, Welcome};

/// Takes up somebody's handshake, or repeats the answer to it.
pub(crate) fn on_hello(
    path: Path,
    header: &Hello,
    datagram: &[u8],
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    if !Hello::is_for(datagram, &cx.state.mac1_key) {
        return Err(Dropped::WrongMac1);
    }
    if let Some(handshake) = same_hello(header, cx.handshakes) {
        return answer_again(handshake, path, cx).map(|()| None);
    }
    let handshake = cx.take_handshake(Role::Responder).ok_or(Dropped::HandshakesFull)?;
    let noise = Noise::new(Setup {
        pattern: &IK_PSK0_PSK2,
        role: Role::Responder,
        prologue: &cx.state.config.network.prologue(),
        psk: *cx.state.config.network.pre_shared_key(),
        local_static: cx.state.agreement_key,
        remote_static: None,
        ephemeral: cx.state.secrets.draw(),
    });
    let session = cx.take_session(handshake);
    let slot = cx.handshake(handshake);
    slot.stage = Stage::ReadingHello;
    slot.path = Held::This(path);
    slot.session = session;
    slot.remote_index = header.sender;
    slot.hello_mac1 = header.mac1;
    slot.noise = Held::This(noise);
    slot.message.copy_from_slice(datagram);
    let expiry = cx.now() + ATTEMPT;
    cx.set_timer(Actor::Handshake(handshake), Timer::HandshakeExpiry, Some(expiry));
    Ok(advance(handshake, cx))
}

fn same_hello(header: &Hello, handshakes: &[HandshakeSlot]) -> Option<u16> {
    let same = |slot: &HandshakeSlot| {
        slot.stage != Stage::Free && slot.role == Role::Responder && slot.hello_mac1 == header.mac1
    };
    handshakes.iter().position(same).map(|position| position as u16)
}

fn answer_again(handshake: u16, path: Path, cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let slot = cx.handshake(handshake);
    // The sender may have moved, or somebody may have been faster with a copy: whoever asks is
    // answered, and who it is shows in what comes next.
    slot.path = Held::This(path);
    if slot.stage != Stage::Confirming {
        return Err(Dropped::HandshakeInProgress);
    }
    owe_message(handshake, cx);
    Ok(())
}

pub(super) fn hello_read(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    slot.remote_intro = Some(Hello::intro(&slot.message)?);
    slot.stage = Stage::Identifying;
    Ok(wait_for(handshake, Pending::Identity, cx))
}

/// Knows who is calling, and answers, unless our own call to the same node goes first.
pub(super) fn identified(
    handshake: u16,
    identity: Option<PeerId>,
    cx: &mut Cx<'_>,
) -> Result<Option<Turn>, Dropped> {
    let remote = identity.ok_or(Dropped::WeakKey)?;
    if remote == cx.state.id {
        return Err(Dropped::OwnIdentity);
    }
    if own_goes_first(remote, cx) {
        return Err(Dropped::SimultaneousOpen);
    }
    let known = cx.find_peer(&remote).map(|peer| cx.peer(peer).channel.local);
    // A stranger has a record once it is confirmed, with the channel that it is told now.
    let channel = known.unwrap_or_else(|| cx.state.public.draw_u64());
    let intro = own_intro(channel, 0, cx);
    let slot = cx.handshake(handshake);
    slot.channel = channel;
    let agreement_key = slot.noise.as_ref().and_then(Noise::remote_static).copied();
    let agreement_key = agreement_key.expect("its owner was asked for");
    slot.remote = Some(Contact { id: remote, agreement_key });
    slot.stage = Stage::WritingWelcome;
    Welcome::put_intro(&mut slot.message, &intro);
    cx.state.counters.count(Counter::HandshakesAnswered);
    Ok(advance(handshake, cx))
}

/// If both ends have sent a `Hello`, that of the smaller `PeerId` is answered, and the other refused.
/// Whoever answers keeps its own handshake until the other's is confirmed: this `Hello` may be a
/// replayed one. If ours has its answer already, `confirm` decides between the two.
fn own_goes_first(remote: PeerId, cx: &mut Cx<'_>) -> bool {
    let Some(peer) = cx.find_peer(&remote) else { return false };
    let Some(own) = cx.peer(peer).initiating else { return false };
    cx.handshake(own).stage != Stage::Confirming && cx.state.id < remote
}

pub(super) fn welcome_written(handshake: u16, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let slot = cx.handshake(handshake);
    let noise = slot.noise.take().expect("it has just written");
    let (session, remote_index) = (slot.session, slot.remote_index);
    let remote_key = *noise.remote_static().expect("the first message carried it");
    let mac1_key = cx.state.config.network.mac1_key(&remote_key);
    cx.session(session).install(noise.split(), Role::Responder, remote_index);
    let sender = cx.session(session).local_index;
    let slot = cx.handshake(handshake);
    Welcome::finish(&mut slot.message[..Welcome::LEN], sender, remote_index, &mac1_key);
    slot.stage = Stage::Confirming;
    owe_message(handshake, cx);
    Ok(None)
}
