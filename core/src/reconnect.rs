//! When to dial a peer again: exponential backoff with jitter.

use crate::access::Standing;
use crate::cx::{Actor, Cx};
use crate::time::{Duration, Instant};
use crate::timer::{Timer, retry_gap};

/// Before the second attempt; doubled for each one after it.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// Peers once known are retried about this often.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// Sets the time of the next attempt after one that failed.
pub(crate) fn schedule(peer: u16, cx: &mut Cx<'_>) {
    if cx.peer(peer).standing != Standing::Pinned {
        return;
    }
    let attempts = cx.peer(peer).attempts;
    let doubled = BACKOFF_MIN.saturating_mul(1 << attempts.saturating_sub(1).min(6));
    let at = cx.now() + cx.state.public.jitter(doubled.min(BACKOFF_MAX));
    set(peer, Some(at), cx);
}

/// Other handshakes hold all the places: again in a moment, and no fault of the peer's.
pub(crate) fn soon(peer: u16, cx: &mut Cx<'_>) {
    let at = cx.now() + cx.state.public.jitter(retry_gap(1));
    set(peer, Some(at), cx);
}

/// Calls off the next attempt: there is a session.
pub(crate) fn stop(peer: u16, cx: &mut Cx<'_>) {
    set(peer, None, cx);
}

/// The peer answers: should it be lost again, the backoff begins anew.
pub(crate) fn succeeded(peer: u16, cx: &mut Cx<'_>) {
    cx.peer(peer).attempts = 0;
}

fn set(peer: u16, at: Option<Instant>, cx: &mut Cx<'_>) {
    cx.set_timer(Actor::Peer(peer), Timer::Reconnect, at);
}
