//! Hints that a session is gone: a peer that lost its state can say so, but cannot prove it. So a
//! hint ends nothing: it is believed just enough to begin a handshake, whose end the peer does prove.

use crate::access::{self, Use};
use crate::counters::{Counter, Dropped};
use crate::cx::Cx;
use crate::lifecycle::Turn;
use crate::peer::PeerSlot;
use crate::stateless;
use crate::time::{Duration, Instant};
use crate::way::Way;
use crate::wire::{NoSession, SealedHeader};

/// Between two hints that a node gives, and between two that it looks at: a flood of either costs
/// no more than this.
const GAP: Duration = Duration::from_millis(100);
/// How often a peer is believed.
const BELIEVED_AGAIN: Duration = Duration::from_secs(30);
/// A hint names one of this many packets sent last.
const PACKETS_BACK: u64 = 1024;

/// When the next hint may be given, and looked at.
pub(crate) struct HintLimits {
    give: Instant,
    take: Instant,
}

impl HintLimits {
    pub(crate) const NEW: Self = Self { give: Instant::ORIGIN, take: Instant::ORIGIN };
}

/// Tells whoever sent this that its session is not here.
pub(crate) fn give(way: Way, header: &SealedHeader, cx: &mut Cx<'_>) {
    let now = cx.now();
    if now < cx.state.hints.give {
        return;
    }
    cx.state.hints.give = now + GAP;
    // Junk, which needs no secret, must not tell where a node is that answers only some.
    if !access::allows(Use::Answers, None, cx) && !access::allows_at(way, cx) {
        return;
    }
    let hint = NoSession { receiver: header.receiver, counter: header.counter };
    stateless::owe(way, &hint.encode(), cx);
    cx.state.counters.count(Counter::HintsSent);
}

/// Somebody says that a session of ours is not there.
pub(crate) fn take(way: Way, hint: &NoSession, cx: &mut Cx<'_>) -> Result<Option<Turn>, Dropped> {
    let now = cx.now();
    if now < cx.state.hints.take {
        return Err(Dropped::HintIgnored);
    }
    cx.state.hints.take = now + GAP;
    let peer = about(hint, way, cx).ok_or(Dropped::HintIgnored)?;
    let slot = cx.peer(peer);
    if now < slot.hints_from || slot.initiating.is_some() {
        return Err(Dropped::HintIgnored);
    }
    slot.hints_from = now + BELIEVED_AGAIN;
    Ok(Some(Turn::Renew(peer)))
}

/// Whose session, in use for sending on this way, a hint is about.
fn about(hint: &NoSession, way: Way, cx: &Cx<'_>) -> Option<u16> {
    let is_meant = |peer: &PeerSlot| {
        let Some(session) = peer.current.filter(|_| peer.ways.find(way).is_some()) else {
            return false;
        };
        let session = &cx.sessions[usize::from(session)];
        let sent = session.packets_sent();
        session.remote_index == hint.receiver
            && (sent.saturating_sub(PACKETS_BACK)..sent).contains(&hint.counter)
    };
    cx.peers.iter().position(is_meant).map(|position| position as u16)
}
