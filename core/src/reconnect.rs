//! Dialling peers that are gone: exponential backoff with jitter.

use crate::cx::{Actor, Cx};
use crate::session::handshake;
use crate::time::Duration;
use crate::timer::{ATTEMPT, Timer, retry_gap};

/// Before the second attempt; doubled for each one after it.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// Peers once known are retried about this often.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// Dials a peer that the application wants, if we know where it is.
pub(crate) fn dial(peer: u16, cx: &mut Cx<'_>) {
    let Some(path) = cx.peer(peer).path.filter(|_| cx.peers[usize::from(peer)].wanted) else {
        return;
    };
    if cx.peer(peer).initiating.is_some() {
        return;
    }
    if !handshake::initiate(peer, path, cx) {
        // Other handshakes hold all the places: soon again, and no fault of the peer's.
        let at = cx.now() + cx.state.public.jitter(retry_gap(1));
        cx.set_timer(Actor::Peer(peer), Timer::Reconnect, Some(at));
    }
}

/// Sets the time of the next attempt.
pub(crate) fn schedule(peer: u16, cx: &mut Cx<'_>) {
    if !cx.peer(peer).wanted {
        return;
    }
    let attempts = cx.peer(peer).attempts;
    let doubled = BACKOFF_MIN.saturating_mul(1 << attempts.min(6));
    let at = cx.now() + cx.state.public.jitter(doubled.min(BACKOFF_MAX));
    cx.peer(peer).attempts = attempts.saturating_add(1);
    cx.set_timer(Actor::Peer(peer), Timer::Reconnect, Some(at));
}

/// The peer's own attempt takes the place of ours; ours comes back if that fails.
pub(crate) fn give_way(peer: u16, cx: &mut Cx<'_>) {
    let at = cx.now() + ATTEMPT;
    cx.set_timer(Actor::Peer(peer), Timer::Reconnect, Some(at));
}

pub(crate) fn on_timer(peer: u16, cx: &mut Cx<'_>) {
    dial(peer, cx);
}

/// Calls off the next attempt: the peer is there.
pub(crate) fn stop(peer: u16, cx: &mut Cx<'_>) {
    cx.set_timer(Actor::Peer(peer), Timer::Reconnect, None);
}
