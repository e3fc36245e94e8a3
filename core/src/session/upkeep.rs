//! What time does to a session: its keys are updated, it is renewed, and in the end refused.

use crate::counters::Counter;
use crate::cx::{Actor, Cx};
use crate::lifecycle::Turn;
use crate::noise::Role;
use crate::session::SessionSlot;
use crate::time::{Duration, Instant};
use crate::timer::Timer;

/// A handshake makes a new session after this time.
const RENEWED_AFTER: Duration = Duration::from_secs(15 * 60);
/// Or after so many packets.
const RENEWED_AFTER_PACKETS: u64 = 1 << 32;
/// So much later the responder of the old session sees to it, should the initiator not have: both
/// at once would be one handshake too many.
const RESPONDER_WAITS: Duration = Duration::from_secs(60);
/// Between two attempts to renew.
const RENEWAL_RETRIED: Duration = Duration::from_secs(20);
/// A session that is older is not used any more: nor is one of twice the packets.
const REFUSED_AFTER: Duration = Duration::from_secs(20 * 60);
const REFUSED_AFTER_PACKETS: u64 = 2 * RENEWED_AFTER_PACKETS;

/// When a session is to be renewed, unless packets run out first.
pub(crate) fn renewal(role: Role, established: Instant) -> Instant {
    match role {
        Role::Initiator => established + RENEWED_AFTER,
        Role::Responder => established + RENEWED_AFTER + RESPONDER_WAITS,
    }
}

/// Whether the packet just sealed makes the next upkeep due at once.
pub(crate) fn is_due_after(packets_sent: u64) -> bool {
    packets_sent == RENEWED_AFTER_PACKETS || packets_sent == REFUSED_AFTER_PACKETS
}

/// Sets the timer for what is next to be done about the peer's current session.
pub(crate) fn schedule(peer: u16, cx: &mut Cx<'_>) {
    let current = cx.peer(peer).current;
    let at = current.map(|session| cx.session(session).upkeep_due());
    cx.set_timer(Actor::Peer(peer), Timer::Keys, at);
}

/// Packets have run out before time has.
pub(crate) fn hasten(peer: u16, cx: &mut Cx<'_>) {
    let now = cx.now();
    if let Some(session) = cx.peer(peer).current {
        cx.session(session).renew_at = now;
        schedule(peer, cx);
    }
}

pub(crate) fn on_timer(peer: u16, cx: &mut Cx<'_>) -> Option<Turn> {
    let session = cx.peer(peer).current?;
    let now = cx.now();
    if cx.session(session).is_refused(now) {
        cx.state.counters.count(Counter::SessionsRefused);
        return Some(Turn::Silent(peer));
    }
    if cx.session(session).update_keys(now) {
        cx.state.counters.count(Counter::KeyUpdates);
    }
    let is_renewal_due = cx.session(session).is_renewal_due(now);
    if is_renewal_due {
        let again = now + cx.state.public.jitter(RENEWAL_RETRIED);
        cx.session(session).renew_at = again;
    }
    schedule(peer, cx);
    is_renewal_due.then_some(Turn::Renew(peer))
}

impl SessionSlot {
    fn upkeep_due(&self) -> Instant {
        let keys = self.keys.as_ref().expect("a peer's session has keys").due();
        keys.min(self.renew_at).min(self.established + REFUSED_AFTER)
    }

    fn is_refused(&self, now: Instant) -> bool {
        now >= self.established + REFUSED_AFTER || self.next_seal >= REFUSED_AFTER_PACKETS
    }

    fn is_renewal_due(&self, now: Instant) -> bool {
        now >= self.renew_at
    }

    fn update_keys(&mut self, now: Instant) -> bool {
        self.keys.as_mut().expect("a peer's session has keys").upkeep(now)
    }
}

#[cfg(test)]
mod tests;
