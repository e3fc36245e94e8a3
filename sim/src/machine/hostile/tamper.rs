//! Changes a share of what passes.

use std::net::SocketAddr;

use super::{Dice, meddling};
use crate::machine::{Cx, Machine, Socket, Verdict};
use crate::scenario::model::NodeId;
use crate::trace::PacketInfo;
use crate::units::Probability;

/// Flips bits in, truncates, or exchanges parts of datagrams that cross the links that it taps: one
/// of the three, drawn for each.
#[derive(Clone, Debug)]
pub struct Tamper {
    /// How many of them.
    pub share: Probability,
}

pub(super) struct Tamperer {
    share: Probability,
    active: bool,
}

impl Tamperer {
    pub(super) fn new(tamper: &Tamper) -> Self {
        Self { share: tamper.share, active: false }
    }
}

impl Machine for Tamperer {
    fn start(&mut self, _: &mut Cx<'_>) {}

    fn datagram(&mut self, _: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {
        unreachable!("it binds no socket");
    }

    fn timeout(&mut self, _: &mut Cx<'_>) {
        unreachable!("it arms no wake");
    }

    fn overheard(&mut self, cx: &mut Cx<'_>, _: NodeId, packet: &PacketInfo<'_>) -> Verdict {
        if !self.active || packet.bytes.is_empty() {
            return Verdict::Pass;
        }
        // The draws belong to the packet, as those of a link do.
        let names = ["tamper", &packet.from.0.to_string(), &packet.copy.to_string()];
        if !self.share.hits(cx.stream(&names).draw(packet.number)) {
            return Verdict::Pass;
        }
        let dice = Dice::new(cx, &names, packet.number);
        let mut bytes = packet.bytes.to_vec();
        match dice.below("how", 3) {
            0 => meddling::flip(&mut bytes, &dice),
            1 => meddling::truncate(&mut bytes, &dice),
            _ => meddling::swap(&mut bytes, &dice),
        }
        Verdict::Replace(bytes)
    }

    fn set_active(&mut self, _: &mut Cx<'_>, active: bool) {
        self.active = active;
    }
}
