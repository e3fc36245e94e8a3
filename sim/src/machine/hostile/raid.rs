//! Attacks that send at a steady pace.

use std::net::SocketAddr;

use underpass_core::Duration;

use crate::machine::{Cx, Machine, Socket, Verdict};
use crate::scenario::model::NodeId;
use crate::trace::PacketInfo;

/// An attack beside the path: it lets everything pass, and now and then sends something.
pub(super) trait Raid: Send + 'static {
    /// Time between two strikes, not zero.
    fn every(&self) -> Duration;

    /// It may act from now on.
    fn begin(&mut self) {}

    /// A datagram crosses a link that it taps.
    fn overheard(&mut self, packet: &PacketInfo<'_>) {
        let _ = packet;
    }

    /// Sends one datagram, if it has one to send. Strikes are counted over this life of the node.
    fn strike(&mut self, number: u64, cx: &mut Cx<'_>);
}

/// The machine that carries out a raid.
pub(super) struct Raider<R> {
    raid: R,
    strikes: u64,
}

impl<R: Raid> Raider<R> {
    pub(super) fn new(raid: R) -> Self {
        Self { raid, strikes: 0 }
    }
}

impl<R: Raid> Machine for Raider<R> {
    fn start(&mut self, _: &mut Cx<'_>) {}

    fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {
        unreachable!("it binds no socket");
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        self.raid.strike(self.strikes, cx);
        self.strikes += 1;
        cx.wake_at(Some(cx.now() + self.raid.every()));
    }

    fn overheard(&mut self, _: &mut Cx<'_>, _: NodeId, packet: &PacketInfo<'_>) -> Verdict {
        self.raid.overheard(packet);
        Verdict::Pass
    }

    fn set_active(&mut self, cx: &mut Cx<'_>, active: bool) {
        if !active {
            return cx.wake_at(None);
        }
        self.raid.begin();
        // Many of one kind do not all strike at one instant.
        let every = self.raid.every().as_micros();
        let phase = Duration::from_micros(cx.stream(&["phase"]).below(self.strikes, every));
        cx.wake_at(Some(cx.now() + phase));
    }
}
