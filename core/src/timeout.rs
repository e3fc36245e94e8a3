//! Time in: what is due is handed to the part whose timer it is.

use crate::cx::{Actor, Cx};
use crate::delivery;
use crate::gossip;
use crate::heartbeat;
use crate::lifecycle::{self, Turn};
use crate::paths;
use crate::punch;
use crate::relay;
use crate::session::{self, handshake, upkeep};
use crate::timer::Timer;

/// Timers that one call handles; what is due beyond that leaves a deadline in the past.
const TIMERS_PER_CALL_MAX: usize = 32;

/// Fires the timers that are due.
pub(crate) fn fire(cx: &mut Cx<'_>) {
    for _ in 0..TIMERS_PER_CALL_MAX {
        let Some((actor, timer)) = cx.take_due_timer() else { return };
        let turn = dispatch(actor, timer, cx);
        lifecycle::on_turn(turn, cx);
    }
}

fn dispatch(actor: Actor, timer: Timer, cx: &mut Cx<'_>) -> Option<Turn> {
    match (actor, timer) {
        (Actor::Peer(peer), Timer::Ping | Timer::Silence) => heartbeat::on_timer(timer, peer, cx),
        (Actor::Peer(peer), Timer::Stretch) => {
            paths::on_timer(peer, cx);
            None
        }
        (Actor::Peer(peer), Timer::Punch) => {
            punch::on_timer(peer, cx);
            None
        }
        (Actor::Peer(peer), Timer::Reservation | Timer::Search) => relay::on_timer(timer, peer, cx),
        (Actor::Peer(peer), Timer::Reconnect) => Some(Turn::Dial(peer)),
        (Actor::Peer(peer), Timer::Parting) => gossip::on_parting(peer, cx),
        (Actor::Peer(peer), Timer::Keys) => upkeep::on_timer(peer, cx),
        (
            Actor::Peer(peer),
            Timer::Acknowledge | Timer::Loss | Timer::Pace | Timer::MessageExpiry,
        ) => delivery::on_timer(timer, peer, cx),
        (Actor::Peer(peer), _) => {
            session::retire_previous(peer, cx);
            None
        }
        (Actor::Handshake(slot), _) => handshake::on_timer(timer, slot, cx),
        (Actor::Node, _) => gossip::on_timer(timer, cx),
        (Actor::Circuit(_), _) => unreachable!("a circuit has no timers"),
    }
}
