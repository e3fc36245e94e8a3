//! The end of a handshake: a packet was opened under its keys, or a `Confirm` was read, so the other
//! end is there and holds them too.

use super::{Stage, abandon, release, shared_interval};
use crate::counters::Counter;
use crate::cx::Cx;
use crate::held::Held;
use crate::identity::PeerId;
use crate::noise::Role;
use crate::paths::Balance;
use crate::peer::Contact;
use crate::realm::Realms;
use crate::session;
use crate::time::Duration;
use crate::way::Way;
use crate::wire::{Hello, Welcome};

/// What a handshake leaves behind besides its session.
pub(crate) struct Confirmed {
    pub(crate) role: Role,
    /// The ping interval that both ends share.
    pub(crate) ping_interval: Duration,
}

/// The other end of a handshake whose keys have opened a packet.
pub(crate) fn remote(handshake: u16, cx: &mut Cx<'_>) -> Contact {
    cx.handshake(handshake).remote.expect("known before there are keys")
}

/// Whether our own handshake with this peer goes before this one of the peer's: both ends have
/// begun, each has answered the other, and the session begun by the smaller `PeerId` stays. While
/// ours, answered already, waits to be confirmed, theirs is not taken up; if ours comes to nothing,
/// their next packet is.
pub(crate) fn own_is_confirmed_first(handshake: u16, peer: u16, cx: &mut Cx<'_>) -> bool {
    let Some(own) = cx.peer(peer).initiating.filter(|own| *own != handshake) else { return false };
    let remote = cx.peer(peer).contact().id;
    cx.handshake(own).stage == Stage::Confirming && cx.state.id < remote
}

/// Makes the handshake's session the peer's. `way` is that of the datagram that proved it, which
/// had `len` bytes: a `Hello` may have been sent on by others.
pub(crate) fn confirm(
    handshake: u16,
    peer: u16,
    way: Way,
    len: usize,
    cx: &mut Cx<'_>,
) -> Confirmed {
    let balance = balance(handshake, way, len, cx);
    let now = cx.now();
    let slot = cx.handshake(handshake);
    let (role, session, channel) = (slot.role(), slot.session, slot.channel);
    let is_foreign = Realms::is_of_relays(slot.realm);
    let dialled = slot.way.get().filter(|_| role == Role::Initiator);
    let mut intro = slot.remote_intro.expect("read before there are keys");
    let remote = remote(handshake, cx).id;
    release(handshake, cx);
    abandon_others(peer, &remote, cx);
    cx.session(session).channel = [channel, intro.channel];
    session::promote(peer, session, cx);
    let slot = cx.peer(peer);
    slot.is_foreign = is_foreign;
    let before_channel = slot.channel.remote.get().map(|before| before.channel);
    if let Some(before) = slot.channel.remote.get().filter(|one| one.channel == intro.channel) {
        // A `Welcome` names none.
        intro.hello = intro.hello.max(before.hello);
        // What was sent within a limit must not be beyond it later.
        intro.message_window = intro.message_window.max(before.message_window);
        intro.fragments_max = intro.fragments_max.max(before.fragments_max);
    }
    if before_channel != Some(intro.channel) {
        // Whoever restarts is where it calls from.
        slot.ways.doubt(now);
    }
    slot.channel.local = channel;
    slot.channel.remote = Held::This(intro);
    match dialled {
        Some(dialled) => slot.ways.add(dialled, Balance::OWN_CHOICE, now),
        None => slot.ways.add(way, balance, now),
    };
    cx.state.counters.count(Counter::HandshakesConfirmed);
    Confirmed { role, ping_interval: shared_interval(cx, intro.ping_interval) }
}

/// What has passed between us and the way of the datagram that proved a handshake of others.
fn balance(handshake: u16, way: Way, len: usize, cx: &mut Cx<'_>) -> Balance {
    let slot = cx.handshake(handshake);
    if slot.way.get() == Some(way) {
        Balance::of(Hello::LEN + len, Welcome::len(slot.pattern))
    } else {
        Balance::of(len, 0)
    }
}

/// Every other handshake with this peer has lost its reason.
pub(crate) fn abandon_others(peer: u16, remote: &PeerId, cx: &mut Cx<'_>) {
    if let Some(own) = cx.peer(peer).initiating {
        abandon(own, cx);
    }
    for other in 0..cx.handshakes.len() as u16 {
        let slot = cx.handshake(other);
        if slot.remote.is_some_and(|contact| contact.id == *remote) {
            abandon(other, cx);
        }
    }
}
