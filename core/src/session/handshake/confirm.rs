//! The end of a handshake: a packet was opened under its keys, so the other end is there and holds
//! them too.

use super::{Stage, abandon, release, shared_interval};
use crate::counters::{Counter, Dropped};
use crate::cx::Cx;
use crate::identity::PeerId;
use crate::lifecycle::Turn;
use crate::noise::Role;
use crate::session;

/// Makes the handshake's session the peer's, and returns the peer and what that means for others.
///
/// # Errors
/// [`Dropped::SimultaneousOpen`]: our own handshake goes first, this one is kept until then.
/// [`Dropped::PeersFull`]: the handshake is abandoned.
pub(crate) fn confirm(handshake: u16, cx: &mut Cx<'_>) -> Result<(u16, Turn), Dropped> {
    let slot = cx.handshake(handshake);
    let (role, session, path) = (slot.role, slot.session, slot.path);
    let remote = slot.remote.expect("known before there are keys");
    let intro = slot.remote_intro.expect("read before there are keys");
    let known = cx.find_peer(&remote);
    if role == Role::Responder && known.is_some_and(|peer| own_goes_first(peer, &remote, cx)) {
        return Err(Dropped::SimultaneousOpen);
    }
    let Some(peer) = known.or_else(|| cx.add_peer(remote, remote.agreement_key())) else {
        abandon(handshake, cx);
        return Err(Dropped::PeersFull);
    };
    release(handshake, cx);
    abandon_others(peer, &remote, cx);
    session::promote(peer, session, cx);
    cx.peer(peer).path = path;
    cx.state.counters.count(Counter::HandshakesConfirmed);
    let ping_interval = shared_interval(cx, intro.ping_interval);
    Ok((peer, Turn::Confirmed { peer, role, ping_interval }))
}

/// Both ends have begun, and each has answered the other: the session begun by the smaller
/// `PeerId` stays. While ours, answered already, waits to be confirmed, theirs is not taken up; if
/// ours comes to nothing, their next packet is.
fn own_goes_first(peer: u16, remote: &PeerId, cx: &mut Cx<'_>) -> bool {
    let Some(own) = cx.peer(peer).initiating else { return false };
    cx.handshake(own).stage == Stage::Confirming && cx.state.id < *remote
}

/// Every other handshake with this peer has lost its reason.
fn abandon_others(peer: u16, remote: &PeerId, cx: &mut Cx<'_>) {
    if let Some(own) = cx.peer(peer).initiating {
        abandon(own, cx);
    }
    for other in 0..cx.handshakes.len() as u16 {
        let slot = cx.handshake(other);
        if slot.stage != Stage::Free && slot.remote == Some(*remote) {
            abandon(other, cx);
        }
    }
}
